"""What a notice is about: one small type for each kind, holding what its sentences need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Asks whether the owner of an address wants a list. `address_token` is that of `news-confirm+TOKEN@D`."""

    link: str
    lifetime_days: int
    address_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadySubscribed:
    """Tells a member who signs up again that nothing has changed."""

    preferences_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesLink:
    """The reader's own link, asked for on the web."""

    link: str
    lifetime_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedReport:
    """Tells the owner how an edition went; `counts` are by delivery state."""

    edition_subject: str
    audience: int
    counts: Mapping[str, int]
    edition_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """Answers a mail to the command address that holds no command, or asks for help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOfLists:
    """The public lists, by title and the address that subscribes."""

    lists: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLink:
    """Answers who asks by mail to unsubscribe: the same for members and strangers."""

    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConfirmed:
    """Tells somebody who answered a confirmation too late, or left since, how to sign up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListClosed:
    """Tells somebody who asks to subscribe that the list takes nobody in."""


Notice = (
    Confirmation
    | AlreadySubscribed
    | PreferencesLink
    | FinishedReport
    | CommandHelp
    | ListOfLists
    | UnsubscribeLink
    | NotConfirmed
    | ListClosed
)
