"""Every key of config.toml, once: its kind, default, and what it is for.

Reading, `pressrun init`, config.example.toml and docs/configuration.md all come from this table. A default is written
as the file would spell it; a test holds it against the default of the settings type that the value goes into.
"""

from __future__ import annotations

from pressrun.config.keys_sending import BOUNCES, DELIVERY, DKIM, DOMAIN, RELAY
from pressrun.config.keys_serving import DNS, LIMITS, LOG, SMTP, TOKENS, TOP
from pressrun.config.keys_web import HTTP

TABLES = (TOP, HTTP, SMTP, RELAY, DELIVERY, DOMAIN, BOUNCES, LIMITS, TOKENS, DKIM, DNS, LOG)

__all__ = [
    "BOUNCES",
    "DELIVERY",
    "DKIM",
    "DNS",
    "DOMAIN",
    "HTTP",
    "LIMITS",
    "LOG",
    "RELAY",
    "SMTP",
    "TABLES",
    "TOKENS",
    "TOP",
]
