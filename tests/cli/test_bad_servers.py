"""A database on a server that cannot be used: what each verb and `serve` say, and that nothing is half done."""

from __future__ import annotations

import re
import select
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.shell import Called, Shell
from tests.postgresql import ROLE, OwnDatabases, Server, shared_server

from pressrun.store.postgresql.connection import shown_address

pytestmark = pytest.mark.only_on("postgresql", "it is about servers")

READING, WRITING = ("list", "ls"), ("list", "create", "more", "--title", "More", "--postal-address", "1 Road")
VERBS = (READING, WRITING, ("check",), ("migrate",), ("consent", "verify"), ("serve",))


@pytest.fixture
def server() -> Server:
    return shared_server()


@pytest.fixture
def databases(server: Server) -> Iterator[OwnDatabases]:
    with closing(OwnDatabases(server)) as made:
        yield made


@pytest.fixture
def opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Shell]:
    """A shell of a new machine with a database at that address."""

    def open_at(url: str) -> Shell:
        folder = tmp_path / "machine"
        folder.mkdir()
        return Shell(folder, capsys, url)

    return open_at


def require_refusal(shell: Shell, code: int, *words: str) -> None:
    """Every verb ends with this code, `check` with 78, and names the database without its password and the remedy."""
    called = {verb: shell.call(*verb) for verb in VERBS}
    assert {verb: 78 if verb == ("check",) else code for verb in VERBS} == {
        verb: call.code for verb, call in called.items()
    }
    for verb, call in called.items():
        assert [] == [word for word in words if word not in call.err], (verb, call.err)
        assert ("horse" in call.err, "Traceback" in call.err) == (False, False)


def only_the_lock(shell: Shell) -> bool:
    """Whether no verb has left anything behind on this machine, such as keys for a database that is not there."""
    return {"lock"} >= {path.name for path in shell.data.rglob("*")}


@pytest.mark.parametrize(
    "url", ["postgresql://me:horse@127.0.0.1:1/news", "postgresql:///news?host=/nowhere&password=horse"]
)
def test_a_server_that_does_not_answer_is_69(opened: Callable[[str], Shell], url: str) -> None:
    shell = opened(url)
    require_refusal(shell, 69, shown_address(url), "cannot be reached", "Start the server, or correct `database`")
    assert only_the_lock(shell)


def test_a_database_that_does_not_exist_is_69(opened: Callable[[str], Shell], server: Server) -> None:
    shell = opened(server.url("no_such_name"))
    require_refusal(shell, 69, 'database "no_such_name" does not exist', "or correct `database`")
    assert only_the_lock(shell)


@pytest.fixture
def old_server(server: Server) -> Iterator[int]:
    """The port of a server that says, as any other does at the start of a session, that it is version 14."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # the test is over
                return
            with client, socket.socket(socket.AF_UNIX) as upstream:
                upstream.connect(str(server.folder / ".s.PGSQL.5432"))
                pump_as_old(client, upstream)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def pump_as_old(client: socket.socket, upstream: socket.socket) -> None:
    """Pass on what either says until one of them ends."""
    while True:
        for source in select.select([client, upstream], [], [], 10)[0]:
            said = source.recv(65536)
            if not said:
                return
            if source is client:
                upstream.sendall(said)
            else:
                client.sendall(re.sub(rb"(server_version\0)\d\d", rb"\g<1>14", said))


def test_a_server_that_says_that_it_is_too_old_is_78(
    opened: Callable[[str], Shell], old_server: int, databases: OwnDatabases
) -> None:
    """Nothing is done there before its version is known."""
    name = databases.new()
    shell = opened(f"postgresql://{ROLE}@127.0.0.1:{old_server}/{name}?sslmode=disable&gssencmode=disable")
    require_refusal(shell, 78, "is PostgreSQL 14", "Pressrun needs 15 or newer")
    assert only_the_lock(shell)
    assert {} == shell.contents()


def test_another_encoding_is_78(opened: Callable[[str], Shell], server: Server, databases: OwnDatabases) -> None:
    name = databases.new()
    with server.connect() as admin:
        admin.execute(f"drop database {name}")
        admin.execute(f"create database {name} encoding 'LATIN1' template template0 locale 'C' owner {ROLE}")
    shell = opened(server.url(name))
    require_refusal(shell, 78, name, "has the encoding LATIN1", "createdb --encoding UTF8")
    assert only_the_lock(shell)


def test_a_role_that_may_not_create_tables_is_78(
    opened: Callable[[str], Shell], server: Server, databases: OwnDatabases
) -> None:
    name = databases.new()
    with server.connect(name) as admin:
        admin.execute(f"alter database {name} owner to postgres")
        admin.execute("revoke create on schema public from public")
    shell = opened(server.url(name))
    require_refusal(shell, 78, name, "may not create tables in the schema public", "Make it the owner")


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("alter table {table} owner to postgres", "permission denied for table"),
        ("alter table {table} owner to postgres; grant select on {table} to public", "permission denied for table"),
    ],
    ids=["nothing", "only-reading"],
)
def test_a_role_without_privileges_is_told_which_it_lacks(
    shell: Shell, server: Server, statement: str, word: str
) -> None:
    shell.make_list()
    with server.connect(shell.database_name) as admin:
        for (table,) in admin.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
            admin.execute(statement.format(table=table))
    before = shell.contents()
    for verb in (WRITING, ("serve",)):
        called = shell.call(*verb)
        assert (True, True, False) == (called.code in (69, 78), word in called.err, "Traceback" in called.err), called
    assert before == shell.contents()


def test_a_database_of_another_program_is_78_and_left_alone(
    opened: Callable[[str], Shell], server: Server, databases: OwnDatabases
) -> None:
    name = databases.new()
    with server.connect(name) as admin:
        admin.execute("create table things (id int)")
    shell = opened(server.url(name))
    require_refusal(shell, 78, name, "has the tables of another program", "Create a database of its own")
    assert only_the_lock(shell)
    assert {"things"} == set(shell.contents())


def test_a_newer_schema_is_78(shell: Shell, server: Server) -> None:
    shell.make_list()
    with server.connect(shell.database_name) as admin:
        admin.execute("update schema_version set version = 999")
    before = shell.contents()
    require_refusal(shell, 78, shell.database_name, "has schema 999", "Install the newer version again")
    assert before == shell.contents()


def test_a_schema_from_which_no_step_leads_on_is_78(shell: Shell, server: Server) -> None:
    """No release has had it; whoever reads hears of `migrate`, which refuses."""
    shell.make_list()
    with server.connect(shell.database_name) as admin:
        admin.execute("update schema_version set version = 1")
    before = shell.contents()
    require_refusal(shell, 78, shell.database_name, "schema 1")
    assert before == shell.contents()


def test_the_keys_of_another_database_are_78(
    shell: Shell, opened: Callable[[str], Shell], databases: OwnDatabases
) -> None:
    shell.make_list()
    before = shell.contents()
    other = opened(shared_server().url(databases.new()))
    other.make_list()
    shutil.rmtree(shell.data / "keys")
    require_refusal(shell, 78, shell.database_name, "exists without its keys", "restore")
    shutil.copytree(other.data / "keys", shell.data / "keys")
    require_refusal(shell, 78, shell.database_name, "is not the key that", "Restore it from the backup")
    assert before == shell.contents()


def test_without_the_driver_it_is_78(opened: Callable[[str], Shell], monkeypatch: pytest.MonkeyPatch) -> None:
    shell = opened("postgresql://me:horse@127.0.0.1:1/news")
    monkeypatch.setitem(sys.modules, "pressrun.store.postgresql.location", None)
    require_refusal(shell, 78, "needs psycopg", "Install requirements/postgresql.txt, or python3-psycopg")
    assert not shell.data.exists()


def test_check_tells_a_missing_driver_beside_other_errors(
    opened: Callable[[str], Shell], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = opened("postgresql://me:horse@127.0.0.1:1/news")
    shell.config.chmod(0o666)
    monkeypatch.setitem(sys.modules, "pressrun.store.postgresql.location", None)
    called = shell.call("check", "--json")
    errors = {error["key"]: error for error in called.json["errors"]}
    assert (78, {"", "database"}) == (called.code, set(errors))
    assert "needs psycopg" in errors["database"]["found"]
    assert shell.config.read_text().splitlines()[errors["database"]["line"] - 1].startswith("database")
    assert "requirements/postgresql.txt" in errors["database"]["expected"]


def test_a_server_that_does_not_answer_is_told_before_there_is_a_folder(opened: Callable[[str], Shell]) -> None:
    """As `check` is called before the first start."""
    called = opened("postgresql://127.0.0.1:1/news").call("check", "--json")
    assert (78, ["database"]) == (called.code, [error["key"] for error in called.json["errors"]])


def test_an_address_that_libpq_cannot_read_is_an_error_beside_others(opened: Callable[[str], Shell]) -> None:
    """It has its line, its words without what they quote, and the form that is right."""
    shell = opened("postgresql:///news?horse=1")
    shell.config.chmod(0o666)
    called = shell.call("check", "--json")
    errors = {error["key"]: error for error in called.json["errors"]}
    assert (78, {"", "database"}) == (called.code, set(errors))
    assert "an address that cannot be read (invalid URI query parameter: …)" == errors["database"]["found"]
    assert errors["database"]["expected"].startswith("postgresql://USER@HOST/NAME")


@pytest.mark.parametrize("text", ["A\0B", "A\ud800B"], ids=["nul", "half-a-character"])
def test_no_text_keeps_the_database_from_taking_the_rest(shell: Shell, text: str) -> None:
    """A NUL, which PostgreSQL cannot store, and half a character, from files and from arguments."""
    shell.make_list()
    content = f"email,name,town\na@x.example,{text},{text}\nb@x.example,Ben,Here\n".encode("utf-8", "surrogatepass")
    imported = shell.call("subscriber", "import", "news", shell.write("readers.csv", content))
    told: list[Called] = [imported, shell.call("list", "set", "news", f"title={text}")]
    told.append(shell.call("subscriber", "add", "news", "c@x.example", "--name", text))
    assert [] == [call for call in told if call.code not in (0, 64, 65) or "Traceback" in call.err]
    shell.good("subscriber", "add", "news", "d@x.example")
    assert "\0" not in shell.good("subscriber", "export", "news").out
