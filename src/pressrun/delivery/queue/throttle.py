"""What each destination may do now: its limits, the pauses its provider asked for, and policy blocks.

A destination with limits of its own is a provider, a domain that the configuration names, or one that asked for less.
It has a queue of its own; "" stands for all others, which have no limits. The limits that a provider prefers apply only
once it has asked for less: behind a relay they are the relay's business until then. All times are wall-clock seconds.
Everything is kept over a restart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

from pressrun.core.bounces.advice import Action, Advice
from pressrun.core.pacing.destination_state import DestinationState, load_destination_state, relay_destination
from pressrun.core.pacing.providers import DestinationTable
from pressrun.delivery.queue.destination_queues import NEVER
from pressrun.delivery.queue.pacing import CLAIM_HORIZON_SECONDS, PacedScope, PaceEntry

UNBOUND = 1_000_000  # copies in flight to a destination without limits: the connections are their limit
# Copies claimed for each that may be in flight: enough for fast results, and few enough that most can be cancelled.
AHEAD = 5
# A destination without a limit of its own: its slow-down ends when this many copies may be in flight again.
DEFAULT_MOST = 10
ORDINARY = DestinationState()


class ThrottleChange(Struct, frozen=True, kw_only=True):
    """A destination that was paused or blocked just now, for the log: `until` is None for a block."""

    destination: str
    until: float | None
    reason: str


class ThrottleChanges(Struct, kw_only=True):
    """What is to be stored: states by destination, those that need not be kept, and domains that get a queue.

    `blocked` are the destinations that a policy has shut since. `given_up` were blocked for too long, with the reason.
    `domains` says which domains have which queue, None if that has not changed.
    """

    states: dict[str, dict[str, object]] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] | None = None

    def __bool__(self) -> bool:
        return bool(self.states or self.forgotten or self.opened or self.given_up) or self.domains is not None


class Throttle:
    """All destinations with limits, and how many copies are in flight to each."""

    def __init__(
        self,
        table: DestinationTable,
        *,
        block_pause_seconds: float,
        states: Mapping[str, object] | None = None,
        paces: Mapping[str, object] | None = None,
    ) -> None:
        self._states = {name: load_destination_state(stored) for name, stored in (states or {}).items()}
        self.slow = {name for name, state in self._states.items() if state.is_slow}  # known to answer late
        self._connections = UNBOUND  # of all relays together
        self._in_flight: Counter[str] = Counter()
        self._changed: set[str] = set()  # states that changed since they were stored
        self._opening: set[str] = set()  # domains that get a queue of their own, since that was stored
        self._blocked: set[str] = set()  # by a policy, since that was stored
        self._opened: set[str] = set()
        self._stored_paces = dict(paces or {})
        self._paced: dict[str, PacedScope] = {}
        self.change(table, block_pause_seconds)

    def change(self, table: DestinationTable, block_pause_seconds: float) -> None:
        """Continue with other limits, from where the destinations stand."""
        before = {**self._stored_paces, **{entry.scope: entry.pace.dump(entry.state) for entry in self.snapshot()}}
        self.table = table
        self._domains_changed = True
        self._opened -= table.by_domain.keys()  # the configuration gives them queues, or takes them away
        self._configured = {name for name in table.by_domain.values() if "." in name}
        self._block_pause_seconds = block_pause_seconds
        self._paced = {
            name: PacedScope(rates, before.get(_scope(name)))
            for name in {*table.by_domain.values(), *self._states}
            if (rates := table.limits_of(name).rates)
        }

    def set_connections(self, number: int) -> None:
        """All relays together may have `number` connections."""
        self._connections = number

    # ------------------------------------------------------------------ handing out

    def opens_at(self, name: str, now: float) -> float:
        """When the destination takes its next copy: `now` if at once, NEVER when only a result or a person opens it."""
        if not self.has_limits:
            return now
        state = self._states.get(name)
        if state is not None and (at := state.opens_at(now)) > now:
            return at
        if self._in_flight[name] >= self._bound(name, now):
            return NEVER
        paced = self._paced.get(name)
        return now if paced is None else paced.next_at(now)

    def hand_out(self, name: str, at: float) -> None:
        """Note that a copy for this destination goes out at `at`."""
        self._in_flight[name] += 1
        paced = self._paced.get(name)
        if paced is not None:
            paced.spend([at])

    def give_back(self, name: str) -> None:
        """Note that a copy that was handed out has its result, whatever it is."""
        self._in_flight[name] -= 1

    # ------------------------------------------------------------------ what to claim

    def is_shut(self, name: str, now: float) -> bool:
        """Whether the destination is paused or blocked for longer than a claimed copy should wait."""
        return self._state_of(name).opens_at(now) > now + CLAIM_HORIZON_SECONDS

    def free(self, name: str, now: float) -> int:
        """How many more copies may be in flight to the destination."""
        return max(0, self._bound(name, now) - self._in_flight[name])

    def is_bound(self, name: str, now: float) -> bool:
        """Whether the destination has limits, so that few of its copies are claimed at a time."""
        return self.has_limits and (name in self._paced or self._bound(name, now) < UNBOUND)

    def rooms(self, ready: Mapping[str, int], now: float) -> dict[str, int]:
        """How many more copies may be claimed for each destination with limits, when `ready` of them wait already."""
        rooms, until = dict[str, int](), now + CLAIM_HORIZON_SECONDS
        for name in {*self._states, *self._paced, *ready}:
            bound, paced = self._bound(name, until), self._paced.get(name)
            room = UNBOUND if bound == UNBOUND else bound * AHEAD - self._in_flight[name]
            if paced is not None:
                room = min(room, paced.count_until(now, until, UNBOUND))
            if room < UNBOUND:
                rooms[name] = max(0, room - ready.get(name, 0))
        return rooms

    def next_claim_at(self, claimed: Mapping[str, int], now: float) -> float:
        """When more copies may be claimed for a destination by itself: a pause ends, or its rate has room."""
        times = [state.opens_at(now) for state in self._states.values()]
        for name, paced in self._paced.items():
            reserved = paced.pace.reserve(paced.state, now, claimed.get(name, 0))
            times.append(paced.pace.next_at(reserved, now) - CLAIM_HORIZON_SECONDS / 2)
        return min((at for at in times if at > now), default=NEVER)

    def _bound(self, name: str, now: float) -> int:
        """How many copies may be in flight to the destination: none while it is paused or blocked."""
        state, most = self._states.get(name), UNBOUND
        if "." in name or (state is not None and state.allowed is not None):
            most = self.table.limits_of(name).connections or UNBOUND  # a provider's, once it has asked for less
        if state is None:
            return most
        bound = state.connections(now, most)
        return min(bound, self._connections) if state.is_slow else bound

    def _state_of(self, name: str) -> DestinationState:
        return self._states.get(name, ORDINARY)

    # ------------------------------------------------------------------ what a connection may carry

    def most_on_connection(self, name: str) -> int:
        """How many copies one connection may carry, 0 for any number. Only an operator sets this: what a provider
        prefers is about connections to its own servers.
        """
        return (self.table.limits_of(name).messages_per_connection or 0) if "." in name else 0

    @property
    def has_limits(self) -> bool:
        """Whether any destination has limits: nearly always none has."""
        return bool(self._states or self._paced or self._configured)

    # ------------------------------------------------------------------ learning

    def after_delivered(self, name: str, relay: str, now: float) -> None:
        """A relay took a copy for a destination; this concerns both of them."""
        if not self._states:
            return
        for destination in (name, relay_destination(relay)):
            state = self._states.get(destination)
            if state is not None:
                most = self.table.limits_of(destination).connections or DEFAULT_MOST
                self._keep(destination, state, state.after_delivered(now, most))

    def after_refused(
        self, queue: str, domain: str, reader: int, advice: Advice, reason: str, now: float
    ) -> ThrottleChange | None:
        """A copy was refused or deferred; returns what follows. A domain without a queue gets one of its own."""
        if advice.action not in (Action.SLOW_DOWN, Action.POLICY):
            return None
        name = queue or domain
        before = self._state_of(name)
        if advice.action is Action.SLOW_DOWN:
            pause = self._block_pause_seconds if advice.pause_seconds is None else advice.pause_seconds
            after = before.after_slow_down(now, pause, reason)
        else:
            after = before.after_policy(now, reader, reason)
        self._keep(name, before, after)
        if not queue and after.opens_at(now) > now:
            self._opening.add(domain)
        if after.is_blocked and not before.is_blocked:
            self._blocked.add(name)
            return ThrottleChange(destination=name, until=None, reason=after.reason)
        if after.paused_until > before.paused_until and before.paused_until <= now:
            return ThrottleChange(destination=name, until=after.paused_until, reason=after.reason)
        return None

    def after_slow(self, name: str, seconds: float, now: float) -> None:
        """A destination took this long for a copy, and others did not. A domain without a queue gets its own."""
        before = self._state_of(name)
        self._keep(name, before, before.after_slow(now, seconds))
        if not before.is_slow:
            self.open_queue(name)

    def open_queue(self, name: str) -> bool:
        """Give a domain a queue of its own; False for a provider, and for a domain that has one or is given one."""
        if "." not in name or name in self._opened or self.table.destination_of(name):
            return False
        self._opened.add(name)
        self._opening.add(name)
        return True

    def retry(self, domain: str | None, now: float) -> None:
        """Somebody wants what waits to be tried now: for one domain and its provider, or for all."""
        for name in list(self._states) if domain is None else [self.table.destination_of(domain) or domain]:
            self.reopen(name, now)

    def reopen(self, name: str, now: float) -> None:
        """Let a destination that is paused or blocked send again, slowly."""
        if name in self._states:
            self._keep(name, self._states[name], self._states[name].after_retry(now))

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        for name, state in list(self._states.items()):
            self._keep(name, state, state.cut(now).after_quiet(now))
        for paced in self._paced.values():
            paced.follow(now)

    def _keep(self, name: str, before: DestinationState, after: DestinationState) -> None:
        if after == before:
            return
        self._states[name] = after
        self._changed.add(name)
        if after.is_slow:
            self.slow.add(name)
        else:
            self.slow.discard(name)

    # ------------------------------------------------------------------ records

    def pop_changed(self, now: float, give_up_after: float) -> ThrottleChanges:
        """What changed since the last call, and what has been blocked for too long. If it cannot be stored it has to be
        given to `bring_back`.
        """
        changed = ThrottleChanges(
            opened=sorted(self._opening),
            blocked=sorted(self._blocked),
            given_up={
                name: state.reason for name, state in self._states.items() if state.is_given_up(now, give_up_after)
            },
            domains=self.table.by_domain if self._domains_changed else None,
        )
        for name in self._changed:
            state = self._state_of(name)
            if state == ORDINARY:
                changed.forgotten.append(name)
            else:
                changed.states[name] = state.dump()
        for name in changed.forgotten:
            self._states.pop(name, None)
        self._changed, self._opening, self._blocked, self._domains_changed = set(), set(), set(), False
        return changed

    def bring_back(self, changed: ThrottleChanges) -> None:
        """Take back changes that could not be stored."""
        self._changed |= {*changed.states, *changed.forgotten}
        self._opening |= {*changed.opened}
        self._blocked |= {*changed.blocked}
        self._domains_changed |= changed.domains is not None

    def snapshot(self) -> list[PaceEntry]:
        """Where the rates of all destinations stand."""
        return [PaceEntry(_scope(name), paced.pace, paced.state, name) for name, paced in self._paced.items()]


def _scope(name: str) -> str:
    return f"destination {name}"
