"""Actions of operators: kept mail, held sign-ups, keys, moving in, and what only the running daemon can do."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from pressrun.acts.act import OF_LIST, Act, ActList, Doing, Http, lacking
from pressrun.acts.arguments import (
    NOTE,
    AddressOnly,
    ArchiveMessage,
    Arguments,
    ArrivedNumber,
    AuditNote,
    HeldChoice,
    KeyRetire,
    MailId,
    MoveSwitch,
    OldPersonalLinks,
    OldPlaces,
    Statement,
)
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, NotPermitted, Refused
from pressrun.services.answers import Answer
from pressrun.services.readers import old_links
from pressrun.services.reports import subscriber_record
from pressrun.services.reports.subscriber_record import AddressRecord
from pressrun.services.upkeep.held_sign_ups import HeldDropped, HeldReleased
from pressrun.store.programs.idempotency import KeptOutcome
from pressrun.store.readers.held_sign_ups import HeldSelection
from pressrun.store.transaction import Transaction


class MailNumber(msgspec.Struct, kw_only=True):
    """A mail by its number."""

    id: int


async def _retried_mail(_: Doing, args: MailId, __: KeptOutcome) -> MailNumber:
    return MailNumber(id=args.id)


async def _release_rest(doing: Doing, args: HeldChoice, kept: KeptOutcome) -> HeldReleased:
    """Release what a request left that was killed between two batches, and none that were held since."""
    return await doing.cases.held.release(replace(_selection(doing, args), until=kept.at))


async def _drop_rest(doing: Doing, args: HeldChoice, kept: KeptOutcome) -> HeldDropped:
    """The same for their removal."""
    return await doing.cases.held.drop(replace(_selection(doing, args), until=kept.at))


SECRET = frozenset({"credentials", "log_ins", "restores"})
"""Files of statements that read what people log in with, which no command shows."""


def _rows_of(tx: Transaction, args: Statement) -> dict[str, Any]:
    if args.statement.partition(".")[0] in SECRET:
        raise NotPermitted(lacking(Right.MACHINE, None))
    if not tx.knows(args.statement):
        raise BadInput(
            f"the running daemon is of another version and does not know {args.statement!r}. Restart the service"
        )
    rows = tx.rows(args.statement, **args.parameters)
    return {"columns": list(rows[0].keys()) if rows else [], "rows": [tuple(row) for row in rows]}


def _selection(doing: Doing, args: HeldChoice) -> HeldSelection:
    if doing.caller.is_program and not args.ids and args.domain is None:
        raise Refused("that would be all of them. Say which, by `ids` or by `domain`")
    return HeldSelection(ids=args.ids, domain=None if args.domain is None else args.domain.strip().lower())


OPERATING_ACTS = ActList()


@OPERATING_ACTS.add(
    "inbound.retry",
    "Process a kept mail again",
    Right.OPERATE,
    again=_retried_mail,
    http=Http(method="POST", path="inbound/{id}/retry"),
)
async def _retry_mail(doing: Doing, args: MailId) -> MailNumber:
    await doing.cases.kept_mail.retry(args.id)
    return MailNumber(id=args.id)


@OPERATING_ACTS.add(
    "inbound.rm",
    "Remove a kept mail",
    Right.OPERATE,
    asks=True,
    http=Http(method="DELETE", path="inbound/{id}", status=204),
)
async def _drop_mail(doing: Doing, args: MailId) -> MailNumber:
    await doing.cases.kept_mail.drop(args.id)
    return MailNumber(id=args.id)


@OPERATING_ACTS.add(
    "held.release",
    "Send the confirmations of sign-ups that were held",
    Right.OPERATE,
    asks=True,
    again=_release_rest,
    http=Http(method="POST", path="held/release"),
)
async def _release_held(doing: Doing, args: HeldChoice) -> HeldReleased:
    return await doing.cases.held.release(_selection(doing, args))


@OPERATING_ACTS.add(
    "held.rm",
    "Remove sign-ups that were held",
    Right.OPERATE,
    asks=True,
    again=_drop_rest,
    http=Http(method="POST", path="held/rm"),
)
async def _drop_held(doing: Doing, args: HeldChoice) -> HeldDropped:
    return await doing.cases.held.drop(_selection(doing, args))


@OPERATING_ACTS.add("key.rotate", "Sign new links with a new key", Right.MACHINE, in_files=True, asks=True)
async def _rotate_key(doing: Doing, _: Arguments) -> Answer:
    return await doing.cases.link_keys.rotate()


@OPERATING_ACTS.add("key.retire", "Let a key for links retire after a time", Right.MACHINE, asks=True)
async def _retire_key(doing: Doing, args: KeyRetire) -> Answer:
    return await doing.cases.link_keys.retire(args.number, args.after_seconds)


@OPERATING_ACTS.add(NOTE, "Record what the command line has done by itself", Right.MACHINE, reads=True)
async def _note(doing: Doing, args: AuditNote) -> None:
    log = doing.cases.audit_log
    entry = log.entry(doing.caller.actor, args.action)
    await log.append(replace(entry, outcome=args.outcome, code=args.code, object=args.object))


MOVING_IN_ACTS = ActList()


@MOVING_IN_ACTS.add("moving-in.places", "Lead old links and addresses to a list", Right.OPERATE, grows=True)
async def _add_places(doing: Doing, args: OldPlaces) -> Answer:
    return await doing.cases.database.write(old_links.add_places, args.list, args.places)


@MOVING_IN_ACTS.add(
    "moving-in.people", "Lead a batch of old personal links to their subscribers", Right.OPERATE, OF_LIST, grows=True
)
async def _add_people(doing: Doing, args: OldPersonalLinks) -> Answer:
    return await doing.cases.database.write(old_links.add_people, args.list, args.people)


@MOVING_IN_ACTS.add("moving-in.message", "Add a message of an old archive", Right.OPERATE, OF_LIST, grows=True)
async def _add_message(doing: Doing, args: ArchiveMessage) -> dict[str, Any]:
    return await doing.cases.archive_import.add(args.list, args.source, args.published_at, args.identity)


GROUP_ACTS = ActList()


@GROUP_ACTS.add(
    "read",
    "Run a statement that reads, for members of the group, who cannot open the database",
    Right.OPERATE,
    reads=True,
)
async def _run_statement(doing: Doing, args: Statement) -> dict[str, Any]:
    return await doing.cases.database.read(_rows_of, args)


@GROUP_ACTS.add(
    "subscriber.show",
    "Show everything stored about an address",
    Right.SEE_READERS,
    http=Http(method="GET", path="subscribers/{address}"),
)
async def _show_subscriber(doing: Doing, args: AddressOnly) -> AddressRecord:
    cases = doing.cases
    return await cases.database.read(subscriber_record.show_subscriber, cases.keys, parse_address(args.address))


MOVE_ACTS = tuple(
    Act(id=f"move.{step}", summary=summary, right=Right.MACHINE, arguments=arguments, work=None, reads=True)
    for step, summary, arguments in (
        ("track", "Note which rows change from now on", Arguments),
        ("stop", "Stop the service while the last rows are moved", Arguments),
        ("switch", "Mark the database as gone, and say where all data are now", MoveSwitch),
        ("resume", "End a move, and let the service go on", Arguments),
    )
)
"""Steps of a move, which the command that moves records: nobody may write to what has moved."""

DAEMON_ACTS = (
    Act(id="reload", summary="Reread the configuration", right=Right.OPERATE, arguments=Arguments, work=None),
    *(
        Act(id=act_id, summary=summary, right=Right.OPERATE, arguments=arguments, work=None, reads=True)
        for act_id, summary, arguments in (
            ("reload.try", "Say what a reload would find", Arguments),
            ("relay.statuses", "Say how the relays are", Arguments),
            ("doctor.seen", "Say how a request with a numbered test link arrived", ArrivedNumber),
            ("doctor.listeners", "Say where mail comes in", Arguments),
        )
    ),
)
