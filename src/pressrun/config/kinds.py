"""The kinds of values that keys take: each reads what TOML gave, or says what would have been right."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar
from urllib.parse import urlsplit

from pressrun.config.problems import show
from pressrun.core.address import parse_address
from pressrun.core.endpoint import Endpoint, TcpEndpoint, parse_endpoint
from pressrun.core.errors import BadQuantity, MalformedAddress
from pressrun.core.quantities import Rate, parse_duration, parse_rate, parse_size

T = TypeVar("T")

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_HOST = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*\.?", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)


class BadValue(Exception):
    """A value that a key does not take; `found` says what it is where showing it would say too little or too much."""

    def __init__(self, expected: str, *, found: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found


class BadMembers(Exception):
    """A list of which some members cannot be taken; all of them, by index from 0."""

    def __init__(self, members: dict[int, BadValue]) -> None:
        super().__init__("; ".join(problem.expected for problem in members.values()))
        self.members = members


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`expected` names the kind for a person, with an example; `read` gives the value or raises one of the above."""

    expected: str
    read: Callable[[object], object]


def _read_text(value: object, expected: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue(expected)
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise BadValue(f"{expected}, without control characters")
    return value.strip()


def text(expected: str) -> Kind:
    """Any text that is not empty."""
    return Kind(expected=expected, read=lambda value: _read_text(value, expected))


def matching(pattern: str, expected: str) -> Kind:
    """A text of a given form."""

    def read(value: object) -> str:
        found = _read_text(value, expected)
        if not re.fullmatch(pattern, found, re.ASCII):
            raise BadValue(expected)
        return found

    return Kind(expected=expected, read=read)


def one_of(*words: str) -> Kind:
    """One of a few words, with a guess at the one that was meant."""
    expected = ", ".join(f'"{word}"' for word in words[:-1]) + f' or "{words[-1]}"'

    def read(value: object) -> str:
        if isinstance(value, str):
            if value in words:
                return value
            near = get_close_matches(value.lower(), words, n=1, cutoff=0.5)
            if near:
                raise BadValue(f'{expected}; did you mean "{near[0]}"?')
        raise BadValue(expected)

    return Kind(expected=expected, read=read)


def whole(least: int, most: int = 1_000_000) -> Kind:
    """A whole number within bounds."""
    expected = f"a whole number from {least} to {most}"

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise BadValue(expected)
        return value

    return Kind(expected=expected, read=read)


def _read_switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    meant = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
    near = meant.get(value.lower()) if isinstance(value, str) else None
    raise BadValue("true or false" + (f"; did you mean {near}, without quotes?" if near else ", without quotes"))


def switch() -> Kind:
    """On or off."""
    return Kind(expected="true or false, without quotes", read=_read_switch)


_DURATION = 'a duration in quotes: a number and ms, s, m, h or d, as in "15m"'


def _read_duration(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        raise BadValue(f'{_DURATION}; did you mean "{value}s"?')
    if not isinstance(value, str):
        raise BadValue(_DURATION)
    try:
        return parse_duration(value)
    except BadQuantity:
        raise BadValue(_DURATION) from None


def _read_some_time(value: object) -> float:
    seconds = _read_duration(value)
    if seconds <= 0:
        raise BadValue(f"{_DURATION}, greater than zero")
    return seconds


def duration() -> Kind:
    """Seconds, from a text such as "15m"."""
    return Kind(expected=_DURATION, read=_read_some_time)


def duration_or_none() -> Kind:
    """Seconds, from a text such as "15m"; "0s" where no time at all makes sense."""
    return Kind(expected=_DURATION, read=_read_duration)


def _listed(value: object, expected: str, member: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise BadValue(expected)
    found = []
    bad: dict[int, BadValue] = {}
    for index, item in enumerate(value):
        try:
            found.append(member(item))
        except BadValue as problem:
            bad[index] = BadValue(problem.expected, found=problem.found or show(item))
    if bad:
        raise BadMembers(bad)
    return tuple(found)


def durations() -> Kind:
    """One duration or more; the last one repeats."""
    expected = 'a list of durations, as in ["5m", "1h"]'

    def read(value: object) -> tuple[float, ...]:
        if value == []:
            raise BadValue(f"{expected}, with at least one")
        return _listed(value, expected, _read_some_time)

    return Kind(expected=expected, read=read)


def size() -> Kind:
    """Bytes, from a text such as "10 MiB"."""
    expected = 'a size in quotes: a number and B, KB, MB, KiB, MiB or GiB, as in "10 MiB"'

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            raise BadValue(f'{expected}; did you mean "{value} B"?')
        if not isinstance(value, str):
            raise BadValue(expected)
        try:
            found = parse_size(value)
        except BadQuantity:
            raise BadValue(expected) from None
        if found < 1:
            raise BadValue(f"{expected}, at least one byte")
        return found

    return Kind(expected=expected, read=read)


_RATE = 'a rate in quotes: N/s, N/min, N/h or N/day, or over a duration, as in "10/15min"'


def _read_rate(value: object) -> Rate:
    if isinstance(value, int) and not isinstance(value, bool):
        raise BadValue(f'{_RATE}; did you mean "{value}/s"?')
    if not isinstance(value, str):
        raise BadValue(_RATE)
    try:
        return parse_rate(value)
    except BadQuantity:
        raise BadValue(_RATE) from None


def rate() -> Kind:
    """At most so many in any window."""
    return Kind(expected=_RATE, read=_read_rate)


def rates() -> Kind:
    """One rate or a list of them, all of which hold."""
    expected = f'{_RATE}, or a list of them: ["100/s", "20000/h"]'

    def read(value: object) -> tuple[Rate, ...]:
        if isinstance(value, list) and value:
            return _listed(value, expected, _read_rate)
        try:
            return (_read_rate(value),)
        except BadValue as problem:
            raise BadValue(problem.expected.replace(_RATE, expected)) from None

    return Kind(expected=expected, read=read)


def share() -> Kind:
    """0 to 1, from a text such as "5%"."""
    expected = 'a share in quotes, from "0%" to "100%", as in "0.3%"'

    def read(value: object) -> float:
        found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None or float(found[1]) > 100:
            raise BadValue(expected)
        return float(found[1]) / 100

    return Kind(expected=expected, read=read)


def endpoint() -> Kind:
    """A place to listen."""
    expected = 'a place to listen: "127.0.0.1:8080", "unix:/run/pressrun/http.sock" or "systemd"'

    def read(value: object) -> Endpoint:
        if not isinstance(value, str):
            raise BadValue(expected)
        try:
            found = parse_endpoint(value)
        except BadQuantity:
            raise BadValue(expected) from None
        if isinstance(found, TcpEndpoint) and not _is_host(found.host):
            raise BadValue(expected)
        return found

    return Kind(expected=expected, read=read)


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # What looks like an address of numbers and is none, such as 300.1.1.1, is no host name either.
        return bool(_HOST.fullmatch(host)) and len(host) <= 253 and not host.rstrip(".").rpartition(".")[2].isdigit()
    return True


def name_server() -> Kind:
    """An IP address to ask, with a port or without."""
    expected = 'an IP address, as in "127.0.0.1", "127.0.0.1:5353" or "[::1]:53"'

    def read(value: object) -> TcpEndpoint:
        found = _read_text(value, expected)
        try:
            return TcpEndpoint(str(ipaddress.ip_address(found)), 53)
        except ValueError:
            pass
        try:
            place = parse_endpoint(found)
            if isinstance(place, TcpEndpoint) and place.port:
                return TcpEndpoint(str(ipaddress.ip_address(place.host)), place.port)
        except (BadQuantity, ValueError):
            pass
        raise BadValue(expected)

    return Kind(expected=expected, read=read)


def host() -> Kind:
    """A host name or an IP address, to connect to."""
    expected = 'a host name or an IP address, as in "127.0.0.1", without a port'

    def read(value: object) -> str:
        found = _read_text(value, expected)
        bare = found[1:-1] if found.startswith("[") and found.endswith("]") else found
        if not _is_host(bare):
            raise BadValue(expected)
        return bare

    return Kind(expected=expected, read=read)


def read_domain(value: object, expected: str) -> str:
    """A full domain name in lower-case A-labels; raises BadValue."""
    found = _read_text(value, expected)
    try:
        return parse_address(f"postmaster@{found}").domain
    except MalformedAddress:
        raise BadValue(expected) from None


def domain() -> Kind:
    """A domain name, held as lower-case A-labels."""
    expected = 'a full domain name, as in "news.example.org"'
    return Kind(expected=expected, read=lambda value: read_domain(value, expected))


def domains() -> Kind:
    """Domain names, held as lower-case A-labels."""
    expected = 'a list of domain names, as in ["example.org"]'

    def member(value: object) -> str:
        return read_domain(value, 'a full domain name, as in "example.org"')

    return Kind(expected=expected, read=lambda value: _listed(value, expected, member))


def address() -> Kind:
    """One mail address."""
    expected = 'a mail address, as in "ops@example.org"'

    def read(value: object) -> str:
        found = _read_text(value, expected)
        try:
            return parse_address(found).wire
        except MalformedAddress:
            raise BadValue(expected) from None

    return Kind(expected=expected, read=read)


def base_url() -> Kind:
    """The root of every link: scheme and host, nothing behind."""
    expected = 'an address such as "https://news.example.org", with nothing behind the host'

    def read(value: object) -> str:
        found = _read_text(value, expected)
        try:
            parts = urlsplit(found)
            port, name = parts.port, parts.hostname
        except ValueError:
            raise BadValue(expected) from None
        if "@" in parts.netloc:
            raise BadValue(expected, found="an address with a user name in it")
        if parts.scheme not in {"http", "https"} or not name or port == 0 or "%" in name:  # %: the zone of one machine
            raise BadValue(expected)
        if not _is_host(name):
            name = read_domain(name, expected)
        netloc = (f"[{name}]" if ":" in name else name) + (f":{port}" if port is not None else "")
        url = f"{parts.scheme}://{netloc}"
        if parts.path or parts.query or parts.fragment or found.endswith(("?", "#")):
            why = " (a path is not supported)" if parts.path.strip("/") else ""
            raise BadValue(f'{expected}{why}; did you mean "{url}"?')
        return url

    return Kind(expected=expected, read=read)


def peers() -> Kind:
    """Addresses and networks, and "unix" for our own socket."""
    expected = 'a list of IP addresses or networks, or "unix", as in ["127.0.0.1", "10.0.0.0/8", "unix"]'

    def member(value: object) -> str:
        wanted = 'an IP address, a network such as "10.0.0.0/8", or "unix"'
        if not isinstance(value, str):
            raise BadValue(wanted)
        if value == "unix":
            return value
        try:
            return str(ipaddress.ip_network(value)) if "/" in value else str(ipaddress.ip_address(value))
        except ValueError:
            pass
        try:
            meant = ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise BadValue(wanted) from None
        raise BadValue(f'{wanted}; did you mean "{meant}"?')

    return Kind(expected=expected, read=lambda value: _listed(value, expected, member))
