"""Every error that Pressrun raises on purpose, and the exit code of each.

PressrunError                 1   failed; the message says why and what to do
├── IncompleteAnswer          1   a daemon of another version has done it, and answered otherwise
├── NotFound                  1   an unknown list, edition, address or token id
│   └── Gone                      what was asked for has been erased
├── Refused                   1   understood, but a rule forbids it in the present state
│   ├── ChangedMeanwhile          somebody has changed what the caller read
│   ├── StillRunning              the same request is being carried out
│   └── LimitReached              a limit allows it again later
├── UsageError               64   the command line is invalid
├── BadInput                 65   data that cannot be accepted as it is
│   ├── InvalidFields             several values that are wrong, each with its name
│   ├── MalformedAddress
│   ├── ConditionMissing          a change that does not say which version it changes
│   ├── BadQuantity               a duration, size or rate that cannot be read
│   │   └── QuantityTooLarge      … that is more than can be counted with
│   ├── UnreadableMail            incoming mail that is malformed or exceeds our limits
│   │   └── TimedOutMail          incoming mail that took too long to parse; it is not retried
│   ├── EditionError              an edition file with errors, each with its line
│   │   └── LayoutError           a layout of the operator's that cannot be used
│   └── PreflightFailed           findings that stop a send
├── NoInput                  66   an input file does not exist
├── Unavailable              69   the relay or the database cannot be reached
│   ├── CommitUnknown             the database was lost while it committed
│   ├── DatabaseSetBack           … was set back to an earlier moment by somebody
│   └── NoRoom                    the disk is full, or nearly full and what needs much room has to wait
├── OutputExists             73   the output file already exists
├── TryAgain                 75   another process is using the data, or no daemon is running
├── NotPermitted             77   this user may not do that
└── BadConfiguration         78   carries every error found, not only the first

A message names what was found and what would be valid. It may be shown to an operator or editor, but never to a
reader, and contains no secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class PressrunError(Exception):
    """The base class: something failed, and the message says why and what to do.

    `members` are facts for programs, such as a number in the message; the API sends them beside the message. `see` is
    the verb that shows more, and `at_shell` a sentence that only helps there. `fact` is the message without them, for
    people and programs elsewhere.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "", *, see: str = "", at_shell: str = "", **members: object) -> None:
        more = f" (see `pressrun {see}`)" if see else f". {at_shell}" if at_shell else ""
        super().__init__(f"{message}{more}")
        self.fact = message
        self.members = members


class IncompleteAnswer(PressrunError):
    """A daemon of another version has carried the verb out; its answer, the member `answer`, lacks what is read now."""


class NotFound(PressrunError):
    """A list, edition, address or token id that does not exist."""


def no_such_list(name: str) -> NotFound:
    """The error for an unknown list, and for one that the caller may not see: the words are the same."""
    return NotFound(f"no such list: {name!r}", see="list ls")


def no_such_edition(edition_id: int) -> NotFound:
    """The error for an unknown edition, and for one of a list that the caller may not see."""
    return NotFound(f"no such edition: {edition_id}", see="edition ls")


class Gone(NotFound):
    """What was requested existed, and has been erased (HTTP 410)."""


class Refused(PressrunError):
    """The request was understood, but a rule forbids it in the present state."""


class ChangedMeanwhile(Refused):
    """Somebody has changed what the caller read before it asked for a change (HTTP 412)."""


class StillRunning(Refused):
    """An equal request is being carried out, or has just been; repeat this one after `retry_after` seconds."""

    retry_after: ClassVar[int] = 1


class LimitReached(Refused):
    """A limit allows it again after `retry_after` seconds (HTTP 429), which do not travel over the control socket."""

    def __init__(self, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UsageError(PressrunError):
    """The command line is invalid."""

    exit_code = 64


class BadInput(PressrunError):
    """Input data that cannot be accepted as it is."""

    exit_code = 65


class InvalidFields(BadInput):
    """Values that cannot be accepted; `faults` has the name of each, and what is wrong with it.

    From another process comes the message alone, which has all of them in words.
    """

    def __init__(self, faults: Sequence[tuple[str, str]] | str) -> None:
        pairs = () if isinstance(faults, str) else tuple(faults)
        super().__init__(faults if isinstance(faults, str) else "; ".join(f"{name}: {why}" for name, why in pairs))
        self.faults = pairs


class MalformedAddress(BadInput):
    """An email address that RFC 5321 or RFC 6531 does not allow, or that we refuse for safety.

    The message quotes the address. `reason` does not, for people who must not be shown somebody else's text.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason


class ConditionMissing(BadInput):
    """A change that does not say which version of a thing it changes (HTTP 428)."""


class BadQuantity(BadInput):
    """A duration, size or rate that cannot be read; the message shows the right form."""


class QuantityTooLarge(BadQuantity):
    """A duration, size or rate above `most`, which is more than the program and its database can count with.

    From another process comes the message alone, which names it.
    """

    def __init__(self, message: str, most: str = "") -> None:
        super().__init__(message)
        self.most = most


class UnreadableMail(BadInput):
    """Incoming mail that is malformed or exceeds our limits; the message says why and quotes nothing from it.

    `remark` carries the same reason in the form that `message.finding` stores, so that it can be translated.
    """

    def __init__(self, message: str, remark: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.remark = remark


class TimedOutMail(UnreadableMail):
    """Incoming mail that used up the parser's time limit. It is not retried, since a retry would cost as much again."""


class EditionError(BadInput):
    """An edition file that cannot be read, and why. `line` is 1-based; None when no single line is at fault."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.reason, self.line = message, line


class LayoutError(EditionError):
    """A layout of the operator's own that cannot be rendered or used; the message names it and says why."""


class PreflightFailed(BadInput):
    """An edition with findings that stop a send; the message lists them."""


class NoInput(PressrunError):
    """An input file does not exist or cannot be opened."""

    exit_code = 66


class Unavailable(PressrunError):
    """The relay or the database cannot be reached."""

    exit_code = 69


class CommitUnknown(Unavailable):
    """The database was lost while it committed: what was to be done may be done, as a whole, or not."""


class DatabaseSetBack(Unavailable):
    """Somebody has set the database back to an earlier moment: it would have sent again what went out since."""


class NoRoom(Unavailable):
    """The disk is full, or nearly full: what is left is kept for people who leave and for what relays reply."""


class OutputExists(PressrunError):
    """The output already exists and will not be overwritten."""

    exit_code = 73


class TryAgain(PressrunError):
    """Another process is using the data, or the command needs a daemon and none is running."""

    exit_code = 75


class NotPermitted(PressrunError):
    """This user may not do that."""

    exit_code = 77


class BadConfiguration(PressrunError):
    """The configuration, keys or data directory cannot be used. The message lists every problem, one per line."""

    exit_code = 78


def reason_of(problem: OSError) -> str:
    """Why the system refused something, as the end of a sentence: without the name of the file, which we say first."""
    return (problem.strerror or str(problem) or type(problem).__name__).lower()
