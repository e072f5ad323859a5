"""The control socket: the running daemon carries out verbs of the command line."""
