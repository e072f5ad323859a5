"""Every alert of contrib/prometheus fires when what it is about is broken for real, and clears when that is mended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from tests.certificates import self_signed
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import DOMAIN, LIST_ARGUMENTS, Instance, children, command_of, until
from tests.e2e.prometheus import CONTRIB, RULES, Prometheus, Watch, quick_rules, read_rules
from tests.faults.storage import NoSmallDisk, fill, small_disk
from tests.ports import free_port
from tests.postgresql import ROLE, Server, new_server
from tests.sink import Sink

from pressrun.daemon.health.doctor_rounds import next_round
from pressrun.daemon.health.measurements import MIB

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "watch.md"
HARD = tuple(f"hard-{number}@inbox.example" for number in range(60))
PAGER, GIVEN = "page-me", "given.json"
INTERPRETER = Path("venv", "bin", "python")  # the daemon's own, beside the folder of its instance
GOOD = tuple(f"reader{number}@inbox.example" for number in range(240))


# ---------------------------------------------------------------------- without a Prometheus


def test_each_alert_says_what_to_do() -> None:
    """A severity, a moment of patience, a summary, and a section of the page."""
    headings = {line.lstrip("# ").lower() for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:1] == "#"}
    for rule in read_rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["for"]
        assert rule["annotations"]["summary"]
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert ("docs/how-to/watch.md", rule["alert"].lower()) == (page, section)
        assert section in headings, rule["alert"]


@pytest.mark.thorough
@pytest.mark.needs("prometheus")
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    """As they are, with their own tests, and as the test below makes them quick."""
    (tmp_path / "quick.yml").write_text(quick_rules(), encoding="utf-8")
    for command in (
        ["check", "rules", "--lint-fatal", str(RULES), str(tmp_path / "quick.yml")],
        ["test", "rules", str(CONTRIB / "prometheus" / "pressrun.rules.test.yml")],
    ):
        done = subprocess.run(["promtool", *command], check=False, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr


# ---------------------------------------------------------------------- with one


@pytest.fixture
def instance(make_instance: MakeInstance, tmp_path: Path) -> Iterator[Instance]:
    """On a small disk, with lists `news` and `calm`, run by an interpreter that can be taken away."""
    try:
        with small_disk(tmp_path / "disk") as disk:
            instance = make_instance(
                delivery={"rate": "400/s"}, limits={"disk_reserve": "1 MiB", "disk_warning": "2 MiB"}
            )
            instance.create_list("calm")
            instance.import_readers(*READERS, name="calm")
            instance.import_readers(*HARD)
            instance.import_readers(*GOOD)
            shutil.move(instance.folder / "data", disk / "data")
            (instance.folder / "data").symlink_to(disk / "data")
            program = instance.program
            instance.program = (str(own_interpreter(tmp_path / INTERPRETER)), *program[1:])
            instance.start()
            instance.program = program
            yield instance
            instance.close()
    except NoSmallDisk as problem:
        pytest.skip(str(problem))


@pytest.fixture
def server() -> Iterator[Server]:
    with new_server() as server:
        yield server


@pytest.fixture
def far_instance(server: Server, instance: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Its database is on a server of its own, and its program for alerts keeps what it gets, and fails."""
    program = tmp_path / PAGER
    program.write_text(f"#!/bin/sh\ncat >{tmp_path / GIVEN}\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    with server.connect() as admin:
        admin.execute(f"create database far owner {ROLE}")
    far = Instance(
        folder=tmp_path / "far",
        relay_port=instance.relay_port,
        server=server.url("far"),
        tables={"alerts": {"exec": [str(program)]}},
    )
    far.do("list", "create", "news", *LIST_ARGUMENTS)
    far.start()
    yield far
    far.close()


def own_interpreter(program: Path) -> Path:
    """Another environment with the same packages, by its interpreter."""
    folder = program.parent.parent
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sys.executable).resolve())
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder)
    (folder / "lib").symlink_to(Path(sys.prefix) / "lib")
    return program


@pytest.mark.thorough
@pytest.mark.needs("prometheus")
@pytest.mark.needs("postgresql")
@pytest.mark.needs("root")
@pytest.mark.only_on("sqlite", "it has an instance on each engine")
@pytest.mark.timeout(600)
def test_every_alert_fires_and_clears(
    instance: Instance, far_instance: Instance, server: Server, sink_program: Path, tmp_path: Path
) -> None:
    """In three rounds; nothing fires before the first one and after the last one."""
    targets = [f"127.0.0.1:{each.http_port}" for each in (instance, far_instance)]
    with Prometheus(tmp_path / "prometheus", targets) as prometheus:
        watch = Watch(prometheus)
        until(lambda: prometheus.query("sum(pressrun_measured_timestamp_seconds > bool 0) == 2"), 60.0)
        watch.broken("PressrunBackupOld")
        watch.await_fired()
        assert {"PressrunBackupOld"} == prometheus.firing()  # there is none yet
        for each in (instance, far_instance):
            each.do("backup", tmp_path / f"backup-{each.folder.name}")
        watch.await_cleared("PressrunBackupOld")
        return_paths = warm_up(instance)
        break_the_surroundings(instance, far_instance, server, sink_program, watch)
        assert "database" == json.loads((tmp_path / GIVEN).read_text(encoding="utf-8"))["cause"]
        break_an_edition(instance, return_paths, watch)
        break_the_process(instance, watch)
        have_doctor_fail(far_instance, watch)
        until(lambda: not prometheus.firing(), 150.0)
        print(watch.table())
        assert {rule["alert"] for rule in read_rules()} == watch.fired.keys() == watch.cleared.keys()


def warm_up(instance: Instance) -> list[str]:
    """Have a worker process running, and return the return paths of some copies."""
    edition = instance.send(name="calm")["id"]
    instance.await_state(edition, "finished", 60.0)
    return [mail.mail_from for mail in instance.mails()]


def break_the_surroundings(instance: Instance, far: Instance, server: Server, sink_program: Path, watch: Watch) -> None:
    """The server of a database, the relay, the interpreter, the configuration; a reader and sign-ups without end."""
    with ExitStack() as mending:
        watch.broken("PressrunDatabaseDown", "PressrunMayNotSend", "PressrunNotReady", "PressrunNotMeasured")
        watch.broken("PressrunLoopFailing", "PressrunAlertProgramFailed")
        server.stop("immediate")
        mending.callback(server.start)
        watch.broken("PressrunRelayDown", "PressrunNoRelay", "PressrunCopiesStuck")
        mending.callback(stop_relay(instance, sink_program))
        instance.send("---\nsubject: Low water\n---\n\nThe tide is out.\n", name="calm")
        # An edition, too, is built in a separate process, so it went before.
        watch.broken("PressrunInboundWaiting")
        mending.callback(hide(instance.folder.parent / INTERPRETER))
        end_parsers(instance)
        mail_to(instance, f"calm-request@{DOMAIN}", "help")
        watch.broken("PressrunRequestsSetAside")
        mending.callback(damage_a_request(instance))
        watch.broken("PressrunSignUpAttack")
        for number in range(80):
            instance.post("/news/subscribe", {"email": f"stranger{number}@elsewhere.example"})
        watch.broken("PressrunWalLarge")
        mending.callback(read_without_end(instance))
        instance.create_list("more")
        instance.import_readers(*(f"more{number}@inbox.example" for number in range(5000)), name="more")
        watch.broken("PressrunServerErrors")
        refuse_visitors(far, watch.prometheus)
        watch.broken("PressrunReloadRefused")
        mending.callback(misconfigure(instance))  # the last one: no verb works after it
        watch.await_fired()
    watch.await_cleared(*watch.fired.keys() - {"PressrunSignUpAttack"})  # which takes ten quiet minutes, or a restart


def hide(program: Path) -> Callable[[], object]:
    """No process can be started any more, until the result is called."""
    away = program.rename(program.with_name("away"))
    return lambda: away.rename(program)


def end_parsers(instance: Instance) -> None:
    assert instance.daemon is not None
    for process in children(instance.daemon.process.pid):
        if "helper_process" in command_of(process):
            os.kill(int(process), signal.SIGKILL)


def misconfigure(instance: Instance) -> Callable[[], object]:
    before = instance.config.read_text(encoding="utf-8")
    reload_with(instance, f"{before}\n[unheard]\nof = true\n")
    return lambda: reload_with(instance, before)


def reload_with(instance: Instance, config: str) -> None:
    assert instance.daemon is not None
    instance.config.write_text(config, encoding="utf-8")
    instance.daemon.reload()


def stop_relay(instance: Instance, sink_program: Path) -> Callable[[], object]:
    assert instance.sink is not None
    instance.sink.stop()

    def start() -> None:
        instance.sink = Sink(sink_program, instance.folder, port=instance.relay_port)

    return start


def damage_a_request(instance: Instance) -> Callable[[], object]:
    """A request of which nobody can make anything, as after a fault of the disk."""
    change(
        instance, "insert into pending_request (kind, list_id, address, trust) values ('sign-up', 1, '\1@x', 'proven')"
    )
    return lambda: change(instance, "delete from pending_request where set_aside_at is not null")


def change(instance: Instance, statement: str) -> None:
    with closing(sqlite3.connect(instance.database_file, timeout=30)) as database, database:
        database.execute(statement)


def read_without_end(instance: Instance) -> Callable[[], object]:
    reader = sqlite3.connect(instance.database_file)
    reader.execute("begin")
    reader.execute("select count(*) from subscriber").fetchone()
    return reader.close


def refuse_visitors(instance: Instance, prometheus: Prometheus) -> None:
    """One after the other, as a rise shows between two scrapes only."""
    errors = 'sum(pressrun_http_requests_total{status="503",route!="/readyz"})'

    def has_seen(number: int) -> bool:
        return sum(int(sample["value"][1]) for sample in prometheus.query(errors)) >= number

    for number in range(1, 4):
        assert 503 == instance.post("/news/subscribe", {"email": "stranger@elsewhere.example"}).status
        until(partial(has_seen, number), 60.0)


def mail_to(instance: Instance, recipient: str, text: str, content_type: str = "text/plain") -> None:
    content = f"From: a.person@elsewhere.example\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n{text}\r\n"
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail("a.person@elsewhere.example", [recipient], content.encode())


# ---------------------------------------------------------------------- the second round

COMPLAINT = (
    "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
    "User-Agent: provider/1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: High water\r\n\r\n--b--"
)


def break_an_edition(instance: Instance, return_paths: list[str], watch: Watch) -> None:
    """Bounces, complaints, mail that nobody understands, a certificate, and last the disk."""
    assert instance.daemon is not None
    disk = (instance.folder / "data").resolve().parent
    plain = instance.config.read_text(encoding="utf-8")
    watch.broken("PressrunMailKept")
    mail_to(instance, return_paths[0], "This was not for me.")
    watch.broken("PressrunComplaints")
    for return_path in return_paths[1:]:
        mail_to(instance, return_path, COMPLAINT, 'multipart/report; report-type=feedback-report; boundary="b"')
    watch.broken("PressrunCertificateExpires")
    reload_with(instance, with_certificate(instance, plain, days=1))
    watch.broken("PressrunEditionPaused", "PressrunManyBounces")
    edition = instance.send()["id"]
    watch.await_fired()
    watch.broken("PressrunCertificateExpired")
    reload_with(instance, with_certificate(instance, plain, days=-1))
    wal = instance.database_file.with_name(f"{instance.database_file.name}-wal")
    until(lambda: wal.stat().st_size == 0, 60.0)  # else the room that it takes is free again in a moment
    watch.broken("PressrunDiskNearlyFull")
    fill(disk, leaving=2 * MIB)
    watch.await_fired()
    watch.broken("PressrunDiskFull")
    filler = fill(disk, leaving=MIB // 2)
    watch.await_fired()

    filler.unlink()
    reload_with(instance, with_certificate(instance, plain, days=90))
    until(lambda: instance.run("edition", "cancel", str(edition), "--yes").code == 0, 60.0)
    for kept in instance.json("inbound", "ls"):
        instance.do("inbound", "rm", str(kept["id"]), "--yes")
    watch.await_cleared(*watch.fired.keys() - watch.cleared.keys() - {"PressrunSignUpAttack"})


def with_certificate(instance: Instance, config: str, *, days: int) -> str:
    """The configuration with a certificate that expires in so many days."""
    certificate, key = self_signed(datetime.now(UTC) + timedelta(days=days))
    files = {"certificate_file": instance.write("mx.pem", certificate), "key_file": instance.write("mx.key", key)}
    keys = "".join(f'{name} = "{path}"\n' for name, path in files.items())
    return config.replace("[smtp]\n", f"[smtp]\n{keys}")


# ---------------------------------------------------------------------- the third round


def have_doctor_fail(instance: Instance, watch: Watch) -> None:
    """In the weekly round of a domain whose hour is near, with a name server that is not there."""
    assert instance.daemon is not None
    before, now = instance.config.read_text(encoding="utf-8"), time.time()
    names = (f"n{number}.example" for number in count())
    domain = next(name for name in names if 20 < next_round(now, name) - now < 25)
    config = before.replace(f'mail_domain = "{DOMAIN}"', f'mail_domain = "{domain}"')
    config += f'[doctor]\nweekly = true\n[dns]\nserver = "127.0.0.1:{free_port()}"\ntimeout = "200ms"\n'
    assert 0 == instance.daemon.stop()
    instance.config.write_text(config, encoding="utf-8")
    instance.start()
    watch.broken("PressrunDoctorFailed")
    watch.await_fired()
    assert 0 == instance.daemon.stop()
    instance.config.write_text(before, encoding="utf-8")
    instance.start()
    watch.await_cleared("PressrunDoctorFailed")


def break_the_process(instance: Instance, watch: Watch) -> None:
    """It stands still, which holds up its loop, then it ends and starts again."""
    assert instance.daemon is not None
    watch.broken("PressrunDown", "PressrunEventLoopSlow")
    os.kill(instance.daemon.process.pid, signal.SIGSTOP)
    until(lambda: "PressrunDown" in watch.prometheus.firing(), 60.0)
    os.kill(instance.daemon.process.pid, signal.SIGCONT)
    watch.await_fired()
    watch.await_cleared("PressrunDown", "PressrunEventLoopSlow")
    watch.broken("PressrunRestarting")
    assert 0 == instance.daemon.stop()
    instance.start()
    watch.await_fired()
    watch.await_cleared("PressrunRestarting", "PressrunSignUpAttack")
