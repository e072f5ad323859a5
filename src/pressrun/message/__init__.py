"""What a mail is made of, a room for each concern. Pure as core, and the only place that imports `email`.

Beside the rooms lies only what more than one of them stands on.
"""
