"""Random lives of a newsletter that moves between the engines while it runs, by commands that may be killed anywhere.

The command runs on a thread. At random moments it waits while something happens to the newsletter. A kill is an
exception between any two of its statements, after which it does not tidy up.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace
from tests.database import TwiceDatabase
from tests.delivery.harness import SITE, DeliveryHarness, FakeOwner
from tests.editions.inline_builder import builder_at, preparer_of
from tests.services.harness import build_services
from tests.services.readers.doors import Step
from tests.services.readers.test_doors_machine import WatchedDoors

from pressrun.core.errors import BadConfiguration, PressrunError, Refused
from pressrun.operations import move_database
from pressrun.operations.move_database import Switch
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.store.database import Database
from pressrun.store.location import Location, check_version
from pressrun.store.postgresql.tables import PostgresTables
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.tables import SqliteTables
from pressrun.store.table_store import MARK, MoveMark, MoveState
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys
from pressrun.store.upkeep.left_database import drop_unused_copies

MOST_STATEMENTS = 900  # of a move of these lives, nearly
MOST_MARKS = 24  # of them with the marks of either place


class CommandKilled(BaseException):
    """The command ends here."""


class Countdown:
    """Kills a command before or after one of its statements; `left` is how many it may run, None all of them.

    Only statements with `word` in them count.
    """

    def __init__(self, left: int | None, word: str, *, after: bool) -> None:
        self.word = word
        self.left, self.after, self.is_killed, self.number = left, after, False, 0
        self.thread: threading.Thread | None = None  # of the command: others have statements of their own

    @contextmanager
    def running(self) -> Iterator[None]:
        with (
            patch.object(SqliteTables, "execute", self._counted(SqliteTables.execute)),
            patch.object(PostgresTables, "execute", self._counted(PostgresTables.execute)),
            patch.object(move_database._RunningMove, "undo", self._undo(move_database._RunningMove.undo)),
        ):
            yield

    def _counted(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def counted(tables: Any, sql: str, values: Any = ()) -> Any:
            if self.word not in sql or not self.counts():
                return execute(tables, sql, values)
            self.number += 1
            is_last = self.left is not None and self.number == self.left
            if is_last and not self.after:
                self.die()
            result = execute(tables, sql, values)
            if is_last:
                self.die()
            return result

        return counted

    def counts(self) -> bool:
        return not self.is_killed and threading.current_thread() is self.thread

    def begin(self) -> None:
        self.thread = threading.current_thread()

    def die(self) -> None:
        self.is_killed = True
        raise CommandKilled

    def _undo(self, undo: Callable[..., None]) -> Callable[..., None]:
        return lambda move, served: None if self.is_killed else undo(move, served)


@dataclass
class StoppedByHand:
    """The service, as services.ports.StoppableService promises: nothing happens to it while it is stopped."""

    owner: FakeOwner
    moved_to: str | None = None
    is_stopped: bool = False

    def follow(self, _: Callable[[], Awaitable[None]], /) -> None:
        """The life sees that a command was killed."""

    async def stop(self, _: Callable[[], Awaitable[None]], /) -> None:
        self.is_stopped, self.owner.is_leased = True, False

    def keep_stopped(self) -> None:
        if not self.is_stopped:
            raise Refused("goes on already")

    def resume(self) -> None:
        if self.moved_to is None:
            self.is_stopped, self.owner.is_leased = False, True

    def end(self, place: str, /) -> None:
        self.moved_to = place


class Bridge:
    """What the command asks of the daemon, from its thread."""

    def __init__(self, source: MoveSource, loop: asyncio.AbstractEventLoop, countdown: Countdown) -> None:
        self._source, self._loop, self._countdown = source, loop, countdown

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def track_changes(self) -> None:
        self._call(self._source.track_changes())

    @contextmanager
    def stopped(self) -> Iterator[Switch]:
        self._call(self._source.stop())
        try:
            yield lambda place, move: self._call(self._source.switch(place, move))
        except BaseException:
            if not self._countdown.is_killed:
                self._call(self._source.resume())
            raise

    def untrack_changes(self) -> None:
        self._call(self._source.resume())


class MovingLives(WatchedDoors):
    """A life that moves. It begins in a file, and `server` is an empty database."""

    def __init__(
        self,
        harness: DeliveryHarness,
        dice: random.Random,
        server: Location,
        *,
        merges: bool,
        is_issue: bool,
        steps: int,
    ) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        self.server, self.steps = server, steps
        self.file = harness.services.database.location
        self.tally: Counter[str] = Counter()
        self.is_moving = False
        self.opened: list[Database] = []

    def doors(self) -> list[Step]:
        usual = self.dice.sample(super().doors(), 12)
        return [*usual, self.move_data, self.move_data] if not self.is_moving else usual

    def plan(self) -> list[tuple[str, int]]:
        """A move always happens, in the middle of what is going out."""
        begun = [(name, self.dice.randrange(1 << 30)) for name in ("start", "take_slice", "claim", "answer")]
        return [*begun, ("move_data", self.dice.randrange(1 << 30)), *super().plan()[: self.steps]]

    @property
    def here(self) -> Location:
        return self.harness.services.database.location

    @property
    def there(self) -> Location:
        return self.server if isinstance(self.here, SqliteFile) else self.file

    def data_at(self, place: Location) -> DataDir:
        return DataDir(self.harness.services.path, None if isinstance(place, SqliteFile) else place)

    # ------------------------------------------------------------------ a move

    async def move_data(self) -> object:
        """Move to the other engine. The command may be killed, and repeated or given up."""
        source, target, told = self.here, self.there, []
        for _ in range(self.dice.choice([1, 1, 2, 4])):
            left, word = self.dice.choice([(None, ""), (MOST_STATEMENTS, ""), (MOST_MARKS, MARK)])
            told.append(await self.command(source, target, left and self.dice.randint(1, left), word))
            self.look(source, target)
            if self.wrongs or is_usable(target):
                break
        if self.is_gone(source) and not is_usable(target):
            told.append(await self.command(source, target, None))
            self.look(source, target)
        if is_usable(target):
            await self.settle(target)
        return str(type(target).__name__), told

    def is_gone(self, place: Location) -> bool:
        mark = mark_of(place)
        return mark is not None and mark.state is MoveState.GONE

    async def command(self, source: Location, target: Location, left: int | None, word: str = "") -> object:
        """One `move-to` that is killed after this many statements; the daemon notices, and goes on."""
        loop, countdown = asyncio.get_running_loop(), Countdown(left, word, after=self.dice.random() < 0.5)
        service = StoppedByHand(self.harness.owner)
        gone = self.is_gone(source)
        moving = MoveSource(self.harness.services.database, self.harness.owner.session, service)
        bridge = Bridge(moving, loop, countdown)

        def between(_: str) -> None:
            if not service.is_stopped and self.dice.random() < 0.06:
                asyncio.run_coroutine_threadsafe(self.interlude(), loop).result()

        def run() -> object:
            countdown.begin()
            data = self.data_at(source)
            try:
                if move_database.finish_move(data, target, lambda _: None):
                    data.database.set_aside(data.backups)
                    return "finished"
                move_database.move_database(data, target, bridge, between, lambda _: None)
                data.database.set_aside(data.backups)
            except PressrunError as problem:
                return f"no: {problem}"
            except CommandKilled:
                return f"killed at {countdown.number} {word}"
            return f"moved by {countdown.number} {word}"

        if gone:
            await self.close_here()
        self.is_moving = True
        try:
            with countdown.running():
                told = await asyncio.to_thread(run)
        finally:
            self.is_moving = False
        if not self.is_gone(source) and service.moved_to is None and countdown.is_killed:
            await moving.resume()
            drop_unused_copies(self.data_at(source))
        self.tally[str(told).split(" ")[0]] += 1
        if service.moved_to is not None:
            await self.close_here()
        elif not gone:
            self.harness.owner.is_leased = True
        return told

    async def close_here(self) -> None:
        """The daemon ends, because its data are now in another place."""
        if self.harness.services.database in self.opened:
            self.opened.remove(self.harness.services.database)
            await self.harness.services.database.close()

    async def interlude(self) -> None:
        """Something happens in the middle of a copy."""
        steps = [step for step in super().doors() if step.__name__ not in ("die_meanwhile", "rotate_key")]
        step = self.dice.choice(steps)
        await self.run_step(step)
        self.story[-1] = f"    {self.story[-1]}"
        self.tally["interludes"] += 1

    def look(self, source: Location, target: Location) -> None:
        """Both places can never be used at once, and the old one can be until the new one is complete."""
        usable = [is_usable(source), is_usable(target)]
        if usable == [True, True]:
            self.wrongs.append("both can be used")
        if not usable[0] and not self.is_gone(source):
            self.wrongs.append("the source cannot be used, and is not gone")
        mark = mark_of(target)
        if not any(usable) and (mark is None or mark.state is not MoveState.READY):
            self.wrongs.append(f"none can be used, and the target is {mark}")

    async def settle(self, place: Location) -> None:
        """The daemon starts where the data are now; what it had in flight is in the journal, or not."""
        await self.close_here()
        data = self.data_at(place)
        database = await (TwiceDatabase if isinstance(place, SqliteFile) else Database).open(place)
        self.opened.append(database)
        before, numbers = self.harness, itertools.count(self.dice.randrange(1 << 100))
        services = build_services(database, load_keys(data), data.root)
        services.now = before.services.now
        services.settings.swap(before.services.settings.value)
        context = replace(services.context, site=SITE, entropy=lambda count: next(numbers).to_bytes(count, "big"))
        self.harness = DeliveryHarness(
            services=services,
            edition_admin=EditionAdmin(preparer_of(context, builder_at(SITE, data.root.parent / "layouts"))),
            housekeeping=Housekeeping(context),
            bounce_handler=BounceHandler(context),
        )
        self.harness.owner, self.harness.dispatcher, self.harness.worker = (
            before.owner,
            before.dispatcher,
            before.worker,
        )
        self.changes, self.preferences = AddressChanges(services.context), Preferences(services.context)
        self.undo_unsubscribe = UndoUnsubscribe(services.context)
        await self.kill()
        self.dead = []
        self.tally["settled"] += 1

    async def close_databases(self) -> None:
        for database in self.opened:
            await database.close()


def is_usable(place: Location) -> bool:
    """Whether a daemon could start there."""
    if not place.exists():
        return False
    try:
        check_version(place)
    except BadConfiguration:
        return False
    return True


def mark_of(place: Location) -> MoveMark | None:
    if not place.exists():
        return None
    with closing(place.connect(readonly=True)) as connection:
        return connection.tables().mark()
