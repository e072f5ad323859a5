"""The life of an edition.

                     ┌─move─┐ (to another hour, held or not)
                     ▼      │
draft ──release──► scheduled┴─start──► sending ──finish──► finished
  │                   │  ▲ │             │   ▲                  │
  │                   │  │ │         pause   resume             └─reopen──► sending   (resend of failed copies)
  │                   │  │ │             ▼   │
  │                   │  │ └──pause──► paused┴──finish──► finished   (its last copies were in flight)
  │                   │  └──resume (its hour is still to come)
  └───── cancel ──────┴──────────────────┴──► cancelled
"""

from __future__ import annotations

import re
from enum import StrEnum

_FIELD = re.compile(r"\\(?P<braces>\{\{)|\{\{[^|{}]*(?:\|\s*default\s*:(?P<default>[^{}]*))?\}\}")
_QUOTED = re.compile(r"(?P<quote>[\"'])(.*)(?P=quote)")


class EditionState(StrEnum):
    """The state of an edition."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class EditionEvent(StrEnum):
    """What can happen to an edition."""

    RELEASE = "release"  # a person let it go, at a time to come
    MOVE = "move"  # another hour, before it has started
    START = "start"  # its time has come: the audience is taken
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"  # no copy is left to be sent
    REOPEN = "reopen"  # failed copies go out again


_S, _E = EditionState, EditionEvent

TRANSITIONS: dict[tuple[EditionState, EditionEvent], EditionState] = {
    (_S.DRAFT, _E.RELEASE): _S.SCHEDULED,
    (_S.DRAFT, _E.CANCEL): _S.CANCELLED,
    (_S.SCHEDULED, _E.MOVE): _S.SCHEDULED,
    (_S.SCHEDULED, _E.START): _S.SENDING,
    (_S.SCHEDULED, _E.PAUSE): _S.PAUSED,
    (_S.SCHEDULED, _E.CANCEL): _S.CANCELLED,
    (_S.SENDING, _E.PAUSE): _S.PAUSED,
    (_S.SENDING, _E.FINISH): _S.FINISHED,
    (_S.SENDING, _E.CANCEL): _S.CANCELLED,
    (_S.PAUSED, _E.RESUME): _S.SENDING,  # `scheduled` instead while it has not started: see `resumed`
    (_S.PAUSED, _E.MOVE): _S.PAUSED,
    (_S.PAUSED, _E.CANCEL): _S.CANCELLED,
    (_S.PAUSED, _E.FINISH): _S.FINISHED,  # the copies in flight at the pause were the last ones
    (_S.FINISHED, _E.REOPEN): _S.SENDING,
    (_S.SENDING, _E.REOPEN): _S.SENDING,
    (_S.PAUSED, _E.REOPEN): _S.PAUSED,
}


def move(state: EditionState, event: EditionEvent) -> EditionState | None:
    """The state after `event`, or None if the event is not allowed in `state`."""
    return TRANSITIONS.get((state, event))


def resumed(*, has_started: bool) -> EditionState:
    """The state in which a paused edition resumes: scheduled, if it has no audience yet."""
    return EditionState.SENDING if has_started else EditionState.SCHEDULED


def at_defaults(subject: str) -> str:
    """A subject as people other than readers see it: merge fields have their default, or are left out."""

    def shown(field: re.Match[str]) -> str:
        return field["braces"] or _QUOTED.sub(r"\2", (field["default"] or "").strip())

    return " ".join(_FIELD.sub(shown, subject).split())
