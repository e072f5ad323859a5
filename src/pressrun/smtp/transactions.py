"""Handing over messages one after the other, in one of two ways: in lock step, or pipelined (RFC 2920).

**Always**, whatever the peer does:
- A copy is delivered only if its own MAIL and RCPT were answered 2xx and its content was too.
- After a refusal the transaction may still be open at the peer, and a next RCPT would go out under the previous return
  path: RSET opens the next group wherever an earlier envelope fared badly.
- 354 though no recipient was accepted: a lone dot ends it, and its outcome is ignored.
- A peer that takes content after refusing MAIL, or would have some for a recipient without sender, is not talked to
  any longer.

A pair of phase and reply class that neither table holds is a protocol error.
"""

# ruff: noqa: SLF001 - the tables name the methods of the class that they belong to

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pressrun.smtp import commands
from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import LocalProtocolError, RemoteProtocolError
from pressrun.smtp.events import Event, Settled
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.phase import Phase
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply

Source = Callable[[], Outgoing | None]


class Copy:
    """One message on its way: what its own envelope was answered, and whether its content has been written."""

    __slots__ = ("mail_accepted", "outgoing", "rcpt_accepted", "settled", "written")

    def __init__(self, outgoing: Outgoing) -> None:
        self.outgoing = outgoing
        self.mail_accepted = False
        self.rcpt_accepted = False
        self.written = False
        self.settled = False


class Transactions:
    """What both ways share.

    `awaited` holds what is still to be answered, oldest first; every copy that is not settled is in it at least once.
    """

    __slots__ = ("_offers", "_out", "_reader", "_take", "_unclean", "_writing", "awaited", "events", "proved")

    def __init__(self, offers: Capabilities, take: Source, reader: ReplyReader, out: list[bytes]) -> None:
        self.awaited: deque[tuple[Phase, Copy]] = deque()
        self.events: list[Event] = []
        self.proved = False  # whether the peer ever decided about a message
        self._offers = offers
        self._take = take
        self._reader = reader
        self._out = out
        self._unclean = False  # an earlier transaction may still be open at the peer
        self._writing: Copy | None = None  # its content is in `out`

    def begin(self) -> None:
        """Take the next message, if there is one, and open its transaction."""
        raise NotImplementedError

    def answer(self, code: int) -> None:
        """Take the reply, just read, to the oldest thing that awaits one; raises RemoteProtocolError."""
        phase, copy = self.awaited.popleft()
        key = (phase, code // 100)
        step = _STEPS.get(key)
        if step is not None:
            step(self, copy)
        elif key in _VERDICTS:
            self._decide(copy, *_VERDICTS[key])
        else:
            self.awaited.appendleft((phase, copy))
            raise RemoteProtocolError(f"{code} is no answer to {phase}")

    def written(self) -> None:
        """All that was put out has been handed to the transport."""
        if self._writing is not None:
            self._writing.written = True
            self._writing = None

    def shut(self, reply: Reply) -> None:
        """421 answers what waits longest: that message is deferred, the others stand as with a lost connection."""
        phase, copy = self.awaited[0]
        stage = _STAGES.get(phase)
        if stage is not None and not copy.settled:
            self._settle(copy, HandOver(Outcome.DEFERRED, stage, reply))
        self.abandon()

    def abandon(self) -> None:
        """No further reply will come: what was written may have been taken, what was not is as if never tried."""
        for _, copy in self.awaited:
            if copy.settled:
                continue
            if copy.written:
                self._settle(copy, HandOver(Outcome.UNKNOWN, Stage.CONTENT))
            else:
                self._settle(copy, HandOver(Outcome.UNSENT, _stage_reached(copy)))
        self.awaited.clear()
        self._writing = None

    def _next_copy(self) -> tuple[Copy, bytes, bytes] | None:
        """A message that this peer can take, with its MAIL and RCPT; those that it cannot take are settled."""
        while (outgoing := self._take()) is not None:
            copy = Copy(outgoing)
            refusal = _unfit(outgoing, self._offers)
            if refusal is None:
                try:
                    return copy, commands.mail(outgoing, self._offers), commands.rcpt(outgoing, self._offers)
                except (LocalProtocolError, UnicodeError):
                    refusal = Reply(553, "the address cannot be put into a command", "5.1.3")
            self._settle(copy, HandOver(Outcome.REFUSED, Stage.MAIL, refusal))
        return None

    def _settle(self, copy: Copy, result: HandOver) -> None:
        copy.settled = True
        self.events.append(Settled(copy.outgoing, result))

    def _decide(self, copy: Copy, outcome: Outcome, stage: Stage) -> None:
        if stage is not Stage.CONTENT:
            self._unclean = True  # content ends a transaction whatever its reply, RFC 5321 §4.1.1.4; nothing else does
        if not copy.settled:
            self.proved = True
            self._settle(copy, HandOver(outcome, stage, self._reader.reply()))

    # The steps of an envelope that fares well; the table is below.

    def _cleared(self, copy: Copy) -> None:
        self._after_rset(copy)

    def _mail_accepted(self, copy: Copy) -> None:
        copy.mail_accepted = True
        self._after_mail(copy)

    def _rcpt_accepted(self, copy: Copy) -> None:
        copy.rcpt_accepted = True
        self._after_rcpt(copy)

    def _data_accepted(self, copy: Copy) -> None:
        if copy.mail_accepted and copy.rcpt_accepted:
            self._writing = copy
            self._out.append(commands.stuffed(copy.outgoing.content))
            self.awaited.append((Phase.CONTENT, copy))
        elif copy.rcpt_accepted:
            # A lone dot here could give the recipient an empty message under somebody else's return path.
            raise RemoteProtocolError("354 after MAIL was refused and RCPT accepted")
        else:
            self._out.append(commands.LONE_DOT)
            self.awaited.append((Phase.DISCARD, copy))
        self._after_content()

    def _discard_taken(self, copy: Copy) -> None:
        if not copy.mail_accepted:
            raise RemoteProtocolError("content was accepted after MAIL was refused")

    def _discarded(self, copy: Copy) -> None:
        """The lone dot was refused, as it should be."""

    # Where the two ways differ.

    def _after_rset(self, copy: Copy) -> None: ...

    def _after_mail(self, copy: Copy) -> None: ...

    def _after_rcpt(self, copy: Copy) -> None: ...

    def _after_content(self) -> None: ...


class LockStep(Transactions):
    """One command, one reply: for peers that do not offer PIPELINING."""

    __slots__ = ("_mail", "_rcpt")

    def begin(self) -> None:
        found = self._next_copy()
        if found is None:
            return
        copy, self._mail, self._rcpt = found
        if self._unclean:
            self._unclean = False
            self._say(commands.RSET, Phase.RSET, copy)
        else:
            self._say(self._mail, Phase.MAIL, copy)

    def _say(self, command: bytes, phase: Phase, copy: Copy) -> None:
        self._out.append(command)
        self.awaited.append((phase, copy))

    def _after_rset(self, copy: Copy) -> None:
        self._say(self._mail, Phase.MAIL, copy)

    def _after_mail(self, copy: Copy) -> None:
        self._say(self._rcpt, Phase.RCPT, copy)

    def _after_rcpt(self, copy: Copy) -> None:
        self._say(commands.DATA, Phase.DATA, copy)


class Pipelined(Transactions):
    """MAIL, RCPT and DATA as one group (RFC 2920 §3.1), one round trip a message.

    The group of the next message follows the content of this one in the same write.
    """

    __slots__ = ()

    def begin(self) -> None:
        found = self._next_copy()
        if found is None:
            return
        copy, mail, rcpt = found
        awaited, out = self.awaited, self._out
        if self._unclean:
            self._unclean = False
            out.append(commands.RSET)
            awaited.append((Phase.RSET, copy))
        out += (mail, rcpt, commands.DATA)
        awaited.append((Phase.MAIL, copy))
        awaited.append((Phase.RCPT, copy))
        awaited.append((Phase.DATA, copy))

    def _after_content(self) -> None:
        self.begin()


def _unfit(outgoing: Outgoing, offers: Capabilities) -> Reply | None:
    """The refusal that we give in the peer's place, without sending, when it could not take this message."""
    if commands.needs_utf8(outgoing) and not offers.utf8:
        return Reply(550, "the address needs SMTPUTF8, and the relay does not offer it", "5.6.7")
    if outgoing.eight_bit and not offers.eight_bit:
        return Reply(554, "8-bit content, and the relay does not offer 8BITMIME", "5.6.1")
    if offers.size is not None and len(outgoing.content) > offers.size:
        return Reply(552, f"{len(outgoing.content)} octets, and the relay takes at most {offers.size}", "5.3.4")
    if commands.has_bare_line_end(outgoing.content):
        return Reply(554, "the content has line ends other than CRLF", "5.6.0")
    return None


def _stage_reached(copy: Copy) -> Stage:
    if not copy.mail_accepted:
        return Stage.MAIL
    return Stage.DATA if copy.rcpt_accepted else Stage.RCPT


_STAGES = {Phase.MAIL: Stage.MAIL, Phase.RCPT: Stage.RCPT, Phase.DATA: Stage.DATA, Phase.CONTENT: Stage.CONTENT}
_STEPS: dict[tuple[Phase, int], Callable[[Transactions, Copy], None]] = {
    (Phase.RSET, 2): Transactions._cleared,
    (Phase.MAIL, 2): Transactions._mail_accepted,
    (Phase.RCPT, 2): Transactions._rcpt_accepted,
    (Phase.DATA, 3): Transactions._data_accepted,
    (Phase.DISCARD, 2): Transactions._discard_taken,
    (Phase.DISCARD, 4): Transactions._discarded,
    (Phase.DISCARD, 5): Transactions._discarded,
}
_VERDICTS: dict[tuple[Phase, int], tuple[Outcome, Stage]] = {
    (Phase.MAIL, 4): (Outcome.DEFERRED, Stage.MAIL),
    (Phase.MAIL, 5): (Outcome.REFUSED, Stage.MAIL),
    (Phase.RCPT, 4): (Outcome.DEFERRED, Stage.RCPT),
    (Phase.RCPT, 5): (Outcome.REFUSED, Stage.RCPT),
    (Phase.DATA, 4): (Outcome.DEFERRED, Stage.DATA),
    (Phase.DATA, 5): (Outcome.REFUSED, Stage.DATA),
    (Phase.CONTENT, 2): (Outcome.DELIVERED, Stage.CONTENT),
    (Phase.CONTENT, 4): (Outcome.DEFERRED, Stage.CONTENT),
    (Phase.CONTENT, 5): (Outcome.REFUSED, Stage.CONTENT),
}
