"""What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1); of that, what we use."""

from __future__ import annotations

from msgspec import Struct


class Capabilities(Struct, frozen=True, kw_only=True):
    """The extensions that we use. `size` is the largest message in octets, None if the server names no limit."""

    pipelining: bool = False  # RFC 2920
    chunking: bool = False  # RFC 3030
    eight_bit: bool = False  # RFC 6152
    utf8: bool = False  # RFC 6531
    dsn: bool = False  # RFC 3461
    size_offered: bool = False  # RFC 1870: MAIL may carry SIZE=
    size: int | None = None
    starttls: bool = False  # RFC 3207
    auth: frozenset[str] = frozenset()  # RFC 4954: mechanisms in capitals


def parse_capabilities(text: str) -> Capabilities:
    """Read the lines of an EHLO reply; the first is the greeting; unknown and malformed ones are skipped."""
    offers: dict[str, list[str]] = {}
    for line in text.split("\n")[1:]:
        # Old servers write `AUTH=LOGIN PLAIN` for clients that are older still.
        words = line.upper().replace("=", " ").split()
        if words:
            offers.setdefault(words[0], []).extend(words[1:])
    limit = offers.get("SIZE", [])
    number = int(limit[0]) if limit and limit[0].isascii() and limit[0].isdigit() and len(limit[0]) <= 20 else 0
    return Capabilities(
        pipelining="PIPELINING" in offers,
        chunking="CHUNKING" in offers,
        eight_bit="8BITMIME" in offers,
        utf8="SMTPUTF8" in offers,
        dsn="DSN" in offers,
        size_offered="SIZE" in offers,
        size=number or None,  # 0 says that there is no fixed limit, RFC 1870 §4
        starttls="STARTTLS" in offers,
        auth=frozenset(offers.get("AUTH", [])),
    )
