"""Actions that look at drafts and let them go: check, preview, test, submit, approve, return, send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pressrun.acts.act import OF_EDITION, ActList, Doing, Http
from pressrun.acts.arguments import EditionId
from pressrun.acts.editions.draft_arguments import (
    DraftReturn,
    DraftSchedule,
    DraftSend,
    DraftTest,
    DraftView,
    KnownDraft,
)
from pressrun.acts.editions.drafts import IF_MATCH, author_of, plain_findings
from pressrun.acts.editions.edition_answers import FindingsAnswer, PreviewAnswer, TestAnswer
from pressrun.acts.editions.editions import each_once, list_name_of, show_again, show_edition
from pressrun.acts.http import faults_of
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, NotPermitted
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.timestamps import seconds_of
from pressrun.runtime.clock import utc_now
from pressrun.services.drafts.draft_proofs import team_of
from pressrun.services.drafts.draft_release import ReleaseOrder, require_to_come
from pressrun.services.lists.list_settings import LIST_SETTINGS
from pressrun.services.reports.edition_descriptions import FullEditionAnswer
from pressrun.store.programs.idempotency import KeptOutcome

_IN_EVERY_COPY = frozenset(name for name, setting in LIST_SETTINGS.items() if setting.is_built_in)


def _faults_of_time(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return faults_of(values, at=lambda at: require_to_come(_seconds_of(at), int(utc_now())))


def _seconds_of(at: datetime) -> int:
    try:
        return seconds_of(at)
    except OverflowError:
        raise BadInput("that time is too far in the future") from None


async def _tested_again(_: Doing, args: DraftTest, __: KeptOutcome) -> TestAnswer:
    return TestAnswer(test=[address.typed for address in each_once(args.addresses).values()])


async def _release(doing: Doing, args: DraftSend | DraftSchedule) -> None:
    at = None if args.at is None else _seconds_of(args.at)
    order = ReleaseOrder(scheduled_at=at, expected=args.expect_audience)
    await doing.cases.draft_release.release(args.id, order, args.revision)


DRAFT_RELEASE_ACTS = ActList()


@DRAFT_RELEASE_ACTS.add(
    "edition.findings",
    "Check a draft as it would go out now",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/findings"),
)
async def _check(doing: Doing, args: EditionId) -> FindingsAnswer:
    built = await doing.cases.draft_editing.check(args.id)
    return FindingsAnswer(findings=plain_findings(built.findings))


@DRAFT_RELEASE_ACTS.add(
    "edition.preview",
    "Show a draft as a reader would get it",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/preview", query=("as_",)),
)
async def _preview(doing: Doing, args: DraftView) -> PreviewAnswer:
    reader = None
    if args.as_ is not None:
        doing.require(Right.SEE_READERS, await list_name_of(doing, args.id))
        reader = parse_address(args.as_)
    preview = await doing.cases.draft_proofs.preview(args.id, reader)
    copy, shown = preview.copy, preview.shown
    return PreviewAnswer(findings=plain_findings(copy.findings), subject=copy.subject, text=shown.text, html=shown.html)


@DRAFT_RELEASE_ACTS.add(
    "edition.proof",
    "Send test copies of a draft",
    Right.DRAFTS,
    OF_EDITION,
    again=_tested_again,
    grows=True,
    http=Http(method="POST", path="editions/{id}/test"),
)
async def _send_test(doing: Doing, args: DraftTest) -> TestAnswer:
    by_key = each_once(args.addresses)
    name = await list_name_of(doing, args.id)
    if not doing.may(Right.RELEASE, name):
        team = await doing.cases.database.read(team_of, name)
        strangers = [by_key[key].typed for key in by_key.keys() - team]
        if strangers:  # who may not send to readers may not send to everybody else either
            raise NotPermitted(
                f"test copies go to the people of {name} only, until you may send its editions: not to "
                f"{', '.join(sorted(strangers))}"
            )
    await doing.cases.draft_proofs.send_test(args.id, list(by_key.values()))
    return TestAnswer(test=[address.typed for address in by_key.values()])


@DRAFT_RELEASE_ACTS.add(
    "edition.submit",
    "Submit a draft for release",
    Right.DRAFTS,
    OF_EDITION,
    again=show_again,
    http=Http(method="POST", path="editions/{id}/submit", headers=IF_MATCH, etag="revision"),
)
async def _submit(doing: Doing, args: KnownDraft) -> FullEditionAnswer:
    await doing.cases.draft_release.submit(args.id, await author_of(doing), args.revision)
    return await show_edition(doing, args.id)


@DRAFT_RELEASE_ACTS.add(
    "edition.approve",
    "Approve a draft of somebody else as it is; nothing is sent",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    http=Http(method="POST", path="editions/{id}/approve", headers=IF_MATCH, etag="revision"),
)
async def _approve(doing: Doing, args: KnownDraft) -> FullEditionAnswer:
    await doing.cases.draft_release.approve(args.id, await author_of(doing), args.revision, shown=_IN_EVERY_COPY)
    return await show_edition(doing, args.id)


@DRAFT_RELEASE_ACTS.add(
    "edition.return",
    "Return a draft to its authors, and withdraw an approval",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    http=Http(method="POST", path="editions/{id}/return", etag="revision"),
)
async def _give_back(doing: Doing, args: DraftReturn) -> FullEditionAnswer:
    await doing.cases.draft_release.give_back(args.id, await author_of(doing), args.words)
    return await show_edition(doing, args.id)


@DRAFT_RELEASE_ACTS.add(
    "edition.release",
    "Send a draft to everyone on its list",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    asks=True,
    grows=True,
    http=Http(method="POST", path="editions/{id}/send", headers=IF_MATCH, check=_faults_of_time),
)
async def _send(doing: Doing, args: DraftSend) -> FullEditionAnswer:
    await _release(doing, args)
    return await show_edition(doing, args.id)


@DRAFT_RELEASE_ACTS.add(
    "edition.schedule",
    "Schedule a draft, or reschedule an edition that has not started",
    Right.RELEASE,
    OF_EDITION,
    again=show_again,
    grows=True,
    http=Http(method="POST", path="editions/{id}/schedule", headers=IF_MATCH, check=_faults_of_time),
)
async def _schedule(doing: Doing, args: DraftSchedule) -> FullEditionAnswer:
    if (await show_edition(doing, args.id)).state == EditionState.DRAFT:
        await _release(doing, args)
    else:
        await doing.cases.draft_release.reschedule(args.id, _seconds_of(args.at), args.expect_audience, args.revision)
    return await show_edition(doing, args.id)
