"""Sends messages one after another with DATA: in lock step (RFC 5321), or each envelope as one group (RFC 2920).

Invariants, besides those in transactions.py:
- After a refusal the transaction may still be open at the peer, and the next RCPT would go out under the previous
  return path. So RSET opens the next group whenever an earlier envelope was refused.
- If the peer answers 354 although it accepted no recipient, a lone dot ends the content, and its reply is ignored.
- The connection is closed if the peer accepts content after refusing MAIL, or asks for content when it refused MAIL
  and accepted RCPT.

A pair of phase and reply class that is not in the table is a protocol error.
"""

# ruff: noqa: SLF001 - the table names the methods of the class that it belongs to

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from pressrun.smtp import commands
from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.phase import Phase
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply
from pressrun.smtp.transactions import Source, Transactions


class Copy(msgspec.Struct, eq=False):
    """One message in flight: how the peer answered its envelope, and whether its content has been written."""

    outgoing: Outgoing
    mail_accepted: bool = False
    rcpt_accepted: bool = False
    written: bool = False
    is_decided: bool = False


class Steps(Transactions):
    """The part that both delivery modes share.

    `_awaited` holds the commands without a reply, oldest first. Every undecided copy is in it at least once.
    """

    __slots__ = ("_awaited", "_unclean", "_writing")

    def __init__(self, offers: Capabilities, source: Source, reader: ReplyReader, out: list[bytes]) -> None:
        super().__init__(offers, source, reader, out)
        self._awaited: deque[tuple[Phase, Copy]] = deque()
        self._unclean = False  # an earlier transaction may still be open at the peer
        self._writing: Copy | None = None  # its content is in `out`

    @property
    def unanswered(self) -> int:
        return len(self._awaited)

    @property
    def phase(self) -> Phase:
        return self._awaited[0][0] if self._awaited else Phase.READY

    @property
    def has_room(self) -> bool:
        return not self._awaited and self.credit > 0

    def answer(self, code: int) -> None:
        phase, copy = self._awaited[0]
        step = _STEPS[phase].get(code // 100)
        if step is None:
            raise RemoteProtocolError(f"{code} is not a valid reply to {phase}")
        self._awaited.popleft()
        step(self, copy)

    def written(self) -> None:
        if self._writing is not None:
            self._writing.written = True
            self._writing = None

    def server_closes(self, reply: Reply) -> None:
        phase, copy = self._awaited[0]
        stage = _STAGES.get(phase)
        if stage is not None and not copy.is_decided:
            self._finish(copy, HandOver(Outcome.DEFERRED, stage, reply))
        self.abandon()

    def abandon(self) -> None:
        for _, copy in self._awaited:
            if copy.is_decided:
                continue
            if copy.written:
                self._finish(copy, HandOver(Outcome.UNKNOWN, Stage.CONTENT))
            else:
                self._finish(copy, HandOver(Outcome.UNSENT, _stage_reached(copy)))
        self._awaited.clear()
        self._writing = None

    def _finish(self, copy: Copy, result: HandOver) -> None:
        copy.is_decided = True
        self._record(copy.outgoing, result)

    def _decide(self, copy: Copy, outcome: Outcome, stage: Stage) -> None:
        if not copy.written:
            self._unclean = True  # only content ends a transaction, whatever the reply to it (RFC 5321 §4.1.1.4)
        if not copy.is_decided:
            self._judge(outcome)
            self._finish(copy, HandOver(outcome, stage, self._reader.reply()))

    # The steps of an accepted envelope; the table is below.

    def _mail_accepted(self, copy: Copy) -> None:
        copy.mail_accepted = True

    def _rcpt_accepted(self, copy: Copy) -> None:
        copy.rcpt_accepted = True

    def _data_accepted(self, copy: Copy) -> None:
        if copy.mail_accepted and copy.rcpt_accepted:
            self._writing = copy
            self._out += commands.stuffed(copy.outgoing)
            self._awaited.append((_CONTENT, copy))
        elif copy.rcpt_accepted:
            # A lone dot here could give the recipient an empty message under somebody else's return path.
            raise RemoteProtocolError("354 after MAIL was refused and RCPT accepted")
        else:
            self._out.append(commands.LONE_DOT)
            self._awaited.append((Phase.DISCARD, copy))
        self._after_content()

    def _discarded(self, copy: Copy) -> None:
        if not copy.mail_accepted:
            raise RemoteProtocolError("content was accepted after MAIL was refused")

    def _as_expected(self, copy: Copy) -> None:
        """Do nothing: the peer ended an old transaction, or refused the lone dot, as it should."""

    def _after_content(self) -> None:
        """Add what goes out in the same write as the content, in which the two modes differ."""


class LockStep(Steps):
    """One command, one reply: for peers that do not offer PIPELINING."""

    __slots__ = ("_commands",)

    def begin(self) -> None:
        following = self._next()
        if following is None:
            return
        outgoing, mail, rcpt = following
        self._commands = deque([(Phase.MAIL, mail), (Phase.RCPT, rcpt), (Phase.DATA, commands.DATA)])
        if self._unclean:
            self._unclean = False
            self._commands.appendleft((Phase.RSET, commands.RSET))
        self._send_next(Copy(outgoing))

    def answer(self, code: int) -> None:
        _, copy = self._awaited[0]
        super().answer(code)
        if not copy.is_decided and not self._awaited:
            self._send_next(copy)

    def _send_next(self, copy: Copy) -> None:
        phase, command = self._commands.popleft()
        self._out.append(command)
        self._awaited.append((phase, copy))


class Pipelined(Steps):
    """MAIL, RCPT and DATA as one group (RFC 2920 §3.1), one round trip a message.

    The group of the next message follows the content of this one in the same write.
    """

    __slots__ = ()

    def begin(self) -> None:
        following = self._next()
        if following is None:
            return
        outgoing, mail, rcpt = following
        copy = Copy(outgoing)
        awaited, out = self._awaited, self._out
        if self._unclean:
            self._unclean = False
            out.append(commands.RSET)
            awaited.append((Phase.RSET, copy))
        out += (mail, rcpt, commands.DATA)
        for phase in _GROUP:
            awaited.append((phase, copy))

    def _after_content(self) -> None:
        self.begin()


def _stage_reached(copy: Copy) -> Stage:
    if not copy.mail_accepted:
        return Stage.MAIL
    return Stage.DATA if copy.rcpt_accepted else Stage.RCPT


_Step: TypeAlias = Callable[[Steps, Copy], None]
_STAGES = {Phase.MAIL: Stage.MAIL, Phase.RCPT: Stage.RCPT, Phase.DATA: Stage.DATA, Phase.CONTENT: Stage.CONTENT}
# Looked up once, since every copy needs them and reading an enumeration member is slow before Python 3.12.
_GROUP = (Phase.MAIL, Phase.RCPT, Phase.DATA)
_CONTENT = Phase.CONTENT


def _decided(outcome: Outcome, stage: Stage) -> _Step:
    return lambda steps, copy: steps._decide(copy, outcome, stage)


_STEPS: dict[Phase, dict[int, _Step]] = {
    Phase.RSET: {2: Steps._as_expected},
    Phase.MAIL: {
        2: Steps._mail_accepted,
        4: _decided(Outcome.DEFERRED, Stage.MAIL),
        5: _decided(Outcome.REFUSED, Stage.MAIL),
    },
    Phase.RCPT: {
        2: Steps._rcpt_accepted,
        4: _decided(Outcome.DEFERRED, Stage.RCPT),
        5: _decided(Outcome.REFUSED, Stage.RCPT),
    },
    Phase.DATA: {
        3: Steps._data_accepted,
        4: _decided(Outcome.DEFERRED, Stage.DATA),
        5: _decided(Outcome.REFUSED, Stage.DATA),
    },
    Phase.CONTENT: {
        2: _decided(Outcome.DELIVERED, Stage.CONTENT),
        4: _decided(Outcome.DEFERRED, Stage.CONTENT),
        5: _decided(Outcome.REFUSED, Stage.CONTENT),
    },
    Phase.DISCARD: {2: Steps._discarded, 4: Steps._as_expected, 5: Steps._as_expected},
}
