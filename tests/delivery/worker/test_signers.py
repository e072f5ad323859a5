"""The processes that sign: every digest is signed once, whatever becomes of them, and none outlives who started it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from tests.message.signatures.test_dkim import ED25519, RSA, settings

from pressrun.delivery.mailer.signatures import BATCHES_AT_MOST, Digests, Hands, Signatures, Threads
from pressrun.delivery.worker import signers
from pressrun.delivery.worker.signers import SignerProcesses, signing_hands
from pressrun.message.signatures.dkim import SigningFailed, load_signing_key

KEYS = [load_signing_key(settings()), load_signing_key(settings(key=ED25519, selector="ed"))]
OTHER = generate_private_key(public_exponent=65537, key_size=2048)
BATCH: Digests = [(0, bytes([number]) * 32) for number in range(8)]


@asynccontextmanager
async def open_hands(count: int = 2) -> AsyncIterator[SignerProcesses]:
    """Processes that do not sign yet."""
    hands = SignerProcesses(count)
    yield hands
    async with asyncio.timeout(30):
        await hands.close()


@asynccontextmanager
async def open_signers(count: int = 2) -> AsyncIterator[SignerProcesses]:
    """Processes that sign."""
    async with open_hands(count) as hands:
        hands.use(KEYS)
        await until(lambda: len(hands.pids) == count)
        yield hands


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not found():  # noqa: ASYNC110 - another process is looked at
            await asyncio.sleep(0.01)


async def signed(hands: Hands, digests: Digests) -> Signatures:
    found: asyncio.Future[Signatures] = asyncio.get_running_loop().create_future()
    hands.sign(digests, found.set_result)
    async with asyncio.timeout(30):
        return await found


def is_good(signatures: Signatures, digests: Digests = BATCH, key: RSAPrivateKey = RSA) -> bool:
    """Whether each is the signature of its digest."""
    for signature, (_, digest) in zip(signatures, digests, strict=True):
        assert isinstance(signature, bytes)
        try:
            key.public_key().verify(signature, digest, PKCS1v15(), Prehashed(SHA256()))
        except InvalidSignature:
            return False
    return True


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def told(pid: int, name: str) -> bytes:
    """What the kernel tells of a process."""
    return Path(f"/proc/{pid}/{name}").read_bytes()


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why processes ended, as the log says."""
    return [one.__dict__["fields"]["reason"] for one in caplog.records if one.message == "press.signer_ended"]


async def test_each_digest_is_signed_with_its_key() -> None:
    """RSA and Ed25519 in one batch, by processes that are not ours."""
    async with open_signers() as hands:
        rsa, ed25519 = await signed(hands, [(0, b"a" * 32), (1, b"b" * 32)])
        assert is_good([rsa], [(0, b"a" * 32)])
        assert isinstance(ed25519, bytes)
        ED25519.public_key().verify(ed25519, b"b" * 32)
        assert os.getpid() not in hands.pids
        assert 0 == len(hands._threads._pool._threads)


async def test_what_cannot_be_signed_is_told_and_holds_up_nothing() -> None:
    """The name of the error stands in its place."""
    async with open_signers(1) as hands:
        assert [SigningFailed("ValueError")] == await signed(hands, [(0, b"too short")])
        first, failed, last = await signed(hands, [BATCH[0], (7, b"x" * 32), BATCH[1]])
        assert SigningFailed("IndexError") == failed
        assert is_good([first, last], BATCH[:2])
        assert 1 == len(hands.pids)


async def test_all_have_work_before_one_has_too_much() -> None:
    """Each a batch to sign and one that waits; beyond that there is no room."""
    async with open_signers() as hands:
        for pid in hands.pids:
            os.kill(pid, signal.SIGSTOP)
        done: list[Signatures] = []
        for _ in range(2 * BATCHES_AT_MOST):
            assert hands.has_room()
            hands.sign(BATCH, done.append)
        assert not hands.has_room()
        assert [BATCHES_AT_MOST] * 2 == [len(line.held) for line in hands._lines()]
        for pid in hands.pids:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: len(done) == 2 * BATCHES_AT_MOST)
        assert all(map(is_good, done))


async def test_nothing_waits_for_a_process_to_come_up() -> None:
    """Threads sign until then."""
    async with open_hands() as hands:
        hands.use(KEYS)
        assert [] == hands.pids
        assert is_good(await signed(hands, BATCH))
        assert hands.has_room()


async def test_what_a_killed_process_had_in_hand_others_sign(caplog: pytest.LogCaptureFixture) -> None:
    """Once; and there is another process soon."""
    async with open_signers() as hands:
        killed, other = hands.pids
        os.kill(killed, signal.SIGSTOP)
        done: list[Signatures] = []
        for _ in range(4):
            hands.sign(BATCH, done.append)
        await until(lambda: len(done) == 2)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(done) == 4)
        assert all(map(is_good, done))
        await until(lambda: len(hands.pids) == 2)
        assert other in hands.pids
        assert killed not in hands.pids
        assert is_good(await signed(hands, BATCH))
        assert ["it ended with -9"] == reasons(caplog)
        assert 4 == len(done)


async def test_when_all_are_killed_threads_sign() -> None:
    """What was in hand too."""
    async with open_signers() as hands:
        first = hands.pids
        done: list[Signatures] = []
        for pid in first:
            os.kill(pid, signal.SIGSTOP)
        for _ in first:
            hands.sign(BATCH, done.append)
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: len(done) == 2)
        assert is_good(await signed(hands, BATCH))
        assert all(map(is_good, done))
        await until(lambda: len(hands.pids) == 2)


async def test_one_that_is_stuck_is_replaced(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """And its work done by others; one that has nothing to do is left alone."""
    monkeypatch.setattr(signers, "SILENT_SECONDS", 1.5)  # a start on a busy machine takes a part of it
    async with open_signers() as hands:
        stuck, other = hands.pids
        await asyncio.sleep(2)
        assert [stuck, other] == hands.pids
        os.kill(stuck, signal.SIGSTOP)
        found = await asyncio.gather(*(signed(hands, BATCH) for _ in range(4)))
        assert all(map(is_good, found))
        await until(lambda: len(hands.pids) == 2 and stuck not in hands.pids)
        assert other in hands.pids
        assert ["it said nothing for 1.5 s"] == reasons(caplog)
        assert not is_there(stuck)


@pytest.mark.parametrize(
    ("where", "program", "reason"),
    [
        ("sys.executable", "/nonexistent/python", "it cannot be started: No such file or directory"),
        ("sys.executable", "/bin/false", "it ended with 1"),
    ],
)
async def test_where_no_process_can_live_threads_sign(
    where: str, program: str, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, more seldom each time; once one can live it signs."""
    monkeypatch.setattr(signers, "AGAIN_SECONDS", (0.01, 0.02, 0.05))
    async with open_hands() as hands:
        with monkeypatch.context() as patched:
            patched.setattr(where, program)
            hands.use(KEYS)
            await until(lambda: len(reasons(caplog)) >= 6)
            assert is_good(await signed(hands, BATCH))
        assert {reason} == set(reasons(caplog))
        await until(lambda: len(hands.pids) == 2)


class Pauses(tuple[float, ...]):
    """Says which of them were asked for, and is quick all the same."""

    __slots__ = ()
    asked: ClassVar[list[int]] = []

    def __getitem__(self, place: Any) -> Any:
        self.asked.append(place)
        return 0.01


async def test_pauses_grow_while_processes_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody fills the log, or the machine, with starts."""
    monkeypatch.setattr(signers, "MODULE", "pressrun.no_such_module")
    monkeypatch.setattr(signers, "AGAIN_SECONDS", Pauses((0.2, 1.0, 5.0)))
    Pauses.asked.clear()
    async with open_hands(1) as hands:
        hands.use(KEYS)
        await until(lambda: len(Pauses.asked) >= 4)
    assert [0, 1, 2, 2] == Pauses.asked[:4]


async def test_other_keys_hold_from_the_next_batch_on() -> None:
    """What was on its way with the old ones is dropped: whoever wanted it makes it anew."""
    async with open_signers() as hands:
        pids = hands.pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        dropped: list[Signatures] = []
        for _ in range(4):
            hands.sign(BATCH, dropped.append)
        hands.use([load_signing_key(settings(key=OTHER))])
        assert is_good(await signed(hands, BATCH), key=OTHER)  # in threads, until they have answered
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: hands.pids == pids)
        assert is_good(await signed(hands, BATCH), key=OTHER)
        assert [] == dropped


async def test_nothing_of_old_keys_is_made_when_one_is_killed_after_a_change() -> None:
    async with open_signers(1) as hands:
        [pid] = hands.pids
        os.kill(pid, signal.SIGSTOP)
        dropped: list[Signatures] = []
        hands.sign(BATCH, dropped.append)
        hands.use([load_signing_key(settings(key=OTHER))])
        os.kill(pid, signal.SIGKILL)
        await until(lambda: hands.pids not in ([], [pid]))
        assert is_good(await signed(hands, BATCH), key=OTHER)
        assert [] == dropped


async def test_without_keys_there_are_no_processes() -> None:
    """They end when a reload takes the last key away, and are there again with the next one."""
    async with open_hands() as hands:
        hands.use(())
        assert set() == hands._lives
        hands.use(KEYS)
        await until(lambda: len(hands.pids) == 2)
        pids = hands.pids
        hands.use(())
        assert [] == hands.pids
        await until(lambda: not any(map(is_there, pids)))
        hands.use(KEYS)
        await until(lambda: len(hands.pids) == 2)


async def test_an_end_leaves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """No process, not even a stuck one, and no signature that comes later."""
    dropped: list[Signatures] = []
    async with open_signers() as hands:
        pids = hands.pids
        os.kill(pids[0], signal.SIGSTOP)
        for _ in range(4):
            hands.sign(BATCH, dropped.append)
    assert [False, False] == [*map(is_there, pids)]
    await asyncio.sleep(0)
    assert [] == [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [] == dropped


async def test_an_end_while_they_start() -> None:
    async with open_hands() as hands:
        hands.use(KEYS)
        await asyncio.sleep(0)
    assert [] == hands.pids


async def test_keys_are_where_nobody_can_read_them() -> None:
    """Neither in the arguments nor in the environment."""
    async with open_signers(1) as hands:
        assert [False, False] == [b"PRIVATE" in told(hands.pids[0], name) for name in ("cmdline", "environ")]


async def test_a_signer_has_only_what_it_needs() -> None:
    """No network, web or database, so that one more costs little."""
    async with open_signers(1) as hands:
        maps = told(hands.pids[0], "maps")
    assert [] == [name for name in (b"sqlite3", b"_ssl.", b"uvloop", b"_asyncio") if name in maps]


@pytest.mark.parametrize(("processors", "kind", "count"), [({0}, Threads, 0), ({0, 1, 2}, SignerProcesses, 3)])
def test_as_many_as_there_are_processors(
    processors: set[int], kind: type[Hands], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one they would only take turns with the loop."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: processors)
    hands = signing_hands()
    assert isinstance(hands, kind)
    assert count == (hands._count if isinstance(hands, SignerProcesses) else 0)


def test_on_a_large_machine_there_are_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    hands = signing_hands()
    assert isinstance(hands, SignerProcesses)
    assert 4 == hands._count
