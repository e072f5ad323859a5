"""Actions on subscribers, and on the addresses that get no mail at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pressrun.acts.act import OF_LIST, Act, Doing, Http
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
from pressrun.services.members.member_changes import source_of
from pressrun.services.members.subscriber_admin import SOURCE, ErasureAnswer
from pressrun.services.members.suppression_admin import SuppressionSet, parse_reason
from pressrun.store.programs.idempotency import KeptOutcome


async def _remove(doing: Doing, args: ListAddress) -> dict[str, Any]:
    source = SOURCE if doing.caller.token_id is None else source_of(program_of(doing))
    return await doing.cases.subscribers.remove(args.list, parse_address(args.address), source)


async def _erase(doing: Doing, args: SubscriberErase) -> ErasureAnswer:
    address = parse_address(args.address)
    is_at_shell = doing.caller.token_id is None and doing.caller.person_id is None  # where the command line asks
    if not is_at_shell and not is_spelling_of(args.confirm or "", address):
        raise InvalidFields([("confirm", 'say which address to erase for good: {"confirm": "ada@example.org"}')])
    return await doing.cases.subscribers.erase(address)


async def _erased(_: Doing, __: SubscriberErase, ___: KeptOutcome) -> ErasureAnswer:
    return ErasureAnswer(erased=True)


CONFIRMED: Mapping[str, Any] = {
    "required": ["confirm"],
    "properties": {"confirm": {"type": "string", "format": "email"}},
}

SUBSCRIBER_ACTS = (
    Act(
        id="subscriber.add",
        summary="Add a subscriber to a list",
        right=Right.MANAGE_READERS,
        lists=OF_LIST,
        arguments=SubscriberAdd,
        work=lambda doing, args: doing.cases.subscribers.add(
            args.list, parse_address(args.address), name=args.name, asks=args.send_confirmation
        ),
    ),
    Act(
        id="subscriber.rm",
        summary="End a subscription",
        right=Right.MANAGE_READERS,
        lists=OF_LIST,
        arguments=ListAddress,
        work=_remove,
        http=Http(method="DELETE", path="lists/{list}/subscribers/{address}", status=204),
    ),
    Act(
        id="subscriber.erase",
        summary="Erase everything about an address",
        right=Right.OPERATE,
        arguments=SubscriberErase,
        work=_erase,
        answer=ErasureAnswer,
        again=_erased,
        asks=True,
        http=Http(method="POST", path="subscribers/{address}/erase", status=202, together=CONFIRMED),
    ),
    Act(
        id="subscriber.import",
        summary="Add or change a batch of subscribers",
        right=Right.MANAGE_READERS,
        lists=OF_LIST,
        arguments=SubscriberImport,
        work=lambda doing, args: doing.cases.subscribers.import_batch(
            args.list, args.rows, asks=args.send_confirmation
        ),
        grows=True,
    ),
    Act(
        id="subscriber.sync",
        summary="Add or change a batch of the members that another program keeps",
        right=Right.MANAGE_READERS,
        lists=OF_LIST,
        arguments=SubscriberImport,
        work=lambda doing, args: doing.cases.subscribers.import_batch(args.list, args.rows, source=SYNC),
        grows=True,
    ),
    Act(
        id="subscriber.sync_rm",
        summary="End the subscriptions of members whom the other program no longer has",
        right=Right.MANAGE_READERS,
        lists=OF_LIST,
        arguments=SyncRemoval,
        work=lambda doing, args: doing.cases.subscribers.remove_synced(args.list, args.keys),
    ),
    Act(
        id="suppression.add",
        summary="Suppress an address, so that no list mails it",
        right=Right.OPERATE,
        arguments=SuppressionAdd,
        work=lambda doing, args: doing.cases.suppressions.add(parse_address(args.address), args.reason),
        answer=SuppressionSet,
        http=Http(
            method="PUT",
            path="suppressions/{address}",
            check=lambda values: faults_of(values, reason=parse_reason),
        ),
    ),
    Act(
        id="suppression.rm",
        summary="Let an address be mailed again",
        right=Right.OPERATE,
        arguments=AddressOnly,
        work=lambda doing, args: doing.cases.suppressions.remove(parse_address(args.address)),
        asks=True,
        http=Http(method="DELETE", path="suppressions/{address}", status=204),
    ),
    Act(
        id="suppression.import",
        summary="Suppress a batch of addresses",
        right=Right.OPERATE,
        arguments=SuppressionImport,
        work=lambda doing, args: doing.cases.suppressions.import_batch(args.rows),
    ),
)
