"""The table of writing verbs: what each takes, checked on arrival, and the use case that it is.

The daemon serves this table on its socket, and a verb that runs alone calls it directly, so both do the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from pressrun.control.server import VerbHandler
from pressrun.core.address import Address, parse_address
from pressrun.core.errors import BadInput
from pressrun.services.editions.editing import Editing
from pressrun.services.operating.held_sign_ups import HeldSignUps
from pressrun.services.operating.import_rows import ImportRow
from pressrun.services.operating.kept_mail import KeptMail
from pressrun.services.operating.list_admin import ListAdmin
from pressrun.services.operating.subscriber_admin import SubscriberAdmin
from pressrun.services.operating.suppression_admin import SuppressionAdmin, SuppressionRow
from pressrun.store.held import Choice

Tell = Callable[[str], None]


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a verb takes; this one takes nothing."""


A = TypeVar("A", bound=Arguments)


class ListSettings(Arguments, frozen=True, kw_only=True):
    """`list create` and `list set`: settings as they were typed, and by key the content of a file that one names.

    `assets` are what a welcome mail takes along, by path.
    """

    list: str
    settings: dict[str, str]
    files: dict[str, bytes] = {}
    assets: dict[str, bytes] = {}


class ListName(Arguments, frozen=True, kw_only=True):
    """`list close` and `list rm`."""

    list: str


class ListAddress(Arguments, frozen=True, kw_only=True):
    """`editor add`, `editor rm` and `subscriber rm`."""

    list: str
    address: str


class SubscriberAdd(Arguments, frozen=True, kw_only=True):
    """`subscriber add`."""

    list: str
    address: str
    name: str = ""
    send_confirmation: bool = False


class AddressOnly(Arguments, frozen=True, kw_only=True):
    """`subscriber erase` and `suppression rm`."""

    address: str


class SubscriberImport(Arguments, frozen=True, kw_only=True):
    """`subscriber import`: one batch of rows."""

    list: str
    rows: tuple[ImportRow, ...]
    send_confirmation: bool = False


class EditionFiles(Arguments, frozen=True, kw_only=True):
    """An edition's file and what it takes along, by path; alone it is looked at, for `send`."""

    list: str
    source: bytes
    source_name: str
    assets: dict[str, bytes] = {}


class EditionTake(EditionFiles, frozen=True, kw_only=True):
    """`send`."""

    scheduled_at: int | None = None
    again: bool = False
    canary_percent: float | None = None


class EditionTest(EditionFiles, frozen=True, kw_only=True):
    """`send --test`."""

    addresses: tuple[str, ...]


class EditionId(Arguments, frozen=True, kw_only=True):
    """`edition pause`, `resume`, `cancel` and `resend`."""

    id: int


class EditionIds(Arguments, frozen=True, kw_only=True):
    """`edition link`."""

    ids: tuple[int, ...]


class EditionMove(Arguments, frozen=True, kw_only=True):
    """`edition move`: the hour in UTC seconds."""

    id: int
    scheduled_at: int


class QueueRetry(Arguments, frozen=True, kw_only=True):
    """`queue retry`."""

    domain: str | None = None


class MailId(Arguments, frozen=True, kw_only=True):
    """`inbound retry` and `inbound rm`."""

    id: int


class HeldChoice(Arguments, frozen=True, kw_only=True):
    """`held release` and `held rm`."""

    ids: tuple[int, ...] = ()
    domain: str | None = None

    def choice(self) -> Choice:
        """The same for the store."""
        return Choice(ids=self.ids, domain=None if self.domain is None else self.domain.strip().lower())


class SuppressionAdd(Arguments, frozen=True, kw_only=True):
    """`suppression add`."""

    address: str
    reason: str = "operator"


class SuppressionImport(Arguments, frozen=True, kw_only=True):
    """`suppression import`: one batch of rows."""

    rows: tuple[SuppressionRow, ...]


def build_verbs(
    *,
    lists: ListAdmin,
    subscribers: SubscriberAdmin,
    suppressions: SuppressionAdmin,
    editing: Editing,
    kept_mail: KeptMail,
    held: HeldSignUps,
    rotate: Callable[[], Awaitable[int]],
) -> dict[str, VerbHandler]:
    """One handler for each verb that writes; `rotate` adds a link key, puts it in force and answers its number."""
    return {
        **_list_verbs(lists),
        **_subscriber_verbs(subscribers),
        **_suppression_verbs(suppressions),
        **_edition_verbs(editing),
        "inbound.retry": _handler(MailId, lambda given, _: _sort(kept_mail.retry, given.id)),
        "inbound.rm": _handler(MailId, lambda given, _: _sort(kept_mail.drop, given.id)),
        "held.release": _handler(HeldChoice, lambda given, _: held.release(given.choice())),
        "held.rm": _handler(HeldChoice, lambda given, _: held.drop(given.choice())),
        "key.rotate": _handler(Arguments, lambda _, __: _rotate(rotate)),
    }


def _list_verbs(lists: ListAdmin) -> dict[str, VerbHandler]:
    return {
        "list.create": _handler(
            ListSettings, lambda given, _: lists.create_list(given.list, given.settings, given.files)
        ),
        "list.set": _handler(
            ListSettings, lambda given, _: lists.set_list(given.list, given.settings, given.files, given.assets)
        ),
        "list.close": _handler(ListName, lambda given, _: lists.close_list(given.list)),
        "list.rm": _handler(ListName, lambda given, _: lists.remove_list(given.list)),
        "editor.add": _handler(
            ListAddress, lambda given, _: lists.add_editor(given.list, parse_address(given.address))
        ),
        "editor.rm": _handler(
            ListAddress, lambda given, _: lists.remove_editor(given.list, parse_address(given.address))
        ),
    }


def _subscriber_verbs(readers: SubscriberAdmin) -> dict[str, VerbHandler]:
    return {
        "subscriber.add": _handler(
            SubscriberAdd,
            lambda given, _: readers.add(
                given.list, parse_address(given.address), name=given.name, asks=given.send_confirmation
            ),
        ),
        "subscriber.rm": _handler(
            ListAddress, lambda given, _: readers.remove(given.list, parse_address(given.address))
        ),
        "subscriber.erase": _handler(AddressOnly, lambda given, _: readers.erase(parse_address(given.address))),
        "subscriber.import": _handler(
            SubscriberImport,
            lambda given, _: readers.import_batch(given.list, given.rows, asks=given.send_confirmation),
        ),
    }


def _suppression_verbs(suppressions: SuppressionAdmin) -> dict[str, VerbHandler]:
    return {
        "suppression.add": _handler(
            SuppressionAdd, lambda given, _: suppressions.add(parse_address(given.address), given.reason)
        ),
        "suppression.rm": _handler(AddressOnly, lambda given, _: suppressions.remove(parse_address(given.address))),
        "suppression.import": _handler(SuppressionImport, lambda given, _: suppressions.import_batch(given.rows)),
    }


def _edition_verbs(editing: Editing) -> dict[str, VerbHandler]:
    return {
        "edition.take": _handler(EditionTake, lambda given, tell: _take(editing, given, tell)),
        "edition.inspect": _handler(EditionFiles, lambda given, _: _inspect(editing, given)),
        "edition.test": _handler(EditionTest, lambda given, _: _send_test(editing, given)),
        "edition.pause": _handler(EditionId, lambda given, _: editing.pause(given.id)),
        "edition.resume": _handler(EditionId, lambda given, _: editing.resume(given.id)),
        "edition.cancel": _handler(EditionId, lambda given, _: editing.cancel(given.id)),
        "edition.move": _handler(EditionMove, lambda given, _: editing.reschedule(given.id, given.scheduled_at)),
        "edition.link": _handler(EditionIds, lambda given, _: editing.link(given.ids)),
        "edition.unlink": _handler(EditionId, lambda given, _: editing.unlink(given.id)),
        "edition.resend": _handler(EditionId, lambda given, _: _resend(editing, given.id)),
        "queue.retry": _handler(QueueRetry, lambda given, _: _retry(editing, given.domain)),
    }


def _handler(arguments: type[A], work: Callable[[A, Tell], Awaitable[Any]]) -> VerbHandler:
    async def handle(given: Mapping[str, Any], tell: Tell) -> Any:
        try:
            checked = msgspec.convert(dict(given), arguments)
        except msgspec.ValidationError as problem:
            raise BadInput(f"invalid request: {problem}") from None
        return await work(checked, tell)

    return handle


async def _rotate(rotate: Callable[[], Awaitable[int]]) -> dict[str, int]:
    return {"number": await rotate()}


async def _take(editing: Editing, given: EditionTake, tell: Tell) -> dict[str, int]:
    tell("building the edition")
    edition_id = await editing.take(
        list_name=given.list,
        source=given.source,
        source_name=given.source_name,
        assets=given.assets,
        scheduled_at=given.scheduled_at,
        again=given.again,
        canary_percent=given.canary_percent,
    )
    return {"id": edition_id}


async def _inspect(editing: Editing, given: EditionFiles) -> dict[str, Any]:
    found = await editing.inspect(
        list_name=given.list, source=given.source, source_name=given.source_name, assets=given.assets
    )
    return {
        "subject": found.subject,
        "audience": found.audience,
        "findings": [finding.plain() for finding in found.findings],
    }


async def _send_test(editing: Editing, given: EditionTest) -> dict[str, list[str]]:
    found: dict[str, Address] = {}
    for address in map(parse_address, given.addresses):
        found.setdefault(address.key, address)
    addresses = list(found.values())
    await editing.send_test(
        list_name=given.list,
        source=given.source,
        source_name=given.source_name,
        assets=given.assets,
        addresses=addresses,
    )
    return {"test": [address.typed for address in addresses]}


async def _resend(editing: Editing, edition_id: int) -> dict[str, int | str]:
    found = await editing.resend(edition_id)
    return {"id": edition_id, "resent": found.queued, "left_out": found.left_out, "state": found.state.value}


async def _retry(editing: Editing, domain: str | None) -> dict[str, int]:
    return {"retried": await editing.retry(None if domain is None else domain.strip().lower())}


async def _sort(act: Callable[[int], Awaitable[None]], number: int) -> dict[str, int]:
    await act(number)
    return {"id": number}
