"""The installation that `pressrun doctor` examines, read from its configuration, its database, and its daemon, if one
runs.
"""

from __future__ import annotations

import os
from dataclasses import replace

from msgspec import Struct
from msgspec.structs import replace as struct_replace

from pressrun.config.settings import Settings
from pressrun.config.values import find_secret_files
from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Holder
from pressrun.core.errors import BadConfiguration, NotFound, Unavailable
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.signing.keys import KeyRing
from pressrun.doctor.machine import find_clock_state
from pressrun.doctor.senders import own_addresses
from pressrun.doctor.subject import CachedLookups, DoctorSubject, ListIdentity, RunningDaemon, World
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.operations.dns import DnsLookups
from pressrun.runtime.clock import utc_now
from pressrun.store.lists import lists
from pressrun.store.location import open_current
from pressrun.store.programs import api_tokens
from pressrun.store.upkeep import monitoring
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.disk_usage import measure_room
from pressrun.store.upkeep.key_files import keys_of

_DNS_SECONDS = 4.0  # at least: a check may wait longer than an edition
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
    known = _read_database(settings.data, list_name, settings.site.operator)
    return DoctorSubject(
        settings=settings,
        files=tuple(find_secret_files(settings.source, os.environ)),
        keys=known.keys,
        lists=known.lists,
        tokens=known.tokens,
        alert_refusal=known.alert_refusal,
        daemon=RunningDaemon.find(settings.data),
        world=world,
    )


class _Known(Struct, frozen=True):
    """What doctor needs from the database; empty if it cannot be used, which the check `database` reports."""

    keys: KeyRing | None = None
    lists: tuple[ListIdentity, ...] = ()
    tokens: tuple[api_tokens.ApiToken, ...] = ()
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
        tokens = tuple(api_tokens.list_tokens(tx, limit=_MOST_TOKENS))
        address = None if operator is None else parse_address(operator).typed
        refusal = None if address is None else monitoring.refusal_of_latest_alert(tx, address)
        return _Known(keys, identities, tokens, refusal)


def _identity(target: lists.MailingList) -> ListIdentity:
    author = parse_mailbox(target.from_address).address
    return ListIdentity(name=target.name, author_domain=author.domain, owner=target.owner)
