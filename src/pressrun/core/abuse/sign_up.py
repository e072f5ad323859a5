"""Sign-ups may be made by a stranger for somebody else: how far to trust one, and when many are an attack."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from msgspec import Struct

from pressrun.core.quantities import Rate

FORM_LIFETIME_SECONDS = 86400  # a page that has been open for longer proves nothing
FORM_USED = "form_token"  # the kind under which uses of one copy of our form are counted
FORM_USES = Rate(1, FORM_LIFETIME_SECONDS)  # otherwise one fetched page would prove a whole day of sign-ups


class Trust(StrEnum):
    """Where a sign-up came from, as far as we can tell."""

    WORKED = "worked"  # as PROVEN, and the browser did the work that our page asks for during a rush of sign-ups
    PROVEN = "proven"  # the form on our own page, filled in at a person's pace
    UNPROVEN = "unproven"  # a form on another site, an email, or our own form without these proofs
    TRAP = "trap"  # it filled in a field that no person sees


class Verdict(StrEnum):
    """What happens to a sign-up. It never depends on whether the address is subscribed, pending or suppressed."""

    ACCEPTED = "taken"  # a confirmation may go out
    HELD = "held"  # far more than usual come in and the browser did no work: its confirmation waits for an operator
    LIMITED = "limited"  # over a limit
    IGNORED = "ignored"  # a trap, or an address that the operator does not want
    THROTTLED = "throttled"  # too many from one network; the answer to the client said so


def decide_trust(
    *, issued_at: int | None, now: float, form_seconds: float, decoy: str, has_worked: bool = False
) -> Trust:
    """How far to trust a sign-up, from what its form shows.

    `issued_at` is the time in a genuine form token (UTC seconds), or None without one. `form_seconds` is the shortest
    time in which a person fills in the form. `decoy` is the content of the field that no person sees. `has_worked`
    says that the browser did the work for the challenge of this very form.
    """
    if decoy:
        return Trust.TRAP
    if issued_at is None or not form_seconds <= now - issued_at <= FORM_LIFETIME_SECONDS:
        return Trust.UNPROVEN
    return Trust.WORKED if has_worked else Trust.PROVEN


class AttackTerms(Struct, frozen=True, kw_only=True):
    """An attack begins when `begins_at` sign-ups have been refused within a window, and ends below `ends_at`."""

    begins_at: int = 50
    ends_at: int = 10
    window_seconds: float = 600.0


class AttackDetector:
    """Reports the beginning and the end of an attack, once each. Between the two thresholds nothing changes."""

    def __init__(self, terms: AttackTerms) -> None:
        self._terms = terms
        self._times: deque[float] = deque(maxlen=terms.begins_at)
        self.is_on = False

    def record_refusal(self, now: float) -> bool:
        """Record a refused sign-up; True if an attack begins with it."""
        self._times.append(now)
        begins = not self.is_on and len(self._times) == self._terms.begins_at and self._is_recent(0, now)
        self.is_on = self.is_on or begins
        return begins

    def poll(self, now: float) -> bool:
        """Whether the attack has ended since the last call; True once for each attack."""
        many = len(self._times) >= self._terms.ends_at and self._is_recent(-self._terms.ends_at, now)
        ends = self.is_on and not many
        self.is_on = self.is_on and not ends
        return ends

    def _is_recent(self, index: int, now: float) -> bool:
        return abs(now - self._times[index]) < self._terms.window_seconds  # the clock may have been set back
