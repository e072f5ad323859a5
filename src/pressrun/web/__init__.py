"""Pages for readers, editors and the public. The services decide; these packages show.

`readers`, `editors` and `archives` have the pages, by whom they are for, and `http` has the protocol. `app` puts them
together.
"""
