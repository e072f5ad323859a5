"""Verbs about lists and their archives."""
