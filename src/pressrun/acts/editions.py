"""Actions on editions and their copies."""

from __future__ import annotations

from typing import Any

from pressrun.acts.act import OF_EDITION, OF_EDITIONS, OF_LIST, Act, Doing
from pressrun.acts.arguments import (
    EditionFiles,
    EditionId,
    EditionIds,
    EditionMove,
    EditionResume,
    EditionSend,
    EditionTest,
    QueueRetry,
)
from pressrun.core.address import Address, parse_address
from pressrun.core.rights import Right


async def _inspect(doing: Doing, args: EditionFiles) -> dict[str, Any]:
    inspection = await doing.cases.edition_admin.inspect(**_files(args))
    return {
        "subject": inspection.subject,
        "audience": inspection.audience,
        "findings": [finding.plain() for finding in inspection.findings],
    }


async def _send(doing: Doing, args: EditionSend) -> dict[str, int]:
    doing.progress("building the edition")
    edition_id = await doing.cases.edition_admin.send(
        **_files(args), scheduled_at=args.scheduled_at, again=args.again, canary_percent=args.canary_percent
    )
    return {"id": edition_id}


async def _send_test(doing: Doing, args: EditionTest) -> dict[str, list[str]]:
    by_key: dict[str, Address] = {}
    for address in map(parse_address, args.addresses):
        by_key.setdefault(address.key, address)
    addresses = list(by_key.values())
    await doing.cases.edition_admin.send_test(**_files(args), addresses=addresses)
    return {"test": [address.typed for address in addresses]}


async def _resend(doing: Doing, args: EditionId) -> dict[str, int | str]:
    resent = await doing.cases.edition_admin.resend(args.id)
    return {"id": args.id, "resent": resent.queued, "left_out": resent.left_out, "state": resent.state.value}


async def _retry(doing: Doing, args: QueueRetry) -> dict[str, int]:
    domain = None if args.domain is None else args.domain.strip().lower()
    return {"retried": await doing.cases.edition_admin.retry(domain)}


def _files(args: EditionFiles) -> dict[str, Any]:
    return {"list_name": args.list, "source": args.source, "source_name": args.source_name, "assets": args.assets}


EDITION_ACTS = (
    Act(
        id="edition.inspect",
        summary="Check an edition without keeping it",
        right=Right.DRAFTS,
        lists=OF_LIST,
        arguments=EditionFiles,
        work=_inspect,
        writes=False,
    ),
    Act(
        id="edition.send",
        summary="Take an edition and send it to everyone on the list",
        right=Right.RELEASE,
        lists=OF_LIST,
        arguments=EditionSend,
        work=_send,
        grows=True,
        asks=True,
    ),
    Act(
        id="edition.test",
        summary="Send test copies of an edition to some addresses",
        right=Right.DRAFTS,
        lists=OF_LIST,
        arguments=EditionTest,
        work=_send_test,
        grows=True,
    ),
    Act(
        id="edition.pause",
        summary="Hold all copies that no connection has been given",
        right=Right.RELEASE,
        lists=OF_EDITION,
        arguments=EditionId,
        work=lambda doing, args: doing.cases.edition_admin.pause(args.id),
    ),
    Act(
        id="edition.resume",
        summary="Continue to send an edition",
        right=Right.RELEASE,
        lists=OF_EDITION,
        arguments=EditionResume,
        work=lambda doing, args: doing.cases.edition_admin.resume(args.id, accepts_repeats=args.accepts_repeats),
    ),
    Act(
        id="edition.cancel",
        summary="Send no more copies of an edition",
        right=Right.RELEASE,
        lists=OF_EDITION,
        arguments=EditionId,
        work=lambda doing, args: doing.cases.edition_admin.cancel(args.id),
        asks=True,
    ),
    Act(
        id="edition.move",
        summary="Send a scheduled edition at another time",
        right=Right.RELEASE,
        lists=OF_EDITION,
        arguments=EditionMove,
        work=lambda doing, args: doing.cases.edition_admin.reschedule(args.id, args.scheduled_at),
    ),
    Act(
        id="edition.link",
        summary="Make editions of one family the same issue in several languages",
        right=Right.RELEASE,
        lists=OF_EDITIONS,
        arguments=EditionIds,
        work=lambda doing, args: doing.cases.edition_admin.link(args.ids),
    ),
    Act(
        id="edition.unlink",
        summary="Make an edition an issue of its own",
        right=Right.RELEASE,
        lists=OF_EDITION,
        arguments=EditionId,
        work=lambda doing, args: doing.cases.edition_admin.unlink(args.id),
    ),
    Act(
        id="edition.resend",
        summary="Queue the failed copies of an edition again",
        right=Right.RELEASE,
        lists=OF_EDITION,
        arguments=EditionId,
        work=_resend,
    ),
    Act(
        id="queue.retry",
        summary="Try what waits again now",
        right=Right.OPERATE,
        arguments=QueueRetry,
        work=_retry,
    ),
)
