"""Moving a database to a server and back: every row arrives, and whatever fails leaves the source as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.operations.moving import (
    Alone,
    content,
    empty_database,
    execute,
    filled,
    leftovers,
    move,
    moved_copy,
)
from tests.postgresql import shared_server
from tests.store.every_table import empty_columns

from pressrun.core.errors import BadConfiguration, BadInput, OutputExists, PressrunError, Refused, Unavailable
from pressrun.operations.move_database import check_move, finish_move, move_database
from pressrun.store.connection import EngineConnection
from pressrun.store.location import Location, check_version
from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, Entry
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.postgresql.move_target import PostgresTarget
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.move_target import SqliteTarget
from pressrun.store.table_store import MARK
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys
from pressrun.store.upkeep.left_database import drop_unused_copies, finish_setting_aside, set_aside_left_database
from pressrun.store.upkeep.preparing import prepare

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.only_on("sqlite")]

# A row inserted, changed and deleted, with what hangs on it, and one that takes the unique value of another.
CHANGES = (
    "insert into list (id, name, title, from_address, created_at) values (999999999999, 'new', 't', 'a@b.example', 1)",
    "update subscription set round = round + 1",
    "update subscriber set name = name || '!', epoch = epoch - 1",
    "delete from notice",
    "delete from suppression where since = (select min(since) from suppression)",
    "update edition set state = 'paused', title = 'Another title'",
    "insert into pace (scope, state) values ('process', '{}')",
)


@pytest.fixture
def server() -> Iterator[PostgresDatabase]:
    with empty_database() as database:
        yield database


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return filled(tmp_path / "data")


@pytest.fixture(scope="session")
def moved_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataDir]:
    with empty_database() as database:
        yield move(filled(tmp_path_factory.mktemp("moved") / "data"), database)[0]


@pytest.fixture
def there(tmp_path: Path, moved_once: DataDir) -> Iterator[DataDir]:
    """The data on a server, and the file that they have left."""
    with moved_copy(moved_once, tmp_path / "moved") as moved:
        yield moved


@pytest.fixture(params=["there", "back"])
def route(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[DataDir, Location]:
    """What is moved, and where to."""
    if request.param == "there":
        return request.getfixturevalue("data"), request.getfixturevalue("server")
    return request.getfixturevalue("there"), SqliteFile(tmp_path / "back.sqlite3")


def test_the_filler_fills_every_column(data: DataDir) -> None:
    """Otherwise the tests below would not see a column that is forgotten."""
    assert isinstance(data.database, SqliteFile)
    assert empty_columns(data.database.path) == set()


@pytest.mark.parametrize("seed", range(3))
def test_every_row_arrives_and_comes_back(tmp_path: Path, server: PostgresDatabase, seed: int) -> None:
    data = filled(tmp_path / "data", seed)
    before = content(data.database)
    there, report = move(data, server)
    assert content(there.database) == before
    assert report.tables == sum(not name.startswith("ids of") for name in before)
    file = SqliteFile(tmp_path / "back.sqlite3")
    move(there, file)
    assert content(file) == before
    assert file.find_damage() is None
    assert leftovers(file) == []


def test_a_moved_database_is_complete(data: DataDir, server: PostgresDatabase) -> None:
    """It has the indexes, constraints and triggers of a new one, and the keys fit it."""
    there, _ = move(data, server)
    with empty_database() as other:
        other.create()
        assert _objects(server) == _objects(other)
    assert load_keys(there).newest == 1
    assert prepare(there).newest == 1


def test_ids_go_on_where_they_stood(data: DataDir, server: PostgresDatabase) -> None:
    """Also when the rows with the highest ids are gone: an old link must not come to mean somebody else."""
    execute(
        data.database,
        "insert into subscriber (id, address, address_key, domain, suppression_digest, created_at)"
        " values (700000000000000, 'a', 'a', 'a', x'00', 1)",
        "delete from subscriber where id = 700000000000000",
    )
    there, _ = move(data, server)
    with closing(there.database.connect()) as connection:
        assert connection.tables().last_ids()["subscriber"] == 700000000000000


def test_ids_that_a_counter_has_drawn_go_on_too(data: DataDir, server: PostgresDatabase, tmp_path: Path) -> None:
    """As those of editions that were made on a server: no sequence knows of them."""
    there, _ = move(data, server)
    edition = "insert into edition (id, list_id, slug, state, subject, title, language, source_name, source_digest,"
    execute(
        server,
        f"{edition} message_secret, created_at, is_repeat) select 900000000000000, min(id), 'made-there', 'draft', 's',"
        " 't', 'en', 'n', '', '', 1, 1 from list",
        "update id_counter set last_id = 900000000000000 where name = 'edition'",
    )
    back = SqliteFile(tmp_path / "back.sqlite3")
    move(there, back)
    with closing(back.connect()) as connection:
        assert connection.tables().last_ids()["edition"] == 900000000000000


@pytest.mark.parametrize("stage", ["noted", "stopping"])
def test_what_changes_during_a_move_arrives(route: tuple[DataDir, Location], stage: str) -> None:
    source, destination = route
    served = Alone(source.database, {stage: lambda: execute(source.database, *CHANGES)})
    _, report = move(source, destination, served)
    assert content(destination) == content(source.database)
    assert report.changed > (0 if stage == "stopping" else -1)
    assert served.calls == ["note", "stop", "switch"]


def test_unique_values_may_change_hands_during_a_move(data: DataDir, server: PostgresDatabase) -> None:
    """Two lists swap their names, after both were copied."""
    with closing(data.database.connect()) as connection:
        (list_id, name), (other, its_name), *_ = connection.tables().execute("select id, name from list").fetchall()

    def swap() -> None:
        execute(data.database, f"update list set name = 'neither' where id = {list_id}")
        for number, new in ((other, name), (list_id, its_name)):
            quoted = new.replace("'", "''")
            execute(data.database, f"update list set name = '{quoted}' where id = {number}")

    move(data, server, Alone(data.database, {"stopping": swap}))
    assert content(server) == content(data.database)


def test_nobody_may_use_the_source_after_a_move(there: DataDir) -> None:
    left = DataDir(there.root)
    with pytest.raises(BadConfiguration, match=f"was moved to {there.database}"):
        check_version(left.database)
    with pytest.raises(BadConfiguration, match="was moved to"):
        prepare(left)


def test_a_move_back_replaces_the_file_that_was_left(there: DataDir) -> None:
    server = there.database
    execute(server, *CHANGES)
    expected = content(server)
    back, _ = move(there, DataDir(there.root).database)
    assert content(back.database) == expected
    assert check_version(back.database) == back.database.newest_version
    with pytest.raises(BadConfiguration, match="was moved to"):
        check_version(server)
    again, _ = move(back, server)  # over what the first move has left there
    assert content(again.database) == expected


def test_what_is_left_is_kept_among_the_backups(data: DataDir, server: PostgresDatabase) -> None:
    """Somebody who is erased later may be in no other file of data_dir."""
    assert isinstance(data.database, SqliteFile)
    execute(
        data.database,
        "insert into person (name, address, address_key, created_at) values ('k', 'somebody@reader.example', 'k', 1)",
    )
    there, _ = move(data, server)
    kept = set_aside_left_database(data)
    assert kept == data.backups / "moved.sqlite3"
    assert b"somebody@reader.example" in kept.read_bytes()
    others = [path for path in data.root.rglob("*") if path.is_file() and path != kept]
    assert [path for path in others if b"somebody@reader.example" in path.read_bytes()] == []
    with pytest.raises(BadConfiguration, match="was moved to"):
        check_version(data.database)
    small = data.database.path.read_bytes()
    assert set_aside_left_database(data) == kept  # once more changes nothing
    assert (b"somebody@reader.example" in kept.read_bytes(), data.database.path.read_bytes()) == (True, small)
    assert set_aside_left_database(there) is None
    back, _ = move(there, data.database)
    assert content(back.database) == content(server)
    with pytest.raises(Refused, match="was not left by a move"):
        set_aside_left_database(back)


def note_arrival(tx: Transaction) -> None:
    """What the command writes with the end of a move."""
    audit.append(tx, Entry(at=1, actor=Actor(who="root", way="shell"), action="move-to", object="arrived"))


def _arrivals(location: Location) -> int:
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            return int(tables.execute("select count(*) from audit where object = 'arrived'").fetchone()[0])


class Broken(Exception):
    """What a test breaks a move with."""


def fail() -> None:
    raise Broken


@pytest.mark.parametrize("stage", ["noted", "stopping", "switching"])
def test_a_move_that_fails_leaves_the_source_as_it_was(route: tuple[DataDir, Location], stage: str) -> None:
    source, destination = route
    before = content(source.database)
    served = Alone(source.database, {stage: fail})
    with pytest.raises(Broken):
        move(source, destination, served)
    assert content(source.database) == before
    assert leftovers(source.database) == []
    assert check_version(source.database) == source.database.newest_version
    assert not destination.exists()
    assert served.calls[-1] == "forget"
    move(source, destination)
    assert content(destination) == before


def test_a_switch_whose_answer_is_lost_is_made(route: tuple[DataDir, Location]) -> None:
    source, destination = route
    before = content(source.database)
    move(source, destination, Alone(source.database, {"switched": fail}))
    assert content(destination) == before
    assert check_version(destination) == destination.newest_version


def test_while_nobody_knows_whether_the_switch_is_made_the_target_stays(
    route: tuple[DataDir, Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source cannot be asked, since its server is away: all the data may be in the target alone."""
    source, destination = route
    before = content(source.database)

    def lose_server() -> None:
        def connect(_: Location, *, readonly: bool = False) -> EngineConnection:
            raise Unavailable("the server is away")

        monkeypatch.setattr(type(source.database), "connect", connect)
        fail()

    with pytest.raises(Unavailable, match="is away"):
        move(source, destination, Alone(source.database, {"switched": lose_server}))
    monkeypatch.undo()
    assert finish_move(source, destination, lambda _: None)
    assert content(destination) == before


def test_the_target_is_marked_all_the_time(route: tuple[DataDir, Location]) -> None:
    """This holds even if the command is killed as it changes the mark: the source is in use, and both must never be."""
    source, destination = route
    kind: type[PostgresTarget | SqliteTarget] = (
        PostgresTarget if isinstance(destination, PostgresDatabase) else SqliteTarget
    )
    execute_really, marks = kind.execute, []

    def die_at_the_second_mark(target: Any, sql: str, values: Any = ()) -> object:
        result = execute_really(target, sql, values)
        if sql == f"delete from {MARK}":
            marks.append(sql)
            if len(marks) == 2:
                fail()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "execute", die_at_the_second_mark)
        patch.setattr(kind, "discard", lambda _: None)
        with pytest.raises(Broken):
            move(source, destination)
    assert check_version(source.database) == source.database.newest_version
    if destination.exists():
        with pytest.raises(BadConfiguration, match="has not finished"):
            check_version(destination)
    assert move(source, destination)[1].rows > 0


def test_a_move_killed_after_its_switch_is_finished_later(route: tuple[DataDir, Location]) -> None:
    """The command was killed, so the target still has its mark: nobody can use either, and the command repairs that."""
    source, destination = route
    is_there = isinstance(destination, PostgresDatabase)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresTarget if is_there else SqliteTarget, "release", lambda *_: fail())
        with pytest.raises(Broken):
            move(source, destination)
    for location in (source.database, destination):
        with pytest.raises(BadConfiguration):
            check_version(location)
    assert finish_move(source, destination, note_arrival)
    assert check_version(destination) == destination.newest_version
    assert finish_move(source, destination, note_arrival) == is_there  # whose file still has to be set aside
    assert _arrivals(destination) == 1


def test_a_move_killed_before_the_file_was_set_aside_is_finished_later(there: DataDir) -> None:
    data = DataDir(there.root)
    assert finish_move(data, there.database, note_arrival)
    set_aside_left_database(data)
    assert not finish_move(data, there.database, note_arrival)
    assert _arrivals(there.database) == 0  # the move recorded its own


def test_a_start_on_the_server_sets_the_file_aside(there: DataDir) -> None:
    """Only the file whose data went there."""
    data = DataDir(there.root)
    finish_setting_aside(DataDir(data.root, PostgresDatabase("postgresql:///elsewhere")))
    finish_setting_aside(data)
    assert data.database.left_for() == str(there.database)
    finish_setting_aside(there)
    assert data.database.left_for() is None
    kept = (data.backups / "moved.sqlite3").read_bytes()
    finish_setting_aside(there)
    assert (data.backups / "moved.sqlite3").read_bytes() == kept


def test_a_start_on_the_server_leaves_other_files_alone(tmp_path: Path, server: PostgresDatabase) -> None:
    (tmp_path / "pressrun.sqlite3").write_bytes(b"notes of somebody")
    finish_setting_aside(DataDir(tmp_path, server))
    assert (tmp_path / "pressrun.sqlite3").read_bytes() == b"notes of somebody"


@pytest.mark.parametrize("stage", ["switching", "switched"])
def test_a_start_deletes_a_copy_that_the_data_were_not_switched_to(there: DataDir, stage: str) -> None:
    """A command was killed after the copy was complete: nobody would be erased there. One that is needed stays."""
    destination = SqliteFile(there.root / "back.sqlite3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteTarget, "discard", lambda _: None)
        patch.setattr(SqliteTarget, "release", lambda *_: fail())
        with pytest.raises(Broken):
            move(there, destination, Alone(there.database, {stage: fail}))
    before = {path.name for path in there.root.iterdir()}
    drop_unused_copies(there)
    gone = before - {path.name for path in there.root.iterdir()}
    assert ({"back.sqlite3"} if stage == "switching" else set()) == gone


def test_only_a_move_that_was_switched_is_finished(data: DataDir, server: PostgresDatabase) -> None:
    assert not finish_move(data, server, note_arrival)
    assert not server.exists()


def test_a_check_changes_nothing(data: DataDir, server: PostgresDatabase) -> None:
    before = content(data.database)
    report = check_move(data, server, lambda _: None)
    assert report.rows == _rows(data.database)
    assert content(data.database) == before
    assert not server.exists()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update list set title = 'a' || char(0) || 'b' where id = {id}", "title holds a NUL character"),
        ("update list set title = cast(x'41ff' as text) where id = {id}", "title holds octets that are not UTF-8"),
        ("update list set description = '[\"\\u0000\"]' where id = {id}", "description holds a NUL character"),
        ("update list set description = '[\"\\ud800\"]' where id = {id}", "half of a surrogate pair"),
    ],
)
def test_text_that_the_server_cannot_store_is_named(
    data: DataDir, server: PostgresDatabase, statement: str, problem: str
) -> None:
    """By its table and id."""
    number = _first_list(data.database)
    execute(data.database, statement.format(id=number))
    with pytest.raises(BadInput, match=rf"list, id {number}: .*{problem}"):
        check_move(data, server, lambda _: None)
    with pytest.raises(BadInput, match=problem):
        move(data, server)
    assert not server.exists()


@pytest.mark.parametrize("stage", ["noted", "stopping"])
def test_text_that_comes_during_a_move_is_checked_before_anything_is_switched(
    data: DataDir, server: PostgresDatabase, stage: str
) -> None:
    number = _first_list(data.database)
    spoil = f"update list set title = 'a' || char(0) || 'b' where id = {number}"
    served = Alone(data.database, {stage: lambda: execute(data.database, spoil)})
    with pytest.raises(BadInput, match=rf"list, id {number}: title holds a NUL character"):
        move(data, server, served)
    assert "switch" not in served.calls
    assert check_version(data.database) == data.database.newest_version
    assert not server.exists()


def test_a_target_with_tables_is_refused(data: DataDir, server: PostgresDatabase) -> None:
    execute(server, "create table theirs (id bigint)")
    with pytest.raises(OutputExists, match="has tables in its schema public"):
        move(data, server)
    execute(server, "drop table theirs")
    server.create()
    with pytest.raises(OutputExists, match="Create a new database"):
        check_move(data, server, lambda _: None)
    assert leftovers(data.database) == []


def test_the_target_of_another_move_is_refused(tmp_path: Path, there: DataDir) -> None:
    other = filled(tmp_path / "other", 2)
    with pytest.raises(OutputExists):
        move(other, there.database)
    with pytest.raises(OutputExists):
        move(there, SqliteFile(tmp_path / "other" / "pressrun.sqlite3"))


@pytest.mark.parametrize("octets", [b"", b"notes of somebody", b"SQLite format 3\0"])
def test_a_file_that_exists_is_refused(tmp_path: Path, there: DataDir, octets: bytes) -> None:
    (tmp_path / "taken").write_bytes(octets)
    with pytest.raises(OutputExists, match="exists"):
        move(there, SqliteFile(tmp_path / "taken"))
    assert (tmp_path / "taken").read_bytes() == octets


def test_a_folder_that_is_missing_is_refused(tmp_path: Path, there: DataDir) -> None:
    with pytest.raises(BadConfiguration, match="is not a folder"):
        move(there, SqliteFile(tmp_path / "missing" / "file"))


def test_a_server_that_cannot_be_reached(data: DataDir) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        move(data, PostgresDatabase("postgresql:///x?host=/nowhere"))
    assert leftovers(data.database) == []


def test_a_database_in_another_encoding(data: DataDir) -> None:
    with empty_database(encoding="SQL_ASCII") as database, pytest.raises(BadConfiguration, match="encoding"):
        move(data, database)
    assert leftovers(data.database) == []


def test_a_role_without_the_right_to_create_tables(data: DataDir) -> None:
    with empty_database(owner="postgres") as database, pytest.raises(BadConfiguration, match="Make the role its owner"):
        move(data, database)
    assert leftovers(data.database) == []


@pytest.mark.parametrize("stage", ["noted", "stopping", "switching"])
def test_a_server_that_disappears(data: DataDir, server: PostgresDatabase, stage: str) -> None:
    """The sessions are ended, as a restart of the server does. The source is as it was."""
    before = content(data.database)

    def end_sessions() -> None:
        with shared_server().connect() as connection:
            name = psycopg.conninfo.conninfo_to_dict(server.address)["dbname"]
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))

    served = Alone(data.database, {stage: end_sessions})
    if stage != "switching":
        with pytest.raises(Unavailable):
            move(data, server, served)
        assert content(data.database) == before
        assert leftovers(data.database) == []
    move(data, server, served if stage == "switching" else None)  # everything was there before the sessions ended
    assert content(server) == before


def test_a_full_disk_on_the_server(data: DataDir, server: PostgresDatabase) -> None:
    """It answers as it does then, in the middle of a table."""
    before = content(data.database)

    def insert(self: object, table: object, rows: object) -> None:
        for number, _ in enumerate(rows):  # type: ignore[arg-type]
            if number:
                raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresTarget, "insert", insert)
        with pytest.raises(Unavailable, match="No space left"):
            move(data, server)
    assert content(data.database) == before
    assert leftovers(data.database) == []
    assert not server.exists()


@pytest.mark.parametrize("spoiled", ["update list set title = title || '!'", "delete from welcome"])
def test_a_row_that_arrives_changed_ends_the_move(data: DataDir, server: PostgresDatabase, spoiled: str) -> None:
    """Somebody writes to the target meanwhile, or it loses a row: what arrived is compared, not what was sent."""
    before = content(data.database)
    insert: Callable[..., None] = PostgresTarget.insert

    def and_spoil(self: object, table: object, rows: object) -> None:
        insert(self, table, rows)
        self.execute(spoiled)  # type: ignore[attr-defined]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresTarget, "insert", and_spoil)
        with pytest.raises(Refused, match="Nothing was changed"):
            move(data, server)
    assert content(data.database) == before


def test_broken_evidence_is_moved_as_it_is_and_reported(data: DataDir, server: PostgresDatabase) -> None:
    execute(data.database, "drop trigger consent_stays", "update consent set event = 'forged' where number = 2")
    there, report = move(data, server)
    assert report.evidence_problems > 0
    assert content(there.database) == content(data.database)


def test_evidence_that_comes_during_a_move_is_followed(data: DataDir, server: PostgresDatabase) -> None:
    """A row that was forged after the chain was followed ends the move."""
    forge = (
        "insert into consent (number, event, at, content_digest, chain)"
        " select number + 1, 'forged', 1, x'00', x'01' from consent_head"
    )
    served = Alone(data.database, {"stopping": lambda: execute(data.database, forge)})
    with pytest.raises(Refused, match="breaks its chain"):
        move(data, server, served)


def test_another_schema_is_refused(data: DataDir, server: PostgresDatabase) -> None:
    execute(data.database, "alter table list add column more text")
    with pytest.raises(Refused, match="differ in their tables list"):
        move(data, server)
    assert leftovers(data.database) == []


def test_what_litestream_has_for_itself_stays_behind(data: DataDir, server: PostgresDatabase) -> None:
    """It makes two tables in the file that it copies."""
    execute(
        data.database,
        "create table _litestream_seq (id integer primary key, seq integer)",
        "create table _litestream_lock (id integer)",
        "insert into _litestream_seq values (1, 7)",
    )
    before = content(data.database)
    there, _ = move(data, server)
    assert before == content(there.database)


def test_other_keys_are_refused(data: DataDir, server: PostgresDatabase) -> None:
    path = data.keys / "suppression"
    path.write_text("00" * 32 + "\n")
    with pytest.raises(BadConfiguration, match="suppression is not the key"):
        move_database(data, server, Alone(data.database), lambda _: None, note_arrival)
    assert not server.exists()


def test_every_failure_is_one_of_ours() -> None:
    """The command line gives each its exit code."""
    assert [error.exit_code for error in (OutputExists, Unavailable, BadInput, Refused, PressrunError)] == [
        73,
        69,
        65,
        1,
        1,
    ]


def _objects(location: Location) -> list[tuple[str, str]]:
    """What a database consists of besides its rows."""
    sql = (
        "select 'index', indexdef from pg_indexes where schemaname = 'public' union all"
        " select 'constraint', conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) from pg_constraint"
        " where connamespace = 'public'::regnamespace and convalidated union all"
        " select 'trigger', pg_get_triggerdef(oid) from pg_trigger where not tgisinternal union all"
        " select 'relation', relkind::text || relname from pg_class where relnamespace = 'public'::regnamespace"
        " union all"
        " select 'function', proname from pg_proc where pronamespace = 'public'::regnamespace"
    )
    with closing(location.connect(readonly=True)) as connection:
        rows = connection.tables().execute(sql).fetchall()
    return sorted((kind, text.translate({40: None, 41: None})) for kind, text in rows)  # a condition loses parentheses


def _first_list(location: Location) -> int:
    with closing(location.connect(readonly=True)) as connection:
        number: int = connection.tables().execute("select min(id) from list").fetchone()[0]
    return number


def _rows(location: Location) -> int:
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        return sum(tables.count(table) for table in tables.tables().values())
