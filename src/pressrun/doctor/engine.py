"""The database: whether it is whole, and whether its engine has faults that matter to us.

What is known of versions is in assets/database_engines.toml, with sources, so that it can be checked and added to.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

from msgspec import Struct

from pressrun.assets import convert_asset, read_asset
from pressrun.core.errors import PressrunError
from pressrun.core.timestamps import rfc3339
from pressrun.doctor.subject import DoctorFinding, DoctorSeverity, DoctorSubject, failed, passed, warned
from pressrun.operations.backup.manifest import DATABASE
from pressrun.store.location import EngineVersion
from pressrun.store.upkeep import last_backup
from pressrun.store.upkeep.data_check import find_content_problems

MISSED_DAYS = 2  # a nightly backup was missed
OLD_DAYS = 8  # a weekly one, too
AHEAD_DAYS = 1  # what a clock may have been ahead
_SOON_SECONDS = 180 * 86_400  # to plan the upgrade of a server


class KnownBug(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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


class EngineFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of versions; `postgresql_ends` is the last day with fixes, by major version."""

    postgresql_ends: dict[str, date]
    known_bugs: tuple[KnownBug, ...]


@cache
def engine_facts() -> EngineFacts:
    """The facts of assets/database_engines.toml. Raises AssetError."""
    return convert_asset("database_engines", "", read_asset("database_engines"), EngineFacts)


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
        problems = [failed(risk.state, risk.remedy) for risk in database.find_risks()]
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
    known = [bug for bug in engine_facts().known_bugs if bug.is_in(version)]
    for bug in known:
        fixed = ".".join(map(str, bug.fixed))
        message = f"{version} has a known fault, fixed in {fixed}: {bug.what} ({bug.source})"
        remedy = "" if bug.severity is DoctorSeverity.PASS else f"Upgrade to {bug.engine} {fixed} or later"
        if litestream is not None and bug.is_of_two_writers:
            remedy = f"Upgrade to {bug.engine} {fixed} or later, or back up more often instead, and remove {litestream}"
            yield warned(f"Litestream writes to the database, too. {message}", remedy)
            continue
        yield DoctorFinding(severity=bug.severity, message=message, remedy=remedy)
    major = str(version.numbers[0])
    last_day = engine_facts().postgresql_ends.get(major) if version.engine == "PostgreSQL" else None
    ends_at = math.inf if last_day is None else datetime.combine(last_day, time(), UTC).timestamp()
    if ends_at - now < _SOON_SECONDS:
        over = "has had no fixes since" if ends_at <= now else "gets no fixes after"
        yield warned(f"{version} {over} {last_day}", "Upgrade the server to a newer major version")
    elif not known:
        yield passed(f"{version} has no known fault that matters here")
