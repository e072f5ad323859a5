"""What people do with Pressrun, a room for each concern; each file decides by core, and commits by store.

Beside the rooms lies only what more than one of them stands on.
"""
