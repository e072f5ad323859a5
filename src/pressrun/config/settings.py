"""The whole configuration, and the tables of config.toml that it is read from.

Each key is declared once, on the settings type whose field it sets (core.setting).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pressrun.control.settings import ControlSettings
from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import Setting, setting, settings_of
from pressrun.core.site import Site
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.observe.settings import LogSettings
from pressrun.operations.settings import BackupSettings, DoctorSettings
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.settings import (
    AlertSettings,
    BounceSettings,
    DeliverySettings,
    DnsSettings,
    DomainSettings,
    LoginSettings,
    RetentionSettings,
    ServiceSettings,
    TokenSettings,
)
from pressrun.store.server_password import ServerPassword
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.server import find_server
from pressrun.web.settings import AdminSettings, ApiSettings, HttpSettings, OidcSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


P = TypeVar("P", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one config.toml says. `source` is that file; `warnings` are about what works and is probably a mistake."""

    source: Path
    data_dir: Path = setting(
        kinds.file('a folder, as in "/var/lib/pressrun"'),
        required=True,
        example="/var/lib/pressrun",
        restart=True,
        help="Folder for the database, keys and control socket. A relative path is relative to this file.",
    )
    database: str | None = setting(
        kinds.database_server(),
        example="postgresql://pressrun@db.example.org/pressrun",
        restart=True,
        secret=True,
        help="A database on a PostgreSQL server, with hosts and parameters as libpq takes them. "
        "Off: SQLite in data_dir, which suits nearly everybody.",
    )
    database_password: ServerPassword | None = setting(
        kinds.file("a file that holds the password and nothing else"),
        key="password_file",
        example="database_password",
        restart=True,
        secret=True,
        help="File with the password for that server, or a systemd credential of that name. "
        "Pressrun reads it again for each connection.",
    )
    site: Site
    http: HttpSettings
    smtp: SmtpSettings | None = None
    relays: tuple[RelaySettings, ...]
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    bounces: BounceSettings = field(default_factory=BounceSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    tokens: TokenSettings = field(default_factory=TokenSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    dkim: tuple[DkimSettings, ...] = ()
    dns: DnsSettings = field(default_factory=DnsSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    doctor: DoctorSettings = field(default_factory=DoctorSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    admin: AdminSettings = field(default_factory=AdminSettings)
    login: LoginSettings = field(default_factory=LoginSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    oidc: OidcSettings | None = None
    log: LogSettings = field(default_factory=LogSettings)
    warnings: tuple[str, ...] = ()

    @property
    def data(self) -> DataDir:
        """The paths below data_dir, and the database that belongs to them."""
        return DataDir(self.data_dir, find_server(self.database, self.database_password))

    def for_services(self) -> ServiceSettings:
        """The part that services share."""
        return ServiceSettings(
            limits=self.limits,
            tokens=self.tokens,
            login=self.login,
            retention=self.retention,
            bounces=self.bounces,
            delivery=self.delivery,
            dns=self.dns,
            signed_domains=frozenset(signature.domain for signature in self.dkim),
            relays=frozenset(relay.name for relay in self.relays),
            authserv_id=None if self.smtp is None else self.smtp.authserv_id,
            trusted_relays=() if self.smtp is None else self.smtp.trusted_relays,
        )


class Shape(Enum):
    """How often a table may occur in the file."""

    TOP = "top"  # the keys before the first table
    ONE = "one"  # [http]
    MANY = "many"  # [[relay]]
    ONE_OR_MANY = "one or many"  # [dkim] or [[dkim]]
    NAMED = "named"  # [delivery.domain."…"]


class Table:
    """A table of the file: the keys of its settings types, and those that `guests` declare for it."""

    def __init__(
        self, name: str, shape: Shape, help_text: str, *types: type[Any], guests: tuple[type[Any], ...] = ()
    ) -> None:
        self.name = name
        self.shape = shape
        self.help = help_text
        self.types = types
        own = (each for kind in types for each in settings_of(kind) if not each.table)
        self.keys = (*own, *(each for kind in guests for each in settings_of(kind) if each.table == name))

    def find(self, key: str) -> Setting | None:
        return next((each for each in self.keys if each.key == key), None)

    def find_former(self, key: str) -> Setting | None:
        """The setting that once had that key."""
        return next((each for each in self.keys if key in each.formerly), None)

    def former_places(self) -> Iterator[tuple[str, str, str]]:
        """The keys of this table that once were in another: their tables, their names there, and those today."""
        for each in self.keys:
            for name in each.formerly:
                table, dot, key = name.rpartition(".")
                if dot:
                    yield table, key, each.key


TABLES = (
    Table("", Shape.TOP, "Identity of this installation.", Settings, Site),
    Table("http", Shape.ONE, "The web server. Put an HTTPS proxy in front of it.", HttpSettings),
    Table(
        "smtp",
        Shape.ONE,
        "Inbound mail. Omit the table to receive none. Then no mailto links go out and bounces are not read.",
        SmtpSettings,
    ),
    Table(
        "relay",
        Shape.MANY,
        "The mail server that everything goes out through. One [[relay]] or more.",
        RelaySettings,
        RelayTimeouts,
    ),
    Table("delivery", Shape.ONE, "How editions and notices go out, across all relays.", DeliverySettings),
    Table(
        "delivery.domain",
        Shape.NAMED,
        "Limits for one recipient domain, whatever the relay. Anything omitted follows its provider.",
        DomainSettings,
    ),
    Table("bounces", Shape.ONE, "What happens when copies bounce.", BounceSettings),
    Table(
        "limits",
        Shape.ONE,
        "Limits on what others may ask for. Rates: at most N in any window of that length; bursts are allowed.",
        LimitSettings,
        guests=(SmtpSettings,),
    ),
    Table("tokens", Shape.ONE, "How long links work. Unsubscribe links work for ever.", TokenSettings),
    Table(
        "retention",
        Shape.ONE,
        'How long something is kept: a duration, or "never", which keeps it. [limits] says how long mail is kept.',
        RetentionSettings,
    ),
    Table(
        "dkim",
        Shape.ONE_OR_MANY,
        "Signs everything that goes out: [dkim], or several [[dkim]]. Without it, mail goes out unsigned.",
        DkimSettings,
    ),
    Table(
        "dns", Shape.ONE, "DNS lookups: whether SPF and DMARC fit an edition's sender, before it goes out.", DnsSettings
    ),
    Table("backup", Shape.ONE, "What `pressrun backup` writes.", BackupSettings),
    Table(
        "doctor",
        Shape.ONE,
        "`pressrun doctor`: what the world sees of this installation.",
        DoctorSettings,
    ),
    Table("alerts", Shape.ONE, "A second way to the operator, for when email is what fails.", AlertSettings),
    Table("control", Shape.ONE, "Who may run commands without root.", ControlSettings),
    Table(
        "admin",
        Shape.ONE,
        "The pages at /admin for people who log in, and the API at /api.",
        AdminSettings,
        LoginSettings,
    ),
    Table("api", Shape.ONE, "What programs with a token may ask for.", ApiSettings),
    Table("oidc", Shape.ONE, "Log-in with accounts that people have elsewhere, by OpenID Connect.", OidcSettings),
    Table("log", Shape.ONE, "Logging to stderr.", LogSettings),
)


def changed_needing_restart(old: Settings, new: Settings) -> list[str]:
    """The dotted names of keys that differ and need a restart; empty when a reload is enough."""
    return list(_changed_needing_restart(_by_type(old), _by_type(new)))


def _changed_needing_restart(old: dict[type[Any], Any], new: dict[type[Any], Any]) -> Iterator[str]:
    for table in TABLES:
        for kind in table.types:
            if (kind in old) != (kind in new):
                yield table.name
            elif kind in old:
                for each in settings_of(kind):
                    if each.needs_restart and getattr(old[kind], each.field) != getattr(new[kind], each.field):
                        yield f"{table.name}.{each.key}".lstrip(".")


def keep_until_restart(running: Settings, read: Settings) -> Settings:
    """What a reload puts in force: what was read, with the keys that need a restart as the daemon was started with."""
    parts = {each.name: _keep(getattr(running, each.name), getattr(read, each.name)) for each in fields(Settings)}
    return _with_own_of(running, replace(read, **parts))


def _keep(running: Any, read: Any) -> Any:
    if not any(isinstance(part, kind) for table in TABLES for kind in table.types for part in (running, read)):
        return read
    if type(running) is not type(read):
        return running  # a table was added or removed
    if all(key.needs_restart for key in settings_of(type(read))):
        return running  # with the fields that are derived from its keys
    return _with_own_of(running, read)


def _with_own_of(running: P, read: P) -> P:
    """One part of the settings, as it was read but for its keys that need a restart."""
    own = {key.field: getattr(running, key.field) for key in settings_of(type(read)) if key.needs_restart}
    return replace(read, **own)


def _by_type(settings: Settings) -> dict[type[Any], Any]:
    return {type(part): part for part in (settings, *(getattr(settings, each.name) for each in fields(settings)))}
