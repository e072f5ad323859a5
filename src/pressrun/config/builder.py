"""Sections → settings types. What must fit together is checked here, and the files that are named are read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pressrun.config.admin_tables import admin_settings, oidc_settings
from pressrun.config.named_files import NamedFiles, check_certificate_pair, read_dkim_key
from pressrun.config.problems import Problems
from pressrun.config.section_files import check_together, find_authorities, find_file, read_secret, warn_if_open
from pressrun.config.sections import Document, Section
from pressrun.config.settings import TABLES, Settings
from pressrun.control.settings import GROUP_SOCKET, ControlSettings
from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import RouteKind, own_route
from pressrun.core.errors import reason_of
from pressrun.core.network.endpoint import SystemdEndpoint, TcpEndpoint, UnixEndpoint, is_loopback
from pressrun.core.setting import BadValue, settings_of, show
from pressrun.core.setting_kinds import domain
from pressrun.core.site import Site
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.services.settings import AlertSettings, DeliverySettings, DomainSettings, LoginSettings
from pressrun.store.server_password import ServerPassword, without_password

T = TypeVar("T")
Values = Mapping[str, Any]

# The tables that are one part of the settings, of the same name, and need nothing but their own keys.
_PLAIN = frozenset("http bounces limits tokens retention dns backup doctor api log".split())


def build(document: Document, source: Path, environ: Mapping[str, str], problems: Problems) -> Settings | None:
    """The settings, or None when anything is wrong; every error is in `problems` then."""
    files = NamedFiles(folder=source.parent, environ=environ)
    data_dir = _data_dir(document.values("").get("data_dir"), files, problems)
    password = _database_password(document, files)
    smtp = _smtp(document.find("smtp"), files)
    relays = list(_relays(document.list("relay"), files))
    signatures = list(_signatures(document.list("dkim"), files))
    domains = _domains(document.list("delivery.domain"))
    oidc = oidc_settings(document, files)
    admin = admin_settings(document)
    _check_listeners(document)
    _check_operator(document, problems)
    _warn_of_risks(document, problems)
    if problems.errors or data_dir is None:
        return None
    return Settings(
        source=source,
        data_dir=data_dir,
        database=document.values("").get("database"),
        database_password=password,
        site=_make(Site, document.values(""), receives_mail=smtp is not None, admin_base_url=admin.base_url),
        smtp=None if smtp is None else _make(SmtpSettings, {**document.values("limits"), **smtp}),
        relays=tuple(_make(RelaySettings, relay, timeouts=_make(RelayTimeouts, relay)) for relay in relays),
        delivery=DeliverySettings(**document.values("delivery"), domains=domains),
        dkim=tuple(DkimSettings(**signature) for signature in signatures),
        alerts=_alerts(document),
        control=_control(document.values("control"), files),
        admin=admin,
        login=_make(LoginSettings, document.values("admin")),
        oidc=oidc,
        warnings=tuple(problems.warnings),
        **{table.name: _make(table.types[0], document.values(table.name)) for table in TABLES if table.name in _PLAIN},
    )


def _alerts(document: Document) -> AlertSettings:
    settings = AlertSettings(**document.values("alerts"))
    section = document.find("alerts")
    if section is not None and settings.exec and not _is_program(Path(settings.exec[0])):
        section.warn("exec", f"user {os.geteuid()} cannot execute {show(settings.exec[0])}, so no alert goes out by it")
    return settings


def _is_program(path: Path) -> bool:
    """Whether this user can execute it; a folder has the same permission for another reason."""
    return os.access(path, os.X_OK) and path.is_file()


def _make(kind: type[T], values: Values, **others: Any) -> T:
    """A settings type, made of those of these values that it declares, and of others."""
    own = {each.field: values[each.field] for each in settings_of(kind) if each.field in values}
    return kind(**own, **others)


def _data_dir(value: str | None, files: NamedFiles, problems: Problems) -> Path | None:
    if value is None:
        return None
    path = resolve_data_dir(files.folder, value)
    try:
        fault = None if stat.S_ISDIR(path.stat().st_mode) else "which is not a folder"
    except FileNotFoundError:
        fault = None
    except PermissionError:
        fault = f"which user {os.geteuid()} cannot reach"
    except OSError as problem:  # a loop of links, a file among its parents, or too long a name
        fault = f"which cannot be a folder: {reason_of(problem)}"
    if fault is not None:
        problems.error(("data_dir",), f"{show(value)}, {fault}", "a folder (it need not exist yet)")
    return path


def _database_password(document: Document, files: NamedFiles) -> ServerPassword | None:
    section = document.find("")
    if section is None:
        return None
    address, name = section.values.get("database"), section.values.get("database_password")
    has_password = address is not None and without_password(address) != address
    if has_password:
        section.warn(
            "database", "holds a password. Anybody who can read this file can use it: name a password_file instead"
        )
    if name is None:
        return None
    if address is None or has_password:
        actual = "password_file without database" if address is None else "password_file, and a password in database"
        section.error("password_file", actual, "the password of the server that database names, in one place")
        return None
    text = read_secret(section, "password_file", name, files)
    return None if text is None else ServerPassword(text, files.find(name))


def resolve_data_dir(folder: Path, value: str) -> Path:
    """The path that `data_dir` means in a configuration in that folder."""
    return Path(os.path.normpath(folder / value))


def _control(values: Values, files: NamedFiles) -> ControlSettings:
    socket = resolve_data_dir(files.folder, values.get("socket", GROUP_SOCKET))
    return ControlSettings(**{**values, "socket": socket})


def _smtp(section: Section | None, files: NamedFiles) -> Values | None:
    if section is None:
        return None
    values = dict(section.values)
    if "listen" not in values and "lmtp" not in values:
        values["listen"] = TcpEndpoint("127.0.0.1", 8025)
    check_together(section, "certificate_file", "key_file")
    for name in ("certificate_file", "key_file"):
        if name in values:
            values[name] = find_file(section, name, files)
    if values.get("certificate_file") and values.get("key_file"):
        wrong = check_certificate_pair(values["certificate_file"], values["key_file"])
        if wrong:
            section.error("certificate_file", wrong, "a certificate chain and its private key in PEM")
    if values.get("trusted_relays") and "authserv_id" not in values:
        section.warn("trusted_relays", "has no effect without authserv_id")
    return values


def _relays(sections: list[Section], files: NamedFiles) -> Iterator[Values]:
    earlier: list[Values] = []
    for number, section in enumerate(sections, start=1):
        values = dict(section.values)
        name = values.setdefault("name", f"relay-{number}")
        if any(relay["name"] == name for relay in earlier):
            section.error("name", f"{show(name)} twice", "a name that no other relay has")
        _warn_of_same_host(section, earlier)
        _read_login(section, values, files)
        if "ca_file" in values:
            values["ca_file"] = find_authorities(section, files)
            if values.get("security", "none") == "none":
                section.warn("ca_file", 'has no effect with security = "none"')
        earlier.append(values)
        yield values


def _warn_of_same_host(section: Section, earlier: list[Values]) -> None:
    """A second relay on one host is mostly a changed table that was added below the old one."""
    host, port = section.values.get("host"), section.values.get("port")
    same = next((relay for relay in earlier if host and relay.get("host") == host), None)
    if same is not None:
        same_port = "the same port" if same.get("port") == port else f"port {same.get('port')}"
        section.warn(
            "",
            f"is a further relay at {host}, where {same['name']} has {same_port}. Each gets a share of the copies. "
            "To change a relay, edit its table",
        )


def _read_login(section: Section, values: dict[str, Any], files: NamedFiles) -> None:
    if "password" not in section.keys:  # the error about a password in the file says enough
        check_together(section, "username", "password_file")
    if "password" in values:
        values["password"] = read_secret(section, "password_file", values["password"], files)
        if values["password"] is None:
            return
    if "username" in values and values.get("security", "none") == "none" and not is_loopback(values.get("host", "")):
        section.warn("username", "the password is sent unencrypted. Set security")


def _signatures(sections: list[Section], files: NamedFiles) -> Iterator[Values]:
    records = set()
    for section in sections:
        values = dict(section.values)
        name = values.get("key_file")
        if name is not None:
            try:
                expected = "an RSA or Ed25519 private key in PEM: a file, or a systemd credential of that name"
                values["key_file"], values["key_pem"] = read_dkim_key(files, name, expected)
                warn_if_open(section, "key_file", name, files)
            except BadValue as problem:
                section.error("key_file", problem.actual or "", problem.expected)
        record = values.get("domain"), values.get("selector")
        if None not in record and record in records:
            section.error("selector", f"{show(record[1])} twice", "one key for each selector")
        records.add(record)
        yield values


def _domains(sections: list[Section]) -> dict[str, DomainSettings]:
    domains: dict[str, DomainSettings] = {}
    for section in sections:
        try:
            name = domain().read(section.path[-1])
        except BadValue:
            continue  # reported while reading
        if name in domains:
            section.error("", f"{show(name)} twice", "one table for each domain, whatever the case")
        domains[name] = DomainSettings(**section.values)
    return domains


def _check_listeners(document: Document) -> None:
    """No two listeners share a place. Port 0 and "systemd" are different places each time."""
    places: dict[object, str] = {}
    for section in (*document.list("http"), *document.list("smtp"), *document.list("admin")):
        for key in ("listen", "lmtp"):
            place = section.values.get(key)
            if (
                place is None
                or isinstance(place, SystemdEndpoint)
                or (isinstance(place, TcpEndpoint) and not place.port)
            ):
                continue
            if place in places:
                section.error(key, f"{show(str(place))}, the address of {places[place]}", "an address of its own")
            places.setdefault(place, f"{section.table.name}.{key}")


def _check_operator(document: Document, problems: Problems) -> None:
    """A local part outside ASCII needs SMTPUTF8 (RFC 6531): a relay may have it, most readers' systems do not."""
    operator, mail_domain = (document.values("").get(key, "") for key in ("operator", "mail_domain"))
    if operator and mail_domain:
        _check_mailbox_of_operator(operator, mail_domain, problems)
    if operator.isascii():
        return
    if document.find("smtp") is None:
        expected = "an address in ASCII before the @ (without [smtp], it is the envelope sender of copies)"
        problems.error(("operator",), show(operator), expected)
    else:
        problems.warn(("operator",), "is not ASCII before the @. Only a relay with SMTPUTF8 accepts mail for it")


def _check_mailbox_of_operator(operator: str, mail_domain: str, problems: Problems) -> None:
    """What we forward to the operator must not come back to us (core.addresses.mail_routes.own_route)."""
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


def _warn_of_risks(document: Document, problems: Problems) -> None:
    url = document.values("").get("base_url", "")
    if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        problems.warn(
            ("base_url",),
            "without https, mail programs offer no one-click unsubscribe (RFC 8058 §3.1) and links travel in the clear",
        )
    http = document.values("http")
    if isinstance(http.get("listen"), UnixEndpoint) and "unix" not in http.get("trusted_proxies", ()):
        problems.warn(
            ("http", "listen"),
            'is a Unix socket, but trusted_proxies does not include "unix". X-Forwarded-For is not trusted, so all '
            "clients share each per-client limit",
        )
    if document.find("smtp") is None:
        problems.warnings.append(
            "no [smtp]: no mail is received, so bounces and commands are not read, unsubscribing by mail is not "
            "offered, and copies go out with the owner's address as envelope sender"
        )
