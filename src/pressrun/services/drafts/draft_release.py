"""Releasing drafts: submit, approve, return, send, schedule.

A list can require a second person. Then a draft is released only once it has been approved as it is by somebody who has
changed nothing in it since its last approval. Approving alone sends nothing, and any change ends an approval. Sending
builds and checks the draft again, for the list as it is at that moment.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from pressrun.core.errors import BadInput, ChangedMeanwhile, Refused
from pressrun.core.lifecycles.audience import AudienceBounds
from pressrun.core.lifecycles.events import EventType
from pressrun.services import standing
from pressrun.services.authors import Author
from pressrun.services.drafts import draft_editing
from pressrun.services.drafts.draft_editing import OpenDraft, Seen
from pressrun.services.drafts.second_person import require_second_person
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions import lifecycle, releases
from pressrun.services.editions.build_orders import require_no_errors
from pressrun.services.editions.edition_preparer import BuiltDraft, EditionPreparer
from pressrun.services.editions.edition_storage import ChangedSinceBuild, again_if_changed
from pressrun.store.editions import manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import StoredManuscript
from pressrun.store.programs import events
from pressrun.store.readers import enrolment
from pressrun.store.transaction import Transaction

LONGEST_WORDS = 2000  # what a returned draft says to its authors


class ReleaseOrder(Struct, frozen=True, kw_only=True):
    """When a draft is to go, in UTC seconds or at once, and how many readers it is expected to reach."""

    scheduled_at: int | None = None
    expected: AudienceBounds = AudienceBounds()


class DraftRelease:
    """The use cases of those who let drafts go."""

    def __init__(self, preparer: EditionPreparer, submissions: Submissions) -> None:
        self._preparer = preparer
        self._submissions = submissions
        self._context = preparer.context
        self._database = preparer.context.database

    async def submit(self, edition_id: int, author: Author, seen: Seen = None) -> None:
        """Say that a draft is ready, and mail who may send it.

        Raises NotFound, Refused, and PreflightFailed for one that could not be sent.
        """
        draft, _ = await self._build(edition_id)
        await self._database.write(self._submit, draft, author.key, seen)

    async def approve(self, edition_id: int, author: Author, seen: Seen = None, *, shown: Collection[str] = ()) -> None:
        """Approve a draft as it is, without sending it. Raises NotPermitted for somebody who has written part of it.

        `shown` are the settings of a list that are in every copy, so whoever sets them counts as an author, too.
        """
        draft, built = await self._build(edition_id)
        await self._database.write(self._approve, draft, built, author.key, seen, shown)

    async def give_back(self, edition_id: int, author: Author, words: str) -> None:
        """Return a draft to its authors with some words, and mail who submitted it.

        Raises NotFound, Refused, BadInput.
        """
        if len(words) > LONGEST_WORDS:
            raise BadInput(f"the reason has {len(words)} characters; at most {LONGEST_WORDS} are allowed")
        await self._database.write(self._give_back, edition_id, author.key, words)

    @again_if_changed("the list or the draft was changed at the same moment. Send it again")
    async def release(self, edition_id: int, order: ReleaseOrder, seen: Seen = None) -> Edition:
        """Send a draft, now or at its hour; returns the edition.

        Raises NotFound; Refused where it is no draft, no second person has approved it, or its audience is another;
        BadInput for an hour in the past; PreflightFailed.
        """
        self._database.growth.require()
        edition = await self._database.read(lifecycle.require_edition, edition_id)
        async with self._preparer.turn(edition.list_name):
            draft, built = await self._build(edition_id)
            edition = await self._database.write(_release, draft, built, order, seen, self._context.now)
        self._context.wake()
        await lifecycle.carry_on_if_possible(self._context)
        return edition

    async def reschedule(self, edition_id: int, at: int, expected: AudienceBounds, seen: Seen = None) -> None:
        """Give an edition that has not started another time, if it is what was seen and its audience as expected.

        Raises NotFound, Refused, ChangedMeanwhile, and BadInput for a time in the past.
        """
        await self._database.write(_reschedule, edition_id, at, expected, seen, self._context.now)
        self._context.wake()

    async def _build(self, edition_id: int) -> tuple[OpenDraft, BuiltDraft]:
        """A draft as it would go out now; raises PreflightFailed for one with errors."""
        draft = await self._database.read(draft_editing.open_draft, edition_id)
        built = await self._preparer.prepare_draft(draft.edition.list_name, draft.text, draft.files, own=draft.edition)
        require_no_errors(built.findings)
        return draft, built

    def _submit(self, tx: Transaction, draft: OpenDraft, author: str, seen: Seen) -> None:
        self._submissions.submit(tx, draft.edition, _require_as_read(tx, draft, seen), author)

    def _approve(
        self, tx: Transaction, draft: OpenDraft, built: BuiltDraft, author: str, seen: Seen, shown: Collection[str]
    ) -> None:
        manuscript, edition = _require_as_read(tx, draft, seen), draft.edition
        is_as_approved = manuscript.is_approved and manuscript.approved_digest == built.digest
        if is_as_approved and standing.counts(tx, manuscript, edition.list_name):
            return
        require_second_person(tx, edition, manuscript, author, digest=built.digest, shown=shown)
        manuscripts.approve(tx, edition.id, author, built.digest, self._context.now)
        events.record_event(tx, EventType.EDITION_APPROVED, list_id=edition.list_id, edition_id=edition.id)

    def _give_back(self, tx: Transaction, edition_id: int, author: str, words: str) -> None:
        edition = lifecycle.require_edition(tx, edition_id)
        self._submissions.give_back(tx, edition, draft_editing.require_draft(tx, edition), author, words)


def require_to_come(at: int, now: int) -> None:
    """Raise BadInput for a time in the past."""
    if at < now:
        raise BadInput("that time is in the past. Leave it out to send at once")


def _require_as_read(tx: Transaction, draft: OpenDraft, seen: Seen) -> StoredManuscript:
    """The stored draft, if it is still as it was read; raises Refused, ChangedMeanwhile."""
    manuscript = draft_editing.require_draft(tx, lifecycle.require_edition(tx, draft.edition.id))
    draft_editing.require_current(manuscript, seen)
    if manuscript.number != draft.manuscript.number:
        raise Refused("the draft was changed at the same moment. Look at it again")
    return manuscript


def _reschedule(tx: Transaction, edition_id: int, at: int, expected: AudienceBounds, seen: Seen, now: int) -> None:
    edition = lifecycle.reschedule(tx, edition_id, at, now)
    if seen is not None:
        manuscript = manuscripts.find_manuscript(tx, edition_id)
        if manuscript is None:
            raise ChangedMeanwhile(f"edition {edition_id} was never a draft, so it has no ETag. Leave If-Match out")
        draft_editing.require_current(manuscript, seen)
    expected.require(enrolment.count_audience(tx, edition.list_id))


def _release(
    tx: Transaction, draft: OpenDraft, built: BuiltDraft, order: ReleaseOrder, seen: Seen, now: int
) -> Edition:
    edition = lifecycle.require_edition(tx, draft.edition.id)
    manuscript = draft_editing.require_draft(tx, edition)
    draft_editing.require_current(manuscript, seen)
    if manuscript.number != draft.manuscript.number:
        raise ChangedSinceBuild("the draft has changed")
    if order.scheduled_at is not None:
        require_to_come(order.scheduled_at, now)
    releases.require_releasable(tx, edition)
    draft_editing.require_same_draft(tx, built.prepared, edition)
    if built.prepared.context.list.needs_second_person and manuscript.approved_digest != built.digest:
        raise Refused(
            f"the settings of {edition.list_name} have changed since edition {edition.id} was approved, and with them "
            "what would go out. Somebody else has to approve it again"
        )
    order.expected.require(enrolment.count_audience(tx, edition.list_id))
    draft_editing.rewrite(tx, edition, built.prepared)
    if order.scheduled_at is None:
        return releases.release(tx, edition.id, now)
    return releases.schedule(tx, edition.id, order.scheduled_at)
