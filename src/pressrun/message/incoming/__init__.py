"""A mail that came in from anywhere: parsed under caps, who or what wrote it, and what it asks for."""
