"""Editions from the first draft to the archive, and the search in them."""
