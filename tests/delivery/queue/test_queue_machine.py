"""Random lives of the queue: whatever happens in whatever order, the six counts add up to the audience, and nobody gets
a copy again whose relay had said that it was taken.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests import engines
from tests.delivery.harness import GONE, LATER, LOST, TAKEN, UNSENT, DeliveryHarness, admin_of, identity, open_delivery
from tests.services.harness import open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.services.readers.requests import Origin
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue.copy_counts import count_begun, count_copies, find_difference

READERS = 6
ANSWERS = {"taken": TAKEN, "later": LATER, "gone": GONE, "lost": LOST, "unsent": UNSENT}
# What one transaction may do to a copy; leaving and giving back may come together.
ALLOWED = {
    ("queued", "claimed"),
    ("queued", "cancelled"),
    ("claimed", "queued"),
    ("claimed", "delivered"),
    ("claimed", "deferred"),
    ("claimed", "failed"),
    ("claimed", "cancelled"),
    ("deferred", "claimed"),
    ("deferred", "cancelled"),
    ("failed", "queued"),
}
# A turn records and claims again: two of them at once.
TWICE = {(a, d) for a, b in ALLOWED for c, d in ALLOWED if b == c}


class QueueLife(RuleBasedStateMachine):
    """One edition to a few readers, and a process that may die at any moment. People act through another process."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.hands: list[Outgoing] = []
        self.recorded: Counter[int] = Counter()
        self.answered: list[int] = []
        self.gone: set[str] = set()
        self.names: dict[int, tuple[str, str]] = {}
        self.before: dict[int, str] = {}

    @initialize(canary=st.sampled_from([None, None, 50.0]))
    def open(self, canary: float | None) -> None:
        self.run(self._open(canary))

    async def _open(self, canary: float | None) -> None:
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.harness: DeliveryHarness = await self.stack.enter_async_context(open_delivery(self.folder))
        self.desk = await self.stack.enter_async_context(open_services(self.folder))
        self.edition_admin = admin_of(self.desk, self.harness.edition_admin)
        await self.harness.readers(READERS)
        self.edition = await self.harness.edition(canary_percent=canary)

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.loop.run(work)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        engines.release(self.folder)

    # ------------------------------------------------------------------ what may happen

    @rule()
    def run_cycle(self) -> None:
        self.run(self.harness.run_cycle())
        self.recorded.update(self.answered)
        self.answered.clear()

    @rule(count=st.integers(1, READERS))
    def run_cycle_and_hand_out(self, count: int) -> None:
        self.run_cycle()
        self.hand_out(count)

    @rule(answer=st.sampled_from(sorted(ANSWERS)))
    def answer_all_and_run_cycle(self, answer: str) -> None:
        for _ in range(len(self.hands)):
            self.answer(answer, 0)
        self.run_cycle()

    @rule(count=st.integers(1, READERS))
    def hand_out(self, count: int) -> None:
        async def hand_out_some() -> None:
            for _ in range(count):
                outgoing = self.harness.next_outgoing()
                if outgoing is None:
                    break
                self._look_at(outgoing)
                self.hands.append(outgoing)

        self.run(hand_out_some())

    def _look_at(self, outgoing: Outgoing) -> None:
        number = outgoing.delivery_id
        assert 0 == self.recorded[number], "a delivered copy was handed out again"
        assert number not in [other.delivery_id for other in self.hands], "a copy was handed out twice at once"
        message_id, _ = self.names.setdefault(number, identity(outgoing))
        assert message_id == identity(outgoing)[0]

    @rule(answer=st.sampled_from(sorted(ANSWERS)), place=st.integers(0, READERS - 1))
    def answer(self, answer: str, place: int) -> None:
        # No precondition: who is in the sample of a canary is random, and hypothesis must not notice.
        async def settle() -> None:
            if not self.hands:
                return
            outgoing = self.hands.pop(place % len(self.hands))
            self.harness.answer(outgoing, ANSWERS[answer])
            if answer == "taken":
                self.answered.append(outgoing.delivery_id)

        self.run(settle())

    @rule(number=st.integers(0, READERS - 1), way=st.sampled_from(["leave", "erase", "suppress"]))
    def go(self, number: int, way: str) -> None:
        text = f"r{number}@reader.example"
        if text in self.gone:
            return
        self.gone.add(text)
        address = parse_address(text)
        services = self.desk
        ways: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "leave": lambda: self.leave(text),
            "erase": lambda: services.subscribers.erase(address),
            "suppress": lambda: services.suppressions.add(address, "hard-bounce"),
        }
        self.run(ways[way]())

    async def leave(self, address: str) -> None:
        await self.desk.unsubscribes.unsubscribe(await self.harness.subscription(address), Origin(source="web"))

    @rule(
        number=st.integers(0, READERS - 1),
        way=st.sampled_from(["leave", "erase", "suppress"]),
        answer=st.sampled_from(["later", "lost", "unsent", "taken"]),
    )
    def go_while_it_is_under_way(self, number: int, way: str, answer: str) -> None:
        self.run_cycle_and_hand_out(READERS)
        self.go(number, way)
        self.answer_all_and_run_cycle(answer)

    @rule(answer=st.sampled_from(sorted(ANSWERS)), again=st.booleans())
    def finish_and_send_again(self, answer: str, again: bool) -> None:
        self.run_cycle_and_hand_out(READERS)
        self.answer(answer, 0)
        self.answer_all_and_run_cycle("gone" if again else "taken")
        self.press_button("resend")

    @rule(really=st.integers(0, 9))
    def cancel(self, really: int) -> None:
        if really == 0:
            self.press_button("cancel")

    @rule(button=st.sampled_from(["pause", "resume", "resume", "resend"]))
    def press_button(self, button: str) -> None:
        async def press_it() -> None:
            try:
                await getattr(self.edition_admin, button)(self.edition)
            except Refused:
                return

        self.run(press_it())

    @rule(seconds=st.sampled_from([0.3, 6, 400, 5000, -3600, 6 * 86400]))
    def pass_time(self, seconds: float) -> None:
        self.harness.pass_time(seconds)
        self.desk.now = self.harness.services.now

    @rule()
    def die(self) -> None:
        """A kill: what was answered and not recorded is forgotten, what was in hands may have gone out."""
        self.hands.clear()
        self.answered.clear()
        self.run(self.harness.start())

    @rule()
    def drain_and_start(self) -> None:
        async def end() -> None:
            for outgoing in self.hands:
                self.harness.answer(outgoing, LOST)
            await self.harness.dispatcher.drain(0)
            await self.harness.run_cycle()

        self.run(end())
        self.recorded.update(self.answered)
        self.answered.clear()
        self.hands.clear()
        assert 0 == self.counts()["claimed"]
        self.run(self.harness.start())

    # ------------------------------------------------------------------ what is always true

    def counts(self) -> dict[str, int]:
        return self.loop.run(self.harness.services.database.read(count_copies, self.edition))

    @invariant()
    def the_counts_add_up(self) -> None:
        assert READERS == sum(self.counts().values())

    @invariant()
    def the_kept_numbers_are_those_of_the_rows(self) -> None:
        database = self.harness.services.database
        assert None is self.loop.run(database.read(find_difference, self.edition))
        # A copy that was in flight at a kill waits as if it had not begun.
        assert 0 <= self.loop.run(database.read(count_begun, self.edition)) <= READERS

    @invariant()
    def no_copy_moved_where_it_may_not(self) -> None:
        rows = self.loop.run(self.harness.rows("select id, state from delivery"))
        now = dict(rows)
        for number, state in self.before.items():
            step = (state, now[number])
            assert step[0] == step[1] or step in ALLOWED or step in TWICE, step
        self.before = now

    @invariant()
    def what_was_recorded_as_taken_stays_delivered(self) -> None:
        delivered = {number for number, state in self.before.items() if state == DeliveryState.DELIVERED}
        assert delivered == {number for number, count in self.recorded.items() if count}
        assert all(count == 1 for count in self.recorded.values())

    @invariant()
    def nobody_waits_who_has_gone(self) -> None:
        rows = self.loop.run(
            self.harness.rows(
                "select subscriber.address from delivery join subscription on subscription.id = subscription_id"
                " join subscriber on subscriber.id = subscriber_id where delivery.state in ('queued', 'deferred')"
            )
        )
        assert set() == {address for (address,) in rows} & self.gone


@pytest.mark.slow_on_postgresql
@pytest.mark.timeout(600)
def test_a_queue_lives_as_the_model_does(tmp_path: Path) -> None:
    run_state_machine_as_test(QueueLife, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
