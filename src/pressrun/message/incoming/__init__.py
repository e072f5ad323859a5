"""A mail that came in from anywhere: opened under caps, its parts found; who or what wrote it, and what it asks for."""
