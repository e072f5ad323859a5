"""Sign-ups as a stranger may make them for somebody else: how far one can be believed, and when many are an attack."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from pressrun.core.quantities import Rate

FORM_LIFETIME_SECONDS = 86400  # a page that was open for longer proves nothing any more
FORM_USED = "form_token"  # what the use of one copy of our form is counted as
FORM_USES = Rate(1, FORM_LIFETIME_SECONDS)  # or a page fetched once would prove a day of sign-ups


class Trust(StrEnum):
    """Where a sign-up came from, as far as it shows."""

    WORKED = "worked"  # besides, the browser did the work that our page asks for while very many sign-ups come in
    PROVEN = "proven"  # a form of our own page, filled in at a person's pace
    UNPROVEN = "unproven"  # a form of another site, a mail, or our own form without these proofs
    TRAP = "trap"  # it fills in a field that no person sees


class Verdict(StrEnum):
    """What becomes of a sign-up; it never depends on what its address is to a list."""

    ACCEPTED = "taken"  # a mail may go out
    HELD = "held"  # far more come in than usual, and no work was done: its mail waits for an operator
    LIMITED = "limited"  # over a limit
    IGNORED = "ignored"  # a trap, or an address that the operator does not want
    THROTTLED = "throttled"  # too many from one network: it was answered so


def decide_trust(
    *, issued_at: int | None, now: float, form_seconds: float, decoy: str, has_worked: bool = False
) -> Trust:
    """`issued_at` is what a genuine form token says, `decoy` the content of the field that no person sees.

    `has_worked`: the work for a challenge of that very form was done.
    """
    if decoy:
        return Trust.TRAP
    if issued_at is None or not form_seconds <= now - issued_at <= FORM_LIFETIME_SECONDS:
        return Trust.UNPROVEN
    return Trust.WORKED if has_worked else Trust.PROVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackTerms:
    """An attack begins when `begins_at` sign-ups were turned away in a window, and ends below `ends_at`."""

    begins_at: int = 50
    ends_at: int = 10
    window_seconds: float = 600.0


class AttackDetector:
    """Tells when an attack begins and when it is over, once each: between the two marks nothing changes."""

    def __init__(self, terms: AttackTerms) -> None:
        self._terms = terms
        self._times: deque[float] = deque(maxlen=terms.begins_at)
        self.is_on = False

    def record_refusal(self, now: float) -> bool:
        """A sign-up was turned away; whether an attack begins with it."""
        self._times.append(now)
        begins = not self.is_on and len(self._times) == self._terms.begins_at and self._is_recent(0, now)
        self.is_on = self.is_on or begins
        return begins

    def poll(self, now: float) -> bool:
        """Whether an attack has ended since."""
        many = len(self._times) >= self._terms.ends_at and self._is_recent(-self._terms.ends_at, now)
        ends = self.is_on and not many
        self.is_on = self.is_on and not ends
        return ends

    def _is_recent(self, index: int, now: float) -> bool:
        return abs(now - self._times[index]) < self._terms.window_seconds  # the clock may have been set back
