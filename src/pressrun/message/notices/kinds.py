"""What a notice is about: one small type for each kind, holding what its sentences need."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.message.finding import Finding, Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRequest:
    """Asks whether the owner of an address wants a list. `address_token` is that of `news-confirm+TOKEN@D`.

    `also` are the titles of further lists that the same link confirms.

    `never_again` is the link by which whoever did not ask stops all mail of this server, for ever.
    """

    link: str
    lifetime_days: int
    never_again: str
    address_token: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadySubscribed:
    """Tells a member who signs up again, `also` to further lists, that nothing has changed."""

    preferences_url: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesLink:
    """The reader's own link, asked for on the web."""

    link: str
    lifetime_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribedNote:
    """Tells a reader that they were unsubscribed by a link, which somebody else may have had."""

    link: str
    lifetime_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseNote:
    """Tells a reader that a pause has started, of the list and those whose titles are in `also`, and its end."""

    preferences_url: str
    until: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChangeRequested:
    """Asks the owner of a new address whether the mails of a reader are to come there."""

    link: str
    lifetime_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMoving:
    """Tells the old address that a move was asked for (`is_done`: that it was made), with a link against it.

    `new` is the new address, masked.
    """

    link: str
    new: str
    lifetime_days: int
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """Answers a mail to the command address that asks for help, or (`is_unknown`) holds no command that is known."""

    is_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOfLists:
    """The public lists, by title and the address that subscribes."""

    lists: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLink:
    """Answers who asks to unsubscribe, by mail the same for members and strangers, on the web members alone."""

    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConfirmed:
    """Tells somebody who answered a confirmation too late, or left since, how to sign up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListClosed:
    """Tells somebody who asks to subscribe that the list takes nobody in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillThere:
    """Asks a reader who was suspended for bounces; `missed` are titles and URLs of editions since, newest first."""

    link: str
    lifetime_days: int
    missed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAlert:
    """Tells the operator that a domain refuses our mail as such; `reply` is what it said."""

    domain: str
    reply: str
    edition: int
    edition_subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAlert:
    """Tells the operator that a relay fails, `since` when (RFC 3339), and what it said last."""

    relay: str
    since: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionHeld:
    """Asks an editor to look at an edition that came by mail and to approve it.

    `again` when it had come before; `replaces` when an earlier version of it was waiting, whose link is void now.
    """

    edition: int
    edition_subject: str
    audience: int
    link: str
    lifetime_days: int
    findings: tuple[Finding, ...] = ()
    again: bool = False
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionReleased:
    """Tells an editor that an edition which came by mail is on its way already; `replaces` as in EditionHeld."""

    edition: int
    edition_subject: str
    audience: int
    edition_url: str | None = None
    findings: tuple[Finding, ...] = ()
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRejected:
    """Tells an editor why a mail became no edition."""

    mail_subject: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionAlreadyReceived:
    """Tells an editor that a mail came before and is an edition already; `state` in the word of its life."""

    edition: int
    edition_subject: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionAutoPaused:
    """Tells owner and operator that an edition paused by itself, and why; who `has_shell` also what to do about it.

    `reason` is in English and names a setting, `cause` is the same without it, in the words of whoever reads it.
    """

    edition: int
    edition_subject: str
    reason: str
    has_shell: bool = True
    cause: Remark | None = None


# Written to readers; the others go to editors, owners and operators.
ReaderNotice = (
    ConfirmationRequest
    | AlreadySubscribed
    | PreferencesLink
    | UnsubscribedNote
    | PauseNote
    | AddressChangeRequested
    | AddressMoving
    | CommandHelp
    | ListOfLists
    | UnsubscribeLink
    | NotConfirmed
    | ListClosed
    | StillThere
)
Notice = (
    ReaderNotice
    | PolicyAlert
    | RelayAlert
    | EditionAutoPaused
    | EditionHeld
    | EditionReleased
    | EditionRejected
    | EditionAlreadyReceived
)
