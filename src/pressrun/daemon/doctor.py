"""What `pressrun doctor` examines, made of a configuration, its database, and the daemon that runs, if any."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import Struct
from msgspec.structs import replace as struct_replace

from pressrun.config.settings import Settings
from pressrun.config.values import find_secret_files
from pressrun.control.client import call_if_running
from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Holder
from pressrun.core.errors import BadConfiguration, NotFound, Unavailable
from pressrun.core.network.endpoint import Endpoint, SystemdEndpoint, TcpEndpoint, parse_endpoint
from pressrun.core.signing.keys import KeyRing
from pressrun.daemon.wiring.admin_pages import build_issuer
from pressrun.delivery.relay.probe import examine_relay
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.message.signatures.dkim import Signer, load_signing_key
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.operations.dkim_keys import published_key
from pressrun.operations.dns import DnsLookups
from pressrun.operations.doctor.machine import find_clock_state
from pressrun.operations.doctor.senders import own_addresses
from pressrun.operations.doctor.subject import (
    CachedLookups,
    ConfiguredIssuer,
    ConfiguredRelay,
    DoctorSubject,
    ExpiringToken,
    ListIdentity,
    RunningDaemon,
    World,
)
from pressrun.runtime.clock import utc_now
from pressrun.services.upkeep.storage_watch import room_limits
from pressrun.store.lists import lists
from pressrun.store.location import open_current
from pressrun.store.programs import api_tokens
from pressrun.store.upkeep import monitoring
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.disk_usage import measure_room
from pressrun.store.upkeep.key_files import keys_of
from pressrun.web.admin.issuer import IssuerProblem

_DNS_SECONDS = 4.0  # at least: a check may wait longer than an edition
_RELAY_SECONDS = 15.0  # for a relay to greet us, log us in, and take a message
_SIGNATURE_SECONDS = 86_400
_MOST_TOKENS = 10_000


def build_world(settings: Settings, resolver: TcpEndpoint | None) -> World:
    """The world as this machine reaches it, or with another DNS server."""
    dns = replace(settings.dns, timeout_seconds=max(_DNS_SECONDS, settings.dns.timeout_seconds))
    if resolver is not None:
        dns = replace(dns, server=resolver)
    return World(
        dns=CachedLookups(DnsLookups(Holder(dns))),
        clock=utc_now,
        entropy=os.urandom,
        own_addresses=own_addresses,
        find_clock_state=find_clock_state,
        measure_room=measure_room,
    )


def build_subject(settings: Settings, world: World, list_name: str | None) -> DoctorSubject:
    """One installation, with all its lists or one; raises NotFound for an unknown list."""
    data = settings.data
    daemon = DaemonByControlSocket.find(data)
    known = _read_database(data, list_name, settings.site.operator)
    return DoctorSubject(
        site=settings.site,
        admin_url=settings.admin.base_url,
        data=data,
        config=settings.source,
        files=tuple(find_secret_files(settings.source, os.environ)),
        keys=known.keys,
        lists=known.lists,
        tokens=known.tokens,
        alert_refusal=known.alert_refusal,
        signatures=tuple(map(published_key, settings.dkim)),
        relays=tuple(_relay(relay, settings.site.mail_domain) for relay in settings.relays),
        issuer=_issuer(settings),
        trusted_proxies=settings.http.trusted_proxies,
        mail_listeners=_mail_listeners(settings, daemon),
        certificate_file=None if settings.smtp is None else settings.smtp.certificate_file,
        room_limits=room_limits(settings.for_services()),
        sends_from=settings.doctor.sends_from,
        sign=lambda content: _sign(settings, content),
        daemon=daemon,
        world=world,
    )


class _Known(Struct, frozen=True):
    """What doctor needs from the database; empty if it cannot be used, which the check `database` reports."""

    keys: KeyRing | None = None
    lists: tuple[ListIdentity, ...] = ()
    tokens: tuple[ExpiringToken, ...] = ()
    alert_refusal: str | None = None


def _read_database(data: DataDir, list_name: str | None, operator: str | None) -> _Known:
    """Read what doctor needs, for all lists or for one; raises NotFound for an unknown list."""
    try:
        known = _read_all(data, operator) if data.database.exists() else _Known()
    except (BadConfiguration, Unavailable):
        return _Known()
    chosen = tuple(each for each in known.lists if list_name in (None, each.name))
    if list_name is not None and not chosen:
        raise NotFound(f"no open list is called {list_name}", see="list ls")
    return struct_replace(known, lists=chosen)


def _read_all(data: DataDir, operator: str | None) -> _Known:
    with open_current(data.database) as tx:
        keys = keys_of(data, tx)
        identities = tuple(_identity(target) for target in lists.all_lists(tx) if target.closed_at is None)
        tokens = _expiring(api_tokens.list_tokens(tx, limit=_MOST_TOKENS))
        address = None if operator is None else parse_address(operator).typed
        refusal = None if address is None else monitoring.refusal_of_latest_alert(tx, address)
        return _Known(keys, identities, tokens, refusal)


def _expiring(tokens: Sequence[api_tokens.ApiToken]) -> tuple[ExpiringToken, ...]:
    return tuple(
        ExpiringToken(name=token.name, expires_at=token.expires_at, used_at=token.used_at)
        for token in tokens
        if token.expires_at is not None and token.used_at is not None
    )


def _identity(target: lists.MailingList) -> ListIdentity:
    author = parse_mailbox(target.from_address).address
    return ListIdentity(name=target.name, author_domain=author.domain, owner=target.owner)


def _relay(settings: RelaySettings, helo_name: str) -> ConfiguredRelay:
    return ConfiguredRelay(
        name=settings.name,
        host=settings.host,
        port=settings.port,
        security=settings.security,
        contact=lambda outgoing: examine_relay(
            settings, helo_name=helo_name, seconds=_RELAY_SECONDS, outgoing=outgoing
        ),
    )


def _issuer(settings: Settings) -> ConfiguredIssuer | None:
    if settings.oidc is None:
        return None

    async def find_problem() -> str:
        try:
            issuer = build_issuer(settings)
            if issuer is not None:
                site = replace(settings.site, base_url=settings.admin.base_url or settings.site.base_url)
                await issuer.probe(site.url("admin", "oidc", "callback"))
        except (IssuerProblem, BadConfiguration) as problem:
            return str(problem)
        return ""

    return ConfiguredIssuer(url=settings.oidc.issuer, find_problem=find_problem)


def _mail_listeners(settings: Settings, daemon: DaemonByControlSocket | None) -> dict[str, Endpoint]:
    """Where mail comes in. What systemd passes on, only the daemon knows."""
    if settings.smtp is None:
        return {}
    configured = {"smtp": settings.smtp.listen, "lmtp": settings.smtp.lmtp}
    endpoints = {name: place for name, place in configured.items() if place is not None}
    if daemon is not None and any(isinstance(place, SystemdEndpoint) for place in endpoints.values()):
        bound = daemon.mail_addresses
        endpoints = {name: parse_endpoint(bound[name]) for name in endpoints if name in bound}
    return endpoints


def _sign(settings: Settings, content: bytes) -> bytes:
    """The signatures of our own mail, with the keys of the configuration."""
    if not settings.dkim:
        return b""
    signer = Signer([load_signing_key(key) for key in settings.dkim], lifetime_seconds=_SIGNATURE_SECONDS)
    return signer.sign(content, signed_at=int(utc_now()))


class DaemonByControlSocket(RunningDaemon):
    """The running daemon, asked over its socket; there is no answer if it is gone or has another version."""

    def __init__(self, data: DataDir, mail_addresses: Mapping[str, str]) -> None:
        self._socket = data.control_socket
        self.mail_addresses = mail_addresses  # where it takes mail, by `smtp` and `lmtp`

    @classmethod
    def find(cls, data: DataDir) -> DaemonByControlSocket | None:
        """The daemon, or None where none answers."""
        mail_addresses = call_if_running(data.control_socket, "doctor.listeners")
        return None if mail_addresses is None else cls(data, mail_addresses)

    async def seen(self, number: int) -> Mapping[str, Any] | None:
        return await asyncio.to_thread(call_if_running, self._socket, "doctor.seen", {"number": number})
