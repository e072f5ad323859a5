"""Sections → settings types: what must fit together is checked here, and the files that are named are read."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pressrun.config.files import (
    Neighbours,
    check_authorities,
    check_certificate_pair,
    is_open_to_all,
    read_dkim_key,
    read_password,
)
from pressrun.config.keys import BOUNCES, DELIVERY, DKIM, DNS, DOMAIN, HTTP, LIMITS, LOG, RELAY, SMTP, TOKENS, TOP
from pressrun.config.kinds import BadValue, read_domain
from pressrun.config.problems import Problems, show
from pressrun.config.reading import Document, Section
from pressrun.config.settings import Settings
from pressrun.core.address import parse_address
from pressrun.core.endpoint import SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.core.mail_routes import RouteKind, own_route
from pressrun.core.site import Site
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.signatures.dkim_settings import DkimSettings
from pressrun.observe.settings import LogSettings
from pressrun.services.settings import (
    BounceSettings,
    DeliverySettings,
    DnsSettings,
    DomainSettings,
    LimitSettings,
    TokenSettings,
)
from pressrun.web.settings import HttpSettings

_SMTP_LIMITS = ("connections", "idle_seconds", "recipients", "memory_bytes")
_TIME_OUTS = tuple(RelayTimeouts.__dataclass_fields__)


def build(document: Document, source: Path, environ: Mapping[str, str], problems: Problems) -> Settings | None:
    """The settings, or None when anything is wrong; every error is in `problems` then."""
    neighbours = Neighbours(folder=source.parent, environ=environ)
    top = document.one(TOP)
    top_values = dict(top.values) if top else {}
    data_dir = _data_dir(top_values.pop("data_dir", None), neighbours, problems)
    smtp = _smtp(document, neighbours, problems)
    relays = _relays(document, neighbours, problems)
    dkim = _dkim(document, neighbours, problems)
    domains = _domains(document, problems)
    _check_listeners(document, problems)
    _check_operator(document, problems)
    _warn(document, problems)
    if problems.errors or data_dir is None:
        return None
    limits = _values(document, LIMITS)
    return Settings(
        source=source,
        data_dir=data_dir,
        site=Site(**top_values, receives_mail=smtp is not None),
        http=HttpSettings(**_values(document, HTTP)),
        smtp=SmtpSettings(**smtp) if smtp is not None else None,
        relays=tuple(RelaySettings(**relay) for relay in relays),
        delivery=DeliverySettings(**_values(document, DELIVERY), domains=domains),
        bounces=BounceSettings(**_values(document, BOUNCES)),
        limits=LimitSettings(**{name: value for name, value in limits.items() if name not in _SMTP_LIMITS}),
        tokens=TokenSettings(**_values(document, TOKENS)),
        dkim=tuple(dkim),
        dns=DnsSettings(**_values(document, DNS)),
        log=LogSettings(**_values(document, LOG)),
        warnings=tuple(problems.warnings),
    )


def _values(document: Document, table: object) -> dict[str, Any]:
    return next((section.values for section in document.sections if section.table is table), {})


def _data_dir(value: str | None, neighbours: Neighbours, problems: Problems) -> Path | None:
    if value is None:
        return None
    path = resolve_data_dir(neighbours.folder, value)
    expected = "a folder (it need not exist yet)"
    try:
        if path.exists() and not path.is_dir():
            problems.error(("data_dir",), f"{show(value)}, which is not a folder", expected)
    except PermissionError:  # Python 3.14 and later answer False instead
        problems.error(("data_dir",), f"{show(value)}, which user {os.geteuid()} cannot reach", expected)
    return path


def resolve_data_dir(folder: Path, value: str) -> Path:
    """The path that `data_dir` stands for in a configuration in that folder."""
    return Path(os.path.normpath(folder / value))


def _smtp(document: Document, neighbours: Neighbours, problems: Problems) -> dict[str, Any] | None:
    section = document.one(SMTP)
    if section is None:
        return None
    values = dict(section.values)
    if "listen" not in values and "lmtp" not in values:
        values["listen"] = TcpEndpoint("127.0.0.1", 8025)
    for name, other in (("certificate_file", "key_file"), ("key_file", "certificate_file")):
        if name in section.given and other not in section.given:
            problems.error((*section.path, name), f"{name} alone", f"{name} and {other} together")
    for name in ("certificate_file", "key_file"):
        if name in values:
            values[name] = _existing(section, name, neighbours, problems)
    if values.get("certificate_file") and values.get("key_file"):
        wrong = check_certificate_pair(values["certificate_file"], values["key_file"])
        if wrong:
            problems.error((*section.path, "certificate_file"), wrong, "a certificate chain and its private key in PEM")
    if values.get("trusted_relays") and "authserv_id" not in values:
        problems.warn((*section.path, "trusted_relays"), "has no effect without authserv_id")
    limits = _values(document, LIMITS)
    return values | {name: limits[name] for name in _SMTP_LIMITS if name in limits}


def _existing(section: Section, name: str, neighbours: Neighbours, problems: Problems) -> Path | None:
    key = section.table.find(name)
    expected = f"{key.kind.expected}, or a systemd credential of that name" if key else ""
    try:
        return neighbours.read(section.values[name], expected)[0]
    except BadValue as problem:
        problems.error((*section.path, name), problem.found or "", problem.expected)
        return None


def _relays(document: Document, neighbours: Neighbours, problems: Problems) -> list[dict[str, Any]]:
    relays: list[dict[str, Any]] = []
    names: dict[str, Section] = {}
    for number, section in enumerate(document.all(RELAY), start=1):
        values = dict(section.values)
        name = values.setdefault("name", f"relay-{number}")
        if name in names:
            problems.error((*section.path, "name"), f"{show(name)} twice", "a name that no other relay has")
        names[name] = section
        _warn_of_neighbour(section, values, relays, problems)
        _read_login(section, values, neighbours, problems)
        if "ca_file" in values:
            values["ca_file"] = path = _existing(section, "ca_file", neighbours, problems)
            wrong = check_authorities(path) if path else None
            if wrong:
                problems.error((*section.path, "ca_file"), wrong, "a file with CA certificates in PEM")
            if values.get("security", "none") == "none":
                problems.warn((*section.path, "ca_file"), 'has no effect with security = "none"')
        values["timeouts"] = RelayTimeouts(**{name: values.pop(name) for name in _TIME_OUTS if name in values})
        relays.append(values)
    return relays


def _warn_of_neighbour(
    section: Section, values: dict[str, Any], before: list[dict[str, Any]], problems: Problems
) -> None:
    """Two relays on one host are mostly one whose new table was added below the old one."""
    same = next((one for one in before if "host" in values and one.get("host") == values["host"]), None)
    if same is not None:
        port = "the same port" if same.get("port") == values.get("port") else f"port {same.get('port')}"
        problems.warn(
            section.path,
            f"is a further relay at {values['host']}, where {same['name']} has {port}. Each gets a share of the "
            "copies. To change a relay, edit its table",
        )


def _read_login(section: Section, values: dict[str, Any], neighbours: Neighbours, problems: Problems) -> None:
    has_user, has_password = "username" in values, "password" in values
    halves = {"username", "password_file"} & section.given
    if len(halves) == 1 and "password" not in section.given:
        given, other = ("username", "password_file") if "username" in section.given else ("password_file", "username")
        problems.error((*section.path, given), f"{given} alone", f"{given} and {other} together")
    if has_password:
        expected = "a readable file or a systemd credential that holds the password in one line"
        try:
            values["password"] = read_password(neighbours, values["password"], expected)
        except BadValue as problem:
            problems.error((*section.path, "password_file"), problem.found or "", problem.expected)
            return
        _warn_if_open(section, "password_file", neighbours, section.values["password"], problems)
    if has_user and values.get("security", "none") == "none" and not is_loopback(values.get("host", "")):
        problems.warn((*section.path, "username"), "the password is sent unencrypted. Set security")


def _warn_if_open(section: Section, key: str, neighbours: Neighbours, name: str, problems: Problems) -> None:
    path = neighbours.find(name)
    if path is not None and is_open_to_all(path):
        problems.warn((*section.path, key), "every user of this machine can read that file. Run chmod o-r on it")


def _dkim(document: Document, neighbours: Neighbours, problems: Problems) -> list[DkimSettings]:
    signatures = []
    seen = set()
    for section in document.all(DKIM):
        values = dict(section.values)
        name = values.get("key_file")
        if name is not None:
            try:
                expected = "an RSA or Ed25519 private key in PEM: a file, or a systemd credential of that name"
                values["key_file"], values["key_pem"] = read_dkim_key(neighbours, name, expected)
                _warn_if_open(section, "key_file", neighbours, name, problems)
            except BadValue as problem:
                problems.error((*section.path, "key_file"), problem.found or "", problem.expected)
        record = values.get("domain"), values.get("selector")
        if None not in record and record in seen:
            problems.error((*section.path, "selector"), f"{show(record[1])} twice", "one key for each selector")
        seen.add(record)
        if len(values) == 4:
            signatures.append(DkimSettings(**values))
    return signatures


def _domains(document: Document, problems: Problems) -> dict[str, DomainSettings]:
    domains: dict[str, DomainSettings] = {}
    for section in document.all(DOMAIN):
        try:
            name = read_domain(section.path[-1], "")
        except BadValue:
            continue  # reported while reading
        if name in domains:
            problems.error(section.path, f"{show(name)} twice", "one table for each domain, whatever the case")
        domains[name] = DomainSettings(**section.values)
    return domains


def _check_listeners(document: Document, problems: Problems) -> None:
    """No two listeners at the same place. Port 0 and "systemd" are a different one for each."""
    taken: dict[object, str] = {}
    for table in (HTTP, SMTP):
        section = document.one(table)
        for key in ("listen", "lmtp"):
            place = section.values.get(key) if section else None
            if section is None or place is None or isinstance(place, SystemdEndpoint):
                continue
            if isinstance(place, TcpEndpoint) and place.port == 0:
                continue
            name = f"{table.name}.{key}"
            if place in taken:
                problems.error(
                    (*section.path, key), f"{show(str(place))}, the place of {taken[place]}", "a place of its own"
                )
            taken.setdefault(place, name)


def _check_operator(document: Document, problems: Problems) -> None:
    """A local part outside ASCII asks for SMTPUTF8 (RFC 6531): a relay may have it, most readers' systems do not."""
    values = _values(document, TOP)
    operator = values.get("operator", "")
    if operator and "mail_domain" in values:
        _check_mailbox_of_operator(operator, values["mail_domain"], problems)
    if operator.isascii():
        return
    if document.one(SMTP) is None:
        expected = "an address in ASCII before the @ (without [smtp], it is the envelope sender of copies)"
        problems.error(("operator",), show(operator), expected)
    else:
        problems.warn(("operator",), "is not ASCII before the @. Only a relay with SMTPUTF8 accepts mail for it")


def _check_mailbox_of_operator(operator: str, mail_domain: str, problems: Problems) -> None:
    """What is forwarded to the operator must not come back to us (core.mail_routes.own_route)."""
    address = parse_address(operator)
    route = own_route(address, mail_domain)
    if route is not None and route.kind is not RouteKind.POST:
        problems.error(
            ("operator",),
            f"{show(operator)}, an address of Pressrun's own, whose mail would loop",
            'a personal mailbox that is delivered elsewhere, such as "ops@example.org"',
        )
    elif address.domain == mail_domain:
        problems.warn(
            ("operator",),
            "is at mail_domain. Its mail must be delivered to a mailbox, not to Pressrun, which knows only its lists",
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _warn(document: Document, problems: Problems) -> None:
    url = _values(document, TOP).get("base_url", "")
    if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        problems.warn(
            ("base_url",),
            "without https, mail programs offer no one-click unsubscribe (RFC 8058 §3.1) and links travel in the clear",
        )
    http = _values(document, HTTP)
    if isinstance(http.get("listen"), UnixEndpoint) and "unix" not in http.get("trusted_proxies", ()):
        problems.warn(
            ("http", "listen"),
            'is a Unix socket, but trusted_proxies does not include "unix". X-Forwarded-For is not trusted, so all '
            "clients share each per-client limit",
        )
    if document.one(SMTP) is None:
        problems.warnings.append(
            "no [smtp]: no mail is received, so bounces and commands are not read, unsubscribing by mail is not "
            "offered, and copies go out with the owner's address as envelope sender"
        )
