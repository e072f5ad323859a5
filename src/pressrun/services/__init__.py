"""The use cases, one package for each concern. Each file decides by core and commits by store.

An async method opens a transaction. Whatever takes one, `tx`, is work within the caller's; whoever opened it wakes the
dispatcher after the commit.
"""
