"""The use cases, one package for each concern. Each file decides by core and commits by store.

An async method opens a transaction. Whatever takes one is work within that of its caller, who wakes the dispatcher
after the commit.
"""
