"""The one way out of the state draft: by a link, by the mail of a proven editor, by shell, page or program."""

from __future__ import annotations

from msgspec.structs import replace

from pressrun.core.lifecycles.edition import EditionEvent
from pressrun.services.editions.draft_status import require_releasable
from pressrun.services.editions.lifecycle import after_event, require_edition, start
from pressrun.store.editions import editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction


def release(tx: Transaction, edition_id: int, now: int) -> Edition:
    """Let a draft go. Raises NotFound, Refused."""
    return start(tx, schedule(tx, edition_id, None), now)


def schedule(tx: Transaction, edition_id: int, at: int | None) -> Edition:
    """Let a draft go at an hour to come. Raises NotFound, Refused."""
    edition = require_edition(tx, edition_id)
    released = replace(after_event(edition, EditionEvent.RELEASE), scheduled_at=at)
    require_release(tx, edition)
    editions.record_edition(tx, edition, released)
    manuscripts.end(tx, edition_id)
    return released


def require_release(tx: Transaction, edition: Edition) -> None:
    """Raise Refused with the reason unless a draft may be released now."""
    target = lists.find_list_by_id(tx, edition.list_id)
    assert target is not None  # an edition goes with its list
    require_releasable(tx, edition, target)
