"""The database: whether it is whole, and whether its engine has faults that matter to us.

What is known of versions is a table with sources, so that it can be read, checked and added to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from pressrun.core.errors import PressrunError
from pressrun.core.timestamps import rfc3339
from pressrun.operations.backup.manifest import DATABASE
from pressrun.operations.doctor.finding import DoctorFinding, DoctorSeverity, failed, passed, warned
from pressrun.operations.doctor.subject import DoctorSubject
from pressrun.store.location import EngineVersion
from pressrun.store.upkeep import last_backup
from pressrun.store.upkeep.data_check import find_content_problems

MISSED_DAYS = 2  # a nightly backup was missed
OLD_DAYS = 8  # a weekly one, too
AHEAD_DAYS = 1  # what a clock may have been ahead
_SOON_SECONDS = 180 * 86_400  # to plan the upgrade of a server


class KnownBug(Struct, frozen=True, kw_only=True):
    """A fault of the versions from `since` up to `fixed`, and of none in `patched`.

    `is_of_two_writers`: it matters where another program writes to the database, too.
    """

    engine: str
    since: tuple[int, ...]
    fixed: tuple[int, ...]
    what: str
    severity: DoctorSeverity
    source: str
    patched: tuple[tuple[int, ...], ...] = ()
    is_of_two_writers: bool = False

    def is_in(self, version: EngineVersion) -> bool:
        numbers = version.numbers
        return version.engine == self.engine and self.since <= numbers < self.fixed and numbers not in self.patched


LITESTREAM = f".{DATABASE}-litestream"  # what it makes beside the database for itself

KNOWN_BUGS = (
    KnownBug(
        engine="SQLite",
        since=(3, 7, 0),
        fixed=(3, 51, 3),
        patched=((3, 44, 6), (3, 50, 7)),
        what="two connections that write and checkpoint at the same moment can damage the database. Pressrun has only "
        "one such connection, so this matters only if you run Litestream or the sqlite3 shell beside it",
        severity=DoctorSeverity.PASS,
        source="https://www.sqlite.org/wal.html#walresetbug",
        is_of_two_writers=True,
    ),
    KnownBug(
        engine="PostgreSQL",
        since=(14, 0),
        fixed=(14, 4),
        what="CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY can leave rows out of an index",
        severity=DoctorSeverity.WARN,
        source="https://www.postgresql.org/docs/release/14.4/",
    ),
)

# The last minor release of each: https://www.postgresql.org/support/versioning/
POSTGRESQL_ENDS = {
    14: datetime(2026, 11, 12, tzinfo=UTC),
    15: datetime(2027, 11, 11, tzinfo=UTC),
    16: datetime(2028, 11, 9, tzinfo=UTC),
    17: datetime(2029, 11, 8, tzinfo=UTC),
    18: datetime(2030, 11, 14, tzinfo=UTC),
}


async def check_database(subject: DoctorSubject) -> list[DoctorFinding]:
    """The pages of the file, the schema, and whether the keys are those of this database."""
    return await asyncio.to_thread(_check_database, subject)


def _check_database(subject: DoctorSubject) -> list[DoctorFinding]:
    database = subject.data.database
    try:
        if not database.exists():
            return [
                warned(f"{database} does not exist yet", "Create it with `pressrun list create` or `pressrun serve`")
            ]
    except PressrunError as problem:
        return [failed(str(problem))]
    problems = [failed(problem.state, f"Needed: {problem.remedy}") for problem in find_content_problems(subject.data)]
    if not problems:
        remedy = "Set it to on, or restore a backup to another disk"
        problems = [failed(risk, remedy) for risk in database.find_risks()]
    return problems or [passed(f"{database} is intact and matches its keys")]


async def check_backup(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether a night's work would be lost, or more."""
    backup = last_backup.find(subject.data)
    return [grade_backup(None if backup is None else backup.at, subject.world.clock())]


def grade_backup(made_at: int | None, now: float) -> DoctorFinding:
    """The age of the last backup; one of a clock that was ahead says nothing about its age."""
    enable = "Run `systemctl enable --now pressrun-backup.timer`, or run `pressrun backup DIR` from cron"
    if made_at is None:
        return warned("no backup by `pressrun backup` is known", enable)
    days = (now - made_at) / 86_400
    if days < -AHEAD_DAYS:
        message = f"the last backup is of {rfc3339(made_at)}, which is still to come: the clock was or is wrong"
        return failed(message, "Correct the clock, then run `pressrun backup` again")
    message = f"the last backup is {days:.1f} days old"
    if days > OLD_DAYS:
        return failed(message, enable)
    return warned(message, enable) if days > MISSED_DAYS else passed(message)


async def check_engine(subject: DoctorSubject) -> list[DoctorFinding]:
    """The version of the database engine against what is known of it."""
    try:
        version = await asyncio.to_thread(subject.data.database.engine_version)
    except PressrunError:
        return []  # check_database says that the server does not answer
    litestream = subject.data.root / LITESTREAM
    is_there = await asyncio.to_thread(litestream.exists)
    return [*grade_engine(version, subject.world.clock(), litestream if is_there else None)]


def grade_engine(version: EngineVersion, now: float, litestream: Path | None = None) -> Iterator[DoctorFinding]:
    """What is known of a version at a time; `litestream` is the folder of a Litestream that also writes."""
    known = [bug for bug in KNOWN_BUGS if bug.is_in(version)]
    for bug in known:
        fixed = ".".join(map(str, bug.fixed))
        message = f"{version} has a known fault, fixed in {fixed}: {bug.what} ({bug.source})"
        remedy = "" if bug.severity is DoctorSeverity.PASS else f"Upgrade to {bug.engine} {fixed} or later"
        if litestream is not None and bug.is_of_two_writers:
            remedy = f"Upgrade to {bug.engine} {fixed} or later, or back up more often instead, and remove {litestream}"
            yield warned(f"Litestream writes to the database, too. {message}", remedy)
            continue
        yield DoctorFinding(severity=bug.severity, message=message, remedy=remedy)
    ends = POSTGRESQL_ENDS.get(version.numbers[0]) if version.engine == "PostgreSQL" else None
    if ends is not None and ends.timestamp() - now < _SOON_SECONDS:
        over = "has had no fixes since" if ends.timestamp() <= now else "gets no fixes after"
        yield warned(f"{version} {over} {ends:%Y-%m-%d}", "Upgrade the server to a newer major version")
    elif not known:
        yield passed(f"{version} has no known fault that matters here")
