"""Actions that say what became of an edition: its report, and each of its copies."""

from __future__ import annotations

from functools import partial

from msgspec import structs

from pressrun.acts.act import OF_EDITION, ActList, Doing, Http
from pressrun.acts.arguments import Arguments, EditionId
from pressrun.acts.http import EmailAddress, Page, PageLength
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.runtime.clock import utc_now
from pressrun.services.reports import outcomes
from pressrun.services.reports.edition_reports import ReportInfo
from pressrun.services.reports.outcomes import CopyInfo, CopyQuery


class CopiesOfEdition(Arguments, frozen=True, kw_only=True):
    """Copies with these outcomes, or the one of an address."""

    id: int
    outcome: tuple[DeliveryState, ...] = ()
    address: EmailAddress | None = None
    limit: PageLength = 100
    after: str = ""
    whole: bool = False


class OneCopy(CopyInfo, frozen=True, kw_only=True, rename={"class_": "class"}):
    """A page of one copy, whose members stand beside it: a help desk asks for nothing else."""

    items: tuple[CopyInfo, ...]
    next: None = None


OUTCOME_ACTS = ActList()


@OUTCOME_ACTS.add(
    "edition.report",
    "Show the report on an edition",
    Right.STATS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/report"),
)
async def _report(doing: Doing, args: EditionId) -> ReportInfo:
    sees_readers = partial(doing.may, Right.SEE_READERS)
    return await doing.cases.database.read(outcomes.report_to, args.id, int(utc_now()), sees_readers)


@OUTCOME_ACTS.add(
    "edition.copies",
    "Show the copies of an edition; with `address`, that reader's copy, whose fields are also at the top level",
    Right.STATS,
    OF_EDITION,
    answer=Page[CopyInfo],
    http=Http(method="GET", path="editions/{id}/copies", query=("outcome", "address", "limit", "after")),
)
async def _copies(doing: Doing, args: CopiesOfEdition) -> Page[CopyInfo] | OneCopy:
    cases = doing.cases
    if args.address is not None:
        (list_name,) = await OF_EDITION(cases, args)
        doing.require(Right.SEE_READERS, list_name)  # whether somebody got it says that they are a reader
        copy = await cases.database.read(outcomes.copy_of, args.id, parse_address(args.address))
        return Page(items=[copy]) if args.whole else OneCopy(**structs.asdict(copy), items=(copy,))
    query = CopyQuery(edition_id=args.id, states=args.outcome, after=args.after, limit=args.limit)
    sees_readers = partial(doing.may, Right.SEE_READERS)
    items, following = await cases.database.read(outcomes.page_of_copies, query, sees_readers)
    return Page(items=items, next=following)
