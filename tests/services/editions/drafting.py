"""Drafts for tests: the press with those who write and release."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping

from tests.delivery.pressroom import Pressroom

from pressrun.services.editions.authors import Author
from pressrun.services.editions.draft_editing import DraftEditing, DraftOrder, DraftResult, TextChange
from pressrun.services.editions.draft_notices import DraftNotices
from pressrun.services.editions.draft_release import DraftRelease, ReleaseOrder
from pressrun.services.editions.submissions import Submissions
from pressrun.services.editions.workshop import Workshop
from pressrun.store.editions.manuscripts import Text

ANN, BEA = Author(person_id=1), Author(person_id=2)
AT_ONCE = ReleaseOrder()


def workshop_of(press: Pressroom) -> Workshop:
    """What the press builds its editions with."""
    admin = press.edition_admin
    return Workshop(database=press.office.database, builder=admin._builder, sender_check=admin._sender_check)


def editing_of(press: Pressroom) -> DraftEditing:
    """Where drafts are written."""
    numbers = itertools.count(1000)
    return DraftEditing(
        workshop_of(press),
        submissions_of(press),
        clock=press.clock,
        entropy=lambda count: next(numbers).to_bytes(count, "big"),
    )


def submissions_of(press: Pressroom) -> Submissions:
    """Where drafts are said to be ready."""
    return Submissions(DraftNotices(press.office.settings, os.urandom), press.office.wake)


def release_of(press: Pressroom) -> DraftRelease:
    """Where drafts are let go."""
    notices = DraftNotices(press.office.settings, os.urandom)
    submissions = submissions_of(press)
    return DraftRelease(workshop_of(press), submissions, notices, clock=press.clock, wake=press.office.wake)


def text(body: str = "Hello", subject: str = "Boats") -> Text:
    """A text in Markdown."""
    return Text(source=f"---\nsubject: {subject}\n---\n{body}\n".encode(), source_name="a.md")


def to_text(body: str = "Hello", subject: str = "Boats") -> TextChange:
    """The change to that text."""

    async def rewrite(*_: object) -> Text:
        return text(body, subject)

    return TextChange(rewrite)


async def hand_in(
    press: Pressroom, body: str = "Hello", files: Mapping[str, bytes] | None = None, author: Author = ANN
) -> DraftResult:
    """A draft of `news`."""
    return await editing_of(press).hand_in(order_of(text(body), files, author))


def order_of(
    written: Text, files: Mapping[str, bytes] | None = None, author: Author = ANN, *, submit: bool = False
) -> DraftOrder:
    """A text that somebody hands in for `news`."""
    return DraftOrder(list_name="news", text=written, files=files or {}, author=author, submit=submit)
