"""A backup holds everything of one moment, is checked before it is kept, and tells what is wrong with it."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.e2e.instance import until
from tests.operations.backup_tools import CONFIG, Change, make_backup, members, rehearsed, rewrite
from tests.operations.moving import content, empty_database, filled, move

from pressrun.core.errors import BadConfiguration, BadInput, NoInput, NotFound, OutputExists, Refused, Unavailable
from pressrun.core.upkeep.backup_keep import parse_keep
from pressrun.operations.backup import data_snapshot, thinning
from pressrun.operations.backup.data_snapshot import open_snapshot
from pressrun.operations.backup.encodings import Compression, Encoding
from pressrun.operations.backup.manifest import DATABASE, NAME
from pressrun.operations.backup.rehearsal import require_same_installation
from pressrun.operations.backup.thinning import name_backup, thin_out
from pressrun.operations.backup.write_backup import SCRATCH, scratch_folder
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.postgresql.move_target import PostgresTarget
from pressrun.store.queue.journal import Journal
from pressrun.store.sqlite import tables as sqlite_tables
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.preparing import prepare

pytestmark = pytest.mark.only_on("sqlite", "those on a server are moved there by the test itself")


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """Data with a row in every table, and a file in every folder."""
    data = filled(tmp_path / "data")
    for name, text in {"layouts/own.html": "<p>", "dkim/example.pem": "key", "layouts/.draft.html": "no"}.items():
        path = data.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with closing(Journal.open(data.journal)):
        return data


@pytest.fixture
def backup(data: DataDir, tmp_path: Path) -> Path:
    make_backup(data, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def test_everything_is_in_it(data: DataDir, backup: Path, tmp_path: Path) -> None:
    rehearsal = rehearsed(backup, tmp_path / "there")
    assert content(rehearsal.data.database) == content(data.database)
    assert sorted(members(backup)) == [
        "config.toml",
        "dkim/example.pem",
        "handovers",
        "keys/link-1",
        "keys/suppression",
        "layouts/own.html",
        NAME,
        DATABASE,
    ]
    assert members(backup)["config.toml"] == CONFIG
    assert not rehearsal.audit.problems


def test_only_its_owner_can_read_it(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_file_is_never_overwritten(data: DataDir, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(OutputExists):
        make_backup(data, backup)
    assert backup.read_bytes() == before


@pytest.mark.needs("postgresql")
def test_data_on_a_server_become_the_same_file(data: DataDir, tmp_path: Path) -> None:
    """It is one whatever the engine, so each can be restored to the other."""
    before = content(data.database)
    with empty_database() as server:
        there, _ = move(data, server)
        manifest = make_backup(there, tmp_path / "backup.tar")
    rehearsal = rehearsed(tmp_path / "backup.tar", tmp_path / "there")
    assert manifest.engine == "postgresql"
    assert content(rehearsal.data.database) == before


@pytest.mark.needs("postgresql")
def test_settings_of_the_role_are_nothing_to_a_backup_of_a_server(data: DataDir, tmp_path: Path) -> None:
    """It may be idle for minutes while the copy is checked, and SQL that others generate may be quoted in full."""
    with empty_database() as server:
        there, _ = move(data, server)
        odd, limits = limited(server)
        with open_snapshot(DataDir(there.root, odd)) as snapshot:
            shown = [snapshot.tables.execute(f"show {name}").fetchone()[0] for name in limits]
        manifest = make_backup(DataDir(there.root, odd), tmp_path / "backup.tar")
    assert set(shown) == {"0"}
    assert manifest.engine == "postgresql"


@pytest.mark.needs("postgresql")
def test_limits_of_the_role_do_not_end_what_fills_a_server(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statistics of all tables may be the longest statement."""
    execute = PostgresTarget.execute
    shown: dict[str, set[str]] = {"analyze": set(), "alter": set()}
    with empty_database() as server:
        odd, limits = limited(server)

        def watched(self: PostgresTarget, sql: str, values: Sequence[Any] = ()) -> Any:
            verb = sql.partition(" ")[0]
            if verb in shown:
                shown[verb].update(execute(self, f"show {name}").fetchone()[0] for name in limits)
            return execute(self, sql, values)

        monkeypatch.setattr(PostgresTarget, "execute", watched)
        move(data, odd)
    assert {"analyze": {"0"}, "alter": {"0"}} == shown


def limited(server: PostgresDatabase) -> tuple[PostgresDatabase, list[str]]:
    """The database for a role that has every limit that this server knows, and the names of those."""
    known = "select name from pg_settings where name ~ '^(statement|lock|transaction|idle_in_transaction.*)_timeout$'"
    with closing(server.connect()) as connection:
        limits = [name for (name,) in connection.tables().execute(known).fetchall()]
    assert len(limits) >= 3
    settings = " ".join(["-cquote_all_identifiers=on", *(f"-c{name}=100s" for name in limits)])
    return PostgresDatabase(f"{server.address}&options={quote(settings)}"), limits


@pytest.mark.needs("postgresql")
def test_a_server_that_is_lost_is_the_reason_why_there_is_no_backup(data: DataDir, tmp_path: Path) -> None:
    with empty_database() as server:
        there, _ = move(data, server)
        with pytest.raises(Unavailable, match="terminating connection"), open_snapshot(there) as snapshot:
            snapshot.tables.execute("select pg_terminate_backend(pg_backend_pid())")


@pytest.mark.needs("zstd")
@pytest.mark.parametrize("compression", Compression)
def test_it_is_read_whatever_its_compression(data: DataDir, tmp_path: Path, compression: Compression) -> None:
    path = tmp_path / "any-name"
    make_backup(data, path, Encoding(compression=compression, recipients=()))
    assert rehearsed(path, tmp_path / "there").manifest.files


@pytest.mark.needs("age")
def test_it_is_encrypted_for_its_recipients_alone(data: DataDir, tmp_path: Path) -> None:
    keys = {name: tmp_path / name for name in ("mine", "other")}
    for path in keys.values():
        subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    recipient = next(line.split()[-1] for line in keys["mine"].read_text().splitlines() if "public key" in line)
    path = tmp_path / "backup.age"
    make_backup(data, path, Encoding(compression=Compression.GZIP, recipients=(recipient,)))
    assert b"age-encryption.org" in path.read_bytes()[:30]
    assert rehearsed(path, tmp_path / "there", keys["mine"]).manifest.files
    with pytest.raises(BadInput, match="encrypted for another key"):
        rehearsed(path, tmp_path / "wrong", keys["other"])
    with pytest.raises(BadInput, match="--identity"):
        rehearsed(path, tmp_path / "none")
    with pytest.raises(NoInput):
        rehearsed(path, tmp_path / "missing", tmp_path / "missing key")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="damaged or truncated"):
        rehearsed(path, tmp_path / "cut", keys["mine"])


def test_it_is_complete_while_others_write_all_the_time(
    data: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step would begin anew if the copy did not hold a snapshot. What is written during it is not in it."""
    monkeypatch.setattr(sqlite_tables, "COPIED_PAGES", 1)
    before = content(data.database)
    assert isinstance(data.database, SqliteFile)
    writer = sqlite3.connect(data.database.path, isolation_level=None, check_same_thread=False)
    steps = 0

    def write(_left: int, _total: int) -> None:
        nonlocal steps
        steps += 1
        writer.execute("insert into pace (scope, state) values (?, '{}')", (f"step {steps}",))

    with closing(writer), open_snapshot(data) as snapshot, closing(sqlite3.connect(":memory:")):
        assert isinstance(snapshot.tables, sqlite_tables.SqliteTables)
        snapshot.tables.copy_file(tmp_path / "copy", write)
    assert steps > 20
    assert content(SqliteFile(tmp_path / "copy")) == before


def test_the_journal_is_that_of_the_snapshot_or_later(data: DataDir, tmp_path: Path) -> None:
    """What a relay accepted before the snapshot is in the journal, though the database does not know it."""
    content_then = data.journal.read_bytes()
    with open_snapshot(data) as snapshot:
        data.journal.write_bytes(b"later")
        assert snapshot.files["handovers"] == content_then


@pytest.mark.parametrize("chain", ["consent", "audit"])
def test_the_heads_of_chains_are_those_before_the_snapshot(
    data: DataDir, monkeypatch: pytest.MonkeyPatch, chain: str
) -> None:
    """With later ones, restored data would look like a database that was set back."""
    head = data.head_of(chain)
    name = head.relative_to(data.root).as_posix()
    read_folders = data_snapshot._read_folders

    def read_later(data: DataDir) -> dict[str, bytes]:
        head.write_bytes(b"later")
        return read_folders(data)

    monkeypatch.setattr(data_snapshot, "_read_folders", read_later)
    head.unlink(missing_ok=True)
    with open_snapshot(data) as snapshot:
        assert name not in snapshot.files
    head.write_bytes(b"before")
    with open_snapshot(data) as snapshot:
        assert b"before" == snapshot.files[name]


def test_a_damaged_database_is_not_backed_up(data: DataDir, tmp_path: Path) -> None:
    """Otherwise --keep would replace the good backups by bad ones."""
    assert isinstance(data.database, SqliteFile)
    with closing(sqlite3.connect(data.database.path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        root = connection.execute("select rootpage from sqlite_schema where name = 'delivery_queue'").fetchone()[0]
        size = connection.execute("pragma page_size").fetchone()[0]
    with data.database.path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(Refused, match="damaged"):
        make_backup(data, tmp_path / "backup.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_without_data_or_with_other_keys_there_is_none(data: DataDir, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        make_backup(DataDir(tmp_path / "none"), tmp_path / "backup.tar")
    (data.keys / "suppression").write_text("00" * 32)
    with pytest.raises(BadConfiguration, match="is not the key"):
        make_backup(data, tmp_path / "backup.tar")


@pytest.mark.parametrize(("octets", "words"), [(200_000, "could not be copied"), (1_500_000, "File too large")])
def test_a_full_disk_leaves_nothing(data: DataDir, tmp_path: Path, octets: int, words: str) -> None:
    """The limit on the size of files stands in for the disk, in a process of its own."""
    target = tmp_path / "target"
    target.mkdir()
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({octets}, {octets}))\n"
        "from tests.operations.backup_tools import make_backup\n"
        "from pressrun.store.upkeep.datadir import DataDir\n"
        "make_backup(DataDir(Path(sys.argv[1])), Path(sys.argv[2]))\n"
    )
    (data.root / "layouts" / "large.html").write_bytes(bytes(900_000))
    command = [sys.executable, "-c", script, str(data.root), str(target / "backup.tar")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."})
    assert words in done.stderr
    assert "/proc/" not in done.stderr
    assert list(target.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from pressrun.operations.backup.write_backup import scratch_folder

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup makes whatever runs the tests ignore it
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "keys").mkdir()
    (folder / "keys" / "link-1").touch()
    print("in it", flush=True)
    os.killpg(0, int(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_keys_and_addresses_do_not_stay_when_a_backup_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    """A terminal that is closed signals the whole group."""
    code = KILLED if number != signal.SIGKILL else KILLED.replace("killpg(0,", "kill(os.getpid(),")
    command = [sys.executable, "-c", code, str(tmp_path), str(int(number))]
    done = subprocess.run(command, check=False, capture_output=True, start_new_session=True, text=True)
    assert (-number, "in it\n") == (done.returncode, done.stdout)
    until(lambda: not list(tmp_path.iterdir()))


def test_what_a_killed_backup_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """But not what another one is working in."""
    with scratch_folder(tmp_path) as used:
        left = tmp_path / f"{SCRATCH}left"
        left.mkdir()
        (left / DATABASE).write_bytes(b"addresses")
        with scratch_folder(tmp_path) as own:
            assert sorted(tmp_path.iterdir()) == sorted([used.resolve(), own.resolve()])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["open", "flock"])
def test_a_folder_that_another_backup_took_for_a_left_one_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Before it is locked it looks like one that a kill has left."""
    module = {"open": os, "flock": fcntl}[moment]
    really = getattr(module, moment)

    def meddle(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(module, moment, really)
        for path in tmp_path.glob(f"{SCRATCH}*"):
            path.rmdir()
        return really(*args, **kwargs)

    monkeypatch.setattr(module, moment, meddle)
    with scratch_folder(tmp_path) as folder:
        assert [folder.resolve()] == list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_thinning_removes_older_backups_of_this_installation_only(tmp_path: Path) -> None:
    ours, other = "0" * 16, "1" * 16
    names = [name_backup(ours, day * 86400, ".tar.zst") for day in range(5)]
    strange = [name_backup(other, 0, ".tar.zst"), f"{names[0]}.txt", f"my-{names[0]}", "notes"]
    for name in [*names, *strange]:
        (tmp_path / name).write_bytes(b"backup")
    link = tmp_path / name_backup(ours, 9, ".tar.gz")
    link.symlink_to(tmp_path / "notes")
    removed = thin_out(tmp_path, ours, parse_keep("2d"))
    assert [path.name for path in removed] == names[:3]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names[3:], *strange, link.name])


def test_the_empty_name_of_a_killed_backup_keeps_the_place_of_no_other(tmp_path: Path) -> None:
    """It is all that is left of it on a file system without hard links."""
    installation = "0" * 16
    whole, other, empty = (tmp_path / name_backup(installation, at * 3600, ".tar") for at in (1, 30, 31))
    for path in (whole, other):
        path.write_bytes(b"backup")
    empty.touch()
    assert [empty] == thin_out(tmp_path, installation, parse_keep("2d"))
    assert {whole, other} == set(tmp_path.iterdir())


def test_thinning_does_not_stumble_over_a_backup_that_another_call_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = (0, tmp_path / name_backup("0" * 16, 0, ".tar"))
    monkeypatch.setattr(thinning, "list_backups", lambda *_: [gone])
    assert [gone[1]] == thin_out(tmp_path, "0" * 16, parse_keep("2d"))


def _without(name: str) -> Change:
    return lambda files: files.__delitem__(name)


def _manifest(change: Callable[[dict[str, Any]], object]) -> Change:
    def work(files: dict[str, bytes]) -> None:
        manifest = json.loads(files[NAME])
        change(manifest)
        files[NAME] = json.dumps(manifest).encode()

    return work


def _larger_database(files: dict[str, bytes]) -> None:
    files[DATABASE] += bytes(4096)


def _bad(files: dict[str, bytes], name: str = "keys/link-1") -> None:
    files[name] = b"0" * len(files[name])


BAD: dict[str, tuple[Change, str]] = {
    "no manifest": (_without(NAME), "not a backup of Pressrun"),
    "another format": (_manifest(lambda m: m.update(format="tar")), "not a backup of Pressrun"),
    "a newer format": (_manifest(lambda m: m.update(format_version=2)), "format 2"),
    "no JSON": (lambda files: files.update({NAME: b"{"}), "manifest cannot be read"),
    "a large manifest": (lambda files: files.update({NAME: bytes(5_000_000)}), "not a backup of Pressrun"),
    "a changed file": (_bad, "keys/link-1 in it was altered"),
    "a changed database": (lambda files: _bad(files, DATABASE), "in it was altered"),
    "a larger file": (_larger_database, "which is not in its manifest"),
    "a further file": (lambda files: files.update({"keys/link-2": b"x"}), "which is not in its manifest"),
    "a missing file": (_without("keys/link-1"), "keys/link-1 is missing"),
    "a path outside": (
        _manifest(lambda m: m["files"].append({"path": "../x", "size": 1, "sha256": ""})),
        "names '../x'",
    ),
    "an absolute path": (
        _manifest(lambda m: m["files"].append({"path": "/etc/passwd", "size": 1, "sha256": ""})),
        "names '/etc/passwd'",
    ),
    "a bomb": (
        _manifest(lambda m: m["files"].append({"path": "keys/link-9", "size": 1 << 60, "sha256": ""})),
        "not enough disk space",
    ),
    "other keys in the manifest": (_manifest(lambda m: m.update(keys={"0": "00"})), "its keys differ"),
    "other rows": (_manifest(lambda m: m["rows"].update(list=9)), "row counts"),
    "another head": (_manifest(lambda m: m.update(consent_head="nonsense")), "is not a chain head"),
    "no database in the manifest": (
        _manifest(lambda m: m.update(files=[file for file in m["files"] if file["path"] != DATABASE])),
        "manifest is incomplete",
    ),
    "a manifest without the key of the suppressions": (_manifest(lambda m: m["keys"].pop("0")), "is incomplete"),
    "a file twice in the manifest": (_manifest(lambda m: m["files"].append(m["files"][0])), "is incomplete"),
    "a size below zero": (_manifest(lambda m: m["files"][0].update(size=-1)), "manifest is incomplete"),
    "no moment": (_manifest(lambda m: m.update(created_at="soon")), "manifest is incomplete"),
    "a moment anywhere": (_manifest(lambda m: m.update(created_at="2026-05-01T12:00:00")), "manifest is incomplete"),
    "a moment that nobody can count": (
        _manifest(lambda m: m.update(created_at="0001-01-01T00:00:00+23:00")),
        "manifest is incomplete",
    ),
    "another schema": (_manifest(lambda m: m.update(schema=1)), "its manifest says 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_changed_backup_is_refused_with_the_reason(backup: Path, tmp_path: Path, case: str) -> None:
    change, words = BAD[case]
    path = rewrite(backup, tmp_path / "changed.tar", change)
    with pytest.raises((BadInput, Refused), match=words):
        rehearsed(path, tmp_path / "there")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["create trigger evil after insert on suppression begin delete from suppression; end"], "trigger evil"),
        (["create view evil as select 1"], "view evil"),
        (["drop trigger consent_is_kept"], "trigger consent_is_kept"),
        (["drop view recipient", "create view recipient as select * from subscription"], "view recipient"),
        (["drop index delivery_queue"], "index delivery_queue"),
        (["alter table suppression add column evil text as (upper(reason))"], "table suppression"),
        (["create table theirs (id integer)", "create index theirs_id on theirs (id)"], None),
        (['create table "the""irs" (id integer)'], None),
    ],
)
def test_a_database_with_a_schema_of_somebody_else_is_refused(
    backup: Path, tmp_path: Path, statements: list[str], what: str | None
) -> None:
    """What acts by itself would go on to act after a restore. A table or an index that somebody has added may stay."""

    def change(files: dict[str, bytes]) -> None:
        path = tmp_path / "changed.sqlite3"
        path.write_bytes(files[DATABASE])
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        files[DATABASE] = path.read_bytes()
        manifest = json.loads(files[NAME])
        manifest["rows"] |= {} if what else {"theirs" if "theirs" in statements[0] else 'the"irs': 0}
        for file in manifest["files"]:
            content = files[file["path"]]
            file |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        files[NAME] = json.dumps(manifest).encode()

    path = rewrite(backup, tmp_path / "changed.tar", change)
    if what is None:
        rehearsed(path, tmp_path / "there")
        return
    with pytest.raises(BadInput, match=f"not as Pressrun makes it: '{what}'"):
        rehearsed(path, tmp_path / "there")


@pytest.mark.parametrize("content", [b"email\na@x.example\n", b"-" * 600])
def test_a_file_of_another_kind_is_said_to_be_no_backup(tmp_path: Path, content: bytes) -> None:
    """However short it is; it has not been cut off."""
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(BadInput, match="it is not a backup of Pressrun, or "):
        rehearsed(tmp_path / "other", tmp_path / "there")


def test_what_has_no_end_is_refused_at_once(backup: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(NoInput, match="not a regular file"):
            rehearsed(path, tmp_path / path.name.upper())
    archive = backup.read_bytes()
    for longer, words in ((archive + bytes(10_240), "data after its end"), (archive[:-1] + b"x", "data after its end")):
        backup.write_bytes(longer)
        with pytest.raises(BadInput, match=words):
            rehearsed(backup, tmp_path / f"there {len(longer)}")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME],
)
def test_only_regular_files_are_taken(backup: Path, tmp_path: Path, kind: bytes) -> None:
    """Neither links nor headers that a reader would have to hold in memory."""
    header = tarfile.TarInfo("keys/link-1")
    header.type, header.linkname = kind, "/etc/passwd"
    header.size = 0 if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE) else 1 << 40
    content = backup.read_bytes()
    first = 512 + -(-len(members(backup)[NAME]) // 512) * 512
    path = tmp_path / "links.tar"
    path.write_bytes(content[:first] + header.tobuf(tarfile.GNU_FORMAT)[:512] + content[first:])
    with pytest.raises(BadInput, match="not a regular file"):
        rehearsed(path, tmp_path / "there")


@pytest.fixture(params=["plain", "gzip", pytest.param("zstd", marks=pytest.mark.needs("zstd"))])
def encoded_backup(request: pytest.FixtureRequest, backup: Path) -> bytes:
    content = backup.read_bytes()
    if request.param == "gzip":
        return gzip.compress(content, 1)
    if request.param == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=content, check=True, capture_output=True).stdout
    return content


def decoded(content: bytes) -> bytes:
    """The archive within. A bit of a compressed one may flip without changing it: a run of zeros has many codes."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-q", "-d", "-c"], input=content, check=True, capture_output=True).stdout
    return content


def test_every_cut_and_many_flipped_bits_are_noticed(encoded_backup: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed"
    length = len(encoded_backup)
    for number, place in enumerate(range(0, length - 11_000, max(1, length // 12))):
        path.write_bytes(encoded_backup[:place])
        with pytest.raises(BadInput):
            rehearsed(path, tmp_path / f"cut {number}")
        flipped = bytearray(encoded_backup)
        flipped[place + 130] ^= 0x10
        path.write_bytes(flipped)
        try:
            rehearsed(path, tmp_path / f"flipped {number}")
        except BadInput:
            continue
        # Padding or the time of a file, which nothing uses, or another way to encode the same octets
        pairs = zip(decoded(encoded_backup), decoded(bytes(flipped)), strict=True)
        assert {before for before, after in pairs if before != after} <= {0}


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0" + bytes(5000), b"PK\x03\x04" + bytes(5000), bytes(20_480)]
)
def test_other_files_are_not_backups(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        rehearsed(path, tmp_path / "there")


def test_a_newer_schema_is_refused(data: DataDir, tmp_path: Path) -> None:
    assert isinstance(data.database, SqliteFile)
    newest = data.database.newest_version
    make_backup(data, tmp_path / "now.tar")
    with closing(sqlite3.connect(data.database.path)) as connection:
        connection.execute(f"pragma user_version = {newest + 1}")

    def claim(files: dict[str, bytes]) -> None:
        manifest = json.loads(files[NAME])
        with closing(sqlite3.connect(tmp_path / "newer", isolation_level=None)) as connection:
            connection.deserialize(files[DATABASE])
            connection.execute(f"pragma user_version = {newest + 1}")
            files[DATABASE] = connection.serialize()
        manifest["schema"] = newest + 1
        for file in manifest["files"]:
            if file["path"] == DATABASE:
                file["sha256"] = hashlib.sha256(files[DATABASE]).hexdigest()
        files[NAME] = json.dumps(manifest).encode()

    path = rewrite(tmp_path / "now.tar", tmp_path / "newer.tar", claim)
    with pytest.raises(BadInput, match=f"schema {newest + 1}, but this version of Pressrun only knows up to {newest}"):
        rehearsed(path, tmp_path / "there")


def test_a_backup_of_another_installation_is_named(backup: Path, tmp_path: Path) -> None:
    other = DataDir(tmp_path / "other")
    prepare(other)
    manifest = rehearsed(backup, tmp_path / "there").manifest
    with pytest.raises(BadInput, match="another installation"):
        require_same_installation(manifest, other)
    require_same_installation(manifest, DataDir(tmp_path / "nothing"))
