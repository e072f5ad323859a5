"""What the daemon does when it is told to: reload, drain, end; and what it tells systemd meanwhile."""

from __future__ import annotations

import fcntl
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import EDITION, HOST, Daemon, Instance, until
from tests.ports import free_port

from pressrun.daemon.upgrade_time import STEP_SECONDS

GAUGE = "pressrun_config_reload_successful"
MANY = tuple(f"reader{number}@inbox.example" for number in range(3_000))


def test_a_good_file_is_in_force_at_once(make_instance: MakeInstance) -> None:
    """SIGHUP changes the rate of an edition that is on its way, and names keys that need a restart."""
    instance = make_instance(delivery={"rate": "1/min"})
    daemon = instance.start()
    edition = instance.send()["id"]
    instance.await_mails(1)
    instance.configure(delivery={"rate": "1000/s"}, http={"listen": "127.0.0.1:1"})
    daemon.reload()
    assert instance.await_state(edition, "finished")["delivered"] == 3
    assert [event["key"] for event in daemon.events("config.needs_restart")] == ["http.listen"]
    assert instance.get("/healthz").status == 200


def test_limits_of_inbound_mail_change_at_once(make_instance: MakeInstance) -> None:
    """SIGHUP changes how large a mail may be for the connections to come."""
    place = f"127.0.0.1:{free_port()}"
    instance = make_instance(smtp={"listen": place})
    daemon = instance.start()
    host, _, port = place.rpartition(":")
    sizes = []
    for size in ("10 MiB", "1 MiB"):
        instance.configure(smtp={"listen": place, "max_message_size": size})
        daemon.reload()
        with smtplib.SMTP(host, int(port)) as client:
            client.ehlo("reader.example")
            sizes.append(int(client.esmtp_features["size"]))
    assert [10 * 1024**2, 1024**2] == sizes


def test_limits_on_visitors_change_at_once(make_instance: MakeInstance) -> None:
    """SIGHUP lets no more searches in than the new limit, and those before it count."""
    instance = make_instance()
    daemon = instance.start()
    before = [instance.get("/news/search?q=boats").status for _ in range(3)]
    instance.configure(limits={"searches_per_ip": "3/h"})
    daemon.reload()
    assert ([200] * 3, 429) == (before, instance.get("/news/search?q=boats").status)


def test_a_bad_file_leaves_the_old_in_force(instance: Instance) -> None:
    """Every error is logged, the verbs end with 78 meanwhile, and the daemon goes on as before."""
    daemon = instance.start()
    good = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(
        good.replace("[delivery]", "[delivery]\nrte = 1\ngive_up_after = 'soon'"), encoding="utf-8"
    )
    daemon.reload()
    problems = [event["problem"] for event in daemon.events("config.refused")]
    assert [True, True] == [any(word in problem for problem in problems) for word in ("rte", "soon")]
    assert instance.run("list", "ls").code == 78
    assert instance.get("/readyz").status == 200
    instance.config.write_text(good, encoding="utf-8")
    daemon.reload()
    assert instance.send("---\nsubject: After it\n---\n\nText.\n", "--wait")["delivered"] == 3


def refused_status(daemon: Daemon) -> str:
    """SIGHUP for a bad file; gives the line that `systemctl status` shows from then on."""
    daemon.process.send_signal(signal.SIGHUP)
    daemon.await_word("RELOADING=1")
    told = daemon.await_word("READY=1").split("\n")
    return next(line for line in told if line.startswith("STATUS="))


def reload_gauge(instance: Instance) -> str:
    return next(line for line in instance.get("/metrics").text.splitlines() if line.startswith(GAUGE))


def test_a_refused_file_shows_until_a_good_one_is_read(instance: Instance) -> None:
    """In the status line, with the number of errors and what is in force instead, and in a gauge."""
    daemon = instance.start()
    assert f"{GAUGE} 1.0" == reload_gauge(instance)
    good = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(
        good.replace("[delivery]", "[delivery]\nrte = 1\ngive_up_after = 'soon'"), encoding="utf-8"
    )
    assert re.fullmatch(
        r"STATUS=configuration refused: 2 errors, running with that of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+",
        refused_status(daemon),
    )
    assert f"{GAUGE} 0.0" == reload_gauge(instance)
    instance.config.write_text(good, encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    assert f"STATUS=serving https://{HOST}" in daemon.await_word("READY=1").split("\n")
    assert f"{GAUGE} 1.0" == reload_gauge(instance)


def test_the_verb_reload_answers_what_the_daemon_thinks(instance: Instance) -> None:
    """It ends with 78 and every error exactly when the daemon refuses, and else names what needs a restart."""
    assert 75 == instance.run("reload").code
    instance.start()
    good = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(
        good.replace("[delivery]", "[delivery]\nrte = 1\ngive_up_after = 'soon'"), encoding="utf-8"
    )
    refused = instance.run("reload", "--json")
    assert (78, True, True) == (refused.code, "rte" in refused.err, "give_up_after" in refused.json["error"])
    assert f"{GAUGE} 0.0" == reload_gauge(instance)
    instance.config.write_text(good, encoding="utf-8")
    assert {"needs_restart": []} == instance.do("reload", "--json").json
    assert f"{GAUGE} 1.0" == reload_gauge(instance)
    instance.config.write_text(good.replace("[http]", "[http]\ntimeout = '9s'"), encoding="utf-8")
    assert {"needs_restart": ["http.timeout"]} == instance.do("reload", "--json").json


def test_what_needs_a_restart_is_named_until_then(instance: Instance) -> None:
    """However often the file is reread, and no more once it is as at the start; nothing is in force by half."""
    instance.start()
    good = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(good.replace(f'base_url = "https://{HOST}"', 'base_url = "https://new.example"'))
    for _ in range(2):
        assert {"needs_restart": ["base_url"]} == instance.do("reload", "--json").json
        assert any("another base_url" in warning for warning in instance.json("check")["warnings"])
    instance.send("---\nsubject: Between\n---\n\nText.\n", "--wait")
    assert {f"https://{HOST}"} == set(re.findall(r"https://[a-z.-]+", instance.mails()[0].text))
    instance.config.write_text(good)
    assert {"needs_restart": []} == instance.do("reload", "--json").json


@pytest.mark.parametrize("broken", ["data_dir = \n", 'data_dir = "elsewhere"\n'])
def test_a_file_that_does_not_lead_to_the_daemon_is_refused_too(instance: Instance, broken: str) -> None:
    """`systemctl reload` runs the verb, and systemd says in $MAINPID who is meant."""
    daemon = instance.start()
    good = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(re.sub(r"(?m)^data_dir = .*\n", broken, good), encoding="utf-8")
    refused = instance.run("reload", prefix=["env", f"MAINPID={daemon.process.pid}"])
    daemon.await_word("RELOADING=1")
    if "elsewhere" in broken:
        daemon.await_word("READY=1")
        assert (75, True) == (refused.code, "restart" in refused.err)
        assert ["data_dir"] == [event["key"] for event in daemon.events("config.needs_restart")]
    else:
        assert 78 == refused.code
        assert "STATUS=configuration refused: 1 error," in daemon.await_word("READY=1")


def test_sigterm_in_the_middle_loses_and_repeats_nothing(make_instance: MakeInstance) -> None:
    """The daemon drains and ends with 0 within 30 s; the next one sends the rest, each copy once."""
    instance = make_instance(delivery={"rate": "2000/s"})
    daemon = instance.start()
    instance.import_readers(*MANY)
    edition = instance.send()["id"]
    for goal in (400, 1_200):
        instance.await_mails(goal)
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 30
        shown = instance.show(edition)
        assert (shown["claimed"], shown["delivered"]) == (0, len(instance.accepted()))
        daemon = instance.start()
    assert instance.await_state(edition, "finished")["delivered"] == len(MANY) + 3
    accepted = instance.accepted()
    assert len(accepted) == len(set(accepted)) == len(MANY) + 3


def test_sigterm_does_not_wait_for_a_slow_relay_for_ever(make_instance: MakeInstance) -> None:
    """What has no answer by the end of the drain goes out right after the start, under the same Message-ID."""
    instance = make_instance("--grab", "Message-ID", delivery={"drain": "1s", "retry": ["1h"]})
    daemon = instance.start()
    instance.import_readers("slow20000-one@readers.example")
    edition = instance.send()["id"]
    instance.await_mails(4)
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 10
    assert instance.show(edition)["delivered"] == 3
    instance.start()
    mails = instance.await_mails(2, "slow20000-one@readers.example")
    assert len({mail.message["Message-ID"] for mail in mails}) == 1
    assert len({mail.message["Date"] for mail in mails}) == 1
    assert len(instance.accepted()) == 5


def test_what_systemd_is_told(instance: Instance) -> None:
    """READY once it serves, WATCHDOG at half the interval asked for, RELOADING with a clock, STOPPING at the end."""
    daemon = instance.start(environment={"WATCHDOG_USEC": "400000"})
    assert instance.get("/readyz").status == 200
    began = time.monotonic()
    for _ in range(3):
        daemon.await_word("WATCHDOG=1")
    assert time.monotonic() - began < 1.5
    daemon.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in daemon.await_word("RELOADING=1")
    daemon.await_word("READY=1")
    daemon.process.send_signal(signal.SIGINT)
    daemon.await_word("STOPPING=1")
    assert daemon.stop() == 0


@pytest.mark.only_on("sqlite", "the step that is missing is that of a file")
def test_systemd_waits_for_an_upgrade_of_the_schema(instance: Instance) -> None:
    """A large database takes longer than `TimeoutStartSec`, and an upgrade that is ended begins anew each time."""
    command = [sys.executable, "-c", _OF_AN_OLDER_SCHEMA, "--config", str(instance.config), "serve"]

    def start(environment: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=instance.folder, env=environment, stderr=log)

    instance.daemon = Daemon(start, instance.folder)
    assert "STATUS=upgrading" in instance.daemon.await_word(f"EXTEND_TIMEOUT_USEC={int(STEP_SECONDS * 1_000_000)}")
    instance.daemon.await_word("READY=1")
    assert instance.daemon.stop() == 0


_OF_AN_OLDER_SCHEMA = """
from pressrun.cli import main
from pressrun.store.sqlite.location import SqliteFile
newest = SqliteFile.newest_version
SqliteFile.newest_version = property(lambda self: newest.__get__(self) + 1)
def migrate(self, **_):
    SqliteFile.newest_version = newest
    return []
SqliteFile.migrate = migrate
main.main()
"""


def test_the_log_tells_no_address_and_no_token(instance: Instance) -> None:
    """At info the log of a whole edition and a leaving reader names nobody."""
    daemon = instance.start()
    instance.send()
    mail = instance.await_mails(3)[0]
    token = mail.path_of("unsubscribe").rpartition("/")[2]
    instance.post(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})
    instance.get("/confirm/" + token)
    assert daemon.stop() == 0
    log = daemon.log.read_text(encoding="utf-8")
    assert [] == [word for word in ("@readers.example", token, mail.mail_from.partition("@")[0]) if word in log]


@contextmanager
def held_start(instance: Instance) -> Iterator[Future[Daemon]]:
    """A start that waits for workers that outlive a killed daemon, for the duration of the block."""
    journal = instance.folder / "data" / "handovers"
    with ThreadPoolExecutor(1) as beside, journal.open("wb") as workers:
        fcntl.flock(workers, fcntl.LOCK_EX)
        starting = beside.submit(instance.start)
        until(lambda: instance.daemon is not None and str(journal) in _open_files(instance.daemon.process.pid))
        yield starting


def test_sighup_while_it_starts_is_obeyed_once_it_has_started(instance: Instance) -> None:
    """Log rotation may send it during an upgrade of the schema, and by default it ends a process."""
    with held_start(instance) as starting:
        assert instance.daemon is not None
        instance.daemon.process.send_signal(signal.SIGHUP)
    daemon = starting.result()
    daemon.await_word("RELOADING=1")
    daemon.await_word("READY=1")
    assert 1 == len(daemon.events("config.reloaded"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_is_stopped_ends_at_once(instance: Instance, number: signal.Signals) -> None:
    """With exit code 0, however long the start would have taken. The next one finds everything as it was."""
    with held_start(instance) as starting:
        assert instance.daemon is not None
        instance.daemon.process.send_signal(number)
        assert 0 == instance.daemon.process.wait(10)
        assert starting.exception(10) is not None  # it never was ready
        instance.daemon.close()
    instance.start()
    assert ["news"] == [row["name"] for row in instance.json("list", "ls")]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_first_is_obeyed_too(instance: Instance, number: signal.Signals) -> None:
    """Before anything is loaded that could."""
    command = [
        sys.executable,
        "-c",
        _SIGNAL_ITSELF.format(number=int(number)),
        "--config",
        str(instance.config),
        "serve",
    ]

    def start(environment: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=instance.folder, env=environment, stderr=log)

    instance.daemon = Daemon(start, instance.folder)
    if number is signal.SIGHUP:
        instance.daemon.await_word("RELOADING=1")
        instance.daemon.await_word("READY=1")
    else:
        assert 0 == instance.daemon.process.wait(30)


_SIGNAL_ITSELF = """
import os
from pressrun.cli import main
run = main.run
def interrupted(arguments):
    os.kill(os.getpid(), {number})
    return run(arguments)
main.run = interrupted
main.main()
"""


def _open_files(pid: int) -> list[str]:
    with suppress(OSError):  # a file was closed while they were being listed
        return [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    return []


def test_without_its_journal_it_serves_all_the_same(make_instance: MakeInstance) -> None:
    """The operator is told, and a kill would repeat more."""
    instance = make_instance()
    (instance.folder / "data" / "handovers").mkdir()
    daemon = instance.start()
    assert ["Is a directory"] == [event["problem"] for event in daemon.events("worker.not_journaled")]
    instance.send(EDITION, "--wait")
    assert sorted(READERS) == sorted(instance.accepted())
