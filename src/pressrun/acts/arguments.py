"""The arguments of each action. Over the control socket they travel as msgpack."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from pressrun.acts.http import EmailAddress
from pressrun.core.addresses.old_links import OldKind
from pressrun.core.errors import BadInput
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.suppression import SuppressionReason

_REASONS = msgspec.Meta(extra_json_schema={"enum": [reason.value for reason in SuppressionReason]})


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of an action; these are for actions without any."""


A = TypeVar("A", bound=Arguments)


Known = tuple[int, ...]
"""Revisions that a caller has seen. A change is refused unless one of them is current."""


class ListSettings(Arguments, frozen=True, kw_only=True):
    """`list create` and `list set`: settings as they were typed.

    `files` has the content of each file that a setting names, by the key of the setting; `assets` has the files that a
    welcome email includes, by path. `places` are the old links and addresses of a list that moves in, and `editors` are
    its editors. `revision` is the revision of the settings that a change was made from; it may name several.
    """

    list: str
    settings: dict[str, str]
    files: dict[str, bytes] = {}
    assets: dict[str, bytes] = {}
    places: tuple[tuple[str, OldKind], ...] = ()
    editors: tuple[str, ...] = ()
    revision: Known | None = None


class ArrivedNumber(Arguments, frozen=True, kw_only=True):
    """`doctor`: the number in the test link of a request."""

    number: int


class ListName(Arguments, frozen=True, kw_only=True):
    """`list close` and `list rm`."""

    list: str


class ListAddress(Arguments, frozen=True, kw_only=True):
    """Somebody on a list: `editor add`, `editor rm`, `subscriber rm`, and requests of programs about one person."""

    list: str
    address: EmailAddress


class SubscriberAdd(Arguments, frozen=True, kw_only=True):
    """`subscriber add`."""

    list: str
    address: str
    name: str = ""
    send_confirmation: bool = False


class AddressOnly(Arguments, frozen=True, kw_only=True):
    """`suppression rm` and `subscriber show`."""

    address: EmailAddress


class SubscriberErase(AddressOnly, frozen=True, kw_only=True):
    """`subscriber erase`; programs repeat the address as `confirm`."""

    confirm: str | None = None


class SubscriberImport(Arguments, frozen=True, kw_only=True):
    """`subscriber import` and `subscriber sync`: one batch of rows."""

    list: str
    rows: tuple[ImportRow, ...]
    send_confirmation: bool = False


class SyncRemoval(Arguments, frozen=True, kw_only=True):
    """`subscriber sync`: members who are no longer listed, by the keys of their addresses."""

    list: str
    keys: tuple[str, ...]


class EditionFiles(Arguments, frozen=True, kw_only=True):
    """The file of an edition and, by path, the files that it includes: for the preflight of `send`."""

    list: str
    source: bytes
    source_name: str
    assets: dict[str, bytes] = {}


class EditionSend(EditionFiles, frozen=True, kw_only=True):
    """`send`; `scheduled_at` in UTC seconds."""

    scheduled_at: int | None = None
    again: bool = False
    canary_percent: float | None = None


class EditionTest(EditionFiles, frozen=True, kw_only=True):
    """`send --test`."""

    addresses: tuple[str, ...]


class EditionId(Arguments, frozen=True, kw_only=True):
    """`edition pause`, `cancel`, `unlink` and `resend`."""

    id: int


class EditionResume(Arguments, frozen=True, kw_only=True):
    """`edition resume`; `accepts_repeats` is for an edition that was restored from a backup."""

    id: int
    accepts_repeats: bool = False


class EditionIds(Arguments, frozen=True, kw_only=True):
    """`edition link`."""

    ids: tuple[int, ...]


class EditionMove(Arguments, frozen=True, kw_only=True):
    """`edition move`; `scheduled_at` in UTC seconds."""

    id: int
    scheduled_at: int


class MoveSwitch(Arguments, frozen=True, kw_only=True):
    """Where all data are now, and which move brought them there."""

    place: str
    move: str


class QueueRetry(Arguments, frozen=True, kw_only=True):
    """`queue retry`."""

    domain: str | None = None


class MailId(Arguments, frozen=True, kw_only=True):
    """`inbound retry` and `inbound rm`."""

    id: int


class HeldChoice(Arguments, frozen=True, kw_only=True):
    """`held release` and `held rm`: all held sign-ups, or those with these ids or at this domain."""

    ids: tuple[int, ...] = ()
    domain: str | None = None


class KeyRetire(Arguments, frozen=True, kw_only=True):
    """`key retire`."""

    number: int
    after_seconds: float


class Statement(Arguments, frozen=True, kw_only=True):
    """`read`: the name of a reading statement, for somebody who cannot open the database."""

    statement: str
    parameters: dict[str, Any] = {}


NOTE = "audit.note"
"""Records what the command line has done by itself."""


class AuditNote(Arguments, frozen=True, kw_only=True):
    """What a verb has done outside the process that writes: `action`, such as dkim.create, and its outcome."""

    action: str
    outcome: str
    code: int | None = None
    object: str | None = None


class SuppressionAdd(Arguments, frozen=True, kw_only=True):
    """`suppression add`."""

    address: EmailAddress
    reason: Annotated[str, _REASONS] = SuppressionReason.OPERATOR.value


class SuppressionImport(Arguments, frozen=True, kw_only=True):
    """`suppression import`: one batch of rows."""

    rows: tuple[SuppressionRow, ...]


class OldPlaces(Arguments, frozen=True, kw_only=True):
    """`migrate-from`: old links and addresses, as digests, that lead to a list, or to the front page without one."""

    list: str | None
    places: tuple[tuple[str, OldKind], ...]


class OldPersonalLinks(Arguments, frozen=True, kw_only=True):
    """`migrate-from`: one batch of personal links, each a digest and the address of its subscriber."""

    list: str
    people: tuple[tuple[str, str], ...]


class ArchiveMessage(Arguments, frozen=True, kw_only=True):
    """`migrate-from`: one message of an old archive."""

    list: str
    source: bytes
    published_at: int
    identity: str


class OwnSession(Arguments, frozen=True, kw_only=True):
    """Actions of people on their own log-in: the session in which they act, which a change leaves alone."""

    session: int


class PasswordSet(OwnSession, frozen=True, kw_only=True):
    """`password.set`."""

    password: str


class AppAdd(OwnSession, frozen=True, kw_only=True):
    """`app.add`: the setup that the form carries, and the code that the app shows now."""

    setup: bytes
    code: str


class PasskeyAdd(OwnSession, frozen=True, kw_only=True):
    """`passkey.add`: what the browser answered, and which browser it is."""

    answer: dict[str, Any]
    agent: str


class PasskeyId(OwnSession, frozen=True, kw_only=True):
    """`passkey.rm`."""

    id: int


class SessionId(Arguments, frozen=True, kw_only=True):
    """`session.rm`: a session of the person who asks."""

    id: int


def checked(arguments: msgspec.Raw, arguments_type: type[A]) -> A:
    """The arguments of an action, decoded; raises BadInput if the action does not accept them."""
    try:
        checked = msgspec.msgpack.decode(arguments, type=arguments_type)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise BadInput(f"invalid request: {problem}") from None
    if b"\0" in bytes(arguments):
        require_text(checked)
    return checked


def require_text(arguments: Arguments) -> None:
    """Raise BadInput for a text with NUL, which cannot be stored; octets and bodies yet to arrive may contain it."""
    if _has_nul([msgspec.to_builtins(arguments, builtin_types=(bytes,), enc_hook=lambda _: None)]):
        raise BadInput("a text contains a NUL character, which cannot be stored. Remove it")


def _has_nul(values: list[object]) -> bool:
    """Whether a text in the values, at any depth, contains NUL; octets may. Empties the list."""
    while values:
        value = values.pop()
        if isinstance(value, str):
            if "\0" in value:
                return True
        elif isinstance(value, dict):
            values += value
            values += value.values()
        elif isinstance(value, list | tuple):
            values += value
    return False
