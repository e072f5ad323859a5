"""Editions, from the manuscript to the archive: building, preflight, preview, approval, sending, and reading."""
