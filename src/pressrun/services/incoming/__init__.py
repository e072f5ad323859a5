"""Email that comes in: accepted or refused while its client waits, then processed, as a command, bounce or edition."""
