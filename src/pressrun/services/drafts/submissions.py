"""Saying that a draft is ready, or returning it, with the mails about both: to publishers, and to its author.

Nobody gets more of them than `[limits] posts_per_editor`: a program that submits without end must not fill a mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.edition import at_defaults
from pressrun.core.lifecycles.events import EventType
from pressrun.services.authors import person_of
from pressrun.services.context import ServiceContext
from pressrun.services.mails.notices_to_people import mail_person
from pressrun.store import limits
from pressrun.store.editions import manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import StoredManuscript
from pressrun.store.limits import Meter
from pressrun.store.lists import lists
from pressrun.store.people import people
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction


class Submissions:
    """Submits and returns drafts, within the transactions of those who write and release them."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    def submit(self, tx: Transaction, edition: Edition, manuscript: StoredManuscript, author: str) -> None:
        """Store that `author` finds a draft ready as it is, and mail who may send it; once for each version."""
        if manuscript.is_submitted:
            return
        manuscripts.submit(tx, edition.id, author, self._context.now)
        for person_id, address in people.list_publishers(tx, edition.list_id).items():
            if person_id != person_of(author):
                self._queue(tx, "edition_submitted", edition, (person_id, address), {})
        events.record_event(tx, EventType.EDITION_SUBMITTED, list_id=edition.list_id, edition_id=edition.id)
        tx.after_commit(self._context.wake)

    def give_back(
        self, tx: Transaction, edition: Edition, manuscript: StoredManuscript, author: str, words: str
    ) -> None:
        """Return a draft to its authors, and mail the person who submitted it why."""
        manuscripts.give_back(tx, edition.id, author, words, self._context.now)
        person_id = person_of(manuscript.submitted_by or "")
        person = None if person_id is None else people.find_person(tx, person_id)
        if person is not None and person.address is not None:
            self._queue(tx, "edition_returned", edition, (person.id, person.address), {"remarks": words})
        events.record_event(tx, EventType.EDITION_RETURNED, list_id=edition.list_id, edition_id=edition.id)
        tx.after_commit(self._context.wake)

    def _queue(
        self, tx: Transaction, kind: str, edition: Edition, to: tuple[int, str], more: Mapping[str, str]
    ) -> None:
        person_id, text = to
        meter = Meter("posts_per_editor", f"person {person_id}".encode(), self._context.limits.posts_per_editor)
        if not limits.spend(tx, [meter], self._context.now):
            return
        target, address = lists.find_list_by_id(tx, edition.list_id), parse_address(text)
        assert target is not None  # the edition is locked, and goes with its list
        about = {"edition": edition.id, "edition_subject": at_defaults(edition.subject), **more}
        payload = {"about": about, "answers": "web"}
        mail_person(tx, kind, address, payload, self._context, list_id=target.id, language=target.language)
