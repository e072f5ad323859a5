"""Restores a backup: a rehearsal beside the data, the facts that are taken over from them, and one switch.

Nothing changes before the switch, whatever fails. What was there is kept aside.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

from pressrun.core.addresses.address import Address
from pressrun.core.errors import BadConfiguration, NotFound, Refused, Unavailable
from pressrun.operations.backup.encodings import OpenedBackup
from pressrun.operations.backup.manifest import CONFIG, DATABASE, Manifest
from pressrun.operations.backup.newer_database import NewerDatabase
from pressrun.operations.backup.rehearsal import Rehearsal, rehearse, require_same_installation
from pressrun.operations.row_copies import Progress, complete_mark, fill_database
from pressrun.runtime.clock import utc_now
from pressrun.services.readers.erasure import erase
from pressrun.services.upkeep import carry_over
from pressrun.services.upkeep.carry_over import HeldBack
from pressrun.store.connection import EngineConnection
from pressrun.store.database import Database
from pressrun.store.location import Location, check_version
from pressrun.store.people import audit
from pressrun.store.people.audit import Entry
from pressrun.store.programs.job_files import JobFiles
from pressrun.store.queue.journal import Claim, JournalEntry, read_entries
from pressrun.store.readers import consent
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.table_store import UNKNOWN_IDS, MoveTarget
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import last_backup, restore_switch, restored_access, restores
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir, make_root
from pressrun.store.upkeep.key_files import adopt_link_keys, key_fingerprints, load_keys
from pressrun.store.upkeep.last_backup import LastBackup
from pressrun.store.upkeep.preparing import require_free
from pressrun.store.upkeep.restore_switch import finish_restore

T = TypeVar("T")

CONFIG_OF_BACKUP = "config-of-backup.toml"


class RestoreReport(Struct, kw_only=True):
    """What a restore has done.

    `rows` counts the rows of the database by table, and `newer` is the database that was used instead of that in the
    backup. `ended` and `erased` count people who left or were erased according to the former data, `access` counts what
    people who log in and tokens have lost, and `closed` are lists that were closed or removed since. `problems` says
    what could not be taken over. `aside` is where the former data are. `config` is the configuration in the backup, if
    it differs from the one in use. `editions_since` says of which editions the backup knows nothing.
    """

    manifest: Manifest
    rows: Mapping[str, int]
    evidence_problems: list[str]
    newer: Path | None = None
    ended: int = 0
    erased: int = 0
    access: int = 0
    problems: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    editions_since: list[str] = field(default_factory=list)
    held: HeldBack = field(default_factory=lambda: HeldBack(editions={}, notices=0))
    aside: list[str] = field(default_factory=list)
    config: Path | None = None


@contextmanager
def locked_for_restore(data: DataDir) -> Iterator[None]:
    """Hold the data. Raises TryAgain while another process holds them, on this machine or another."""
    make_root(data)
    lock = DataLock.acquire(data)
    try:
        if data.server is not None and data.database.exists():
            require_free(data)
        yield
    finally:
        lock.release()


def has_data(data: DataDir) -> bool:
    """Whether a restore would replace anything."""
    return data.keys.exists() or data.database.exists()


def restore(
    data: DataDir, backup: OpenedBackup, config: bytes, progress: Progress, newer: NewerDatabase | None = None
) -> RestoreReport:
    """Put a backup in the place of the data, which the caller holds; `config` is the configuration in use.

    `newer` is a database that continues where the one in the backup ends, and is used instead of that.

    Raises what `rehearse` raises, BadInput for the backup of another installation, and Refused.
    """
    restore_switch.require_one_file_system(data.root, data.backups)
    folder = data.root / restore_switch.FOLDER
    folder.mkdir(mode=0o700)
    try:
        rehearsal = rehearse(backup, folder, progress, newer)
        require_same_installation(rehearsal.manifest, data)
        report = RestoreReport(
            manifest=rehearsal.manifest,
            rows=rehearsal.rows,
            evidence_problems=list(rehearsal.audit.problems),
            newer=None if newer is None else newer.path,
        )
        _carry_over(rehearsal.data, data, report, progress)
        _keep_config(folder, config, report)
        created_at = int(datetime.fromisoformat(rehearsal.manifest.created_at).timestamp())
        place = LastBackup(at=created_at, place=str(backup.path), size=backup.size)
        last_backup.record(rehearsal.data, place)
        _switch(data, rehearsal, report, progress)
    except BaseException:
        with suppress(Unavailable):  # the next one who takes the lock does it
            finish_restore(data.root, data.server)
        raise
    return report


def _carry_over(restored: DataDir, data: DataDir, report: RestoreReport, progress: Progress) -> None:
    """Carry over what leads to less mail, and hold back what must not go on by itself."""
    progress("carrying over unsubscribes and sent copies")
    now, erased = int(utc_now()), list[Address]()
    in_flight: Mapping[int, int] = {}
    _adopt_keys(restored, data, report)
    keys = key_fingerprints(load_keys(restored))
    with closing(restored.database.connect()) as connection, open_former(data) as former:
        last_ids, head = connection.with_tables(lambda tables: tables.last_ids()), connection.read(consent.read_head)
        if isinstance(former, FormerData):
            attempt = _Attempts(connection, former, report)
            attempt("when keys retire", partial(restores.keep_keys, fingerprints=keys), None)
            report.ended = attempt("who left", carry_over.carry_people, 0)
            erased = attempt("who was erased", carry_over.find_erased, [])
            report.access = attempt("who may do what", restored_access.keep_common_access, 0)
            if not attempt("the evidence of consent", carry_over.carry_evidence, True):
                report.problems.append("the evidence of consent: the earlier rows of the former database differ")
            carry_editions = partial(carry_over.carry_editions, journaled=former.journaled, now=now)
            in_flight = attempt("copies", carry_editions, {})
            attempt("mails from others", partial(carry_over.carry_mails, journaled=former.journaled, now=now), None)
            attempt("requests of programs", carry_over.carry_requests, None)
            report.closed = attempt("which lists are closed", partial(carry_over.close_lists, now=now), [])
            report.editions_since = attempt("editions", carry_over.find_editions_since, [])
            last_ids = {name: max(last, former.last_ids.get(name, 0)) for name, last in last_ids.items()}
        else:
            report.problems += [] if former is None else [former]
            last_ids = {name: last + UNKNOWN_IDS for name, last in last_ids.items()}
        connection.write(restores.end_sessions)
        connection.write(restored_access.end_visits)
        accepted = read_entries(restored.journal)
        report.held = connection.write(lambda tx: carry_over.hold_back(tx, in_flight, accepted, now))
        connection.write(lambda tx: carry_over.erase_strangers(tx, head, os.urandom, now))
        connection.with_tables(lambda tables: tables.raise_ids(last_ids))
        connection.with_tables(lambda tables: tables.raise_counters(last_ids))
    asyncio.run(_erase_all(restored, erased, report))
    entry = Entry(at=now, actor=audit.process_actor("shell"), action="restore")
    with closing(restored.database.connect()) as connection:
        connection.write(lambda tx: audit.append(tx, entry))  # so that it comes with the switch, whatever is killed
        connection.checkpoint()


def _adopt_keys(restored: DataDir, data: DataDir, report: RestoreReport) -> None:
    """Take over newer link keys, whatever has become of the former database: readers unsubscribe with such links."""
    if not data.keys.is_dir():
        return
    try:
        others = adopt_link_keys(restored, data)
    except BadConfiguration as problem:
        report.problems.append(f"link keys: {problem}")
        return
    report.problems += [f"link key {number}: the backup has a different key with this number" for number in others]


class _Attempts:
    """Steps that read the former data. If one part cannot be read, all others are still taken over."""

    def __init__(self, connection: EngineConnection, former: FormerData, report: RestoreReport) -> None:
        self._connection = connection
        self._former = former
        self._report = report

    def __call__(self, what: str, work: Callable[[Transaction, Transaction], T], otherwise: T) -> T:
        """What the work returns, as one transaction, or else `otherwise`, with a problem in the report."""
        try:
            return self._connection.write(lambda tx: work(tx, self._former.tx))
        except (self._former.errors, self._connection.dialect.errors, Unavailable) as problem:
            self._report.problems.append(f"{what}: {' '.join(str(problem).split())}")
            return otherwise


async def _erase_all(restored: DataDir, addresses: list[Address], report: RestoreReport) -> None:
    """Erase people from what was restored, but for those whose address is in its settings: they are named."""
    if not addresses:
        return
    keys = load_keys(restored)
    database = await Database.open(restored.database)
    try:
        for address in addresses:
            try:
                with suppress(NotFound):  # another spelling of somebody who is erased by now
                    await erase(database, address, keys, os.urandom, int(utc_now()), files=JobFiles(restored.root))
                report.erased += 1
            except Refused as problem:
                report.problems.append(f"not erased again: {problem}, then erase it")
    finally:
        await database.close()


def _keep_config(folder: Path, config: bytes, report: RestoreReport) -> None:
    """Keep the configuration in the backup beside the data, if it is another one."""
    path = folder / CONFIG
    if not path.exists():
        return
    if path.read_bytes() == config:
        path.unlink()
    else:
        report.config = path.rename(folder / CONFIG_OF_BACKUP)


def _switch(data: DataDir, rehearsal: Rehearsal, report: RestoreReport, progress: Progress) -> None:
    """Put everything in its place. One rename, or one commit on a server, decides whether that has happened."""
    aside = _new_place(data)
    if has_data(data):
        report.aside.append(str(aside))
    if report.config is not None:
        report.config = data.root / CONFIG_OF_BACKUP
    if data.server is None:
        restore_switch.prepare_switch(data.root, rehearsal.data.root, aside)
        restore_switch.commit_switch(data.root)
    else:
        _switch_on_server(data, data.server, rehearsal, aside, report, progress)
    finish_restore(data.root, data.server)


def _new_place(data: DataDir) -> Path:
    """Where to keep what is there: a name that no earlier restore has used."""
    stamp = datetime.fromtimestamp(utc_now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    path, number = data.backups / f"before-restore-{stamp}", 1
    while os.path.lexists(path):  # another one in the same second
        number += 1
        path = path.with_name(f"before-restore-{stamp}-{number}")
    return path


def _switch_on_server(
    data: DataDir, server: Location, rehearsal: Rehearsal, aside: Path, report: RestoreReport, progress: Progress
) -> None:
    """The tables of a server replace others with one commit, which also decides about the files."""
    token, schema = secrets.token_hex(8), aside.name.lower().replace("-", "_")
    file = rehearsal.data.root / DATABASE
    with closing(_open_target(server, schema, report)) as target:
        with closing(SqliteFile(file).connect(readonly=True)) as connection, (tables := connection.tables()).snapshot():
            fill_database(tables, target, progress)
        for name in restore_switch.DATABASE_FILES:
            (rehearsal.data.root / name).unlink(missing_ok=True)
        (rehearsal.data.root / f".{token}").touch()
        restore_switch.prepare_switch(data.root, rehearsal.data.root, aside)
        target.publish(complete_mark(token))


def _open_target(server: Location, schema: str, report: RestoreReport) -> MoveTarget:
    if not server.exists():
        return server.open_target()
    report.aside.append(f"the schema {schema} of {server}")
    return server.open_replacement(schema)


class FormerData(Struct, frozen=True, kw_only=True):
    """The former database in a snapshot, the ids that it has drawn, and what its relays had accepted."""

    tx: Transaction
    errors: type[Exception]  # of its engine
    last_ids: Mapping[str, int]
    journaled: Mapping[Claim, JournalEntry]


@contextmanager
def open_former(data: DataDir) -> Iterator[FormerData | str | None]:
    """The former data, or why they cannot be read, or None if there are none.

    Raises Refused for a database with an older schema, which could be read after a step.
    """
    version = _read_version(data)
    if not isinstance(version, int):
        yield version
        return
    if version < data.database.newest_version:
        raise Refused(
            f"{data.database} has schema {version}. Run `pressrun migrate` first, to keep out people who left since. "
            "If it cannot be migrated, move it away"
        )
    with closing(data.database.connect(readonly=True)) as connection, connection.reading() as tx:
        yield FormerData(
            tx=tx,
            errors=connection.dialect.errors,
            last_ids=connection.tables().last_ids(),
            journaled=read_entries(data.journal),
        )


def _read_version(data: DataDir) -> int | str | None:
    """The version of the schema, or why it cannot be read, or None if there is no database."""
    try:
        return check_version(data.database) if data.database.exists() else None
    except (BadConfiguration, Unavailable) as problem:
        return str(problem)
