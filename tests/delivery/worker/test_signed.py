"""Editions signed by processes of their own: all goes out signed and once, and nothing of them is left behind."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from tests.delivery.worker import two_processors
from tests.delivery.worker.conftest import House
from tests.delivery.worker.test_signers import is_there, told
from tests.message.signatures.test_dkim import RSA_RECORD, settings

from pressrun.delivery.worker import remote

RSA = settings(domain="lists.example")
LATER = settings(domain="lists.example", selector="later", key=generate_private_key(65537, 2048))
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _two_signers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is one processor, and threads would sign."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(remote, "MODULE", two_processors.__name__)


def signers(house: House) -> list[int]:
    """The processes that the press has started."""
    return [int(pid) for pid in _children(house.pid)]


def are_up(house: House) -> bool:
    """As many as there are to be, and each so far that it leaves signals to the press."""
    ignored = [re.findall(r"SigIgn:\s*([0-9a-f]+)", told(pid, "status").decode()) for pid in signers(house)]
    return [True, True] == [bool(int(mask, 16) >> signal.SIGTERM - 1 & 1) for [mask] in ignored]


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


async def start(house: House) -> None:
    house.settings = replace(house.settings, dkim=(RSA,))
    house.press.change(house.settings)
    await house.start()
    await house.until(lambda: are_up(house))


def verified(house: House) -> Counter[bool]:
    return Counter(dkim.verify(mail, dnsfunc=lambda name, timeout=5: RSA_RECORD) for _, mail in house.mailbox.received)


def are_gone(pids: Collection[int]) -> bool:
    return not any(map(is_there, pids))


async def test_every_copy_is_signed_though_signers_die(house: House) -> None:
    """All of them, twice, in the middle of it: each reader has one copy."""
    await start(house)
    house.mailbox.open.clear()
    edition = await house.send(300)
    await house.mailbox.arrived.wait()
    house.mailbox.open.set()
    for most in (100, 200):
        await house.until(lambda: len(house.mailbox.received) >= most)  # noqa: B023 - called before the next turn
        for pid in signers(house):
            os.kill(pid, signal.SIGKILL)
    await house.until(lambda: house.is_over(edition))
    assert {"delivered": 300} == await house.room.counts(edition)
    assert 300 == len({address for address, _ in house.mailbox.received})
    assert {True: 300} == verified(house)


async def test_signers_end_with_a_press_that_is_killed(house: House) -> None:
    """Stuck ones too; the next press has its own."""
    await start(house)
    first, pids = house.pid, signers(house)
    os.kill(pids[0], signal.SIGSTOP)
    os.kill(first, signal.SIGKILL)
    await house.until(lambda: are_gone(pids))
    await house.until(lambda: house.press.pid not in (None, first))
    await house.until(lambda: are_up(house))
    edition = await house.send(20)
    await house.until(lambda: house.is_over(edition))
    assert {True: 20} == verified(house)


async def test_signers_end_with_the_drain(house: House) -> None:
    """In the middle of an edition: what they have in hand stays in the queue."""
    await start(house)
    pids = signers(house)
    house.mailbox.open.clear()
    edition = await house.send(100)
    await house.mailbox.arrived.wait()
    house.mailbox.open.set()
    await house.stop()
    assert are_gone(pids)
    counts = await house.room.counts(edition)
    assert {"queued", "delivered"} >= set(counts)
    assert counts.get("delivered", 0) == len(house.mailbox.received) == verified(house)[True]


async def test_new_keys_in_the_middle_of_an_edition(house: House) -> None:
    """The same processes sign on, each copy with one key or the other, and the last ones with the new one."""
    await start(house)
    pids = signers(house)
    edition = await house.send(200)
    await house.until(lambda: len(house.mailbox.received) >= 50)
    house.press.change(replace(house.settings, dkim=(LATER,)))
    await house.until(lambda: house.is_over(edition))
    assert {"delivered": 200} == await house.room.counts(edition)
    assert 200 == len({address for address, _ in house.mailbox.received})
    selectors = [re.findall(rb"\bs=([a-z]+);", mail) for _, mail in house.mailbox.received]
    assert {1} == {len(found) for found in selectors}
    assert [b"rsa", b"later"] == [selectors[0][0], selectors[-1][0]]
    assert verified(house)[True] == selectors.count([b"rsa"])
    assert pids == signers(house)


async def test_signers_go_when_the_last_key_goes(house: House) -> None:
    await start(house)
    pids = signers(house)
    house.press.change(replace(house.settings, dkim=()))
    await house.until(lambda: are_gone(pids))
    edition = await house.send(5)
    await house.until(lambda: house.is_over(edition))
    assert 0 == sum(b"DKIM-Signature" in mail for _, mail in house.mailbox.received)
