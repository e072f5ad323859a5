"""Every error that Pressrun raises on purpose, and the exit code of each.

PressrunError                 1   failed; the message says why and what to do
├── NotFound                  1   an unknown list, edition, address or token id
├── Refused                   1   understood, but a rule forbids it in the present state
├── UsageError               64   the command line does not make sense
├── BadInput                 65   data that cannot be accepted as it is
│   ├── MalformedAddress
│   ├── BadQuantity               a duration, size or rate that cannot be read
│   ├── UnreadableMail            a mail that came in and is malformed or beyond our caps
│   │   └── TimedOutMail          a mail whose parsing took too long: it is not tried again
│   ├── EditionError              an edition file with errors, each with its line
│   │   └── LayoutError           a layout of the operator's that cannot be used
│   └── PreflightFailed           findings that stop a send
├── NoInput                  66   a file that was named is not there
├── Unavailable              69   the relay or the database cannot be reached
├── OutputExists             73   the file to be written is already there
├── TryAgain                 75   another process is using the data, or no daemon is running
├── NotPermitted             77
└── BadConfiguration         78   carries every error found, not only the first

A message names what was found and what would be right. It may be shown to an operator or editor, never to a
reader, and holds no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class PressrunError(Exception):
    """The root: something failed and the message tells the operator what to do."""

    exit_code: ClassVar[int] = 1


class NotFound(PressrunError):
    """A list, edition, address or token id that does not exist."""


class Refused(PressrunError):
    """The request was understood and a rule forbids it now."""


class UsageError(PressrunError):
    """The command was called in a way that cannot work."""

    exit_code = 64


class BadInput(PressrunError):
    """Input data that cannot be accepted as it is."""

    exit_code = 65


class MalformedAddress(BadInput):
    """A mail address that RFC 5321 or RFC 6531 does not allow, or that we refuse for safety.

    The message names it; `reason` quotes nothing of it, for those whom somebody else's text must not reach.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason


class BadQuantity(BadInput):
    """A duration, size or rate that cannot be read; the message shows the right form."""


class UnreadableMail(BadInput):
    """A mail that came in and cannot be read within our caps; the message says why, and quotes nothing of it.

    `remark` is the same for whoever words it in another language, as `message.finding` stores it.
    """

    def __init__(self, message: str, remark: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.remark = remark


class TimedOutMail(UnreadableMail):
    """A mail at which the parser spent all the time that one may cost: reading it once more would cost that again."""


class EditionError(BadInput):
    """An edition file that cannot be read. `line` is 1-based; None when no single line is at fault."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line


class LayoutError(EditionError):
    """A layout of the operator's own that cannot be rendered or used; the message names it and says why."""


class PreflightFailed(BadInput):
    """An edition with findings that stop a send; the message lists them."""


class NoInput(PressrunError):
    """An input file that was named does not exist or cannot be opened."""

    exit_code = 66


class Unavailable(PressrunError):
    """The relay or the database cannot be reached."""

    exit_code = 69


class OutputExists(PressrunError):
    """The output already exists and will not be overwritten."""

    exit_code = 73


class TryAgain(PressrunError):
    """Another process holds the data, or the daemon that is needed does not run."""

    exit_code = 75


class NotPermitted(PressrunError):
    """This user may not do that."""

    exit_code = 77


class BadConfiguration(PressrunError):
    """The configuration, keys or data directory cannot be used. The message lists every problem, one a line."""

    exit_code = 78
