"""The use cases, one package for each concern. Each file decides by core and commits by store.

An async method opens a transaction. A function that takes one works within that of its caller, who wakes the dispatcher
after the commit.
"""
