"""Preflight: the checks of an edition before it goes out. Each rule is a small function.

A finding says in one sentence what is wrong and what to change. A false alarm is worse than none, because editors stop
reading then. Nothing here changes the edition.
"""
