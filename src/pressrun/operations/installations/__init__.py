"""Installations of other programs, read as a whole for `migrate-from`: lists, people, bans, archives and old links."""
