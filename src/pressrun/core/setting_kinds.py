"""The kinds of values that keys of config.toml accept. Each reads a TOML value or raises BadValue."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadQuantity, MalformedAddress, QuantityTooLarge
from pressrun.core.network.endpoint import Endpoint, TcpEndpoint, is_loopback, parse_endpoint
from pressrun.core.quantities import Rate, parse_duration, parse_rate, parse_size
from pressrun.core.setting import BadMembers, BadValue, Kind, show

T = TypeVar("T")

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_HOST = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*\.?", re.ASCII)
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_ISSUER = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]*)*", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)


def _written(expected: str, parse: Callable[[str], T], *, unit: str = "") -> Kind[T]:
    """Text that `parse` reads; for a bare number the error suggests adding `unit` if that would be valid."""

    def read(value: object) -> T:
        if unit and isinstance(value, int | float) and not isinstance(value, bool):
            raise BadValue(_with_hint(expected, f"{value}{unit}", parse))
        if not isinstance(value, str) or not value.strip():
            raise BadValue(expected)
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise BadValue(f"{expected}, without control characters")
        try:
            return parse(value.strip())
        except QuantityTooLarge as problem:
            raise BadValue(f"{expected}, at most {problem.most}") from None
        except (BadQuantity, MalformedAddress, ValueError):
            raise BadValue(expected) from None

    return Kind(expected=expected, read=read)


def _with_hint(expected: str, meant: str, parse: Callable[[str], object]) -> str:
    try:
        parse(meant)
    except (BadQuantity, BadValue):
        return expected
    return f'{expected}; did you mean "{meant}"?'


def text(expected: str) -> Kind[str]:
    """Any text that is not empty."""
    return _written(expected, str)


def _limited(kind: Kind[T], is_good: Callable[[T], bool], condition: str = "") -> Kind[T]:
    """The same kind for good values alone; `condition` says in an error what was expected beyond the kind."""

    def read(value: object) -> T:
        good = kind.read(value)
        if not is_good(good):
            raise BadValue(f"{kind.expected}{condition}")
        return good

    return Kind(expected=kind.expected, read=read)


def file(expected: str) -> Kind[Any]:
    """The name of a file or folder; the loader turns it into a path, or reads the file."""
    return text(expected)


def matching(pattern: str, expected: str) -> Kind[str]:
    """Text of a given form."""
    return _limited(text(expected), lambda value: re.fullmatch(pattern, value, re.ASCII) is not None)


def one_of(*words: str, formerly: Mapping[str, str] | None = None) -> Kind[Any]:
    """One of `words`; the error suggests the closest one. `formerly` maps former words to those in use."""
    expected = ", ".join(f'"{word}"' for word in words[:-1]) + f' or "{words[-1]}"'

    def read(value: object) -> str:
        if isinstance(value, str):
            if value in words:
                return value
            near = closest(value.lower(), words, cutoff=0.5)
            if near:
                raise BadValue(f'{expected}; did you mean "{near}"?')
        raise BadValue(expected)

    return Kind(expected=expected, read=read, former_words=formerly or {})


def closest(name: str, names: tuple[str, ...], *, cutoff: float = 0.7) -> str | None:
    """The name that was probably meant, or None."""
    from difflib import get_close_matches  # noqa: PLC0415 - only errors need it

    return next(iter(get_close_matches(name, names, n=1, cutoff=cutoff)), None)


def whole(least: int, most: int = 1_000_000) -> Kind[int]:
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


def switch() -> Kind[bool]:
    """On or off."""
    return Kind(expected="true or false, without quotes", read=_read_switch)


_DURATION = 'a duration in quotes: a number and ms, s, m, h or d, as in "15m"'


def _parse_positive_duration(value: str) -> float:
    seconds = parse_duration(value)
    if seconds <= 0:
        raise BadValue(f"{_DURATION}, greater than zero")
    return seconds


def duration() -> Kind[float]:
    """Seconds, from text such as "15m"."""
    return _written(_DURATION, _parse_positive_duration, unit="s")


def duration_or_none() -> Kind[float]:
    """Seconds, from text such as "15m"; "0s" is allowed."""
    return _written(_DURATION, parse_duration, unit="s")


def duration_or_never() -> Kind[float | None]:
    """Seconds, from text such as "90d", or None for "never"."""
    expected = f'{_DURATION}, or "never"'
    kind = duration_or_none()

    def read(value: object) -> float | None:
        if value == "never":
            return None
        try:
            return kind.read(value)
        except BadValue as problem:
            raise BadValue(problem.expected.replace(_DURATION, expected), actual=problem.actual) from None

    return Kind(expected=expected, read=read)


def _many(member: Kind[T], expected: str) -> Kind[tuple[T, ...]]:
    """A list; every invalid member is reported, not only the first."""

    def read(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise BadValue(expected)
        members = []
        bad: dict[int, BadValue] = {}
        for index, item in enumerate(value):
            try:
                members.append(member.read(item))
            except BadValue as problem:
                bad[index] = BadValue(problem.expected, actual=problem.actual or show(item))
        if bad:
            raise BadMembers(bad)
        return tuple(members)

    return Kind(expected=expected, read=read)


def command() -> Kind[tuple[str, ...]]:
    """A program by its full path, and its arguments; no shell reads it."""
    expected = 'a program by its full path and its arguments, as in ["/usr/local/bin/page-me", "--urgent"]'
    return _limited(_many(text("text in quotes"), expected), lambda words: bool(words) and words[0].startswith("/"))


def some_of(*words: str) -> Kind[tuple[str, ...]]:
    """At least one of `words`, none of them twice."""
    member = one_of(*words)
    many = _many(member, f"a list of {member.expected}")
    return _limited(many, lambda chosen: 0 < len(chosen) == len(set(chosen)), ", at least one and each once")


def durations() -> Kind[tuple[float, ...]]:
    """At least one duration; the last one repeats."""
    many = _many(duration(), 'a list of durations, as in ["5m", "1h"]')
    return _limited(many, bool, ", with at least one")


def size(least: str = "1 B") -> Kind[int]:
    """Bytes, from text such as "10 MiB"."""
    expected = 'a size in quotes: a number and B, KB, MB, KiB, MiB or GiB, as in "10 MiB"'

    def parse(value: str) -> int:
        octets = parse_size(value)
        if octets < parse_size(least):
            raise BadValue(f"{expected}, at least {least}")
        return octets

    return _written(expected, parse, unit=" B")


_RATE = 'a rate in quotes: N/s, N/min, N/h or N/day, or over a duration, as in "10/15min"'


def rate() -> Kind[Rate]:
    """The highest number of events in any window of the given length."""
    return _written(_RATE, parse_rate, unit="/s")


def rates() -> Kind[tuple[Rate, ...]]:
    """One rate or a list of them, all of which apply."""
    expected = f'{_RATE}, or a list of them: ["100/s", "20000/h"]'
    single, many = _written(expected, parse_rate, unit="/s"), _many(rate(), expected)

    def read(value: object) -> tuple[Rate, ...]:
        return many.read(value) if isinstance(value, list) and value else (single.read(value),)

    return Kind(expected=expected, read=read)


def share() -> Kind[float]:
    """0 to 1, from text such as "5%"."""
    expected = 'a percentage in quotes, from "0%" to "100%", as in "0.3%"'

    def parse(value: str) -> float:
        percent = _PERCENT.fullmatch(value)
        if percent is None or float(percent[1]) > 100:
            raise BadValue(expected)
        return float(percent[1]) / 100

    return _written(expected, parse)


def endpoint() -> Kind[Endpoint]:
    """An address to listen on."""
    expected = 'a listening address: "127.0.0.1:8080", "unix:/run/pressrun/http.sock" or "systemd"'

    def parse(value: str) -> Endpoint:
        place = parse_endpoint(value)
        if isinstance(place, TcpEndpoint) and not _is_host(place.host):
            raise BadValue(expected)
        return place

    return _written(expected, parse)


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # 300.1.1.1 looks like an address but is invalid; it is not a host name either.
        return bool(_HOST.fullmatch(name)) and len(name) <= 253 and not name.rstrip(".").rpartition(".")[2].isdigit()
    return True


def name_server() -> Kind[TcpEndpoint]:
    """The IP address of a name server, with or without a port."""
    expected = 'an IP address, as in "127.0.0.1", "127.0.0.1:5353" or "[::1]:53"'

    def parse(value: str) -> TcpEndpoint:
        try:
            return TcpEndpoint(str(ipaddress.ip_address(value)), 53)
        except ValueError:
            place = parse_endpoint(value)
        if not isinstance(place, TcpEndpoint) or not place.port:
            raise BadValue(expected)
        return TcpEndpoint(str(ipaddress.ip_address(place.host)), place.port)

    return _written(expected, parse)


def host() -> Kind[str]:
    """A host name or an IP address to connect to."""
    expected = 'a host name or an IP address, as in "127.0.0.1", without a port'

    def parse(value: str) -> str:
        bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
        if not _is_host(bare):
            raise BadValue(expected)
        return bare

    return _written(expected, parse)


def domain(expected: str = 'a full domain name, as in "news.example.org"') -> Kind[str]:
    """A full domain name, held as lower-case A-labels."""
    return _written(expected, lambda value: parse_address(f"postmaster@{value}").domain)


def domains() -> Kind[tuple[str, ...]]:
    """Domain names, held as lower-case A-labels."""
    member = domain('a full domain name, as in "example.org"')
    return _many(member, 'a list of domain names, as in ["example.org"]')


def age_recipients() -> Kind[tuple[str, ...]]:
    """Public keys that age encrypts for."""
    form = r"age1[0-9a-z]{50,400}|ssh-(?:ed25519|rsa) [A-Za-z0-9+/=]+(?: .*)?"
    member = matching(form, "a public key such as age1vju7nwlyf4x4…, or ssh-ed25519 AAAA…")
    return _many(member, 'a list of public keys, as in ["age1vju7nwlyf4x4…"]')


def address() -> Kind[str]:
    """One email address."""
    return _written('a mail address, as in "ops@example.org"', lambda value: parse_address(value).wire)


def database_server() -> Kind[str]:
    """The address of a database on a server, as libpq takes it. Errors never show it: it may hold a password."""
    expected = 'an address such as "postgresql://pressrun@db.example.org/pressrun"; without the key: SQLite in data_dir'

    def parse(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if scheme not in {"postgresql", "postgres"} or not separator:
            raise BadValue(expected, actual="an address that does not begin with postgresql://")
        if not rest or any(character.isspace() or character < " " for character in rest):
            raise BadValue(expected, actual="an address without a host or name, or with blanks in it")
        authority, _, name = rest.partition("?")[0].partition("/")
        if authority.count("@") > 1 or "@" in name or _BAD_ESCAPE.search(rest):
            raise BadValue(expected, actual="signs that must be escaped: write %25 for %, %40 for @, %2F for /")
        return value

    return _written(expected, parse)


def base_url() -> Kind[str]:
    """The root of every link: a scheme and a host, optionally a port, and nothing after it."""
    expected = 'an address such as "https://news.example.org", with nothing after the host'

    def parse(value: str) -> str:
        parts = urlsplit(value)
        port, name = parts.port, parts.hostname
        if "@" in parts.netloc:
            raise BadValue(expected, actual="an address with a user name in it")
        if parts.scheme not in {"http", "https"} or not name or port == 0 or "%" in name:  # %: the zone of one machine
            raise BadValue(expected)
        if not _is_host(name):
            name = domain(expected).read(name)
        netloc = (f"[{name}]" if ":" in name else name) + (f":{port}" if port is not None else "")
        url = f"{parts.scheme}://{netloc}"
        if parts.path or parts.query or parts.fragment or value.endswith(("?", "#")):
            why = " (a path is not supported)" if parts.path.strip("/") else ""
            raise BadValue(f'{expected}{why}; did you mean "{url}"?')
        return url

    return _written(expected, parse)


def issuer() -> Kind[str]:
    """The identifier of an OpenID Connect issuer, unchanged: https, with a path or without (OIDC Discovery 1.0 §2)."""
    expected = 'an address such as "https://id.example.org/realms/town"'

    def parse(value: str) -> str:
        parts = urlsplit(value)
        if "@" in parts.netloc:
            raise BadValue(expected, actual="an address with a user name in it")
        is_here = parts.hostname is not None and is_loopback(parts.hostname)
        if parts.scheme == "http" and not is_here:
            raise BadValue(f"{expected}, with https unless it is on this machine")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise BadValue(expected)
        if not _ISSUER.fullmatch(value) or not _is_host(parts.hostname):
            raise BadValue(f"{expected}, without a query or blanks")
        return value

    return _written(expected, parse)


def networks() -> Kind[tuple[str, ...]]:
    """Networks; a single address means itself."""
    expected = 'a list of networks, as in ["10.0.0.0/8"]'

    def read(value: object) -> str:
        if value == "unix":
            raise BadValue('a network such as "10.0.0.0/8"')
        return _read_peer(value)

    return _many(Kind(expected=expected, read=read), expected)


def _read_peer(value: object) -> str:
    expected = 'an IP address, a network such as "10.0.0.0/8", or "unix"'
    if not isinstance(value, str):
        raise BadValue(expected)
    if value == "unix":
        return value
    try:
        return str(ipaddress.ip_network(value)) if "/" in value else str(ipaddress.ip_address(value))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise BadValue(expected) from None
    raise BadValue(f'{expected}; did you mean "{meant}"?')


def ip_addresses() -> Kind[tuple[str, ...]]:
    member = Kind(expected='an IP address, as in "192.0.2.10"', read=_read_ip_address)
    return _many(member, 'a list of IP addresses, as in ["192.0.2.10", "2001:db8::10"]')


def _read_ip_address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        raise BadValue('an IP address, as in "192.0.2.10"') from None


def peers() -> Kind[tuple[str, ...]]:
    """IP addresses and networks, or "unix" for peers on our own Unix socket."""
    expected = 'a list of IP addresses or networks, or "unix", as in ["127.0.0.1", "10.0.0.0/8", "unix"]'
    return _many(Kind(expected=expected, read=_read_peer), expected)
