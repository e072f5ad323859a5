"""What a row of a job does: the program's rule, written independently and for one row at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"
SUPPRESSED, LEFT = "skipped_suppressed", "skipped_unsubscribed"
ACTIVE, PENDING, SUSPENDED, UNSUBSCRIBED = "active", "pending", "suspended", "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of an address on one list. Without a `state` there is no subscription."""

    state: str | None = None
    source: str | None = ""
    has_left: bool = False
    is_suppressed: bool = False
    rests: str | None = None  # `paused` or `bounces`, for somebody whom a sync brings back
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a file. `key` is None where nobody could be meant."""

    key: str | None
    name: str = ""
    state: str = ""

    @property
    def csv(self) -> str:
        return f"{self.key or 'nobody'},{self.name},{self.state}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a job is: a sync, or an import that asks new readers or vouches for them."""

    is_sync: bool
    source: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a row does: its outcome, the state that it leads to (None: the same), and whether the name changes."""

    outcome: str
    state: str | None = None
    renames: bool = False


@dataclass(slots=True)
class Counts:
    """How many rows had each outcome."""

    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: str, number: int = 1) -> None:
        self.numbers[outcome] = self.numbers.get(outcome, 0) + number

    def merge(self, other: Counts) -> None:
        for outcome, number in other.numbers.items():
            self.add(outcome, number)

    def of(self, outcome: str) -> int:
        return self.numbers.get(outcome, 0)


def effect_of(here: Standing, line: Line, terms: Terms) -> Effect:
    """What a row does to somebody in this state."""
    if here.is_suppressed:
        return Effect(SUPPRESSED)
    return _sync(here, line) if terms.is_sync else _import(here, line, asks=terms.asks)


def _sync(here: Standing, line: Line) -> Effect:
    if here.state is None:
        return Effect(ADDED, ACTIVE, True)
    if here.source not in ("", "sync"):
        return Effect(LEFT if here.has_left else UNCHANGED)
    if here.state == SUSPENDED:
        return Effect(UNCHANGED)
    return _kept(here, line, ACTIVE if here.state == UNSUBSCRIBED else None)


def _import(here: Standing, line: Line, *, asks: bool) -> Effect:
    if line.state == UNSUBSCRIBED and here.state is not None:
        has_left_for_good = here.state == UNSUBSCRIBED and here.source != "sync"
        return Effect(UNCHANGED) if has_left_for_good else Effect(UPDATED, UNSUBSCRIBED)
    if here.state == SUSPENDED:
        return Effect(UNCHANGED)
    if here.has_left:
        return Effect(LEFT)
    if here.state is None:
        return Effect(ADDED, PENDING if asks and line.state in ("", ACTIVE) else line.state or ACTIVE, True)
    if line.state == SUSPENDED:
        return _kept(here, line, SUSPENDED if here.state == ACTIVE else None)
    return _kept(here, line, ACTIVE if here.state == PENDING and not asks else None)


def _kept(here: Standing, line: Line, state: str | None) -> Effect:
    renames = bool(line.name) and line.name != here.name
    return Effect(UPDATED if renames or state else UNCHANGED, state, renames)


def after(here: Standing, line: Line, effect: Effect, terms: Terms) -> Standing:
    """The state of somebody after a row has done this."""
    state = effect.state or here.state
    is_back = here.state == UNSUBSCRIBED and state == ACTIVE
    return replace(
        here,
        state=SUSPENDED if is_back and here.rests else state,
        source=here.source if effect.state is None else terms.source,
        name=line.name or here.name if effect.renames else here.name,
        has_left=here.has_left if effect.state is None else state == UNSUBSCRIBED,
    )


def lists_member(line: Line) -> bool:
    """Whether a row of a sync says that somebody is a member."""
    return line.state in ("", ACTIVE)


def carry_out(
    lines: list[Line], standings: dict[str, Standing], terms: Terms, shown: Mapping[int, Effect | None] | None
) -> Counts:
    """Carry out rows one after the other; `shown` has what each, by its place, may do and nothing else."""
    counts = Counts()
    for place, line in enumerate(lines):
        if line.key is None:
            counts.add("refused")
        elif not terms.is_sync or lists_member(line):
            here = standings.get(line.key, Standing())
            effect = effect_of(here, line, terms)
            if shown is not None and shown[place] != effect:
                counts.add("changed_since")
                continue
            counts.add(effect.outcome)
            counts.add("moves", int(effect.state is not None))
            counts.add("asked", int(effect.state == PENDING and here.state is None and terms.asks))
            standings[line.key] = after(here, line, effect, terms)
    return counts
