"""A mail that came in from anywhere: parsed under caps, its author, whether a machine wrote it, and its commands."""
