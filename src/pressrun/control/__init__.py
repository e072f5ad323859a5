"""The control socket: verbs of the command line carried out by the running daemon."""
