"""The press with its relays: in the daemon, or in a process of its own and the port to it."""
