"""Verbs about the installation: its configuration, keys, backups, moves, and the daemon itself."""
