"""Random lives of a subscription: whatever readers, operators and time do in whatever order, nobody is a member who was
not added or did not prove it since they left or were erased, and the chain of evidence is whole.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests import engines
from tests.database import select
from tests.services.harness import ServiceHarness, open_services
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound, Refused
from pressrun.core.quantities import Rate
from pressrun.services.evidence import verify
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction

ADA = parse_address("ada@reader.example")
WEB = Origin(source="web", ip="192.0.2.7")
OFTEN = Rate(1000, 3600.0)
PLENTY = LimitSettings(
    sign_ups_per_ip=OFTEN,
    confirmations_per_address=OFTEN,
    confirmations=OFTEN,
    unsubscribe_notes_per_address=OFTEN,
)


class SubscriptionLife(RuleBasedStateMachine):
    """One person and one list, through two processes in turn. `member` and `kept_out` say what must be so."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.member = False
        self.kept_out = False
        self.void: set[int] = set()  # confirmations from before a leaving or an erasure

    @initialize()
    def open(self) -> None:
        self.run(self._open())

    async def _open(self) -> None:
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.offices = [await self.stack.enter_async_context(open_services(self.folder)) for _ in range(2)]
        for services in self.offices:
            change(services.context.settings, limits=PLENTY)
        await self.services.make_list()

    @property
    def services(self) -> ServiceHarness:
        """The next process: each call is by another one than the call before."""
        self.offices.reverse()
        return self.offices[0]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        engines.release(self.folder)

    def ids(self, table: str) -> list[int]:
        rows = self.run(select(self.services.database, f"select id from {table} order by id"))
        return [number for (number,) in rows]

    def standing(self) -> Subscription | None:
        def look(tx: Transaction) -> Subscription | None:
            person = subscribers.find_subscriber(tx, ADA)
            return None if person is None else subscriptions.find_subscription(tx, list_id=1, subscriber_id=person.id)

        subscription: Subscription | None = self.run(self.services.database.read(look))
        return subscription

    # ------------------------------------------------------------------ what may happen

    @rule()
    def sign_up(self) -> None:
        self.run(self.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None))

    @rule(which=st.integers(0, 3))
    def confirm(self, which: int) -> None:
        """Any link that was ever mailed."""
        numbers = self.ids("confirmation")
        if not numbers:
            return
        number = numbers[-1 - which % len(numbers)]
        outcome, _ = self.run(self.services.confirmations.confirm(number, WEB))
        if outcome is Confirmed.CONFIRMED:
            assert number not in self.void
            self.member, self.kept_out = True, False

    @rule()
    def leave(self) -> None:
        standing = self.standing()
        if standing is not None:
            self.run(self.services.unsubscribes.unsubscribe(standing.id, WEB))
            self.void |= set(self.ids("confirmation"))
            self.member = False

    @rule()
    def undo(self) -> None:
        numbers = self.ids("unsubscribe")
        if numbers:
            outcome, _ = self.run(UndoUnsubscribe(self.services.context).undo(numbers[-1], WEB))
            self.member |= outcome is UndoOutcome.RESTORED

    @rule(pauses=st.booleans())
    def pause_or_resume(self, pauses: bool) -> None:
        standing = self.standing()
        if standing is not None:
            link = PreferenceLink(subscriber_id=standing.subscriber_id, epoch=0)
            preferences = Preferences(self.services.context)
            self.run(preferences.pause(link, 3, WEB) if pauses else preferences.resume(link, WEB))

    @rule()
    def add(self) -> None:
        was_out = self.kept_out or self.has_left()
        try:
            self.run(self.services.subscribers.add("news", ADA))
        except Refused:
            return
        assert not was_out
        self.member = True

    @rule()
    def take_in_a_file(self) -> None:
        was_out = self.kept_out or self.has_left()
        answer = self.run(
            self.services.subscribers.import_batch("news", [ImportRow(line=2, email=ADA.typed, attributes={})])
        )
        if answer["added"] or answer["updated"]:
            assert not was_out
            self.member = True

    def has_left(self) -> bool:
        standing = self.standing()
        return standing is not None and "unsubscribed" in (standing.state, standing.state_before)

    @rule()
    def erase(self) -> None:
        try:
            self.run(self.services.subscribers.erase(ADA))
        except NotFound:
            return
        self.member, self.kept_out = False, True

    @rule(days=st.sampled_from([0.2, 2, 8]))
    def time_passes(self, days: float) -> None:
        for services in self.offices:
            services.now += days * 86400
        now = int(self.services.now)
        self.run(self.services.database.write(forget_unconfirmed, os.urandom, now))
        self.run(self.services.database.write(subscriptions.end_pauses, now))

    # ------------------------------------------------------------------ what must always be so

    @invariant()
    def only_members_are_members(self) -> None:
        if not hasattr(self, "offices"):
            return
        standing = self.standing()
        is_member = standing is not None and standing.state in ("active", "suspended")
        assert self.member == is_member
        assert standing is None or (standing.state == "suspended") == (standing.suspended_for == "paused")

    @invariant()
    def the_evidence_is_whole(self) -> None:
        if hasattr(self, "offices"):
            assert [] == self.run(self.services.database.read(verify, [])).problems


@pytest.mark.slow_on_postgresql
@pytest.mark.timeout(600)
def test_a_subscription_lives_as_the_model_does(tmp_path: Path) -> None:
    run_state_machine_as_test(
        SubscriptionLife, settings=settings(max_examples=20, stateful_step_count=30, deadline=None)
    )
