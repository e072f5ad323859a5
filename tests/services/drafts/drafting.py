"""Drafts for tests: the harness with those who write and release."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from msgspec.structs import replace
from tests.delivery.harness import DeliveryHarness

from pressrun.services.authors import Author
from pressrun.services.drafts.draft_editing import DraftEditing, DraftOrder, DraftResult, TextChange
from pressrun.services.drafts.draft_release import DraftRelease, ReleaseOrder
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.store.editions.manuscripts import Text

ANN, BEA = Author(person_id=1), Author(person_id=2)
AT_ONCE = ReleaseOrder()


def preparer_of(harness: DeliveryHarness) -> EditionPreparer:
    """What the harness builds its editions with."""
    numbers = itertools.count(1000)
    preparer = harness.edition_admin._preparer
    context = replace(preparer.context, clock=harness.clock, entropy=lambda count: next(numbers).to_bytes(count, "big"))
    return replace(preparer, context=context)


def editing_of(harness: DeliveryHarness) -> DraftEditing:
    """Where drafts are written."""
    return DraftEditing(preparer_of(harness), submissions_of(harness))


def submissions_of(harness: DeliveryHarness) -> Submissions:
    """Where drafts are said to be ready."""
    return Submissions(harness.services.context)


def release_of(harness: DeliveryHarness) -> DraftRelease:
    """Where drafts are let go."""
    return DraftRelease(preparer_of(harness), submissions_of(harness))


def text(body: str = "Hello", subject: str = "Boats") -> Text:
    """A text in Markdown."""
    return Text(source=f"---\nsubject: {subject}\n---\n{body}\n".encode(), source_name="a.md")


def to_text(body: str = "Hello", subject: str = "Boats") -> TextChange:
    """The change to that text."""

    async def rewrite(*_: object) -> Text:
        return text(body, subject)

    return TextChange(rewrite)


async def hand_in(
    harness: DeliveryHarness, body: str = "Hello", files: Mapping[str, bytes] | None = None, author: Author = ANN
) -> DraftResult:
    """A draft of `news`."""
    return await editing_of(harness).hand_in(order_of(text(body), files, author))


def order_of(
    written: Text, files: Mapping[str, bytes] | None = None, author: Author = ANN, *, submit: bool = False
) -> DraftOrder:
    """A text that somebody hands in for `news`."""
    return DraftOrder(list_name="news", text=written, files=files or {}, author=author, submit=submit)
