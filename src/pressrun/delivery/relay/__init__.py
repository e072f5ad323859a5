"""Connections to the outside: asyncio transports around smtp.dialogue, a pool for each relay, TLS, the capture."""
