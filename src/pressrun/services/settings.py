"""The settings of the services: one small type for each, which declares its keys of config.toml."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

from pressrun.core import setting_kinds as kinds
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.core.setting import Kind, setting
from pressrun.services.limit_settings import LimitSettings

IGNORE = "ignore"  # sign-ups of an address that may be unwanted


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """`[alerts]`: how the operator is alerted when email itself fails. Durations in seconds."""

    exec: tuple[str, ...] = setting(
        kinds.command(),
        example=["/usr/local/bin/page-me"],
        absent=(),
        help="Program that gets an alert as JSON on stdin when email itself fails, once a day for each cause.",
    )
    timeout_seconds: float = setting(
        kinds.duration(),
        key="timeout",
        default="30s",
        help="How long the program may run. Then it is killed, and started again five minutes later.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSettings:
    """`[delivery.domain."…"]`: by the domain of the recipient, whatever the relay."""

    rates: tuple[Rate, ...] = setting(
        kinds.rates(),
        key="rate",
        example="20/s",
        absent=(),
        help="Copies in any window of that length, or a list of rates.",
    )
    connections: int | None = setting(
        kinds.whole(1, 10000), example=5, help="Simultaneous connections for this domain."
    )
    messages_per_connection: int | None = setting(
        kinds.whole(1), example=20, help="Copies for this domain per connection, which is then closed."
    )


def _read_press(value: object) -> int:
    """How many workers do what the former key `press` asked for: in the daemon, mails had one sender."""
    return 1 if _PRESS_WORDS.read(value) == "daemon" else 0


_PRESS_WORDS = kinds.one_of("auto", "process", "daemon")
_PRESS = Kind(expected=_PRESS_WORDS.expected, read=_read_press)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """`[delivery]`. Durations in seconds, shares 0 to 1."""

    rates: tuple[Rate, ...] = setting(
        kinds.rates(),
        key="rate",
        default="100/s",
        help='Copies per window of that length, or a list: ["100/s", "20000/h"]. Survives a restart.',
    )
    retry_seconds: tuple[float, ...] = setting(
        kinds.durations(),
        key="retry",
        default=["5m", "15m", "1h", "4h"],
        help="Waits between attempts for a deferred copy. The last one repeats. Up to 10 % is added at random, and "
        "attempts begin at whole seconds.",
    )
    give_up_after_seconds: float = setting(
        kinds.duration(),
        key="give_up_after",
        default="5d",
        help="A copy not accepted for this long has failed.",
        reason="RFC 5321 §4.5.4.1 asks for 4 to 5 days.",
    )
    block_pause_seconds: float = setting(
        kinds.duration(),
        key="block_pause",
        default="10m",
        help="Pause after a domain says 'slow down' (421 4.7.28 and the like). Then it starts with one connection.",
    )
    pause_at_hard: float = setting(
        kinds.share(),
        default="5%",
        help='An edition with more hard failures pauses itself, judged after 100 outcomes. "100%": never.',
    )
    pause_at_complaints: float = setting(kinds.share(), default="0.3%", help='The same for complaints. "100%": never.')
    late_grace_seconds: float = setting(
        kinds.duration_or_none(),
        key="late_grace",
        default="6h",
        help="A scheduled edition delayed longer than this waits for a person.",
    )
    drain_seconds: float = setting(
        kinds.duration_or_none(),
        key="drain",
        default="25s",
        help="On shutdown: how long messages in flight may take to finish.",
    )
    workers: int = setting(
        kinds.whole(0, 8),
        default=0,
        restart=True,
        help="How many processes compose, sign and deliver mail. 0: one per processor. Each takes 30 to 60 MB of "
        "memory while there is mail to send.",
        formerly={"press": _PRESS},
    )
    domains: dict[str, DomainSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSettings:
    """`[bounces]`: when bounces suspend a subscriber, and what follows."""

    hard_limit: int = setting(
        kinds.whole(1, 1000),
        default=1,
        help="Consecutive editions that bounce hard before a subscriber is suspended and suppressed.",
    )
    soft_limit: int = setting(
        kinds.whole(1, 1000),
        default=5,
        help="Consecutive editions that bounce softly before a subscriber is suspended.",
    )
    settle_after_seconds: float = setting(
        kinds.duration_or_none(),
        key="settle_after",
        default="3d",
        help="A copy counts as delivered when no bounce has arrived by then.",
    )
    probe_after_seconds: float = setting(
        kinds.duration(),
        key="probe_after",
        default="7d",
        help="When to ask a subscriber suspended for bounces, once, whether they still want the newsletter.",
    )
    probe_lifetime_seconds: float = setting(
        kinds.duration(),
        key="probe_lifetime",
        default="30d",
        help="How long the link in that question works.",
        reason="A mailbox may stay full for weeks.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """`[tokens]`: how long a link works."""

    confirm_lifetime_seconds: float = setting(
        kinds.duration(), key="confirm_lifetime", default="7d", help="Confirmation links."
    )
    preferences_lifetime_seconds: float = setting(
        kinds.duration(), key="preferences_lifetime", default="1h", help="Preferences links asked for on the web."
    )
    approve_lifetime_seconds: float = setting(
        kinds.duration(),
        key="approve_lifetime",
        default="7d",
        help="The link that sends an edition received by email. After that, the draft is cancelled.",
    )
    undo_change_seconds: float = setting(
        kinds.duration(),
        key="undo_change_lifetime",
        default="7d",
        help="The link, mailed to the old address, to undo a change of address.",
    )
    undo_unsubscribe_seconds: float = setting(
        kinds.duration_or_none(),
        key="undo_unsubscribe_lifetime",
        formerly={"undo_leaving_lifetime": None},
        default="1d",
        help='The link to undo an unsubscribe. "0s": none is mailed. For one list, set its leaving_note.',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """`[retention]`: after how many seconds something is removed; None: never."""

    copies_seconds: float | None = setting(
        kinds.duration_or_never(),
        key="copies",
        default="never",
        help="How long the record of each copy (who got it, what the relay replied) is kept after its edition is over. "
        "Totals and outcomes stay. Afterwards failed copies cannot be resent, and a late bounce is not counted "
        "against its reader.",
        reason="Only you know for how long you must be able to say who got what.",
    )
    addresses_of_requests_seconds: float | None = setting(
        kinds.duration_or_never(),
        key="addresses_of_requests",
        formerly={"limits.consent_ip_for": None},
        default="90d",
        help="How long the evidence of consent keeps network addresses. The rest is kept.",
        reason="Long enough to investigate abuse of a form.",
    )
    events_seconds: float | None = setting(
        kinds.duration_or_never(),
        key="events",
        default="30d",
        help="How long the journal of events is kept for the programs that read it. It names no address.",
        reason="A program that was down for longer has to compare everything anyway.",
    )
    backups_of_schema_seconds: float | None = setting(
        kinds.duration_or_never(),
        key="backups_of_schema",
        default="90d",
        help="How long to keep the copies of the database that upgrades make "
        "(`backups/schema-*`). Without them you cannot go back to the previous version.",
        reason="They contain addresses of people who have left or were erased since.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSettings:
    """How people log in, and for how long: keys of `[admin]` that a reload changes.

    `sign_in` holds `passkey`, `code` and `password`, or some of them, in the order in which the page offers them.
    """

    sign_in: tuple[str, ...] = setting(
        kinds.some_of("passkey", "code", "password"),
        default=["passkey", "code", "password"],
        help="Ways to log in. Operators cannot use a mailed code, and with a password they also need a one-time code "
        "from an app.",
    )
    idle_seconds: float = setting(
        kinds.duration(), key="idle", default="12h", help="A session ends after this long without a request."
    )
    lifetime_seconds: float = setting(
        kinds.duration(),
        key="lifetime",
        default="30d",
        help="Every session ends after this long, however much it is used.",
    )
    invitation_seconds: float = setting(
        kinds.duration(),
        key="invitation_lifetime",
        default="7d",
        help="How long the link in an invitation works.",
        reason="Long enough for a week away; after that, invite them again.",
    )
    enter_seconds: float = setting(
        kinds.duration(),
        key="enter_lifetime",
        default="15m",
        help="How long the links work that `pressrun user add`, `link` and `reset` print.",
        reason="They pass through terminals and chats, so they are meant to be used at once.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """`server` None means the system's name servers."""

    server: TcpEndpoint | None = setting(
        kinds.name_server(),
        example="127.0.0.1",
        help="DNS server: an IP address, with its port if not 53. Default: the system's.",
    )
    timeout_seconds: float = setting(
        kinds.duration(),
        key="timeout",
        default="2s",
        help="How long to wait for an answer. Without one, preflight says nothing about the sender.",
    )
    preflight: bool = setting(kinds.switch(), default=True, help="Check DNS before an edition goes out.")


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """What the services need of a configuration, and a reload may change: they share one Current of it.

    `signed_domains` are those of `[dkim]`, `relays` the names of the relays. `authserv_id` and `trusted_relays` are
    those of `[smtp]`: which Authentication-Results are trusted, and from whom.
    """

    limits: LimitSettings = LimitSettings()
    tokens: TokenSettings = TokenSettings()
    login: LoginSettings = LoginSettings()
    bounces: BounceSettings = BounceSettings()
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    dns: DnsSettings = DnsSettings()
    signed_domains: frozenset[str] = frozenset()
    relays: frozenset[str] = frozenset()
    authserv_id: str | None = None
    trusted_relays: tuple[str, ...] = ()
