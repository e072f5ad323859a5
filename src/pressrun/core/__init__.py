"""The rules. Values in, values out: no I/O, clock, randomness, logging or asyncio lives here."""
