"""Editions that tests store without building them, and what makes those that are due go on."""

from __future__ import annotations

from typing import Any

from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.editions.advance import AdvanceRequest
from pressrun.store.editions.editions import NewEdition


def new_edition(list_id: int, slug: str, title: str = "An edition", **changes: Any) -> NewEdition:
    """An edition that was sent, with the digest of no other and, but for `changes`, nothing in it."""
    values: dict[str, Any] = {
        "state": EditionState.FINISHED,
        "subject": title,
        "title": title,
        "preheader": "",
        "language": "en",
        "source_name": "e.md",
        "source": b"",
        "source_digest": slug.encode(),
        "message_secret": b"s" * 16,
        "skeleton": b"",
        "text": "",
        "html": None,
        "assets": (),
        "canary_percent": None,
        "dated_at": None,
        "scheduled_at": None,
    }
    return NewEdition(list_id=list_id, slug=slug, **values | changes)


def due_at(now: int, *, late_grace_seconds: float = 900.0, careful: bool = False) -> AdvanceRequest:
    """What the dispatcher asks for by itself, with one relay that works."""
    return AdvanceRequest(
        now=now,
        idle=(),
        relays=("primary",),
        late_grace_seconds=late_grace_seconds,
        careful=careful,
        on_paused=lambda *_: None,
    )
