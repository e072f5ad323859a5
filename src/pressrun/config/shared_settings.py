"""The settings that must be alike wherever one database is used, as a text that can be kept beside it and compared.

Two processes with different limits or rates for one database would each be right by their own file and wrong together,
and links made from two values of base_url lead to two places. So the database keeps what the last process had.

The text is one line of JSON: an object of the names below, in order, each with 16 hexadecimal digits, which are the
first 8 octets of SHA-256 over `NAME NUL VALUE`. VALUE is JSON without blanks, with the keys of objects in order: a
duration in seconds, a size in octets, a rate as `[number, seconds]`, and null for what is off. So the text says which
keys differ, and never what they are set to. Names are those of config.toml, as in `limits.confirmations`, and these:

- `delivery.domain`: all tables of that name, by domain
- `dkim`: the pairs of domain and selector, sorted
- `relay`: the names of the relays with their rates, by name

What may differ is left out: addresses to listen on, files, time-outs, connections, workers and logging.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pressrun.config.settings import Settings
from pressrun.core.quantities import Rate
from pressrun.core.setting import settings_of

_DIGITS = 16  # enough to tell values apart; nobody gains anything from two values with one fingerprint
_OWN = frozenset({"delivery.drain", "delivery.workers", "operator"})  # may differ, in tables that otherwise must not


def fingerprint_settings(settings: Settings) -> str:
    """The settings that must be alike, in the canonical form above."""
    return json.dumps({name: _fingerprint(name, value) for name, value in sorted(_shared(settings).items())})


def differing_settings(ours: str, theirs: str) -> list[str]:
    """The names whose fingerprints differ in two such texts, sorted.

    A name that only one of them has is left out: an earlier or later version wrote the other one.
    """
    own, other = json.loads(ours), json.loads(theirs)
    return sorted(name for name in own.keys() & other.keys() if own[name] != other[name])


def _fingerprint(name: str, value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()[:_DIGITS]


def _shared(settings: Settings) -> dict[str, Any]:
    parts = {
        "": settings.site,
        "delivery.": settings.delivery,
        "bounces.": settings.bounces,
        "limits.": settings.limits,
        "tokens.": settings.tokens,
        "retention.": settings.retention,
        "admin.": settings.login,
    }
    values = {f"{table}{key}": value for table, part in parts.items() for key, value in _by_key(part).items()}
    return {name: value for name, value in values.items() if name not in _OWN} | {
        "delivery.domain": {domain: _by_key(part) for domain, part in settings.delivery.domains.items()},
        "dkim": sorted([each.domain, each.selector] for each in settings.dkim),
        "relay": {relay.name: _plain(relay.rates) for relay in settings.relays},
    }


def _by_key(part: Any) -> dict[str, Any]:
    """The values of a settings type by the keys of config.toml."""
    return {each.key: _plain(getattr(part, each.field)) for each in settings_of(type(part))}


def _plain(value: object) -> object:
    match value:
        case Rate():
            return [value.count, value.seconds]
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value
