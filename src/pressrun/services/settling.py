"""What becomes of an accepted mail, as everybody who deals with one says it."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.errors import Unavailable
from pressrun.store.editions import Edition
from pressrun.store.inbound import InboundState


class NotNow(Unavailable):
    """A mail has to wait for something other than the database, such as the helper process: others need not."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a mail: its state, and in a word or two what was done.

    `counted_as` is the metric's word where it is another one than the address would say; `suspended` how many readers
    were suspended for it, `alerted` the domains that the operator is told of, `paused` the editions that paused for it.
    """

    state: InboundState
    outcome: str
    counted_as: str = ""
    suspended: int = 0
    alerted: tuple[str, ...] = ()
    paused: tuple[Edition, ...] = ()


def done(outcome: str, counted_as: str = "") -> Settled:
    """Nothing of the mail is needed any more."""
    return Settled(InboundState.DONE, outcome, counted_as)


def kept(outcome: str) -> Settled:
    """The mail stays for a person to look at."""
    return Settled(InboundState.KEPT, outcome)
