"""Actions on subscribers, and on the addresses that get no mail at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pressrun.acts.act import OF_LIST, ActList, Doing, Http
from pressrun.acts.arguments import (
    AddressOnly,
    ListAddress,
    SubscriberAdd,
    SubscriberErase,
    SubscriberImport,
    SuppressionAdd,
    SuppressionImport,
    SyncRemoval,
)
from pressrun.acts.http import faults_of
from pressrun.acts.readers.members import program_of
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import is_spelling_of, parse_address
from pressrun.core.errors import InvalidFields
from pressrun.core.lifecycles.subscription import SYNC
from pressrun.services.answers import Answer
from pressrun.services.members.member_changes import source_of
from pressrun.services.members.subscriber_admin import SOURCE, ErasureAnswer
from pressrun.services.members.suppression_admin import SuppressionSet, parse_reason
from pressrun.store.programs.idempotency import KeptOutcome


async def _erased(_: Doing, __: SubscriberErase, ___: KeptOutcome) -> ErasureAnswer:
    return ErasureAnswer(erased=True)


CONFIRMED: Mapping[str, Any] = {
    "required": ["confirm"],
    "properties": {"confirm": {"type": "string", "format": "email"}},
}

SUBSCRIBER_ACTS = ActList()


@SUBSCRIBER_ACTS.add("subscriber.add", "Add a subscriber to a list", Right.MANAGE_READERS, OF_LIST)
async def _add(doing: Doing, args: SubscriberAdd) -> Answer:
    return await doing.cases.subscribers.add(
        args.list, parse_address(args.address), name=args.name, asks=args.send_confirmation
    )


@SUBSCRIBER_ACTS.add(
    "subscriber.rm",
    "End a subscription",
    Right.MANAGE_READERS,
    OF_LIST,
    http=Http(method="DELETE", path="lists/{list}/subscribers/{address}", status=204),
)
async def _remove(doing: Doing, args: ListAddress) -> dict[str, Any]:
    source = SOURCE if doing.caller.token_id is None else source_of(program_of(doing))
    return await doing.cases.subscribers.remove(args.list, parse_address(args.address), source)


@SUBSCRIBER_ACTS.add(
    "subscriber.erase",
    "Erase everything about an address",
    Right.OPERATE,
    again=_erased,
    asks=True,
    http=Http(method="POST", path="subscribers/{address}/erase", status=202, together=CONFIRMED),
)
async def _erase(doing: Doing, args: SubscriberErase) -> ErasureAnswer:
    address = parse_address(args.address)
    is_at_shell = doing.caller.token_id is None and doing.caller.person_id is None  # where the command line asks
    if not is_at_shell and not is_spelling_of(args.confirm or "", address):
        raise InvalidFields([("confirm", 'say which address to erase for good: {"confirm": "ada@example.org"}')])
    return await doing.cases.subscribers.erase(address)


@SUBSCRIBER_ACTS.add(
    "subscriber.import", "Add or change a batch of subscribers", Right.MANAGE_READERS, OF_LIST, grows=True
)
async def _import(doing: Doing, args: SubscriberImport) -> Answer:
    return await doing.cases.subscribers.import_batch(args.list, args.rows, asks=args.send_confirmation)


@SUBSCRIBER_ACTS.add(
    "subscriber.sync",
    "Add or change a batch of the members that another program keeps",
    Right.MANAGE_READERS,
    OF_LIST,
    grows=True,
)
async def _sync(doing: Doing, args: SubscriberImport) -> Answer:
    return await doing.cases.subscribers.import_batch(args.list, args.rows, source=SYNC)


@SUBSCRIBER_ACTS.add(
    "subscriber.sync_rm",
    "End the subscriptions of members whom the other program no longer has",
    Right.MANAGE_READERS,
    OF_LIST,
)
async def _remove_synced(doing: Doing, args: SyncRemoval) -> Answer:
    return await doing.cases.subscribers.remove_synced(args.list, args.keys)


@SUBSCRIBER_ACTS.add(
    "suppression.add",
    "Suppress an address, so that no list mails it",
    Right.OPERATE,
    http=Http(
        method="PUT",
        path="suppressions/{address}",
        check=lambda values: faults_of(values, reason=parse_reason),
    ),
)
async def _suppress(doing: Doing, args: SuppressionAdd) -> SuppressionSet:
    return await doing.cases.suppressions.add(parse_address(args.address), args.reason)


@SUBSCRIBER_ACTS.add(
    "suppression.rm",
    "Lift a suppression, so that the address can be mailed again",
    Right.OPERATE,
    asks=True,
    http=Http(method="DELETE", path="suppressions/{address}", status=204),
)
async def _lift_suppression(doing: Doing, args: AddressOnly) -> None:
    await doing.cases.suppressions.remove(parse_address(args.address))


@SUBSCRIBER_ACTS.add("suppression.import", "Suppress a batch of addresses", Right.OPERATE)
async def _import_suppressions(doing: Doing, args: SuppressionImport) -> Answer:
    return await doing.cases.suppressions.import_batch(args.rows)
