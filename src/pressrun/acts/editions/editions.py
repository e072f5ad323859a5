"""Actions on editions and their copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from pressrun.acts.act import OF_EDITION, OF_EDITIONS, OF_LIST, ActList, Doing, Http
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
from pressrun.acts.editions.draft_arguments import EditionsOfList
from pressrun.acts.editions.edition_answers import ResendAnswer, Retried
from pressrun.acts.http import Page
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.timestamps import parse_time
from pressrun.runtime.clock import utc_now
from pressrun.services.editions import edition_issues
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.reports import edition_descriptions
from pressrun.services.reports.edition_descriptions import EditionAnswer, FullEditionAnswer
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.paging import AFTER_ALL, place_after
from pressrun.store.programs.idempotency import KeptOutcome
from pressrun.store.transaction import Transaction


def each_once(addresses: Sequence[str]) -> dict[str, Address]:
    """The addresses by their keys, as they were typed first."""
    by_key: dict[str, Address] = {}
    for address in map(parse_address, addresses):
        by_key.setdefault(address.key, address)
    return by_key


async def _retry_again(_: Doing, __: QueueRetry, ___: KeptOutcome) -> Retried:
    """The repeat tries nothing again."""
    return Retried(retried=0)


async def show_edition(doing: Doing, edition_id: int) -> FullEditionAnswer:
    """An edition as `edition show` prints it, with its state as a draft, now or before it went out."""
    return await doing.cases.database.read(edition_descriptions.show_edition, edition_id, int(utc_now()))


async def show_again(doing: Doing, args: Any, _: KeptOutcome) -> FullEditionAnswer:
    """The answer to a repeated request about the edition in `args.id`: the edition as it is now."""
    return await show_edition(doing, args.id)


async def _resend_again(doing: Doing, args: EditionId, _: KeptOutcome) -> ResendAnswer:
    """The repeat queues no copy."""
    shown = await show_edition(doing, args.id)
    return ResendAnswer(id=args.id, resent=0, left_out=0, state=shown.state)


async def list_name_of(doing: Doing, edition_id: int) -> str:
    """The list of an edition; raises NotFound."""
    (name,) = await OF_EDITION(doing.cases, EditionId(id=edition_id))
    return name


def _read_page(
    tx: Transaction, args: EditionsOfList, before: int, state: EditionState | None, since: int
) -> tuple[list[EditionAnswer], int | UnsetType]:
    named = None if state is None else state.value
    page = edition_descriptions.page_of_editions(
        tx, args.list, before=before, limit=args.limit, state=named, since=since, now=int(utc_now())
    )
    if not args.count:
        return page, UNSET
    return page, editions.count_editions(tx, lists.get_list(tx, args.list).id, state=named, since=since)


def _manuscript(args: EditionFiles) -> Manuscript:
    return Manuscript(source=args.source, source_name=args.source_name, assets=args.assets)


EDITION_ACTS = ActList()


@EDITION_ACTS.add(
    "edition.ls",
    "List the editions of a list, newest first",
    Right.STATS,
    OF_LIST,
    http=Http(method="GET", path="lists/{list}/editions", query=("state", "since", "count", "limit", "after")),
)
async def _list(doing: Doing, args: EditionsOfList) -> Page[EditionAnswer]:
    state, since = args.state, 0 if args.since is None else parse_time(args.since)
    before = int(args.after) if args.after else AFTER_ALL
    page, total = await doing.cases.database.read(_read_page, args, before, state, since)
    return Page(items=page, next=place_after(page, args.limit, lambda edition: str(edition.id)), total=total)


@EDITION_ACTS.add(
    "edition.show",
    "Show an edition and its copies by state",
    Right.STATS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}", etag="revision"),
)
async def _show(doing: Doing, args: EditionId) -> FullEditionAnswer:
    return await show_edition(doing, args.id)


@EDITION_ACTS.add("edition.inspect", "Check an edition without keeping it", Right.DRAFTS, OF_LIST, reads=True)
async def _inspect(doing: Doing, args: EditionFiles) -> dict[str, Any]:
    inspection = await doing.cases.edition_admin.inspect(args.list, _manuscript(args))
    return {
        "subject": inspection.subject,
        "audience": inspection.audience,
        "alike": inspection.alike,
        "findings": [finding.plain() for finding in inspection.findings],
    }


@EDITION_ACTS.add(
    "edition.send", "Take an edition and send it to everyone on the list", Right.RELEASE, OF_LIST, grows=True, asks=True
)
async def _send(doing: Doing, args: EditionSend) -> dict[str, int]:
    doing.progress("building the edition")
    edition_id = await doing.cases.edition_admin.send(
        args.list,
        _manuscript(args),
        scheduled_at=args.scheduled_at,
        again=args.again,
        canary_percent=args.canary_percent,
    )
    return {"id": edition_id}


@EDITION_ACTS.add(
    "edition.test", "Send test copies of an edition to some addresses", Right.RELEASE, OF_LIST, grows=True
)
async def _send_test(doing: Doing, args: EditionTest) -> dict[str, list[str]]:
    addresses = list(each_once(args.addresses).values())
    await doing.cases.edition_admin.send_test(args.list, _manuscript(args), addresses)
    return {"test": [address.typed for address in addresses]}


@EDITION_ACTS.add(
    "edition.pause",
    "Pause an edition; copies not yet handed to a connection wait",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    http=Http(method="POST", path="editions/{id}/pause"),
)
async def _pause(doing: Doing, args: EditionId) -> FullEditionAnswer:
    await doing.cases.edition_admin.pause(args.id)
    return await show_edition(doing, args.id)


@EDITION_ACTS.add(
    "edition.resume",
    "Resume a paused edition",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    http=Http(method="POST", path="editions/{id}/resume"),
)
async def _resume(doing: Doing, args: EditionResume) -> FullEditionAnswer:
    await doing.cases.edition_admin.resume(args.id, accepts_repeats=args.accepts_repeats)
    return await show_edition(doing, args.id)


@EDITION_ACTS.add(
    "edition.cancel",
    "Cancel an edition; no more copies are sent",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    http=Http(method="POST", path="editions/{id}/cancel"),
    asks=True,
)
async def _cancel(doing: Doing, args: EditionId) -> FullEditionAnswer:
    await doing.cases.edition_admin.cancel(args.id)
    return await show_edition(doing, args.id)


@EDITION_ACTS.add("edition.move", "Send a scheduled edition at another time", Right.RELEASE, OF_EDITION)
async def _move(doing: Doing, args: EditionMove) -> None:
    await doing.cases.edition_admin.reschedule(args.id, args.scheduled_at)


@EDITION_ACTS.add(
    "edition.link", "Make editions of one family the same issue in several languages", Right.RELEASE, OF_EDITIONS
)
async def _link(doing: Doing, args: EditionIds) -> str:
    return await doing.cases.database.write(edition_issues.link_editions, args.ids)


@EDITION_ACTS.add("edition.unlink", "Make an edition a separate issue", Right.RELEASE, OF_EDITION)
async def _unlink(doing: Doing, args: EditionId) -> None:
    await doing.cases.database.write(edition_issues.unlink_edition, args.id)


@EDITION_ACTS.add(
    "edition.resend",
    "Queue the failed copies of an edition again",
    Right.RELEASE,
    OF_EDITION,
    again=_resend_again,
    http=Http(method="POST", path="editions/{id}/resend"),
)
async def _resend(doing: Doing, args: EditionId) -> ResendAnswer:
    resent = await doing.cases.edition_admin.resend(args.id)
    return ResendAnswer(id=args.id, resent=resent.queued, left_out=resent.left_out, state=resent.state.value)


@EDITION_ACTS.add(
    "queue.retry",
    "Retry waiting email now",
    Right.OPERATE,
    again=_retry_again,
    http=Http(method="POST", path="queue/retry"),
)
async def _retry(doing: Doing, args: QueueRetry) -> Retried:
    domain = None if args.domain is None else args.domain.strip().lower()
    return Retried(retried=await doing.cases.edition_admin.retry(domain))
