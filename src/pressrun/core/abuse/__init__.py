"""Limits against abuse: how far to trust a sign-up, how many are usual, and proof of work."""
