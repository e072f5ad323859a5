"""Editions, from the source to the last copy: building, preflight, preview, storing and sending."""
