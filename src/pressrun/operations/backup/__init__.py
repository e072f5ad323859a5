"""Backups: one archive with the database, keys, layouts, journal and configuration, and the way back from it."""
