"""Pages for readers and the public, over services: nothing is decided here. Rooms by whom a page is for, one for HTTP.

Beside the rooms lie `app`, which puts all of them together, and what more than one of them stands on.
"""
