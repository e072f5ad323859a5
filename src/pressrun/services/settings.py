"""The settings of the services: one small type for each, which declares its keys of config.toml."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

from pressrun.core import setting_kinds as kinds
from pressrun.core.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.core.setting import Kind, setting
from pressrun.core.work import LEAST_BITS, MOST_BITS
from pressrun.services.login_settings import LoginSettings

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
        help="Waits between attempts for a deferred copy. The last one repeats. Up to 10 % is added at random.",
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
class LimitSettings:
    """`[limits]`: what others may ask of us. A rate is a number in any window of that length; bursts are allowed.

    None for `confirmations_per_domain` and `unproven_sign_ups` stands for half of `confirmations`, at least 500; for
    `proof_of_work_above` for no proof of work, and for `hold_sign_ups_above` for no holding.
    """

    sign_ups_per_ip: Rate = setting(
        kinds.rate(), default="20/h", help="Web sign-ups per client address (IPv6: per /64). Beyond that, 429."
    )
    trusted_sign_up_addresses: tuple[str, ...] = setting(
        kinds.peers(),
        default=[],
        help="Your own servers that sign people up from one address, such as a shop. sign_ups_per_ip does not apply "
        "to them. All other limits do, and such a server should limit its visitors.",
    )
    confirmations_per_address: Rate = setting(
        kinds.rate(),
        default="3/day",
        help="Confirmation emails per mailbox, web and email together, whatever the spelling or the list.",
    )
    confirmations_per_domain: Rate | None = setting(
        kinds.rate(),
        example="200/h",
        help="Confirmation emails per domain, except large providers, where anyone may have a mailbox. Default: half "
        "of `confirmations`, 500 at least.",
    )
    confirmations: Rate = setting(kinds.rate(), default="2000/h", help="Confirmation emails in total.")
    unproven_sign_ups: Rate | None = setting(
        kinds.rate(),
        example="200/h",
        help="How many of those may go to sign-ups by email, from forms on other sites, or faster than `form_time` on "
        "our own form, so that programs cannot use up what people on our pages need. Default: half of "
        "`confirmations`.",
    )
    form_seconds: float = setting(
        kinds.duration(),
        key="form_time",
        default="2s",
        help="Nobody fills in our form faster than this. Such a sign-up counts as unproven.",
    )
    proof_of_work_above: Rate | None = setting(
        kinds.rate(),
        example="100/h",
        help="Confirmation emails for sign-ups without proof of work. From half of this, our own page makes the "
        "browser do some work first, and such sign-ups are exempt. A few times your usual rate is a good value. "
        "Default: no limit and no work.",
    )
    proof_of_work_bits: int = setting(
        kinds.whole(LEAST_BITS, MOST_BITS),
        default=20,
        help="How much work: 2 to the power of this many hashes. 20 takes half a second on a desktop, more on a "
        "phone. Each further bit doubles it.",
    )
    hold_sign_ups_above: int | None = setting(
        kinds.whole(2, 1000),
        example=5,
        help="Sign-ups are unusual at this many times the busiest hour of an ordinary day (the median of the last 14 "
        "days). Then those without proof of work are put on hold (`pressrun held ls`), and our own page asks for "
        "work. Default: none are held.",
    )
    hold_sign_ups_floor: int = setting(
        kinds.whole(1),
        default=100,
        help="This many sign-ups in an hour are never unusual, however quiet or new the server is.",
    )
    disposable_addresses: str = setting(
        kinds.one_of("accept", "ignore", formerly={"take": "accept"}),
        default="accept",
        help='Sign-ups with disposable addresses, from a short list of known domains. "ignore": the same answer as '
        "for everybody, but no mail.",
    )
    disposable_domains: tuple[str, ...] = setting(
        kinds.domains(),
        default=[],
        example=["throwaway.example"],
        help="More such domains; their subdomains count too.",
    )
    role_addresses: str = setting(
        kinds.one_of("accept", "ignore", formerly={"take": "accept"}),
        default="accept",
        help='Sign-ups with role addresses such as postmaster@ or abuse@. "ignore": same answer, but no mail.',
    )
    replies_per_sender: Rate = setting(kinds.rate(), default="10/day", help="Answers to one sender's mail commands.")
    preference_links_per_address: Rate = setting(
        kinds.rate(), default="3/day", help="Preferences links mailed to one mailbox."
    )
    preference_links_per_ip: Rate = setting(
        kinds.rate(),
        default="20/h",
        help="Preferences links asked for on the web per client address (IPv6: per /64). Beyond that, the same answer "
        "but no mail.",
    )
    searches_per_ip: Rate = setting(
        kinds.rate(),
        default="60/min",
        help="Archive searches per client address (IPv6: per /64). Beyond that, 429. Counted in memory.",
    )
    address_changes_per_reader: Rate = setting(
        kinds.rate(),
        default="3/day",
        help="Changes of address one subscriber may ask for. Each is mailed to both addresses.",
    )
    unsubscribe_notes_per_address: Rate = setting(
        kinds.rate(),
        formerly={"leaving_notes_per_address": None},
        default="10/day",
        help="Unsubscribe notes to one mailbox, each with an undo link. Unsubscribing itself has no limit.",
    )
    pause_notes_per_address: Rate = setting(
        kinds.rate(), default="3/day", help="Notes per mailbox that a pause has started. Pausing itself has no limit."
    )
    kept_mail_seconds: float = setting(
        kinds.duration(),
        key="kept_mail_for",
        default="90d",
        help="How long mail that could not be processed is kept for you (`pressrun inbound ls`).",
    )
    kept_mail_bytes: int = setting(
        kinds.size(),
        key="kept_mail_size",
        default="256 MiB",
        help="How much of it is kept in total, including forwarded mail, so that nobody can fill the disk. Mail that "
        "a relay has accepted is dropped first, then the oldest.",
    )
    forwarded_mail_seconds: float = setting(
        kinds.duration(),
        key="forwarded_mail_for",
        default="5d",
        help="How long forwarded mail is kept after a relay accepted it, in case it bounces. Mail servers try for 4 "
        "to 5 days (RFC 5321 §4.5.4.1).",
    )
    waiting_mail_bytes: int = setting(
        kinds.size(),
        key="waiting_mail_size",
        default="256 MiB",
        help="How much accepted mail from strangers may wait: unprocessed mail, and forwarded mail not yet accepted "
        "by a relay. Beyond that, 452. Bounces, complaints, and mail to signed addresses have the same amount of "
        "their own.",
    )
    disk_warning_bytes: int = setting(
        kinds.size(),
        key="disk_warning",
        default="1 GiB",
        help="Below this much free space on the disk of data_dir, you get an alert.",
        reason="An edition to a million readers takes a third of it, so most people are warned days ahead.",
    )
    disk_reserve_bytes: int = setting(
        kinds.size(),
        key="disk_reserve",
        default="256 MiB",
        help="Free space reserved for unsubscribes and results of relays. Below it, no edition starts, nothing is "
        "imported, and other incoming mail gets 452.",
        reason="The write-ahead log may need 64 MiB, and 100,000 unsubscribes 100 MiB.",
    )
    wal_bytes: int = setting(
        kinds.size(),
        key="wal_size",
        default="1 GiB",
        help="How large SQLite's write-ahead log may become while another process reads the database. Beyond this, "
        "Pressrun acts as on a nearly full disk.",
        reason="Enough for a whole edition to a million readers while another process keeps reading.",
    )
    posts_per_editor: Rate = setting(
        kinds.rate(),
        default="20/day",
        help="Editions by email per editor. Beyond that, a mail is kept and nobody is notified.",
    )
    test_copies: Rate = setting(
        kinds.rate(),
        default="60/h",
        help="Test copies of drafts per recipient, for whoever writes drafts on pages or through the API. Beyond that, "
        "none is sent.",
    )
    strangers_share: float = setting(
        kinds.share(),
        default="50%",
        help="Share of each minute that the process reading strangers' mail may be busy, so that hostile mail leaves "
        "half a processor to everything else. Further mail waits. Bounces and mail to signed addresses have "
        "processes of their own.",
    )
    mails_per_token: Rate = setting(
        kinds.rate(),
        default="20/h",
        help="How much mail to one signed address goes ahead of strangers' mail. A subscriber sends one or two to "
        "unsubscribe, and mail servers a few about one copy. More than that waits with strangers' mail.",
    )
    logins: Rate = setting(
        kinds.rate(),
        default="10/15min",
        help="Failed log-ins, per account and per client.",
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
        help="How long to keep the copies of the database that an upgrade makes before each schema change "
        "(`backups/schema-*`). Without them you cannot go back to the previous version.",
        reason="They contain addresses of people who have left or were erased since.",
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
