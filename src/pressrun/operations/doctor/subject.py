"""What `doctor` examines: one installation, as its configuration and its database describe it; and what it finds."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import OF_NO_LIST
from pressrun.core.network.endpoint import Endpoint
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens
from pressrun.core.site import Site
from pressrun.core.upkeep.disk_room import RoomLimits, StorageRoom
from pressrun.operations.dns import DnsAnswer, DnsLookups, txt_strings
from pressrun.runtime.certificates import CertificatePeriod
from pressrun.smtp.handover import HandOver, Outgoing
from pressrun.store.upkeep.datadir import DataDir

if TYPE_CHECKING:
    from pressrun.operations.dkim_keys import PublishedKey  # loads cryptography, which a daemon may not need


class ListIdentity(Struct, frozen=True, kw_only=True):
    """Who a list writes as: the domain of its From address, and its owner."""

    name: str
    author_domain: str
    owner: str | None


class ExpiringToken(Struct, frozen=True, kw_only=True):
    """A token that a program has used, and that expires or has expired."""

    name: str
    expires_at: int
    used_at: int


class RelayReport(Protocol):
    """How a relay answered: why it cannot be used, or None; the period of its certificate; what became of a message."""

    @property
    def problem(self) -> str | None: ...
    @property
    def certificate(self) -> CertificatePeriod | None: ...
    @property
    def hand_over(self) -> HandOver | None: ...


ContactRelay = Callable[[Outgoing | None], Awaitable[RelayReport]]
"""Connects to a relay as for mail, with TLS and log-in, and hands over one message if there is one."""


class ConfiguredIssuer(Struct, frozen=True, kw_only=True):
    """The issuer of `[oidc]`. `find_problem` says why nobody can log in through it, or returns an empty text."""

    url: str
    find_problem: Callable[[], Awaitable[str]]


class ConfiguredRelay(Struct, frozen=True, kw_only=True):
    """One `[[relay]]`, and how to reach it."""

    name: str
    host: str
    port: int
    security: str
    contact: ContactRelay


class RunningDaemon(Protocol):
    """A daemon that serves this installation now."""

    async def seen(self, number: int, /) -> Mapping[str, Any] | None:
        """How the request with this number in its test link arrived: `peer`, `forwarded`, `is_trusted`."""


def is_public(address: str) -> bool:
    """Whether the world can reach an address, as far as its number says."""
    return ipaddress.ip_address(address).is_global


class CachedLookups:
    """DNS answers, each looked up once in a run."""

    def __init__(self, lookups: DnsLookups) -> None:
        self._lookups = lookups
        self._answers: dict[tuple[str, str], asyncio.Task[DnsAnswer]] = {}

    async def query(self, name: str, kind: str) -> DnsAnswer:
        """As DnsLookups.query."""
        key = name.rstrip(".").lower(), kind
        if key not in self._answers:
            self._answers[key] = asyncio.ensure_future(self._lookups.query(*key))
        return await asyncio.shield(self._answers[key])

    async def addresses(self, name: str) -> list[DnsAnswer]:
        """The IPv4 and the IPv6 addresses of a name."""
        return list(await asyncio.gather(self.query(name, "A"), self.query(name, "AAAA")))


class World(Struct, frozen=True, kw_only=True):
    """How the world is reached; tests have one of their own."""

    dns: CachedLookups
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]
    own_addresses: Callable[[], Sequence[str]]
    find_clock_state: Callable[[], bool | None]
    measure_room: Callable[[DataDir], StorageRoom]
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context
    is_public: Callable[[str], bool] = is_public
    smtp_port: int = 25  # of mail exchangers
    contact_seconds: float = 10.0  # for one connection
    round_trip_seconds: float = 60.0


class DoctorSubject(Struct, frozen=True, kw_only=True):
    """One installation. `keys` is None without a database; `files` are those that hold secrets.

    `alert_refusal` is why the latest alert to the operator did not arrive; None if it did.

    `admin_url` is that of `[admin] base_url`, and `certificate_file` that of `[smtp]`.
    """

    site: Site
    admin_url: str | None
    data: DataDir
    config: Path
    files: tuple[Path, ...]
    keys: KeyRing | None
    lists: tuple[ListIdentity, ...]
    tokens: tuple[ExpiringToken, ...]
    alert_refusal: str | None
    signatures: tuple[PublishedKey, ...]
    relays: tuple[ConfiguredRelay, ...]
    issuer: ConfiguredIssuer | None
    trusted_proxies: tuple[str, ...]
    mail_listeners: Mapping[str, Endpoint]
    certificate_file: Path | None
    room_limits: RoomLimits
    sends_from: tuple[str, ...]
    sign: Callable[[bytes], bytes]
    daemon: RunningDaemon | None
    world: World

    @property
    def dns(self) -> CachedLookups:
        return self.world.dns

    @property
    def author_domains(self) -> dict[str, list[str]]:
        """The lists by the domain of their From address, or mail_domain if there are no lists yet."""
        domains: dict[str, list[str]] = {}
        for target in self.lists:
            domains.setdefault(target.author_domain, []).append(target.name)
        return domains or {self.site.mail_domain: []}

    def return_domain(self, target: ListIdentity | None) -> str:
        """The domain of the envelope sender of a list's mail."""
        if self.site.receives_mail:
            return self.site.mail_domain
        owner = None if target is None or not target.owner else parse_address(target.owner)
        person = self.site.person_for(owner)
        return self.site.mail_domain if person is None else person.domain

    @property
    def return_domains(self) -> list[str]:
        """The domains of all envelope senders."""
        return list(dict.fromkeys(map(self.return_domain, self.lists or (None,))))

    def bounce_address(self, number: int) -> str | None:
        """A signed return path of a list for this number; None without keys."""
        if self.keys is None:
            return None
        name = self.lists[0].name if self.lists else OF_NO_LIST
        token = AddressTokens(self.keys).make(AddressPurpose.BOUNCES, name, number)
        return self.site.list_address(name, "bounces", token)


def txt_record(name: str, value: str) -> str:
    """A TXT record as a zone file has it, on one line."""
    strings = " ".join(f'"{part}"' for part in txt_strings(value))
    return f"{name}. IN TXT {strings}"


class DoctorSeverity(StrEnum):
    """How bad a finding is."""

    PASS = "pass"  # noqa: S105 - not a password
    WARN = "warn"  # it works today, or could not be found out
    FAIL = "fail"  # mail is lost, refused or forged, or soon will be


class DoctorFinding(Struct, frozen=True, kw_only=True):
    """`remedy` is what to add or run, and is empty where all is well; `check` is the id of the check that found it."""

    severity: DoctorSeverity
    message: str
    remedy: str = ""
    check: str = ""


def passed(message: str) -> DoctorFinding:
    """All is well."""
    return DoctorFinding(severity=DoctorSeverity.PASS, message=message)


def warned(message: str, remedy: str = "") -> DoctorFinding:
    """Something to look at."""
    return DoctorFinding(severity=DoctorSeverity.WARN, message=message, remedy=remedy)


def failed(message: str, remedy: str = "") -> DoctorFinding:
    """Something to mend now."""
    return DoctorFinding(severity=DoctorSeverity.FAIL, message=message, remedy=remedy)
