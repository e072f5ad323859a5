"""`move-to` from outside: an edition goes on where it stood, nobody is mailed twice, and a kill changes nothing."""

from __future__ import annotations

import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import DOMAIN, Instance, plain_environment, until
from tests.operations.moving import empty_database

from pressrun.control.client import ControlClient
from pressrun.core.errors import PressrunError, TryAgain
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.only_on("sqlite")]

READERS = 400
EVERYBODY = READERS + 3  # with those that every instance has


@pytest.fixture
def server() -> Iterator[PostgresDatabase]:
    with empty_database() as database:
        yield database


@pytest.fixture
def sending(make_instance: MakeInstance) -> Instance:
    """An instance that is sending an edition, slowly until `use` speeds it up."""
    instance = make_instance(delivery={"rate": "20/s"})
    instance.import_readers(*(f"reader{number}@readers.example" for number in range(READERS)))
    instance.start()
    instance.send()
    return instance


def use(instance: Instance, place: str | None) -> None:
    """Change the configuration as the command says."""
    lines = [line for line in instance.config.read_text().splitlines() if not line.startswith("database =")]
    if place is not None:
        lines.insert(0, f'database = "{place}"')
    instance.config.write_text("\n".join(lines) + "\n")


def await_finished(instance: Instance) -> dict[str, object]:
    """Send the rest, fast."""
    instance.config.write_text(instance.config.read_text().replace('"20/s"', '"1000/s"'))
    instance.do("reload")

    def finished() -> dict[str, object] | None:
        shown: dict[str, object] = instance.show(1)
        return shown if shown["state"] == "finished" else None

    return until(finished, 60)


def ended(instance: Instance) -> int:
    """How the daemon ended by itself."""
    assert instance.daemon is not None
    code = instance.daemon.process.wait(30)
    instance.daemon.close()
    return int(code)


def test_an_edition_goes_on_after_a_move_there_and_back(sending: Instance, server: PostgresDatabase) -> None:
    until(lambda: len(sending.accepted()) > 20 or None)
    moved = sending.json("move-to", server.address, "--yes")
    assert ended(sending) == 78
    assert moved["moved_to"] == str(server)
    assert server.address in moved["config"]
    assert sending.run("serve").code == 78
    assert f"was moved to {server}" in sending.run("list", "ls").err
    use(sending, server.address)
    sending.start()
    at = len(sending.accepted())
    until(lambda: len(sending.accepted()) > at + 20 or None)
    sending.do("move-to", f"sqlite:{sending.folder / 'data' / 'pressrun.sqlite3'}", "--yes")
    assert ended(sending) == 78
    assert len(sending.accepted()) < EVERYBODY
    use(sending, None)
    sending.start()
    assert await_finished(sending)["delivered"] == EVERYBODY
    accepted = sending.accepted()
    assert (len(accepted), len({*accepted})) == (EVERYBODY, EVERYBODY)
    identifiers = {mail.message["Message-ID"] for mail in sending.mails()}
    assert len(identifiers) == EVERYBODY


def test_a_move_while_no_daemon_runs(make_instance: MakeInstance, server: PostgresDatabase) -> None:
    instance = make_instance()
    instance.import_readers("reader@readers.example")
    before = instance.json("list", "show", "news")
    instance.do("move-to", server.address, "--yes")
    use(instance, server.address)
    assert instance.json("list", "show", "news") == before
    instance.start()
    instance.send()
    assert await_finished(instance)["delivered"] == 4


def test_only_keys_that_are_set_are_to_be_removed(make_instance: MakeInstance, server: PostgresDatabase) -> None:
    """Nor is a password mentioned where the command was given none."""
    instance = make_instance()
    usual, elsewhere = instance.database_file, instance.folder / "elsewhere.sqlite3"
    out = instance.json("move-to", server.address, "--yes")["config"]
    assert out == f'write `database = "{server.address}"` at the top of config.toml'
    use(instance, server.address)
    assert instance.json("move-to", f"sqlite:{usual}", "--yes")["config"] == "remove `database` from config.toml"
    use(instance, None)
    assert instance.json("move-to", f"sqlite:{elsewhere}", "--yes")["config"] == f"rename {elsewhere} to {usual}"


def put_back(instance: Instance) -> Path:
    """Have data_dir as a command leaves it that is killed before it sets the old file aside; returns where it goes."""
    data = instance.folder / "data"
    (data / "backups" / "moved.sqlite3").replace(data / "pressrun.sqlite3")
    return data / "backups" / "moved.sqlite3"


def test_what_a_killed_command_left_is_set_aside_later(make_instance: MakeInstance, server: PostgresDatabase) -> None:
    """By the same command, or by the next start; the audit log says once that the move was made."""
    instance = make_instance()
    instance.do("move-to", server.address, "--yes")
    kept = put_back(instance)
    assert instance.json("move-to", server.address, "--yes")["moved_to"] == str(server)
    assert kept.exists()
    again = instance.run("move-to", server.address, "--yes")
    assert (again.code, "was moved to" in again.err) == (78, True)
    assert again.err.count("this is not in the audit log") == 1
    put_back(instance)
    use(instance, server.address)
    instance.start()
    assert kept.exists()
    moves = [row["outcome"] for row in instance.json("audit", "ls") if row["action"] == "move-to"]
    assert sorted(moves) == ["begun", "done"]


@contextmanager
def stopped_by_a_command(instance: Instance) -> Iterator[ControlClient]:
    """What the command does until its switch."""
    data = DataDir(instance.folder / "data")
    lock = DataLock.acquire_for_move(data)
    try:
        client = ControlClient.connect(data.control_socket)
        assert client is not None
        with closing(client):
            client.call("move.track", {}, lambda _: None)
            client.call("move.stop", {}, lambda _: None)
            yield client
    finally:
        lock.release()


def test_while_it_is_stopped_the_service_answers_and_takes_nothing(sending: Instance) -> None:
    with stopped_by_a_command(sending):
        at = len(sending.accepted())
        page = sending.get("/news")
        assert (page.status, "retry-after" in page.headers) == (503, True)
        assert sending.get("/readyz").status == 503
        with smtplib.SMTP("127.0.0.1", sending.smtp_port, timeout=20) as client:
            client.ehlo()
            client.mail("a@readers.example")
            assert client.rcpt(f"news-subscribe@{DOMAIN}")[0] == 451
        assert sending.run("list", "create", "other", "--title", "Other").code == 69
        assert sending.copies(1)["claimed"] == 0
        assert len(sending.accepted()) == at
        assert sending.daemon is not None
        sending.daemon.reload()  # which wakes the dispatcher: it must neither work nor spin
        assert sending.get("/news").status == 503
    # The command ended without a switch, as a kill ends it.
    until(lambda: sending.get("/news").status == 200 or None)
    assert await_finished(sending)["delivered"] == EVERYBODY
    assert len(sending.accepted()) == len({*sending.accepted()}) == EVERYBODY
    assert sending.rows("select count(*) from sqlite_schema where name like 'move%'") == [0]


def test_a_stop_that_failed_is_over_at_once(sending: Instance) -> None:
    with stopped_by_a_command(sending) as client:
        client.call("move.resume", {}, lambda _: None)
        assert sending.get("/news").status == 200
        with pytest.raises(PressrunError, match="goes on already"):
            client.call("move.switch", {"place": "elsewhere", "move": "m"}, lambda _: None)
    assert await_finished(sending)["delivered"] == EVERYBODY


def test_a_daemon_killed_in_the_stop_starts_where_it_was(sending: Instance) -> None:
    assert sending.daemon is not None
    with stopped_by_a_command(sending) as client:
        sending.daemon.kill()
        with pytest.raises(TryAgain):
            client.call("move.switch", {"place": "elsewhere", "move": "m"}, lambda _: None)
        sending.start()
    assert await_finished(sending)["delivered"] == EVERYBODY
    assert len(sending.accepted()) == len({*sending.accepted()}) == EVERYBODY


def test_a_start_clears_what_a_killed_move_has_left(sending: Instance) -> None:
    assert sending.daemon is not None
    with stopped_by_a_command(sending):
        sending.daemon.kill()
    assert sending.rows("select count(*) from sqlite_schema where name like 'move%'") != [0]
    sending.start()
    assert sending.rows("select count(*) from sqlite_schema where name like 'move%'") == [0]


def killed_after(seconds: float, instance: Instance, server: PostgresDatabase) -> int:
    """The exit code of a command that is killed then, if it has not ended by itself."""
    command = [*instance.program, "--config", str(instance.config), "move-to", server.address, "--yes"]
    with subprocess.Popen(command, cwd=instance.folder, env=plain_environment(), stdout=subprocess.DEVNULL) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
    return process.returncode


def has_ended(instance: Instance) -> bool:
    assert instance.daemon is not None
    return instance.daemon.process.poll() is not None


def answers(instance: Instance) -> bool:
    """Whether its page is there; one that is about to end takes no connection any more."""
    try:
        return instance.get("/news").status == 200
    except OSError:
        return False


@pytest.mark.thorough
def test_a_command_killed_at_any_time_leaves_the_source_in_use(sending: Instance, server: PostgresDatabase) -> None:
    """Each kill comes a sixth later, until one comes too late; in equal steps, a busy machine would need minutes."""
    assert sending.daemon is not None
    seconds, code = 0.3, -1
    while code and sending.daemon.process.poll() is None:
        code = killed_after(seconds, sending, server)
        seconds *= 7 / 6
        if code:
            until(lambda: answers(sending) or has_ended(sending) or None)
    if code:  # killed after the switch: before the target was released, or after, when nothing is left to do
        again = sending.run("move-to", server.address, "--yes")
        assert again.code == 0 or (again.code == 78 and "was moved to" in again.err), again
    assert ended(sending) == 78
    use(sending, server.address)
    sending.start()
    assert await_finished(sending)["delivered"] == EVERYBODY
    assert len(sending.accepted()) == len({*sending.accepted()}) == EVERYBODY


@pytest.mark.parametrize(
    ("target", "options", "code", "says"),
    [
        ("postgresql:///x?host=/nowhere", ["--yes"], 69, "Start the server, or correct the target of this command"),
        ("postgresql://a%b@h/x", ["--yes"], 64, "invalid target: signs that must be escaped"),
        ("postgresql", ["--yes"], 64, "invalid target"),
        ("mysql://x", ["--yes"], 64, "write postgresql://USER@HOST/NAME or sqlite:FILE"),
        ("sqlite:data/pressrun.sqlite3", ["--yes"], 64, "already"),
        ("sqlite:config.toml", ["--yes"], 73, "exists"),
        ("postgresql:///x?host=/nowhere", [], 64, "confirm with --yes"),
        ("postgresql:///x?host=/nowhere", ["--dry-run"], 69, "cannot be reached"),
        ("postgresql:///x", ["--yes", "--password-file", "missing"], 66, "cannot be read"),
    ],
)
def test_bad_targets(instance: Instance, target: str, options: list[str], code: int, says: str) -> None:
    result = instance.run("move-to", target, *options)
    assert (result.code, says in result.err) == (code, True), result


def test_a_dry_run_says_what_would_be_moved(instance: Instance, server: PostgresDatabase) -> None:
    report = instance.json("move-to", server.address, "--dry-run")
    assert report["target"] == str(server)
    assert report["rows"] >= 1
    assert not server.exists()


def test_nothing_is_moved_before_there_is_something(make_instance: MakeInstance, server: PostgresDatabase) -> None:
    instance = make_instance()
    use(instance, server.address)
    result = instance.run("move-to", f"sqlite:{instance.folder / 'file'}", "--yes")
    assert (result.code, "no data to move" in result.err) == (1, True)


def test_a_second_command_has_to_wait(instance: Instance, server: PostgresDatabase) -> None:
    lock = DataLock.acquire_for_move(DataDir(instance.folder / "data"))
    began = time.monotonic()
    result = instance.run("move-to", server.address, "--yes")
    lock.release()
    assert (result.code, "another command is moving" in result.err) == (75, True)
    assert time.monotonic() - began < 30
