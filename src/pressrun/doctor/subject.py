"""What `doctor` examines: one installation, as its configuration and its database describe it; and what it finds."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from pressrun.config.settings import Settings
from pressrun.control.client import call_if_running
from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import OF_NO_LIST
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens
from pressrun.core.site import Site
from pressrun.core.upkeep.disk_room import StorageRoom
from pressrun.operations.dns import DnsAnswer, DnsLookups, txt_strings
from pressrun.runtime.authorities import client_context
from pressrun.store.programs.api_tokens import ApiToken
from pressrun.store.upkeep.datadir import DataDir


class ListIdentity(Struct, frozen=True, kw_only=True):
    """Who a list writes as: the domain of its From address, and its owner."""

    name: str
    author_domain: str
    owner: str | None


class RunningDaemon:
    """The running daemon, asked over its socket; there is no answer if it is gone or has another version."""

    def __init__(self, data: DataDir, mail_addresses: Mapping[str, str]) -> None:
        self._socket = data.control_socket
        self.mail_addresses = mail_addresses  # where it takes mail, by `smtp` and `lmtp`

    @classmethod
    def find(cls, data: DataDir) -> RunningDaemon | None:
        """The daemon, or None where none answers."""
        mail_addresses = call_if_running(data.control_socket, "doctor.listeners")
        return None if mail_addresses is None else cls(data, mail_addresses)

    async def seen(self, number: int) -> Mapping[str, Any] | None:
        """How the request with this number in its test link arrived: `peer`, `forwarded`, `is_trusted`."""
        return await asyncio.to_thread(call_if_running, self._socket, "doctor.seen", {"number": number})


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
    tls: Callable[[], ssl.SSLContext] = client_context
    is_public: Callable[[str], bool] = is_public
    smtp_port: int = 25  # of mail exchangers
    contact_seconds: float = 10.0  # for one connection
    round_trip_seconds: float = 60.0


class DoctorSubject(Struct, frozen=True, kw_only=True):
    """One installation. `keys` is None without a database; `files` are those that hold secrets.

    `alert_refusal` is why the latest alert to the operator did not arrive; None if it did.
    """

    settings: Settings
    files: tuple[Path, ...]
    keys: KeyRing | None
    lists: tuple[ListIdentity, ...]
    tokens: tuple[ApiToken, ...]
    alert_refusal: str | None
    daemon: RunningDaemon | None
    world: World

    @property
    def site(self) -> Site:
        return self.settings.site

    @property
    def data(self) -> DataDir:
        return self.settings.data

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
