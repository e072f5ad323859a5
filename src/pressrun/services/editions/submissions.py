"""Saying that a draft is ready: it waits for somebody who may send it, and they get a mail."""

from __future__ import annotations

from pressrun.core.lifecycles.events import EventType
from pressrun.services.editions.draft_notices import DraftNotices
from pressrun.services.ports import Waker
from pressrun.store.editions import manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import StoredManuscript
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction


class Submissions:
    """Submits drafts, within the transactions of those who write and release them."""

    def __init__(self, notices: DraftNotices, wake: Waker) -> None:
        self._notices = notices
        self._wake = wake

    def submit(self, tx: Transaction, edition: Edition, manuscript: StoredManuscript, author: str, now: int) -> None:
        """Store that `author` finds a draft ready as it is, and mail who may send it; once for each version."""
        if manuscript.is_submitted:
            return
        manuscripts.submit(tx, edition.id, author, now)
        self._notices.mail_publishers(tx, edition, author, now)
        events.record_event(tx, EventType.EDITION_SUBMITTED, list_id=edition.list_id, edition_id=edition.id)
        tx.after_commit(self._wake)
