"""`queue ls`: what waits by recipient domain, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.pacing.destination_state import DestinationState, is_relay_destination, load_destination_state
from pressrun.core.timestamps import rfc3339
from pressrun.services.editions.sending_hours import held_until
from pressrun.store.editions import editions
from pressrun.store.queue import deliveries, destinations
from pressrun.store.transaction import Transaction


class QueueInfo(Struct, frozen=True, kw_only=True):
    """What waits for one domain, and why. `held` are copies outside the sending hours of their list.

    `paused_until` is when the domain, or a relay that `reason` names, goes on.
    """

    domain: str
    queued: int
    claimed: int
    deferred: int
    next_attempt: str | None
    paused_until: str | None
    reason: str | None
    blocked: bool
    held: int


class _PausedRelays(Struct, frozen=True, kw_only=True):
    """Why relays are paused, and when the first of them goes on; None while none is."""

    reason: str | None
    paused_until: float | None


def list_queue(tx: Transaction, now: int) -> list[QueueInfo]:
    """`queue ls`: copies without a result by recipient domain, the most first, with the reason of a pause."""
    states = {name: load_destination_state(stored) for name, stored in destinations.load_states(tx).items()}
    held, why_held = _held_by_hours(tx, now)
    why, relays = {**_why_paused(tx), **why_held}, _find_paused_relays(states, now)
    domains: list[QueueInfo] = []
    for row in deliveries.waiting_by_domain(tx):
        state = states.get(destinations.destination_of(tx, row["domain"]) or row["domain"], DestinationState())
        is_paused = state.paused_until > now and not state.is_blocked
        why_slow = _why_slow(state, now) if row["queued"] else None
        reason = state.reason if is_paused or state.is_blocked else why_slow or row["reason"] or why.get(row["domain"])
        until = state.paused_until if is_paused else None if reason else relays.paused_until
        domains.append(
            QueueInfo(
                domain=row["domain"],
                queued=row["queued"],
                claimed=row["claimed"],
                deferred=row["deferred"],
                next_attempt=rfc3339(row["next_attempt"]),
                paused_until=None if until is None else rfc3339(int(until)),
                reason=reason or relays.reason,
                blocked=state.is_blocked,
                held=held[row["domain"]],
            )
        )
    return domains


def with_relays(rows: Sequence[QueueInfo], relays: Sequence[Mapping[str, str | None]]) -> list[QueueInfo]:
    """The rows of `list_queue`; those without a reason get the one of the relays when no relay works.

    `relays` are `name`, `failing_since` and `error` of each, as the running daemon has them.
    """
    if not relays or any(relay["failing_since"] is None for relay in relays):
        return list(rows)
    why = "; ".join(
        f"relay {relay['name']} failing since {relay['failing_since']}: {relay['error']}" for relay in relays
    )
    return [replace(row, reason=row.reason or why) for row in rows]


def _why_paused(tx: Transaction) -> dict[str, str]:
    """The reason shown for domains with waiting copies of paused editions."""
    reasons: dict[str, str] = {}
    for edition in editions.paused_editions(tx):
        words = f"edition {edition.id} waits: {edition.pause_reason or 'it is paused'}"
        reasons |= dict.fromkeys(deliveries.waiting_of_edition(tx, edition.id), words)
    return reasons


def _find_paused_relays(states: Mapping[str, DestinationState], now: int) -> _PausedRelays:
    """The relays that have asked to slow down."""
    paused = {
        name: state.paused_until
        for name, state in sorted(states.items())
        if is_relay_destination(name) and state.paused_until > now
    }
    reasons = [f"{name} is paused until {rfc3339(int(until))}: {states[name].reason}" for name, until in paused.items()]
    return _PausedRelays(reason="; ".join(reasons) or None, paused_until=min(paused.values(), default=None))


def _why_slow(state: DestinationState, now: int) -> str | None:
    """The reason shown for a slow domain."""
    if state.slow_until <= now:
        return None
    return f"its answers take {state.slow_seconds:.1f} s or more: few copies are on their way to it at a time"


def _held_by_hours(tx: Transaction, now: int) -> tuple[Counter[str], dict[str, str]]:
    """How many copies wait for the sending hours of their list, by domain, with the reason shown."""
    held: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for edition in editions.live_editions(tx):
        opens_at = held_until(edition, now) if edition.state is EditionState.SENDING else None
        if opens_at is None:
            continue
        for domain, number in deliveries.waiting_of_edition(tx, edition.id).items():
            held[domain] += number
            reasons[domain] = f"{edition.list_name} sends only at {edition.list_hours}: next at {rfc3339(opens_at)}"
    return held, reasons
