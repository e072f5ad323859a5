"""What all verbs share: their options, their output, and who carries them out: the daemon, or this process."""
