"""What a dialogue reports to its connection, in the order in which it happened."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pressrun.smtp.capabilities import Capabilities
from pressrun.smtp.errors import Problem
from pressrun.smtp.handover import HandOver, Outgoing


class StartTls(Struct, frozen=True):
    """The peer agreed to STARTTLS: shake hands, then call `Dialogue.secured`."""


class ServerReady(Struct, frozen=True):
    """Greeting, TLS and AUTH are done: messages can be sent."""

    capabilities: Capabilities


class RecipientOutcome(msgspec.Struct, frozen=True):
    """The outcome of one message pulled from the source; there is exactly one for each.

    `seconds` is the time since the message became the oldest in flight on its connection.
    """

    outgoing: Outgoing
    result: HandOver
    seconds: float = 0.0


class Closed(Struct, frozen=True):
    """The dialogue is over, and the transport must be closed; `problem` is None after our own QUIT."""

    problem: Problem | None


Event = StartTls | ServerReady | RecipientOutcome | Closed
