"""Verbs about editions, from the preview to the report, and about the queue."""
