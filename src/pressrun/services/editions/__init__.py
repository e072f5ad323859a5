"""Editions, from the source to the archive: building, preflight, preview, approval, sending, and reading."""
