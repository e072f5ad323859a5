"""A daemon that is killed leaves its worker behind, which hears the last answers before the next daemon goes on."""

from __future__ import annotations

import os
import signal
import smtplib
import time

import pytest
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import DOMAIN, Daemon, Instance, Mail, children, command_of, until

from pressrun.delivery.worker.process import FINISH_SECONDS

SLOW = "slow{}-one@readers.example"


def sent_to(make_instance: MakeInstance, slow: str) -> tuple[Instance, Daemon, int]:
    """An instance whose edition three readers have, and whose relay is not through with the one that is slow."""
    instance = make_instance()
    instance.import_readers(slow)
    daemon = instance.start()
    edition = instance.send()["id"]
    instance.await_mails(3)
    return instance, daemon, edition


def test_what_the_relay_takes_after_a_kill_is_not_sent_again(make_instance: MakeInstance) -> None:
    """The worker outlives the daemon until it has heard so, and the next daemon waits for that."""
    instance, daemon, edition = sent_to(make_instance, SLOW.format(1000))
    daemon.kill()
    instance.start()
    assert [SLOW.format(1000)] == [address for address in instance.accepted() if address.startswith("slow")]
    assert instance.await_state(edition, "finished")["delivered"] == 4
    assert len(instance.accepted()) == 4


def test_a_notice_that_the_relay_takes_after_a_kill_is_not_sent_again(instance: Instance) -> None:
    """But for those that ask for consent, whose evidence needs the daemon."""
    daemon = instance.start()
    asked = f"From: {SLOW.format(1000)}\r\nSubject: help\r\n\r\n"
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail(SLOW.format(1000), [f"news-request@{DOMAIN}"], asked.encode())
    until(lambda: instance.accepted() or None)  # the sink has it, and says so a second later
    daemon.kill()
    instance.start()
    until(lambda: instance.rows("select 1 from delivery where state = 'delivered'") or None)
    assert [SLOW.format(1000)] == instance.accepted()


@pytest.mark.thorough
def test_what_the_relay_takes_too_late_after_a_kill_is_sent_again(make_instance: MakeInstance) -> None:
    """The start waits for no more than a few seconds, and the second copy is the same mail."""
    instance, daemon, edition = sent_to(make_instance, SLOW.format(20_000))
    daemon.kill()
    began = time.monotonic()
    instance.start()
    assert FINISH_SECONDS / 2 < time.monotonic() - began < FINISH_SECONDS + 5
    assert 3 == instance.show(edition)["delivered"]
    mails = until(lambda: arrived if len(arrived := _to_slow(instance)) == 2 else None, 60)
    assert 1 == len({mail.message["Message-ID"] for mail in mails})
    assert [] == daemon.events("worker.outlived_daemon")


def _to_slow(instance: Instance) -> list[Mail]:
    return [mail for mail in instance.mails() if mail.rcpt_to == SLOW.format(20_000)]


@pytest.mark.thorough
def test_a_worker_that_stands_still_after_a_kill_holds_up_nobody(make_instance: MakeInstance) -> None:
    instance, daemon, edition = sent_to(make_instance, SLOW.format(1000))
    [worker] = [
        int(child) for child in children(daemon.process.pid) if "pressrun.delivery.worker " in command_of(child)
    ]
    os.kill(worker, signal.SIGSTOP)
    try:
        daemon.kill()
        os.kill(worker, signal.SIGSTOP)  # again: the kernel wakes a group of processes that lost its parent
        daemon = instance.start()
        assert 1 == len(daemon.events("worker.outlived_daemon"))
        assert instance.await_state(edition, "finished")["delivered"] == 4
    finally:
        os.kill(worker, signal.SIGKILL)
