"""Every alert of contrib/prometheus fires when what it is about is broken for real, and clears when that is mended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import smtplib
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import self_signed
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import DOMAIN, LIST_ARGUMENTS, Instance, children, command_of, until
from tests.e2e.prometheus import EDITION, PROCESS, SURROUNDINGS, UPKEEP, Prometheus, Watch
from tests.faults.storage import NoSmallDisk, fill, small_disk
from tests.ports import free_port
from tests.postgresql import ROLE, Server, new_server
from tests.sink import Sink

from pressrun.daemon.health.doctor_rounds import next_round
from pressrun.daemon.health.measurements import MIB

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.needs("prometheus"),
    pytest.mark.only_on("sqlite", "one of its instances is on the other engine, or the engine does not matter"),
    pytest.mark.timeout(600),
]
HARD = tuple(f"hard-{number}@inbox.example" for number in range(60))
PAGER, GIVEN = "page-me", "given.json"
INTERPRETER = Path("venv", "bin", "python")  # the daemon's own, beside the folder of its instance
GOOD = tuple(f"reader{number}@inbox.example" for number in range(240))


@pytest.fixture
def instance(make_instance: MakeInstance) -> Iterator[Instance]:
    """With lists `news` and `calm`, running."""
    instance = furnished(make_instance)
    instance.start()
    yield instance
    instance.close()


def furnished(make_instance: MakeInstance, **tables: Any) -> Instance:
    instance = make_instance(delivery={"rate": "400/s"}, **tables)
    instance.create_list("calm")
    instance.import_readers(*READERS, name="calm")
    return instance


@pytest.fixture
def instance_on_disk(make_instance: MakeInstance, tmp_path: Path) -> Iterator[Instance]:
    """On a small disk, with readers whose mail is refused, too."""
    try:
        with small_disk(tmp_path / "disk") as disk:
            instance = furnished(make_instance, limits={"disk_reserve": "1 MiB", "disk_warning": "2 MiB"})
            instance.import_readers(*HARD)
            instance.import_readers(*GOOD)
            shutil.move(instance.folder / "data", disk / "data")
            (instance.folder / "data").symlink_to(disk / "data")
            instance.start()
            yield instance
            instance.close()
    except NoSmallDisk as problem:
        pytest.skip(str(problem))


@pytest.fixture
def instance_with_interpreter(make_instance: MakeInstance, tmp_path: Path) -> Iterator[Instance]:
    """Run by an interpreter that can be taken away."""
    instance = furnished(make_instance)
    program = instance.program
    instance.program = (str(own_interpreter(tmp_path / INTERPRETER)), *program[1:])
    instance.start()
    instance.program = program
    yield instance
    instance.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with new_server() as server:
        yield server


@pytest.fixture
def far_instance(server: Server, instance_with_interpreter: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Its database is on a server of its own, and its program for alerts keeps what it gets, and fails."""
    program = tmp_path / PAGER
    program.write_text(f"#!/bin/sh\ncat >{tmp_path / GIVEN}\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    with server.connect() as admin:
        admin.execute(f"create database far owner {ROLE}")
    far = Instance(
        folder=tmp_path / "far",
        relay_port=instance_with_interpreter.relay_port,
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


@contextmanager
def watching(folder: Path, *instances: Instance) -> Iterator[Watch]:
    """By a Prometheus. Nothing but a missing backup fires before, and nothing after."""
    targets = [f"127.0.0.1:{each.http_port}" for each in instances]
    with Prometheus(folder / "prometheus", targets) as prometheus:
        watch = Watch(prometheus)
        measured = f"sum(pressrun_measured_timestamp_seconds > bool 0) == {len(targets)}"
        until(lambda: prometheus.query(measured), 60.0)
        assert prometheus.firing() <= {"PressrunBackupOld"}
        yield watch
        until(lambda: not prometheus.firing(), 150.0)
        print(watch.table())


def back_up(*instances: Instance) -> None:
    for each in instances:
        each.do("backup", each.folder.with_name(f"backup-{each.folder.name}"))


@pytest.mark.needs("postgresql", "root")
def test_alerts_on_the_surroundings_fire_and_clear(
    instance_with_interpreter: Instance, far_instance: Instance, server: Server, sink_program: Path, tmp_path: Path
) -> None:
    instance = instance_with_interpreter
    back_up(instance, far_instance)
    with watching(tmp_path, instance, far_instance) as watch:
        warm_up(instance)
        break_the_surroundings(instance, far_instance, server, sink_program, watch)
        assert "database" == json.loads((tmp_path / GIVEN).read_text(encoding="utf-8"))["cause"]
    assert SURROUNDINGS == watch.fired.keys() == watch.cleared.keys()


@pytest.mark.needs("root")
def test_alerts_on_an_edition_and_its_disk_fire_and_clear(instance_on_disk: Instance, tmp_path: Path) -> None:
    back_up(instance_on_disk)
    with watching(tmp_path, instance_on_disk) as watch:
        break_an_edition(instance_on_disk, warm_up(instance_on_disk), watch)
    assert EDITION == watch.fired.keys() == watch.cleared.keys()


def test_alerts_on_the_process_fire_and_clear(instance: Instance, tmp_path: Path) -> None:
    back_up(instance)
    with watching(tmp_path, instance) as watch:
        break_the_process(instance, watch)
    assert PROCESS == watch.fired.keys() == watch.cleared.keys()


def test_alerts_on_upkeep_fire_and_clear(instance: Instance, sink_program: Path, tmp_path: Path) -> None:
    with watching(tmp_path, instance) as watch:
        watch.broken("PressrunBackupOld")
        watch.await_fired()  # there is none yet
        back_up(instance)
        watch.await_cleared("PressrunBackupOld")
        have_doctor_fail(instance, sink_program, watch)
    assert UPKEEP == watch.fired.keys() == watch.cleared.keys()


def warm_up(instance: Instance) -> list[str]:
    """Have a worker process running, and return the return paths of some copies."""
    edition = instance.send(name="calm")["id"]
    instance.await_state(edition, "finished", 60.0)
    return [mail.mail_from for mail in instance.mails()]


def break_the_surroundings(instance: Instance, far: Instance, server: Server, sink_program: Path, watch: Watch) -> None:
    """The server of a database, the relay, the interpreter, the configuration; a reader without end."""
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
        watch.broken("PressrunWalLarge")
        mending.callback(read_without_end(instance))
        instance.create_list("more")
        instance.import_readers(*(f"more{number}@inbox.example" for number in range(5000)), name="more")
        watch.broken("PressrunServerErrors")
        refuse_visitors(far, watch.prometheus)
        watch.broken("PressrunReloadRefused")
        mending.callback(misconfigure(instance))  # the last one: no verb works after it
        watch.await_fired()
    watch.await_cleared(*watch.fired)


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


# ---------------------------------------------------------------------- an edition

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
    watch.await_cleared(*watch.fired.keys() - watch.cleared.keys())


def with_certificate(instance: Instance, config: str, *, days: int) -> str:
    """The configuration with a certificate that expires in so many days."""
    certificate, key = self_signed(datetime.now(UTC) + timedelta(days=days))
    files = {"certificate_file": instance.write("mx.pem", certificate), "key_file": instance.write("mx.key", key)}
    keys = "".join(f'{name} = "{path}"\n' for name, path in files.items())
    return config.replace("[smtp]\n", f"[smtp]\n{keys}")


# ---------------------------------------------------------------------- the process, and its upkeep


def have_doctor_fail(instance: Instance, sink_program: Path, watch: Watch) -> None:
    """In the weekly round of a domain whose hour is near, with a name server and a relay that are not there.

    The relay, because doctor would wait for a minute for a bounce that it does not bring back.
    """
    assert instance.daemon is not None
    before, now = instance.config.read_text(encoding="utf-8"), time.time()
    names = (f"n{number}.example" for number in count())
    domain = next(name for name in names if 20 < next_round(now, name) - now < 25)
    config = before.replace(f'mail_domain = "{DOMAIN}"', f'mail_domain = "{domain}"')
    config += f'[doctor]\nweekly = true\n[dns]\nserver = "127.0.0.1:{free_port()}"\ntimeout = "200ms"\n'
    assert 0 == instance.daemon.stop()
    instance.config.write_text(config, encoding="utf-8")
    start_relay = stop_relay(instance, sink_program)
    instance.start()
    watch.broken("PressrunDoctorFailed")
    watch.await_fired()
    start_relay()
    assert 0 == instance.daemon.stop()
    instance.config.write_text(before, encoding="utf-8")
    instance.start()
    watch.await_cleared("PressrunDoctorFailed")


def break_the_process(instance: Instance, watch: Watch) -> None:
    """Sign-ups without end; it stands still, which holds up its loop; then it ends and starts again."""
    assert instance.daemon is not None
    watch.broken("PressrunSignUpAttack")
    for number in range(80):
        instance.post("/news/subscribe", {"email": f"stranger{number}@elsewhere.example"})
    watch.await_fired()
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
    watch.await_cleared("PressrunRestarting", "PressrunSignUpAttack")  # which takes ten quiet minutes otherwise
