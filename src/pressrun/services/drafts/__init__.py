"""Drafts: writing, looking at, approving and releasing them, by hand, by mail or by a program."""
