"""What can go wrong in a dialogue, separated by whose fault it is.

`LocalProtocolError` is raised: our own code asked for something that must not happen. `RemoteProtocolError` is the
peer's misbehaviour; it stays inside this package and leaves it as a `Problem`, a value, because every copy still needs
a result. Neither holds a secret.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from pressrun.smtp.reply import Reply


class LocalProtocolError(Exception):
    """We were about to break the protocol: a bug, or a value that no command may contain."""


class RemoteProtocolError(Exception):
    """The peer sent something that the protocol does not allow at this point."""


class Fault(StrEnum):
    """Why a connection cannot be used, or ended."""

    CONNECT = "connect"  # no connection was made
    TLS = "tls"  # no TLS, or a certificate that is not to be trusted
    REFUSED = "refused"  # 4xx or 5xx before the first message, or something that we need is not offered
    AUTHENTICATION = "authentication"
    SHUT = "shut"  # 421: the peer closes
    PROTOCOL = "protocol"  # the peer's replies make no sense
    DROPPED = "dropped"  # closed without a word
    TIMEOUT = "timeout"


class Problem(Struct, frozen=True):
    """The end of a connection that we did not choose; `text` is for the operator, `reply` the peer's own words."""

    fault: Fault
    text: str
    reply: Reply | None = None

    def __str__(self) -> str:
        return self.text
