"""What an operator can tell the services: one small type for each, built by config.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from pressrun.core.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate

TAKE, IGNORE = "take", "ignore"  # what becomes of an address that may be unwanted


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSettings:
    """`[delivery.domain."…"]`: by the domain of the recipient, whatever the relay."""

    rates: tuple[Rate, ...] = ()
    connections: int | None = None
    messages_per_connection: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """`[delivery]`. Durations in seconds, shares 0 to 1."""

    rates: tuple[Rate, ...] = (Rate(100, 1.0),)
    retry_seconds: tuple[float, ...] = (300.0, 900.0, 3600.0, 14400.0)
    give_up_after_seconds: float = 5 * 86400.0
    block_pause_seconds: float = 600.0
    pause_at_hard: float = 0.05
    pause_at_complaints: float = 0.003
    late_grace_seconds: float = 6 * 3600.0
    drain_seconds: float = 25.0
    press: str = "auto"
    domains: dict[str, DomainSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSettings:
    """`[bounces]`: bounced editions in a row until a reader is suspended, and what follows."""

    hard_limit: int = 1
    soft_limit: int = 5
    settle_after_seconds: float = 3 * 86400.0
    probe_after_seconds: float = 7 * 86400.0
    probe_lifetime_seconds: float = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """`[limits]` on what people may ask of us: at most so many in any window, bursts allowed.

    None for `confirmations_per_domain` and `unproven_sign_ups` is half of `confirmations`, 500 at least; for
    `proof_of_work_above` no work is asked for, for `hold_sign_ups_above` none is held.
    """

    sign_ups_per_ip: Rate = Rate(20, 3600.0)
    trusted_sign_up_addresses: tuple[str, ...] = ()
    confirmations_per_address: Rate = Rate(3, 86400.0)
    confirmations_per_domain: Rate | None = None
    confirmations: Rate = Rate(2000, 3600.0)
    unproven_sign_ups: Rate | None = None
    form_seconds: float = 2.0
    proof_of_work_above: Rate | None = None
    proof_of_work_bits: int = 20
    hold_sign_ups_above: int | None = None
    hold_sign_ups_floor: int = 100
    disposable_addresses: str = TAKE
    disposable_domains: tuple[str, ...] = ()
    role_addresses: str = TAKE
    replies_per_sender: Rate = Rate(10, 86400.0)
    preference_links_per_address: Rate = Rate(3, 86400.0)
    preference_links_per_ip: Rate = Rate(20, 3600.0)
    searches_per_ip: Rate = Rate(60, 60.0)
    address_changes_per_reader: Rate = Rate(3, 86400.0)
    leaving_notes_per_address: Rate = Rate(10, 86400.0)
    pause_notes_per_address: Rate = Rate(3, 86400.0)
    kept_mail_seconds: float = 90 * 86400.0
    kept_mail_bytes: int = 256 * 1024 * 1024
    forwarded_mail_seconds: float = 5 * 86400.0
    waiting_mail_bytes: int = 256 * 1024 * 1024
    consent_ip_seconds: float = 180 * 86400.0
    posts_per_editor: Rate = Rate(20, 86400.0)
    strangers_share: float = 0.5
    mails_per_token: Rate = Rate(20, 3600.0)
    logins: Rate = Rate(10, 900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """`[tokens]`: how long a link may be used."""

    confirm_lifetime_seconds: float = 7 * 86400.0
    preferences_lifetime_seconds: float = 3600.0
    approve_lifetime_seconds: float = 7 * 86400.0
    undo_change_seconds: float = 7 * 86400.0
    undo_leaving_seconds: float = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingSettings:
    """Whose word is taken for where a mail comes from: `[smtp]` `authserv_id` and `trusted_relays`."""

    authserv_id: str | None = None
    trusted_relays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """`[dns]`. `server` None means the servers that the system uses."""

    server: TcpEndpoint | None = None
    timeout_seconds: float = 2.0
    preflight: bool = True
