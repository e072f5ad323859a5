"""What the lanes of the queue may do now: limits of recipient domains, pauses that providers asked for, policy blocks.

A lane is a provider, a domain that the configuration names, or one that asked for less; "" is all the rest, which have
no limits. The limits that a provider likes bound it only once it has asked for less: behind a relay they are the
relay's business until then. All times are wall-clock seconds; everything is kept over a restart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pressrun.core.advice import Action, Advice
from pressrun.core.lane_state import LaneState, load_lane_state, relay_lane
from pressrun.core.pacing import Pace, PaceState
from pressrun.core.providers import Lanes
from pressrun.delivery.queue.fair_queues import NEVER
from pressrun.delivery.queue.pacing import HORIZON_SECONDS

UNBOUND = 1_000_000  # copies in flight of a lane without limits: the connections bound them
AHEAD = 5  # copies claimed for each that may be in flight: enough for fast answers, few enough to leave cancellable


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleChange:
    """A lane that was paused or blocked just now, for the log: `until` is None for a block."""

    lane: str
    until: float | None
    reason: str


@dataclass(slots=True)
class _Paced:
    pace: Pace
    state: PaceState


@dataclass(slots=True, kw_only=True)
class LaneNotes:
    """What a turn has to record: states by lane, those that need not be kept, and domains that get a lane."""

    states: dict[str, dict[str, object]] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)


class Throttle:
    """The lanes of one configuration, with what is in flight in each."""

    def __init__(
        self,
        lanes: Lanes,
        *,
        block_pause_seconds: float,
        states: Mapping[str, object] | None = None,
        paces: Mapping[str, object] | None = None,
    ) -> None:
        self._states = {name: load_lane_state(stored) for name, stored in (states or {}).items()}
        self.slow = {name for name, state in self._states.items() if state.is_slow}  # known to answer late
        self.connections = UNBOUND  # of all relays together
        self._in_flight: Counter[str] = Counter()
        self._noted: set[str] = set()  # lanes whose state changed since it was recorded
        self._opening: set[str] = set()
        self._opened: set[str] = set()
        self._stored_paces = dict(paces or {})
        self._paced: dict[str, _Paced] = {}
        self.change(lanes, block_pause_seconds)

    def change(self, lanes: Lanes, block_pause_seconds: float) -> None:
        """Go on under other limits, from where the lanes stand."""
        before = {**self._stored_paces, **self.dump_paces(0.0, {})}
        self.lanes = lanes
        self._opened -= lanes.by_domain.keys()  # the configuration gives them their lanes, or takes those away again
        self._configured = {lane for lane in lanes.by_domain.values() if "." in lane}
        self._block_pause_seconds = block_pause_seconds
        self._paced = {}
        for lane in {*lanes.by_domain.values(), *self._states}:
            rates = lanes.limits_of(lane).rates
            if rates:
                pace = Pace(rates)
                stored = before.get(_scope(lane))
                self._paced[lane] = _Paced(pace, pace.start() if stored is None else pace.load(stored))

    # ------------------------------------------------------------------ handing out

    def opens_at(self, lane: str, now: float) -> float:
        """When the lane takes its next copy: `now` if at once, NEVER when only a result or a person opens it."""
        if not self._states and not self._paced and lane not in self._configured:
            return now  # nothing was asked of anybody, which is how it is nearly always
        state = self._states.get(lane)
        if state is not None and (at := state.opens_at(now)) > now:
            return at
        if self._in_flight[lane] >= self._bound(lane, now):
            return NEVER
        paced = self._paced.get(lane)
        return now if paced is None else paced.pace.next_at(paced.state, now)

    def is_shut(self, lane: str, now: float) -> bool:
        """Whether the lane is paused or blocked for longer than a claimed copy should wait."""
        state = self._states.get(lane)
        return state is not None and state.opens_at(now) > now + HORIZON_SECONDS

    def take(self, lane: str, at: float) -> None:
        """A connection takes a copy of this lane, whose turn it is at `at`."""
        self._in_flight[lane] += 1
        paced = self._paced.get(lane)
        if paced is not None:
            paced.state = paced.pace.spend(paced.state, at)

    def give_back(self, lane: str) -> None:
        """A copy that was taken has its answer, whichever."""
        self._in_flight[lane] -= 1

    def rooms(self, ready: Mapping[str, int], now: float) -> dict[str, int]:
        """How many more copies each lane with limits may have claimed, when `ready` of each wait for a connection."""
        found = {}
        for lane in {*self._states, *self._paced, *ready}:
            room = self._room(lane, now)
            if room < UNBOUND:
                found[lane] = max(0, room - self._in_flight[lane] - ready.get(lane, 0))
        return found

    def _room(self, lane: str, now: float) -> int:
        state = self._states.get(lane)
        if state is not None and state.opens_at(now) > now + HORIZON_SECONDS:
            return 0
        bound = self._bound(lane, now + HORIZON_SECONDS)
        room = bound if bound >= UNBOUND else bound * AHEAD
        paced = self._paced.get(lane)
        if paced is not None:
            turns = paced.pace.count_until(paced.state, now, now + HORIZON_SECONDS, UNBOUND)
            room = min(room, turns + self._in_flight[lane])  # those in flight have spent their turns
        return room

    def _bound(self, lane: str, now: float) -> int:
        most = self.connections if lane in self.slow else UNBOUND
        limits = self.lanes.limits_of(lane)
        state = self._states.get(lane)
        if "." in lane and limits.connections is not None:
            return min(most, limits.connections if state is None else state.connections(now, limits.connections))
        if state is None or state.allowed is None:
            return most
        return min(most, state.connections(now, limits.connections or UNBOUND))

    def free(self, lane: str, now: float) -> int:
        """How many more copies of the lane may be in flight."""
        state = self._states.get(lane)
        if state is not None and state.opens_at(now) > now:
            return 0
        return max(0, self._bound(lane, now) - self._in_flight[lane])

    def most_on_connection(self, lane: str) -> int:
        """How many copies of the lane one connection may carry, 0 for as many as come. Only an operator says so: what a
        provider likes is about connections to its own servers.
        """
        return (self.lanes.limits_of(lane).messages_per_connection or 0) if "." in lane else 0

    @property
    def is_paced(self) -> bool:
        """Whether a lane has a rate of its own."""
        return bool(self._paced)

    def is_bound(self, lane: str, now: float) -> bool:
        """Whether the lane has limits, so that few of its copies are claimed at a time."""
        if not self._states and not self._paced and lane not in self._configured:
            return False
        return lane in self._paced or self._bound(lane, now) < UNBOUND

    def looks_again_at(self, claimed: Mapping[str, int], now: float) -> float:
        """When a lane may have more copies claimed by itself: a pause ends, or its rate has room."""
        times = [state.opens_at(now) for state in self._states.values()]
        for lane, paced in self._paced.items():
            reserved = paced.pace.reserve(paced.state, now, claimed.get(lane, 0))
            times.append(paced.pace.next_at(reserved, now) - HORIZON_SECONDS / 2)
        return min((at for at in times if at > now), default=NEVER)

    # ------------------------------------------------------------------ learning

    def after_taken(self, name: str, relay: str, now: float) -> None:
        """A relay took a copy of a lane, or of a domain without one; what was learned of either has its name."""
        if not self._states:
            return
        for one in (name, relay_lane(relay)):
            state = self._states.get(one)
            if state is not None:
                most = self.lanes.limits_of(one).connections or DEFAULT_MOST
                self._keep(one, state, state.after_delivered(now, most))

    def after_refused(
        self, lane: str, domain: str, reader: int, advice: Advice, reason: str, now: float
    ) -> ThrottleChange | None:
        """A copy was refused or put off; returns what that led to. A domain without a lane gets one of its own."""
        if advice.action not in (Action.SLOW_DOWN, Action.POLICY):
            return None
        name = lane or domain
        before = self._states.get(name) or LaneState()
        if advice.action is Action.SLOW_DOWN:
            pause = self._block_pause_seconds if advice.pause_seconds is None else advice.pause_seconds
            after = before.after_slow_down(now, pause, reason)
        else:
            after = before.after_policy(now, reader, reason)
        self._keep(name, before, after)
        if not lane and after.opens_at(now) > now:
            self._opening.add(domain)
        if after.is_blocked and not before.is_blocked:
            return ThrottleChange(lane=name, until=None, reason=after.reason)
        if after.paused_until > before.paused_until and before.paused_until <= now:
            return ThrottleChange(lane=name, until=after.paused_until, reason=after.reason)
        return None

    def after_slow(self, name: str, seconds: float, now: float) -> None:
        """A lane, or a domain without one, took so long for a copy while others did not. Such a domain gets a lane."""
        before = self._states.get(name, LaneState())
        self._keep(name, before, before.after_slow(now, seconds))
        if not before.is_slow:
            self.open_lane(name)

    def open_lane(self, name: str) -> bool:
        """Give a domain a lane of its own; False for a lane, and for a domain that was given one or has one."""
        if "." not in name or name in self._opened or self.lanes.lane_of(name):
            return False
        self._opened.add(name)
        self._opening.add(name)
        return True

    def retry(self, domain: str | None, now: float) -> None:
        """A person wants what waits to be tried now: for one domain with its lane, or for all."""
        for name in list(self._states) if domain is None else [self.lanes.lane_of(domain) or domain]:
            self.reopen(name, now)

    def reopen(self, lane: str, now: float) -> None:
        """Let a lane that is paused or blocked send again, slowly."""
        if lane in self._states:
            self._keep(lane, self._states[lane], self._states[lane].after_retry(now))

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        for name, state in list(self._states.items()):
            self._keep(name, state, state.cut(now).after_quiet(now))
        for paced in self._paced.values():
            paced.state = paced.pace.cut(paced.state, now)

    def given_up(self, now: float, give_up_after: float) -> dict[str, str]:
        """The lanes that have been blocked for too long, with the reason."""
        return {name: state.reason for name, state in self._states.items() if state.is_given_up(now, give_up_after)}

    def _keep(self, lane: str, before: LaneState, after: LaneState) -> None:
        if after == before:
            return
        self._states[lane] = after
        self._noted.add(lane)
        if after.is_slow:
            self.slow.add(lane)
        else:
            self.slow.discard(lane)

    # ------------------------------------------------------------------ records

    def notes(self) -> LaneNotes:
        """What changed since the last notes; whoever fails to record them gives them to `renote`."""
        noted, self._noted = self._noted, set()
        opening, self._opening = self._opening, set()
        notes = LaneNotes(opened=sorted(opening))
        for lane in noted:
            state = self._states.get(lane, LaneState())
            if state == LaneState():
                self._states.pop(lane, None)
                notes.forgotten.append(lane)
            else:
                notes.states[lane] = state.dump()
        return notes

    def renote(self, notes: LaneNotes) -> None:
        """These were not recorded."""
        self._noted |= {*notes.states, *notes.forgotten}
        self._opening |= set(notes.opened)

    def dump_paces(self, now: float, claimed: Mapping[str, int]) -> dict[str, object]:
        """What to store with a claim: copies claimed in each lane that wait for their turn count as spent."""
        return {
            _scope(lane): paced.pace.dump(paced.pace.reserve(paced.state, now, claimed.get(lane, 0)))
            for lane, paced in list(self._paced.items())  # another thread may change the limits
        }


# A lane without a limit of its own, whose slow-down ends when so many copies may be in flight again.
DEFAULT_MOST = 10


def _scope(lane: str) -> str:
    return f"lane {lane}"
