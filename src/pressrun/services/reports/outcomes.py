"""What became of an edition and of its copies, as programs ask for it.

`sees_readers` says whether the program may see the readers of a list. If not, it sees neither addresses nor the words
of remote servers, which may name them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.timestamps import rfc3339
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.reports.edition_reports import CopyInReport, ReportInfo, report_edition
from pressrun.store.paging import place_after, read_cursor
from pressrun.store.queue import copy_pages
from pressrun.store.queue.copy_pages import CopyCursor, ListedCopy
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction


class CopyQuery(Struct, frozen=True, kw_only=True):
    """Which copies of an edition: those in these states (none: in all), and after a cursor ("": from the first on)."""

    edition_id: int
    states: tuple[DeliveryState, ...] = ()
    after: str = ""
    limit: int


class CopyInfo(Struct, frozen=True, kw_only=True, rename={"class_": "class"}):
    """One copy: its state since `at`, and the latest reply about it. Times are RFC 3339.

    `kind` is that of a failure: hard, soft, policy, message or expired; `class` that of a bounce. Callers who may not
    see readers get neither `email` nor `text`, the remote server's words.
    """

    email: str | None
    state: str
    code: int | None
    enhanced: str | None
    text: str | None
    kind: str | None
    class_: str | None
    domain: str
    attempts: int
    at: str | None
    next_attempt_at: str | None


def report_to(tx: Transaction, edition_id: int, now: int, sees_readers: Callable[[str], bool]) -> ReportInfo:
    """The report on an edition; raises NotFound."""
    report = report_edition(tx, edition_id, now).edition
    if sees_readers(report.list):
        return report
    return replace(report, failures=_without_readers(report.failures), waiting=_without_readers(report.waiting))


def _without_readers(copies: Sequence[CopyInReport]) -> list[CopyInReport]:
    return [replace(copy, address=None, text=None) for copy in copies]


def page_of_copies(
    tx: Transaction, query: CopyQuery, sees_readers: Callable[[str], bool]
) -> tuple[list[CopyInfo], str | None]:
    """Copies of an edition, and where the next page begins; raises NotFound."""
    edition = require_edition(tx, query.edition_id)
    states = query.states or tuple(DeliveryState)
    cursor = read_cursor(query.after, partial(_read_place, states), CopyCursor(state=states[0]))
    sees, copies = sees_readers(edition.list_name), list[ListedCopy]()
    for state in states[states.index(cursor.state) :]:
        start = cursor if state is cursor.state else CopyCursor(state=state)
        copies += copy_pages.page_of_copies(tx, query.edition_id, start, limit=query.limit - len(copies))
        if len(copies) == query.limit:
            break
    items = [_plain(copy, sees=sees) for copy in copies]
    return items, place_after(
        copies, query.limit, lambda copy: f"{copy.state} {copy.due_at} {copy.id} {copy.destination}"
    )


def _read_place(states: Sequence[DeliveryState], cursor: str) -> CopyCursor:
    state, due_at, number, destination = cursor.split(" ", 3)
    known = states[states.index(DeliveryState(state))]
    return CopyCursor(state=known, destination=destination, due_at=int(due_at), id=int(number))


def copy_of(tx: Transaction, edition_id: int, address: Address) -> CopyInfo:
    """The copy of one reader, for programs that may see readers; raises NotFound if there is none."""
    require_edition(tx, edition_id)
    person = subscribers.find_subscriber(tx, address)
    copy = None if person is None else copy_pages.find_copy_of(tx, edition_id=edition_id, subscriber_id=person.id)
    if copy is None:
        raise NotFound(f"edition {edition_id} has no copy for {address}")
    return _plain(copy, sees=True)


def _plain(copy: ListedCopy, *, sees: bool) -> CopyInfo:
    return CopyInfo(
        email=copy.address if sees else None,
        state=copy.state,
        code=copy.code,
        enhanced=copy.enhanced,
        text=copy.reply if sees else None,
        kind=copy.kind,
        class_=copy.bounce,
        domain=copy.domain,
        attempts=copy.attempts,
        at=rfc3339(copy.recorded_at if copy.recorded_at is not None else copy.first_attempt_at),
        next_attempt_at=rfc3339(copy.due_at) if copy.state == DeliveryState.DEFERRED else None,
    )
