"""Worker processes: every copy goes out once, nothing is lost when they die, and a drain gives back what is left."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from functools import partial
from math import inf
from pathlib import Path

import dkim
import pytest
from msgspec.structs import replace
from tests.delivery.worker.conftest import WorkerRig, open_mailbox, relay_at, settings_for
from tests.message.signatures.test_dkim import RSA_RECORD
from tests.message.signatures.test_dkim import settings as dkim_settings

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadConfiguration
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.delivery.queue.destinations import SLOW_SECONDS
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.scheduler import RelayTerms
from pressrun.delivery.worker import handle
from pressrun.delivery.worker.assignments import PACED_REPORT_SECONDS
from pressrun.delivery.worker.handle import AHEAD, AHEAD_SECONDS
from pressrun.delivery.worker.worker_line import EDITIONS_AT_MOST
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.settings import LogSettings
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.smtp.handover import HandOver
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.journal import Journal

READERS = 60


async def test_every_reader_gets_one_copy(rig: WorkerRig) -> None:
    """Made by another process, each with its own values."""
    await rig.start()
    assert os.getpid() != rig.pid
    edition = await rig.send(READERS, text="For {{ name | default: you }}")
    await rig.until(lambda: rig.is_over(edition))
    assert {"delivered": READERS} == await rig.room.counts(edition)
    assert Counter(f"r{number}@reader.example" for number in range(READERS)) == Counter(
        address for address, _ in rig.mailbox.received
    )
    assert READERS == len({message_from_bytes(mail)["Message-ID"] for _, mail in rig.mailbox.received})
    assert [(250, "2.0.0", "taken")] == await rig.room.rows("select distinct code, enhanced, reply from delivery")


async def test_a_worker_that_is_killed_is_started_again(rig: WorkerRig, caplog: pytest.LogCaptureFixture) -> None:
    """What it had on its way may have been taken, which is recorded; the rest goes out by the next one."""
    await rig.start()
    first = rig.pid
    rig.mailbox.open.clear()
    edition = await rig.send(2 * AHEAD)
    await rig.mailbox.arrived.wait()
    with caplog.at_level(logging.ERROR):
        os.kill(first, signal.SIGKILL)
        await rig.until(lambda: rig.other_pid(first))
    assert ["worker.ended"] == [record.message for record in caplog.records if record.name == "pressrun.worker"]
    rig.mailbox.open.set()
    await rig.until(lambda: _are_settled(rig, edition))
    counts = await rig.room.counts(edition)
    assert {"deferred", "delivered"} == set(counts)
    assert 1 <= counts["deferred"] <= 3 + AHEAD
    [[words]] = await rig.room.rows("select distinct reply from delivery where state = 'deferred'")
    assert "it may have accepted the copy" in words


async def _are_settled(rig: WorkerRig, edition: int) -> bool:
    counts = await rig.room.counts(edition)
    return "queued" not in counts and "claimed" not in counts


async def test_a_worker_that_is_stuck_is_replaced(
    rig: WorkerRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says that it was that."""
    monkeypatch.setattr(handle, "SILENT_SECONDS", 6.0)  # a worker says nothing while it starts, either
    await rig.start()
    first = rig.pid
    os.kill(first, signal.SIGSTOP)
    await rig.until(lambda: bool(_reasons(caplog)))
    monkeypatch.undo()  # the next one may take longer to start, where others want the processor, too
    await rig.until(lambda: rig.other_pid(first))
    edition = await rig.send(5)
    await rig.until(lambda: rig.is_over(edition))
    assert {"delivered": 5} == await rig.room.counts(edition)
    assert 1 == len(_reasons(caplog))


def _reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why a worker ended, each time."""
    return [record.__dict__["fields"]["reason"] for record in caplog.records if "worker.ended" in record.message]


async def test_a_worker_that_cannot_live_is_tried_again_and_shown(
    rig: WorkerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its relays count as failing, and the copies stay queued; once it lives they go."""
    monkeypatch.setattr(handle, "MODULE", "pressrun.no_such_module")
    rig.begin()
    edition = await rig.send(5)
    await rig.until(lambda: rig.workers.statuses()[0].failing_since is not None)
    assert "the worker process has ended" in str(rig.workers.statuses()[0].last_error)
    monkeypatch.undo()
    await rig.until(lambda: rig.is_over(edition))
    assert rig.workers.statuses()[0].failing_since is None


async def test_an_end_finishes_what_is_on_its_way_and_gives_the_rest_back(rig: WorkerRig) -> None:
    await rig.start()
    rig.mailbox.open.clear()
    edition = await rig.send(READERS)
    await rig.mailbox.arrived.wait()
    draining = asyncio.create_task(rig.stop())
    await asyncio.sleep(0.1)
    rig.mailbox.open.set()
    await draining
    counts = await rig.room.counts(edition)
    assert {"queued", "delivered"} == set(counts)
    assert counts["delivered"] == len(rig.mailbox.received)
    assert [] == rig.workers.pids


async def test_what_has_no_answer_at_the_end_is_unknown(rig: WorkerRig) -> None:
    await rig.start()
    rig.mailbox.open.clear()
    edition = await rig.send(READERS)
    await rig.mailbox.arrived.wait()
    await rig.stop(0.2)
    assert {"queued", "deferred"} == set(await rig.room.counts(edition))


async def test_another_relay_after_a_reload(rig: WorkerRig) -> None:
    """A file that cannot be used changes nothing."""
    await rig.start()
    async with open_mailbox() as other:
        with pytest.raises(BadConfiguration):
            rig.workers.change(settings_for(relay_at(1, security="tls", ca_file=Path("/nowhere"))))
        rig.workers.change(settings_for(relay_at(other.port)))
        edition = await rig.send(10)
        await rig.until(lambda: rig.is_over(edition))
        assert [0, 10] == [len(rig.mailbox.received), len(other.received)]


async def test_a_relay_that_a_reload_takes_away(rig: WorkerRig) -> None:
    """The queue knows it no more when the process still speaks of it: what it had is answered, all else goes on."""
    async with open_mailbox() as other:
        going = relay_at(other.port, name="going")
        rig.dispatcher.reload(
            rig.settings.delivery,
            {"primary": RelayTerms(), "going": RelayTerms()},
        )
        rig.workers.change(replace(rig.settings, relays=(*rig.settings.relays, going)))
        await rig.start()
        other.open.clear()
        edition = await rig.send(READERS)
        await other.arrived.wait()
        rig.dispatcher.reload(rig.settings.delivery, {"primary": RelayTerms()})
        rig.workers.change(rig.settings)
        rig.workers.wake()
        assert [0, True] == [rig.workers.capacity("going"), rig.workers.capacity() > 0]
        pid = rig.pid
        other.open.set()
        await rig.until(lambda: rig.is_over(edition))
        assert READERS == len(rig.mailbox.received) + len(other.received)
        assert 1 <= len(other.received) <= 3 + AHEAD
        assert pid == rig.pid


async def test_a_relay_that_a_reload_takes_away_from_the_only_worker_so_far(rig: WorkerRig) -> None:
    """Its results are no reason to start others, nor to lose the process: what else it has on its way goes on."""
    async with open_mailbox() as other:
        staying = relay_at(rig.mailbox.port, connections=100)  # more than rows: none of them is stuck
        going = relay_at(other.port, name="going", connections=100)
        rig.room.relays = {"primary": (), "going": ()}
        rig.dispatcher = await rig.room.start()
        keys, broker = rig.room.services.keys, rig.dispatcher.broker
        rig.workers = Workers(settings_for(staying, going), keys, broker, None, count=2)
        rig.mailbox.open.clear()
        other.open.clear()
        rig.begin()
        edition = await rig.send(READERS)
        await rig.mailbox.arrived.wait()
        await other.arrived.wait()
        pid = rig.pid
        rig.dispatcher.reload(rig.settings.delivery, {"primary": RelayTerms()})
        rig.workers.change(settings_for(staying))
        other.open.set()
        rig.mailbox.open.set()
        await rig.until(lambda: rig.is_over(edition))
        assert READERS == len(rig.mailbox.received) + len(other.received)
        assert pid == rig.pid


async def test_keys_come_and_go_with_a_reload(rig: WorkerRig) -> None:
    await rig.start()
    key = dkim_settings(domain="lists.example")
    rig.workers.change(replace(rig.settings, dkim=(key,)))
    edition = await rig.send(20)
    await rig.until(lambda: rig.is_over(edition))
    signed = [mail for _, mail in rig.mailbox.received]
    assert [True] * 20 == [dkim.verify(mail, dnsfunc=lambda name, timeout=5: RSA_RECORD) for mail in signed]
    rig.workers.change(rig.settings)
    edition = await rig.send(0, text="another")
    await rig.until(lambda: rig.is_over(edition))
    assert 20 == sum(b"DKIM-Signature" not in mail for _, mail in rig.mailbox.received)


async def test_links_are_signed_with_a_new_key(rig: WorkerRig) -> None:
    await rig.start()
    keys = rig.room.services.keys
    keys.adopt(type(keys)({keys.newest + 1: b"n" * 32}, b""))
    rig.workers.adopt()
    edition = await rig.send(1)
    await rig.until(lambda: rig.is_over(edition))
    [[_, mail]] = rig.mailbox.received
    [token] = re.findall(rb"/unsubscribe/([\w.-]+)>", mail)
    old = WebTokens(type(keys)({number: key for number, key in keys.link_keys.items() if key != b"n" * 32}, b""))
    assert WebTokens(keys).read(WebPurpose.UNSUBSCRIBE, token.decode()) is not None
    assert old.read(WebPurpose.UNSUBSCRIBE, token.decode()) is None


async def test_a_row_without_a_mail_holds_up_no_other(rig: WorkerRig) -> None:
    await rig.room.readers(3)
    edition = await rig.room.edition()
    await rig.room.change("update subscriber set attributes = 'not JSON' where address = 'r1@reader.example'")
    await rig.start()
    await rig.until(lambda: _are_settled(rig, edition))
    assert {"deferred": 1, "delivered": 2} == await rig.room.counts(edition)
    [[words]] = await rig.room.rows("select reply from delivery where state = 'deferred'")
    assert "could not be composed: JSONDecodeError" in words


async def test_the_evidence_of_a_mail_that_asks(rig: WorkerRig) -> None:
    """The daemon learns what the worker sent: Message-ID and digest of the confirmation."""
    await rig.start()
    applicant = parse_address("new@reader.example")
    await rig.room.services.sign_ups.request(["news"], Applicant(applicant, Origin(source="web")), network=None)
    rig.dispatcher.wake()
    await rig.until(lambda: len(rig.mailbox.received) == 1)
    asked = "select content from consent where event = 'asked' and content like '%\"mail\"%'"
    await rig.until(lambda: _has_rows(rig, asked))
    [[content]] = await rig.room.rows(asked)
    assert f"<{json.loads(content)['message_id']}>" == message_from_bytes(rig.mailbox.received[0][1])["Message-ID"]


async def _has_rows(rig: WorkerRig, sql: str) -> bool:
    return bool(await rig.room.rows(sql))


async def test_many_editions(rig: WorkerRig) -> None:
    """More than the process keeps plates of."""
    await rig.start()
    await rig.room.readers(2)
    for number in range(EDITIONS_AT_MOST + 2):
        edition = await rig.room.edition(text=f"number {number}")
        rig.dispatcher.wake()
        await rig.until(partial(rig.is_over, edition))
    assert 2 * (EDITIONS_AT_MOST + 2) == len(rig.mailbox.received)


async def test_a_relay_that_is_away(rig: WorkerRig) -> None:
    """Its rows do not stay with the worker."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        rig.workers.change(settings_for(relay_at(closed.getsockname()[1])))
        rig.begin()
        await rig.send(READERS)
        await rig.until(lambda: rig.workers.statuses()[0].failing_since is not None)
        await rig.until(lambda: rig.in_hand <= 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_signals_are_for_the_daemon(rig: WorkerRig, number: signal.Signals) -> None:
    """A terminal and systemd send them to the whole group."""
    await rig.start()
    first = rig.pid
    os.kill(first, number)
    edition = await rig.send(5)
    await rig.until(lambda: rig.is_over(edition))
    assert first == rig.pid


def test_it_ends_with_the_daemon() -> None:
    """After a kill nobody says goodbye: the socket closes, and that is all."""
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        command = [sys.executable, "-m", handle.MODULE, str(number), str(os.getpid())]
        process = subprocess.Popen(command, pass_fds=[number])
    ours.close()
    with contextlib.closing(ours):
        assert 0 == process.wait(10)


@pytest.mark.parametrize("has_journal", [False, True])
def test_it_does_not_outlive_who_started_it(journal: Journal, *, has_journal: bool) -> None:
    """Though the socket is still open, as it is while a killed process gives its memory back."""
    starting = (
        "import os, subprocess, sys\n"
        f"command = [sys.executable, '-m', {handle.MODULE!r}, sys.argv[1], str(os.getpid()), *sys.argv[2:]]\n"
        "print(subprocess.Popen(command, pass_fds=[*map(int, sys.argv[1:])]).pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        numbers = [theirs.fileno(), *([journal.fileno()] if has_journal else [])]
        parent = subprocess.Popen(
            [sys.executable, "-c", starting, *map(str, numbers)],
            pass_fds=numbers,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with parent:
            assert parent.stdout is not None
            worker = os.pidfd_open(int(parent.stdout.readline()))
            parent.kill()
        ended, _, _ = select.select([worker], [], [], 10)
        os.close(worker)
        assert [worker] == ended


async def test_one_answer_that_cannot_be_judged(
    rig: WorkerRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and recorded without its words: the copy went out, and goes no second time."""
    await rig.start()
    judge, broken = rig.dispatcher.broker.intake._delivery_result, list[int]()

    def failing(job: Job, result: HandOver, relay: str, now: float) -> DeliveryResult:
        if not broken:
            broken.append(job.row.id)
            raise RuntimeError("a fault of ours")
        return judge(job, result, relay, now)

    monkeypatch.setattr(rig.dispatcher.broker.intake, "_delivery_result", failing)
    edition = await rig.send(10)
    await rig.until(lambda: _is_nearly_settled(rig, edition, 10))
    assert ["relay.record_error"] == [record.message for record in caplog.records if record.levelno >= logging.ERROR]


async def _is_nearly_settled(rig: WorkerRig, edition: int, delivered: int) -> bool:
    return (await rig.room.counts(edition)).get("delivered") == delivered


async def test_a_deferred_copy_goes_out_the_same(rig: WorkerRig) -> None:
    """Message-ID and Date stay, though another process makes it."""
    await rig.start()
    rig.mailbox.reply = "450 4.2.0 later"
    edition = await rig.send(1)
    await rig.until(lambda: _has_rows(rig, "select 1 from delivery where state = 'deferred'"))
    rig.mailbox.reply = "250 2.0.0 taken"
    first = rig.pid
    os.kill(first, signal.SIGKILL)
    await rig.until(lambda: rig.other_pid(first) and rig.workers.capacity() > 0)
    rig.room.pass_time(3600)
    rig.dispatcher.wake()
    await rig.until(lambda: rig.is_over(edition))
    early, late = (message_from_bytes(mail) for _, mail in rig.mailbox.received)
    assert (early["Message-ID"], early["Date"]) == (late["Message-ID"], late["Date"])


async def test_it_is_not_made_of_what_lies_about(
    rig: WorkerRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules are not looked for where the daemon was started: others may write there."""
    (tmp_path / "msgspec.py").write_text("raise SystemExit(3)\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    await rig.start()
    edition = await rig.send(1)
    await rig.until(lambda: rig.is_over(edition))


async def test_it_holds_nothing_of_the_daemon_open(rig: WorkerRig) -> None:
    """Neither the database nor a door, though that can be inherited, as those of systemd are."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.set_inheritable(True)
        await rig.start()
        assert _link(os.getpid(), door.fileno()) not in _links(rig.pid)
    assert [] == [name for name in _links(rig.pid) if "sqlite" in name]


def _link(pid: int, number: int) -> str:
    return str(Path(f"/proc/{pid}/fd/{number}").readlink())


def _links(pid: int) -> set[str]:
    return {_link(pid, int(entry.name)) for entry in Path(f"/proc/{pid}/fd").iterdir()}


async def test_its_log_is_like_that_of_the_daemon(rig: WorkerRig, capfd: pytest.CaptureFixture[str]) -> None:
    """At the same level and in the same form, also after a reload."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        relay = relay_at(closed.getsockname()[1])
    rig.workers.change(settings_for(relay, log=LogSettings(level="error")))
    await rig.start()
    await rig.send(1)
    await rig.until(lambda: rig.workers.statuses()[0].failing_since is not None)
    assert [] == _failing(capfd)
    said = list[str]()

    def has_said(number: int) -> bool:
        said.extend(_failing(capfd))
        return len(said) >= number

    for number, form in enumerate(("json", "text"), start=1):
        other = dataclasses.replace(relay, name=f"r{number}")
        rig.workers.change(settings_for(other, log=LogSettings(format=form)))  # type: ignore[arg-type]
        rig.dispatcher.reload(rig.room.settings, {other.name: RelayTerms()})
        await rig.until(partial(has_said, number))
    assert ("relay.failing", "r1") == (json.loads(said[0])["event"], json.loads(said[0])["relay"])
    assert " warning relay.failing relay=r2 " in said[1]


def _failing(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capfd.readouterr().err.splitlines() if "relay.failing" in line]


async def test_what_no_connection_has_is_recalled(rig: WorkerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a domain asks for silence, what is ahead of the connections stays with the queue."""
    monkeypatch.setattr(handle, "AHEAD_SECONDS", inf)
    await rig.start()
    rig.mailbox.open.clear()
    await rig.send(READERS)
    await rig.mailbox.arrived.wait()
    await rig.until(lambda: rig.in_hand > 3)
    monkeypatch.setattr(rig.workers, "_assign", lambda relay: None)
    rig.workers.recall()
    await rig.until(lambda: rig.in_hand <= 3)
    rig.mailbox.open.set()


async def test_what_no_connection_takes_goes_back(rig: WorkerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a relay is stuck, other relays may take it, and its readers may leave."""
    monkeypatch.setattr(handle, "STALE_SECONDS", 0.05)
    monkeypatch.setattr(handle, "AHEAD_SECONDS", inf)
    await rig.start()
    rig.mailbox.open.clear()
    await rig.send(READERS)
    await rig.mailbox.arrived.wait()
    await rig.until(lambda: rig.in_hand > 3)
    monkeypatch.setattr(rig.workers, "_assign", lambda relay: None)
    await rig.until(lambda: rig.in_hand <= 3)
    rig.mailbox.open.set()


async def test_a_worker_without_work_ends_and_comes_back(rig: WorkerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory is the machine's again; no error is logged, and the next edition goes out."""
    monkeypatch.setattr(handle, "IDLE_SECONDS", -1.0)
    rig.begin()
    rig.worker.start()
    await rig.until(lambda: bool(rig.workers.pids))
    await rig.until(lambda: not rig.workers.pids)
    assert rig.workers.statuses()[0].failing_since is None
    monkeypatch.undo()
    edition = await rig.send(3)
    await rig.until(lambda: rig.is_over(edition))
    assert 3 == len(rig.mailbox.received)


async def test_two_workers_share_the_connections(rig: WorkerRig) -> None:
    """With plenty to send both deliver; each reader has one copy, and the relay never more connections than agreed."""
    rig.settings = settings_for(relay_at(rig.mailbox.port, connections=5))
    rig.workers = Workers(rig.settings, rig.room.services.keys, rig.dispatcher.broker, None, count=2)
    assert [[3], [2]] == [[relay.connections for relay in worker._settings.relays] for worker in rig.workers._workers]
    rig.begin()
    rig.mailbox.open.clear()
    edition = await rig.send(400)
    await rig.until(lambda: len(rig.workers.pids) == 2)
    rig.mailbox.open.set()
    await rig.until(lambda: rig.is_over(edition))
    assert {"delivered": 400} == await rig.room.counts(edition)
    assert {1} == set(Counter(address for address, _ in rig.mailbox.received).values())


def test_a_worker_without_results_gets_nothing_ahead_when_a_destination_is_found_slow() -> None:
    """What it gives back then would come to it again, and wait until the slow destination answers."""
    assert PACED_REPORT_SECONDS < AHEAD_SECONDS < SLOW_SECONDS


async def test_a_relay_with_one_connection_has_one_worker(rig: WorkerRig) -> None:
    """The others get nothing for it."""
    rig.settings = settings_for(relay_at(rig.mailbox.port, connections=1))
    rig.workers = Workers(rig.settings, rig.room.services.keys, rig.dispatcher.broker, None, count=2)
    assert [1, 0] == [len(worker._settings.relays) for worker in rig.workers._workers]
    rig.begin()
    edition = await rig.send(300)
    await rig.until(lambda: rig.is_over(edition))
    assert {"delivered": 300} == await rig.room.counts(edition)
