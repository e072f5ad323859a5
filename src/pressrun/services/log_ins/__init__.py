"""Logging in: passwords, codes, passkeys and links, the sessions that come of it, and what people change about them."""
