"""The mails about drafts: to publishers when one is submitted, and to its author when it is returned.

Nobody gets more of them than `[limits] posts_per_editor`: a program that submits without end must fill no mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping

from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Current
from pressrun.core.lifecycles.edition import at_defaults
from pressrun.services.editions.authors import person_of
from pressrun.services.ports import Entropy
from pressrun.services.settings import ServiceSettings
from pressrun.store import limits
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.people import people
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers.subscribers import language_of
from pressrun.store.transaction import Transaction


class DraftNotices:
    """Queues mails about drafts."""

    def __init__(self, settings: Current[ServiceSettings], entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy

    def mail_publishers(self, tx: Transaction, edition: Edition, author: str, now: int) -> None:
        """Mail everybody who may send a draft that it is ready, but not its author."""
        for person_id, address in people.list_publishers(tx, edition.list_id).items():
            if person_id != person_of(author):
                self._queue(tx, "edition_submitted", edition, (person_id, address), {}, now)

    def mail_submitter(self, tx: Transaction, edition: Edition, author: str | None, words: str, now: int) -> None:
        """Mail the person who submitted a draft that it was returned, and why."""
        person_id = person_of(author or "")
        person = None if person_id is None else people.find_person(tx, person_id)
        if person is not None and person.address is not None:
            self._queue(tx, "edition_returned", edition, (person.id, person.address), {"remarks": words}, now)

    def _queue(
        self, tx: Transaction, kind: str, edition: Edition, to: tuple[int, str], more: Mapping[str, str], now: int
    ) -> None:
        person_id, text = to
        rate = self._settings.value.limits.posts_per_editor
        if not limits.spend(tx, "posts_per_editor", f"person {person_id}".encode(), rate, now):
            return
        target, address = lists.find_list_by_id(tx, edition.list_id), parse_address(text)
        assert target is not None  # an edition goes with its list
        about = {"edition": edition.id, "edition_subject": at_defaults(edition.subject), **more}
        notice = NewNotice(
            kind=kind,
            address=address,
            message_secret=self._entropy(16),
            list_id=edition.list_id,
            language=language_of(tx, address, target.language),
            payload={"about": about, "answers": "web"},
        )
        notices.insert_notice(tx, notice, now)
