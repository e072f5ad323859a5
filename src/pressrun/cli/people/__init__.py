"""Verbs about people who log in or post, and about the tokens of programs."""
