"""The table of writing verbs: the arguments of each, checked on arrival, and the service that carries it out.

The daemon serves this table on its socket. Without a daemon, the command line calls it directly, so both do the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from pressrun.control.arguments import (
    A,
    AddressOnly,
    ArchiveMessage,
    Arguments,
    ArrivedNumber,
    EditionFiles,
    EditionId,
    EditionIds,
    EditionMove,
    EditionResume,
    EditionSend,
    EditionTest,
    HeldChoice,
    KeyRetire,
    ListAddress,
    ListName,
    ListSettings,
    MailId,
    MoveSwitch,
    OldPersonalLinks,
    OldPlaces,
    QueueRetry,
    Statement,
    SubscriberAdd,
    SubscriberImport,
    SuppressionAdd,
    SuppressionImport,
    SyncRemoval,
    checked,
)
from pressrun.control.calls import ReportProgress, VerbHandler
from pressrun.core.address import Address, parse_address
from pressrun.core.errors import BadInput
from pressrun.core.keys import KeyRing
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.operating.archive_import import ArchivedMessage
from pressrun.services.operating.held_sign_ups import HeldSignUps
from pressrun.services.operating.import_decision import SYNC
from pressrun.services.operating.kept_mail import KeptMail
from pressrun.services.operating.link_keys import LinkKeys
from pressrun.services.operating.list_admin import ListAdmin
from pressrun.services.operating.move_source import MoveSource
from pressrun.services.operating.moving_in import MovingIn
from pressrun.services.operating.subscriber_admin import SubscriberAdmin
from pressrun.services.operating.suppression_admin import SuppressionAdmin
from pressrun.services.reports import ledger_reports
from pressrun.store.database import Database, Growth
from pressrun.store.held_sign_ups import HeldSelection
from pressrun.store.transaction import Transaction

# Verbs after which the database is larger by much. On a nearly full disk they are refused before they begin.
GROWING = frozenset(
    {
        "edition.send",
        "edition.test",
        "subscriber.import",
        "subscriber.sync",
        "moving-in.places",
        "moving-in.people",
        "moving-in.message",
    }
)


def build_verbs(
    *,
    lists: ListAdmin,
    subscribers: SubscriberAdmin,
    suppressions: SuppressionAdmin,
    edition_admin: EditionAdmin,
    kept_mail: KeptMail,
    held: HeldSignUps,
    moving_in: MovingIn,
    link_keys: LinkKeys,
) -> dict[str, VerbHandler]:
    """One handler for each verb that writes."""

    async def inbound_retry(arguments: MailId) -> dict[str, int]:
        await kept_mail.retry(arguments.id)
        return {"id": arguments.id}

    async def inbound_rm(arguments: MailId) -> dict[str, int]:
        await kept_mail.drop(arguments.id)
        return {"id": arguments.id}

    return {
        **_list_verbs(lists),
        **_subscriber_verbs(subscribers),
        **_suppression_verbs(suppressions),
        **_edition_verbs(edition_admin),
        **_moving_in_verbs(moving_in),
        "inbound.retry": _handler(MailId, inbound_retry),
        "inbound.rm": _handler(MailId, inbound_rm),
        "held.release": _handler(HeldChoice, lambda args: held.release(_selection(args))),
        "held.rm": _handler(HeldChoice, lambda args: held.drop(_selection(args))),
        "key.rotate": _handler(Arguments, lambda _: link_keys.rotate()),
        "key.retire": _handler(KeyRetire, lambda args: link_keys.retire(args.number, args.after_seconds)),
    }


def _list_verbs(lists: ListAdmin) -> dict[str, VerbHandler]:
    return {
        "list.create": _handler(
            ListSettings, lambda args: lists.create_list(args.list, args.settings, args.files, args.places)
        ),
        "list.set": _handler(
            ListSettings, lambda args: lists.set_list(args.list, args.settings, args.files, args.assets)
        ),
        "list.close": _handler(ListName, lambda args: lists.close_list(args.list)),
        "list.rm": _handler(ListName, lambda args: lists.remove_list(args.list)),
        "editor.add": _handler(ListAddress, lambda args: lists.add_editor(args.list, parse_address(args.address))),
        "editor.rm": _handler(ListAddress, lambda args: lists.remove_editor(args.list, parse_address(args.address))),
    }


def reading_verbs(database: Database, keys: KeyRing) -> dict[str, VerbHandler]:
    """What members of the group read by, who can open neither database nor keys."""

    async def show(args: AddressOnly) -> dict[str, Any]:
        return await database.read(ledger_reports.show_subscriber, keys, parse_address(args.address))

    return {
        "read": _handler(Statement, lambda args: database.read(_run_statement, args)),
        "subscriber.show": _handler(AddressOnly, show),
    }


def _run_statement(tx: Transaction, args: Statement) -> dict[str, Any]:
    if not tx.knows(args.statement):
        raise BadInput(f"unknown statement {args.statement!r}: the daemon is of another version")
    rows = tx.rows(args.statement, **args.parameters)
    return {"columns": list(rows[0].keys()) if rows else [], "rows": [tuple(row) for row in rows]}


def _subscriber_verbs(subscribers: SubscriberAdmin) -> dict[str, VerbHandler]:
    async def add(args: SubscriberAdd) -> dict[str, Any]:
        return await subscribers.add(
            args.list, parse_address(args.address), name=args.name, asks=args.send_confirmation
        )

    return {
        "subscriber.add": _handler(SubscriberAdd, add),
        "subscriber.rm": _handler(ListAddress, lambda args: subscribers.remove(args.list, parse_address(args.address))),
        "subscriber.erase": _handler(AddressOnly, lambda args: subscribers.erase(parse_address(args.address))),
        "subscriber.import": _handler(
            SubscriberImport, lambda args: subscribers.import_batch(args.list, args.rows, asks=args.send_confirmation)
        ),
        "subscriber.sync": _handler(
            SubscriberImport, lambda args: subscribers.import_batch(args.list, args.rows, source=SYNC)
        ),
        "subscriber.sync_rm": _handler(SyncRemoval, lambda args: subscribers.remove_synced(args.list, args.keys)),
    }


def _suppression_verbs(suppressions: SuppressionAdmin) -> dict[str, VerbHandler]:
    return {
        "suppression.add": _handler(
            SuppressionAdd, lambda args: suppressions.add(parse_address(args.address), args.reason)
        ),
        "suppression.rm": _handler(AddressOnly, lambda args: suppressions.remove(parse_address(args.address))),
        "suppression.import": _handler(SuppressionImport, lambda args: suppressions.import_batch(args.rows)),
    }


def _edition_verbs(edition_admin: EditionAdmin) -> dict[str, VerbHandler]:
    async def inspect(args: EditionFiles) -> dict[str, Any]:
        inspection = await edition_admin.inspect(**_edition_arguments(args))
        return {
            "subject": inspection.subject,
            "audience": inspection.audience,
            "findings": [finding.plain() for finding in inspection.findings],
        }

    async def send_test(args: EditionTest) -> dict[str, list[str]]:
        by_key: dict[str, Address] = {}
        for address in map(parse_address, args.addresses):
            by_key.setdefault(address.key, address)
        addresses = list(by_key.values())
        await edition_admin.send_test(**_edition_arguments(args), addresses=addresses)
        return {"test": [address.typed for address in addresses]}

    async def resend(args: EditionId) -> dict[str, int | str]:
        resent = await edition_admin.resend(args.id)
        return {"id": args.id, "resent": resent.queued, "left_out": resent.left_out, "state": resent.state.value}

    async def retry(args: QueueRetry) -> dict[str, int]:
        return {"retried": await edition_admin.retry(_domain(args.domain))}

    return {
        "edition.send": _send_handler(edition_admin),
        "edition.inspect": _handler(EditionFiles, inspect),
        "edition.test": _handler(EditionTest, send_test),
        "edition.pause": _handler(EditionId, lambda args: edition_admin.pause(args.id)),
        "edition.resume": _handler(
            EditionResume, lambda args: edition_admin.resume(args.id, accepts_repeats=args.accepts_repeats)
        ),
        "edition.cancel": _handler(EditionId, lambda args: edition_admin.cancel(args.id)),
        "edition.move": _handler(EditionMove, lambda args: edition_admin.reschedule(args.id, args.scheduled_at)),
        "edition.link": _handler(EditionIds, lambda args: edition_admin.link(args.ids)),
        "edition.unlink": _handler(EditionId, lambda args: edition_admin.unlink(args.id)),
        "edition.resend": _handler(EditionId, resend),
        "queue.retry": _handler(QueueRetry, retry),
    }


def _moving_in_verbs(moving_in: MovingIn) -> dict[str, VerbHandler]:
    """What `migrate-from` needs besides the verbs for lists, subscribers and suppressions."""

    async def add_message(args: ArchiveMessage) -> dict[str, Any]:
        message = ArchivedMessage(source=args.source, published_at=args.published_at, identity=args.identity)
        return await moving_in.archive.add(args.list, message)

    return {
        "moving-in.places": _handler(OldPlaces, lambda args: moving_in.redirects.add_places(args.list, args.places)),
        "moving-in.people": _handler(
            OldPersonalLinks, lambda args: moving_in.redirects.add_people(args.list, args.people)
        ),
        "moving-in.message": _handler(ArchiveMessage, add_message),
    }


def move_verbs(source: MoveSource) -> dict[str, VerbHandler]:
    """What the command that moves the database asks of the process that writes to it."""
    return {
        "move.track": _handler(Arguments, lambda _: source.track_changes()),
        "move.stop": _handler(Arguments, lambda _: source.stop()),
        "move.switch": _handler(MoveSwitch, lambda args: source.switch(args.place, args.move)),
        "move.resume": _handler(Arguments, lambda _: source.resume()),
    }


def doctor_verbs(
    find_arrived: Callable[[int], dict[str, Any] | None], mail_addresses: Callable[[], dict[str, str]]
) -> dict[str, VerbHandler]:
    """What `doctor` asks of the daemon: how a request arrived, and where mail comes in."""

    async def seen(args: ArrivedNumber) -> dict[str, Any] | None:
        return find_arrived(args.number)

    async def listeners(_: Arguments) -> dict[str, str]:
        return mail_addresses()

    return {"doctor.seen": _handler(ArrivedNumber, seen), "doctor.listeners": _handler(Arguments, listeners)}


def needing_room(verbs: Mapping[str, VerbHandler], growth: Growth) -> dict[str, VerbHandler]:
    """The same verbs; those in GROWING raise NoRoom while the disk is nearly full."""

    def guarded(handler: VerbHandler) -> VerbHandler:
        async def handle(arguments: msgspec.Raw, progress: ReportProgress) -> Any:
            growth.require()
            return await handler(arguments, progress)

        return handle

    return {name: guarded(handler) if name in GROWING else handler for name, handler in verbs.items()}


def _send_handler(edition_admin: EditionAdmin) -> VerbHandler:
    """The only handler that reports progress."""

    async def send(arguments: msgspec.Raw, progress: ReportProgress) -> dict[str, int]:
        args = checked(arguments, EditionSend)
        progress("building the edition")
        edition_id = await edition_admin.send(
            **_edition_arguments(args),
            scheduled_at=args.scheduled_at,
            again=args.again,
            canary_percent=args.canary_percent,
        )
        return {"id": edition_id}

    return send


def _handler(arguments_type: type[A], work: Callable[[A], Awaitable[Any]]) -> VerbHandler:
    async def handle(arguments: msgspec.Raw, _: ReportProgress) -> Any:
        return await work(checked(arguments, arguments_type))

    return handle


def _edition_arguments(args: EditionFiles) -> dict[str, Any]:
    return {"list_name": args.list, "source": args.source, "source_name": args.source_name, "assets": args.assets}


def _selection(args: HeldChoice) -> HeldSelection:
    return HeldSelection(ids=args.ids, domain=_domain(args.domain))


def _domain(text: str | None) -> str | None:
    return None if text is None else text.strip().lower()
