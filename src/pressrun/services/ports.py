"""What services need from the outside, as small protocols: fulfilled by adapters, wired in daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from pressrun.message.editions.compose import BuiltEdition
    from pressrun.message.editions.orders import BuildOrder, ReadSource
    from pressrun.message.editions.posted import Posted
    from pressrun.message.editions.read_back import ShownMessage
    from pressrun.message.incoming.reading import IncomingMail
    from pressrun.message.reports.report import Report
    from pressrun.message.sources.written_source import Keys
    from pressrun.smtp.events import RecipientOutcome
    from pressrun.smtp.handover import Outgoing


Clock = Callable[[], float]
"""UTC seconds with fractions: runtime.clock, or the clock of a test."""

Entropy = Callable[[int], bytes]
"""Returns that many random octets, fit for keys and salts."""

Waker = Callable[[], None]
"""Tells the dispatcher that there may be something to send or to stop."""


class ClaimOwner(Protocol):
    """In whose name this process claims copies: its session."""

    @property
    def session(self) -> int:
        """The id that claims carry."""

    def may_hand_out(self) -> bool:
        """Whether no other process may have begun to claim. While the lease cannot be renewed, nothing may go out."""

    def end_set_back(self) -> None:
        """The database was set back to an earlier moment: this process claims nothing more, and ends."""


class SendingProgress(Protocol):
    """Whether mail goes out, as far as the queue knows."""

    @property
    def alive_at(self) -> float:
        """When the last cycle was through (UTC seconds)."""

    @property
    def unsigned_since(self) -> float | None:
        """Since when no mail could be signed; None while they can."""


class StoppableService(Protocol):
    """A service that stops while its database is moved, and answers that it is unavailable until then."""

    def follow(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        """Call `on_abandoned` if the command ends before it calls `resume`."""

    async def stop(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        """Finish what is in flight and use the database no more; `on_abandoned` is called if the command ends."""

    def keep_stopped(self) -> None:
        """Stay stopped even if the command ends now; raises Refused when the service goes on already."""

    def resume(self) -> None:
        """Go on."""

    def end(self, place: str, /) -> None:
        """End: the data are in another place."""


class SignUpObserver(Protocol):
    """Hears about sign-ups, attacks and held sign-ups: the metrics of a daemon."""

    def count_sign_up(self, outcome: str, /) -> None: ...

    def show_attack(self, is_on: bool, /) -> None: ...

    def show_holding(self, is_on: bool, /) -> None: ...


class BounceCounter(Protocol):
    """Counts the bounces and complaints about copies of editions: the metrics of a daemon."""

    def count_bounce(self, list_name: str, bounce: str, /) -> None: ...

    def count_complaint(self, list_name: str, /) -> None: ...


class MailCounter(BounceCounter, Protocol):
    """Counts received mail as well."""

    def count_inbound(self, kind: str, /) -> None: ...


class Unobserved:
    """Observes nothing, where no daemon runs."""

    def count_sign_up(self, outcome: str, /) -> None:
        """Count nothing."""

    def show_attack(self, is_on: bool, /) -> None:
        """Show nothing."""

    def show_holding(self, is_on: bool, /) -> None:
        """Show nothing."""

    def count_bounce(self, list_name: str, bounce: str, /) -> None:
        """Count nothing."""

    def count_complaint(self, list_name: str, /) -> None:
        """Count nothing."""


UNOBSERVED = Unobserved()


class TextRecords(Protocol):
    """Looks up DNS without blocking the loop, within a time limit of its own."""

    async def __call__(self, names: Collection[str], /) -> Mapping[str, tuple[str, ...] | None]:
        """The TXT records of each name, possibly none; None if there was no answer, or the domain does not exist."""


class MailParser(Protocol):
    """Parses hostile mail somewhere safe."""

    async def read(self, content: bytes) -> IncomingMail:
        """A mail with commands; raises UnreadableMail, or Unavailable when nothing can be parsed now."""

    async def read_report(self, content: bytes) -> Report:
        """A notification or a feedback report; raises as `read` does."""

    async def read_edition(self, content: bytes) -> Posted:
        """An edition; raises as `read` does."""


class LayoutRenderer(Protocol):
    """The operator's own layouts. Rendering starts a process and waits for it, so never call it on the event loop."""

    def names(self) -> list[str]:
        """The layouts to choose from."""

    def render(self, name: str, plain: Mapping[str, Any], marks: Mapping[str, str]) -> str:
        """Render a layout with these values; raises LayoutError, or Unavailable when it cannot be tried now."""


class EditionMaker(Protocol):
    """Reads and builds editions in isolation, since an author can write a draft that would take for ever to build."""

    async def read(self, source: bytes, source_name: str, *, longest_text: int | None = None) -> ReadSource:
        """Parse a source; raises EditionError, and Unavailable when that cannot be done now."""

    async def build(self, order: BuildOrder) -> BuiltEdition:
        """Build an edition; raises as `read` does."""

    async def change_keys(self, source: bytes, keys: Keys, body: str | None) -> bytes:
        """An edition file with other keys, and another body if there is one; raises as `read` does."""

    async def show(self, message: bytes) -> ShownMessage:
        """A copy of an edition as a preview shows it; raises as `read` does."""


class Feed(Protocol):
    """Where the connections to a relay get their work. All calls are made on the event loop and never block."""

    def next(self, relay: str) -> Outgoing | None:
        """The next message for this relay, or None. Each message that is handed out must be recorded exactly once."""

    def record(self, relay: str, outcomes: Sequence[RecipientOutcome]) -> None:
        """Record the outcomes of messages that were handed out."""

    def waiting(self, relay: str) -> int:
        """How many messages `next` could hand out now: a hint for opening connections."""


class RelayStatus(Struct, frozen=True, kw_only=True):
    """How a relay does: `failing_since` (UTC seconds) is set from the first failure to the next success."""

    name: str
    connections: int
    failing_since: float | None
    last_error: str | None


class RelayPool(Protocol):
    """The connections to all relays."""

    def wake(self) -> None:
        """There is something to send: idle connections send it, and further ones are opened within the limits."""

    def statuses(self) -> list[RelayStatus]: ...

    def capacity(self, relay: str | None = None) -> int:
        """How many mails may be on their way to a relay together, or to all of them: none while it fails."""

    def recall(self) -> None:
        """Give back what was handed out and is on no connection yet, because some of it may not go now."""

    def probe_relays(self) -> None:
        """Try the relays that fail now, instead of after their delay."""

    async def drain(self, seconds: float) -> None:
        """Finish what is in flight, and close; messages without a reply by then are recorded as UNKNOWN."""
