"""Verbs about the readers of lists."""
