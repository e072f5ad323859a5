"""Two units of work at once: the first one stops before each of its statements in turn, and the other one runs.

The other one goes on until it is done, or until it waits for a lock of the first. Then the first goes on as well. What
they leave behind, and what they answer, must be what they would leave behind one after the other, in either order.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from tests.database import select_in
from tests.engines import keep_on_server, new_data_dir, place_of
from tests.postgresql import Session
from tests.services.harness import ServiceHarness, build_services

from pressrun.core.errors import PressrunError
from pressrun.core.signing.keys import KeyRing
from pressrun.store.database import Database
from pressrun.store.location import Location
from pressrun.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

DATA = "data"
PATIENCE_SECONDS = 60.0  # for a statement of the other side; more than the locks' own limit

_BLOCKED = """select count(*) > 0 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'"""

Step = Callable[[ServiceHarness], Awaitable[object]]


class Gate:
    """Lets statements pass, but for the one with this number, which waits until somebody opens the gate."""

    def __init__(self, closed_at: int) -> None:
        self._closed_at = closed_at
        self._passed = 0
        self._loop = asyncio.get_running_loop()
        self._open = threading.Event()
        self.reached = asyncio.Event()

    def pass_through(self) -> None:
        """Before each statement, on the thread of the connection."""
        self._passed += 1
        if self._passed == self._closed_at:
            self._loop.call_soon_threadsafe(self.reached.set)
            assert self._open.wait(PATIENCE_SECONDS)

    def open(self) -> None:
        self._open.set()


class GatedDatabase(Database):
    """A database whose writing statements pass a gate, once one is set."""

    gate: Gate | None = None

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().write(self._gated(work), *args, **kwargs)

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().record(self._gated(work), *args, **kwargs)

    async def share(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().share(self._gated(work), *args, **kwargs)

    async def share_set(self, work: Callable[..., Any], item: Any) -> Any:
        return await super().share_set(self._gated(work), item)

    async def scrub(self) -> None:
        """Nothing: a race is about rows, and vacuuming all tables takes longer than the rest of it."""

    def _gated(self, work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
        @wraps(work)
        def run(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if self.gate is not None:
                tx._statements = _Gated(tx._statements, self.gate)
            return work(tx, *args, **kwargs)

        return run


class _Gated(dict[str, str]):
    def __init__(self, statements: Mapping[str, str], gate: Gate) -> None:
        super().__init__(statements)
        self._gate = gate

    def __getitem__(self, name: str) -> str:
        self._gate.pass_through()
        return super().__getitem__(name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What two steps answered, and what they left behind."""

    answers: tuple[str, str]
    left: tuple[tuple[str, tuple[tuple[object, ...], ...]], ...]


# Whatever services leave behind, without ids, secrets and the times of what was made by whom.
_LEFT = {
    "lists": "select name, title, closed_at is null from list",
    "subscribers": "select address, name, language, text_only, attributes from subscriber",
    "subscriptions": """select list.name, address, state, state_before, suspended_for, paused_until is null, round
        from subscription join subscriber on subscriber.id = subscriber_id join list on list.id = list_id""",
    "requests": """select list.name, address, count(*) from confirmation
        join subscription on subscription.id = subscription_id
        join subscriber on subscriber.id = subscriber_id join list on list.id = list_id group by list.name, address""",
    "evidence": "select event, count(*) from consent group by event",
    "suppressions": "select reason, count(*) from suppression group by reason",
    "suspensions": "select probed_at is null, ended_at is null from suspension",
    "changes": "select state from address_change",
    "unsubscribes": "select notice_queued, has_given_reason from unsubscribe",
    "waiting": "select kind from pending_request",
    "held": "select domain from held_notice",
    "notices": "select notice.kind, notice.address, state from notice left join delivery on notice_id = notice.id",
    "editions": "select subject, state, audience, pause_reason, is_repeat from edition",
    "copies": """select delivery.state, attempts, list.name, address, edition.audience from delivery
        join edition on edition.id = edition_id left join subscription on subscription.id = subscription_id
        left join list on list.id = subscription.list_id left join subscriber on subscriber.id = subscriber_id""",
    "limits": "select scope, count(*) from limit_event group by scope",
    "mail": "select state, outcome, content_id is null from inbound",
    "contents": "select count(*) from inbound_content",
    "people": "select name, is_operator, enrolled_at is null from person",
    "permissions": "select person.name, role, readers from permission join person on person.id = person_id",
    "sessions": """select person.name, method from login_session
        join person on person.id = person_id and person.epoch = login_session.epoch""",
    "ways in": """select (select count(*) from password), (select count(*) from passkey),
        (select count(*) from identity), (select count(*) from recovery_code), (select count(*) from login_code),
        (select count(*) from enter_link)""",
    "jobs": "select state, position from job",
    "tokens": "select name, scope, person_id from api_token",
}


async def look(services: ServiceHarness) -> tuple[tuple[str, tuple[tuple[object, ...], ...]], ...]:
    """What is in the database, in an order of its own."""
    return await services.database.read(_look)


def _look(tx: Transaction) -> tuple[tuple[str, tuple[tuple[object, ...], ...]], ...]:
    tables = []
    for name, sql in _LEFT.items():
        rows = [tuple(map(_plain, row)) for row in select_in(tx, sql)]
        tables.append((name, tuple(sorted(rows, key=repr))))
    return tuple(tables)


def _plain(value: object) -> object:
    """A truth is a number on SQLite."""
    return int(value) if isinstance(value, bool) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Two steps, what comes before them, and what comes after both."""

    before: Step
    first: Step
    second: Step
    after: Step


@dataclass(slots=True)
class Tally:
    """How often a race was run, and what came out."""

    iterations: int
    outcomes: Counter[str]


async def run_race(race: Race, folder: Path) -> Tally:
    """Run a race for each statement of either step; raises AssertionError for an outcome of no order."""
    tally = Tally(0, Counter())
    orders = [(race.first, race.second), (race.second, race.first)]
    async with open_table(folder, race.before) as table:
        allowed = [await _one_after_the_other(race, place, table) for place in range(2)]
        for place, (paused, other) in enumerate(orders):
            number = 1
            while (outcome := await _at_once(race, paused, other, number, table)) is not None:
                if place == 1:
                    outcome = Outcome((outcome.answers[1], outcome.answers[0]), outcome.left)
                where = f"{'second' if place else 'first'} at {number}"
                assert outcome in allowed, _difference(outcome, allowed, where)
                tally.iterations += 1
                number += 1
    return tally


async def _one_after_the_other(race: Race, place: int, table: Table) -> Outcome:
    first, second = table.lay()
    steps = [(race.first, first), (race.second, second)]
    answers = {}
    for step, services in steps if place == 0 else reversed(steps):
        answers[step is race.first and services is first] = await _answer(step(services))
    await race.after(first)
    return Outcome((answers[True], answers[False]), await look(first))


async def _at_once(race: Race, paused: Step, other: Step, number: int, table: Table) -> Outcome | None:
    """None when the first step is done before it comes to a statement with this number."""
    paused_office, other_office = table.lay()
    table.gated.gate = gate = Gate(number)
    first = asyncio.create_task(_answer(paused(paused_office)))
    reached = asyncio.create_task(gate.reached.wait())
    await asyncio.wait({first, reached}, return_when=asyncio.FIRST_COMPLETED)
    if not gate.reached.is_set():
        reached.cancel()
        return None
    second = asyncio.create_task(_answer(other(other_office)))
    while not second.done() and not table.is_blocked():
        await asyncio.wait({second}, timeout=0.01)
    gate.open()
    answers = await asyncio.gather(first, second)
    table.gated.gate = None
    await race.after(paused_office)
    return Outcome((answers[0], answers[1]), await look(paused_office))


async def _answer(step: Awaitable[object]) -> str:
    try:
        return repr(await step)
    except PressrunError as problem:
        return f"{type(problem).__name__}: {problem}"


class Table:
    """A database for two, in which what comes before has taken place once; each run of a race finds it so."""

    def __init__(
        self,
        folder: Path,
        keys: KeyRing,
        both: tuple[GatedDatabase, GatedDatabase],
        watcher: Session,
        kept: ServiceHarness,
    ) -> None:
        self.gated = both[0]
        self._both = both
        self._folder = folder
        self._keys = keys
        self._watcher = watcher
        self._kept = kept
        self._restore = keep_on_server(folder / DATA)
        self._runs = 0

    def lay(self) -> tuple[ServiceHarness, ServiceHarness]:
        """Two offices, with folders that nobody has used since."""
        self.gated.gate = None
        self._restore()
        self._runs += 1
        root = self._folder / f"run-{self._runs}" / "data"
        shutil.copytree(self._folder / DATA, root)
        first, second = (build_services(database, deepcopy(self._keys), root) for database in self._both)
        first.now, second.now = self._kept.now, self._kept.now + 0.25  # no second events at the same time
        for services in (first, second):
            services.settings.swap(self._kept.settings.value)
        return first, second

    def is_blocked(self) -> bool:
        """Whether a connection to this database waits for a lock."""
        row = self._watcher.execute(_BLOCKED).fetchone()
        assert row is not None
        return bool(row[0])


@asynccontextmanager
async def open_table(folder: Path, before: Step) -> AsyncIterator[Table]:
    """A new database with two handles on it, after what comes before."""
    data, keys = new_data_dir(folder / DATA)
    place = place_of(data.database)
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(_opened(data.database)) for _ in range(2)]
        await before(services := build_services(first, deepcopy(keys), data.root))
        with psycopg.connect(place, autocommit=True) as watcher:
            yield Table(folder, keys, (first, second), watcher, services)


@asynccontextmanager
async def _opened(location: Location) -> AsyncIterator[GatedDatabase]:
    database = await GatedDatabase.open(location)
    try:
        yield database
    finally:
        await database.close()


def _difference(outcome: Outcome, allowed: list[Outcome], where: str) -> str:
    lines = [where, f"answers: {outcome.answers}, allowed: {[candidate.answers for candidate in allowed]}"]
    for place, (name, rows) in enumerate(outcome.left):
        expected = [candidate.left[place][1] for candidate in allowed]
        if rows not in expected:
            lines.append(f"{name}: {rows}, allowed: {expected}")
    return "\n".join(lines)
