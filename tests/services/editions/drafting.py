"""Drafts for tests: the press with those who write and release."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping

from tests.delivery.pressroom import Pressroom

from pressrun.services.editions.authors import Author
from pressrun.services.editions.draft_editing import DraftEditing, DraftResult, TextChange
from pressrun.services.editions.draft_notices import DraftNotices
from pressrun.services.editions.draft_release import DraftRelease, ReleaseOrder
from pressrun.services.editions.workshop import Workshop
from pressrun.store.manuscripts import Text

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
        workshop_of(press), clock=press.clock, entropy=lambda count: next(numbers).to_bytes(count, "big")
    )


def release_of(press: Pressroom) -> DraftRelease:
    """Where drafts are let go."""
    notices = DraftNotices(press.office.settings, os.urandom)
    return DraftRelease(workshop_of(press), notices, clock=press.clock, wake=press.office.wake)


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
    return await editing_of(press).hand_in("news", text(body), files or {}, author)
