"""Brakes: an edition that fares worse than the operator allows pauses by itself, once, and its editor hears why.

Judged are the share of copies refused for good and the share of readers who complained, from so many outcomes on that
a share means something; and messages that the relay finds too large or malformed, which would fail for every reader.
Bounces that come later by mail count like those at hand-over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pressrun.core.address import parse_address
from pressrun.core.bounces import BounceClass
from pressrun.core.delivery import DeliveryState
from pressrun.core.edition import EditionEvent, EditionState, move
from pressrun.core.site import Site
from pressrun.services.ports import Entropy
from pressrun.services.returns.alerting import without_addresses
from pressrun.services.settings import DeliverySettings
from pressrun.store import deliveries, editions, lists, notices
from pressrun.store.deliveries import Settlement
from pressrun.store.editions import Edition
from pressrun.store.notices import NewNotice
from pressrun.store.transaction import Transaction

OUTCOMES_AT_LEAST = 100  # below, one reader is too large a share
MESSAGES_IN_A_ROW = 3  # refused as such, with no copy taken in between
EVERY_SECONDS = 1.0  # counting the outcomes of a large edition is not free


class Braking:
    """Looks at editions after bad news about them."""

    def __init__(self, *, site: Site, settings: DeliverySettings, entropy: Entropy) -> None:
        self._site = site
        self.settings = settings
        self._entropy = entropy
        self._messages: dict[int, int] = {}  # refused in a row, by edition
        self._checked_at: dict[int, int] = {}

    def after_settling(self, tx: Transaction, settlements: Sequence[Settlement], now: int) -> list[Edition]:
        """Judge the editions of copies that were just refused; returns those that pause now."""
        failing: set[int] = set()
        for one in settlements:
            if one.edition_id is None:
                continue
            if one.state is DeliveryState.DELIVERED:
                self._messages.pop(one.edition_id, None)
            elif one.bounce is BounceClass.MESSAGE:
                self._messages[one.edition_id] = self._messages.get(one.edition_id, 0) + 1
            if one.bounce is not None:
                failing.add(one.edition_id)
        return self.check(tx, failing, now)

    def check(self, tx: Transaction, edition_ids: Iterable[int], now: int) -> list[Edition]:
        """Judge these editions; returns those that pause now."""
        found = [self._check(tx, number, now) for number in sorted(edition_ids)]
        return [edition for edition in found if edition is not None]

    def _check(self, tx: Transaction, edition_id: int, now: int) -> Edition | None:
        is_malformed = self._messages.get(edition_id, 0) >= MESSAGES_IN_A_ROW
        checked_at = self._checked_at.get(edition_id)
        if not is_malformed and checked_at is not None and 0 <= now - checked_at < EVERY_SECONDS:
            return None
        edition = editions.get_edition(tx, edition_id)
        if edition is None or edition.state is not EditionState.SENDING or edition.braked_at is not None:
            self._forget(edition_id)
            return None
        self._checked_at[edition_id] = now
        reason = self._complaint_about_message(tx, edition) if is_malformed else self._reason(tx, edition)
        return None if reason is None else self._pause(tx, edition, reason, now)

    def _complaint_about_message(self, tx: Transaction, edition: Edition) -> str:
        words = deliveries.last_refusal(tx, edition.id, "message") or "no words were given"
        return f"the relay refuses the message itself, whoever it is for: {without_addresses(words)}"

    def _reason(self, tx: Transaction, edition: Edition) -> str | None:
        counts = deliveries.count_copies(tx, edition.id)
        outcomes = counts[DeliveryState.DELIVERED] + counts[DeliveryState.FAILED]
        if outcomes < OUTCOMES_AT_LEAST:
            return None
        settings = self.settings
        refused = deliveries.count_refused(tx, edition.id)
        if settings.pause_at_hard < 1 and refused > settings.pause_at_hard * outcomes:
            return (
                f"{refused} of {outcomes} copies were refused, more than pause_at_hard = {settings.pause_at_hard:.2%}"
            )
        if settings.pause_at_complaints < 1 and edition.complaints > settings.pause_at_complaints * outcomes:
            return (
                f"{edition.complaints} of {outcomes} readers complained, more than pause_at_complaints = "
                f"{settings.pause_at_complaints:.2%}"
            )
        return None

    def _pause(self, tx: Transaction, edition: Edition, reason: str, now: int) -> Edition:
        state = move(edition.state, EditionEvent.PAUSE)
        assert state is not None  # it is being sent
        paused = replace(edition, state=state, pause_reason=reason, braked_at=now)
        editions.record_edition(tx, paused)
        editions.note_brake(tx, edition.id, now)
        self._forget(edition.id)
        target = lists.get_list(tx, edition.list_id)
        person = (target.owner if target is not None else None) or self._site.operator
        if person is not None:
            notices.insert_notice(
                tx,
                NewNotice(
                    kind="edition_braked",
                    address=parse_address(person),
                    message_secret=self._entropy(16),
                    list_id=edition.list_id,
                    language="en",
                    payload={"edition": edition.id, "edition_subject": edition.title, "reason": reason},
                ),
                now,
            )
        return paused

    def _forget(self, edition_id: int) -> None:
        self._messages.pop(edition_id, None)
        self._checked_at.pop(edition_id, None)
