"""A daemon that is killed leaves its worker behind, which hears the last answers before the next daemon goes on."""

from __future__ import annotations

import os
import signal
import smtplib
import time

import pytest
from tests.e2e.conftest import MakeHouse
from tests.e2e.house import DOMAIN, Daemon, House, Mail, children, command_of, until

from pressrun.delivery.worker.process import FINISH_SECONDS

SLOW = "slow{}-one@readers.example"


def sent_to(make_house: MakeHouse, slow: str) -> tuple[House, Daemon, int]:
    """A house whose edition three readers have, and whose relay is not through with the one that is slow."""
    house = make_house()
    house.import_readers(slow)
    daemon = house.start()
    edition = house.send()["id"]
    house.await_mails(3)
    return house, daemon, edition


def test_what_the_relay_takes_after_a_kill_is_not_sent_again(make_house: MakeHouse) -> None:
    """The worker outlives the daemon until it has heard so, and the next daemon waits for that."""
    house, daemon, edition = sent_to(make_house, SLOW.format(1000))
    daemon.kill()
    house.start()
    assert [SLOW.format(1000)] == [address for address in house.accepted() if address.startswith("slow")]
    assert house.await_state(edition, "finished")["delivered"] == 4
    assert len(house.accepted()) == 4


def test_a_notice_that_the_relay_takes_after_a_kill_is_not_sent_again(house: House) -> None:
    """But for those that ask for consent, whose evidence needs the daemon."""
    daemon = house.start()
    asked = f"From: {SLOW.format(1000)}\r\nSubject: help\r\n\r\n"
    with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=20) as client:
        client.sendmail(SLOW.format(1000), [f"news-request@{DOMAIN}"], asked.encode())
    until(lambda: house.accepted() or None)  # the sink has it, and says so a second later
    daemon.kill()
    house.start()
    until(lambda: house.rows("select 1 from delivery where state = 'delivered'") or None)
    assert [SLOW.format(1000)] == house.accepted()


@pytest.mark.thorough
def test_what_the_relay_takes_too_late_after_a_kill_is_sent_again(make_house: MakeHouse) -> None:
    """The start waits for no more than a few seconds, and the second copy is the same mail."""
    house, daemon, edition = sent_to(make_house, SLOW.format(20_000))
    daemon.kill()
    began = time.monotonic()
    house.start()
    assert FINISH_SECONDS / 2 < time.monotonic() - began < FINISH_SECONDS + 5
    assert 3 == house.show(edition)["delivered"]
    mails = until(lambda: arrived if len(arrived := _to_slow(house)) == 2 else None, 60)
    assert 1 == len({mail.message["Message-ID"] for mail in mails})
    assert [] == daemon.events("worker.outlived_daemon")


def _to_slow(house: House) -> list[Mail]:
    return [mail for mail in house.mails() if mail.rcpt_to == SLOW.format(20_000)]


@pytest.mark.thorough
def test_a_worker_that_stands_still_after_a_kill_holds_up_nobody(make_house: MakeHouse) -> None:
    house, daemon, edition = sent_to(make_house, SLOW.format(1000))
    [worker] = [
        int(child) for child in children(daemon.process.pid) if "pressrun.delivery.worker " in command_of(child)
    ]
    os.kill(worker, signal.SIGSTOP)
    try:
        daemon.kill()
        daemon = house.start()
        assert 1 == len(daemon.events("worker.outlived_daemon"))
        assert house.await_state(edition, "finished")["delivered"] == 4
    finally:
        os.kill(worker, signal.SIGKILL)
