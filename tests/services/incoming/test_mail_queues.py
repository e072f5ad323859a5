"""Mail to a signed address of ours waits for nobody else's, and what takes too long to read is read once."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.inbound.mailroom import ADA, InlineReader, Mailroom, mail, open_mailroom

from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.errors import TimedOutMail, UnreadableMail
from pressrun.core.signing.tokens import AddressPurpose
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.upkeep import kept_mail
from pressrun.services.upkeep.kept_mail import KeptMail
from pressrun.store.queue import inbound
from pressrun.store.transaction import Transaction

SLOW = "reading the mail took longer than 5 s of processor time"


class FailingReader(InlineReader):
    """Counts what it is given, and fails at all of it."""

    def __init__(self, problem: Exception) -> None:
        self.problem: Exception | None = problem
        self.number = 0

    def _fail(self) -> None:
        self.number += 1
        if self.problem is not None:
            raise self.problem

    async def read(self, content: bytes) -> IncomingMail:
        self._fail()
        return await super().read(content)

    async def read_report(self, content: bytes) -> Report:
        self._fail()
        return await super().read_report(content)


class BusyReader(InlineReader):
    """Reads for ever, as soon as it has begun."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def read(self, content: bytes) -> IncomingMail:
        self.begun.set()
        await asyncio.Event().wait()
        raise AssertionError(content)

    async def read_report(self, content: bytes) -> Report:
        await self.read(content)
        raise AssertionError


@asynccontextmanager
async def running(room: Mailroom) -> AsyncIterator[None]:
    """The room's mail is dealt with as in a daemon."""
    task = asyncio.gather(*(loop.run() for loop in room.processing.loops))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def leave_address(room: Mailroom, number: int) -> str:
    return f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}"


async def queues(room: Mailroom) -> list[str]:
    """Where the mails that wait are, in the order in which they came."""

    def find(tx: Transaction) -> list[str]:
        waiting = [
            (number, queue.value)
            for queue in MailQueue
            for number in inbound.waiting_mail(tx, queue, after=0, limit=100)
        ]
        return [queue for _, queue in sorted(waiting)]

    return await room.database.read(find)


async def test_a_reader_leaves_while_other_mail_keeps_its_readers_busy(tmp_path: Path) -> None:
    """Neither a stranger's mail nor a bounce that is read for ever is waited for."""
    busy = {MailQueue.STRANGERS: BusyReader(), MailQueue.BOUNCES: BusyReader()}
    async with open_mailroom(tmp_path, readers={MailQueue.READERS: InlineReader(), **busy}) as room:
        await room.make_list()
        number = await room.subscribe()
        left = asyncio.Event()
        room.on_count = lambda _: left.set()
        async with running(room), asyncio.timeout(30):
            await room.accept(mail("x\n", number=1), "news-request")
            await room.accept(mail("x\n", number=2), f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}")
            for reader in busy.values():
                await reader.begun.wait()
            await room.accept(mail("x\n", number=3), leave_address(room, number))
            await left.wait()
        assert "unsubscribed" == await room.state_of()
        assert {"received": 2, "done": 1} == await room.counts()


async def test_bounces_are_read_while_strangers_keep_their_reader_busy(tmp_path: Path) -> None:
    """A complaint at a return path, too, is none of a stranger's."""
    stranger = BusyReader()
    readers = {MailQueue.READERS: InlineReader(), MailQueue.BOUNCES: InlineReader(), MailQueue.STRANGERS: stranger}
    async with open_mailroom(tmp_path, readers=readers) as room:
        await room.make_list()
        counted = asyncio.Event()
        room.on_count = lambda _: counted.set()
        async with running(room), asyncio.timeout(30):
            await room.accept(mail("x\n", number=1), "news-request")
            await stranger.begun.wait()
            local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
            await room.accept(mail("I am away.\n", number=2, Auto_Submitted="auto-replied"), local)
            await counted.wait()
        assert ["bounce"] == room.counted


async def test_where_a_mail_waits_is_judged_by_its_signature_and_outlives_a_restart(tmp_path: Path) -> None:
    """By the address that the client named; the order within a queue is that of arrival."""
    async with open_mailroom(tmp_path) as room:
        await room.make_list()
        locals_ = [
            "news-request",
            leave_address(room, 1),
            f"news-bounces+{room.token(AddressPurpose.BOUNCES, 1)}",
            f"news-confirm+{room.token(AddressPurpose.CONFIRM, 1)}",
            "postmaster",
            "news-owner",
        ]
        for number, local in enumerate(locals_):
            await room.accept(mail("x\n", number=number), local)
    async with open_mailroom(tmp_path) as room:
        assert ["strangers", "readers", "bounces", "readers", "strangers", "strangers"] == await queues(room)


@pytest.mark.parametrize(
    "make_local",
    [
        pytest.param(lambda room: "news-request", id="request"),
        pytest.param(lambda room: "news-subscribe", id="subscribe"),
        pytest.param(lambda room: f"news-confirm+{room.token(AddressPurpose.CONFIRM, 7)}", id="confirm"),
        pytest.param(lambda room: f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}", id="bounces"),
    ],
)
async def test_what_took_too_long_is_set_aside_and_not_read_again(
    tmp_path: Path, make_local: Callable[[Mailroom], str]
) -> None:
    """It is kept where an operator sees it, and counted."""
    reader = FailingReader(TimedOutMail(SLOW))
    async with open_mailroom(tmp_path, reader=reader) as room:
        await room.make_list()
        await room.deliver(mail("x\n"), make_local(room))
        await room.processing.recover()
        assert {"failed": 1} == await room.counts()
        assert 1 == reader.number
        assert ["failed"] == room.counted
        (kept,) = await room.database.read(kept_mail.list_kept, "failed")
        assert SLOW == kept.why


async def test_who_leaves_by_a_signed_address_has_left_however_long_their_mail_takes(tmp_path: Path) -> None:
    """The address proves it; the mail is set aside all the same."""
    async with open_mailroom(tmp_path, reader=FailingReader(TimedOutMail(SLOW))) as room:
        await room.make_list()
        number = await room.subscribe()
        await room.deliver(mail("x\n"), leave_address(room, number))
        assert "unsubscribed" == await room.state_of()
        (kept,) = await room.database.read(kept_mail.list_kept, "failed")
        assert f"left; {SLOW}" == kept.why


async def test_what_took_too_long_at_abuse_goes_to_the_operator(tmp_path: Path) -> None:
    """Passing on needs no reading, and it is not read again."""
    reader = FailingReader(TimedOutMail(SLOW))
    async with open_mailroom(tmp_path, reader=reader) as room:
        assert 1 == len(await room.deliver(mail("x\n"), "abuse"))
        assert ({"done": 1}, 1) == (await room.counts(), reader.number)


async def test_an_address_whose_mail_took_too_long_waits_among_strangers(tmp_path: Path) -> None:
    """What is known of an address counts for mail that waits already and for mail to come, until it is removed."""
    readers = {queue: FailingReader(TimedOutMail(SLOW)) for queue in MailQueue}
    async with open_mailroom(tmp_path, readers=readers) as room:
        await room.make_list()
        local = leave_address(room, await room.subscribe())
        for number in range(3):
            await room.accept(mail("x\n", number=number), local)
        await room.processing.recover()
        assert (1, 2) == (readers[MailQueue.READERS].number, readers[MailQueue.STRANGERS].number)
        for kept in await room.database.read(kept_mail.list_kept, None):
            await KeptMail(room.context).drop(kept.id)
        await room.accept(mail("x\n", number=4), local)
        await room.processing.recover()
        assert (2, 2) == (readers[MailQueue.READERS].number, readers[MailQueue.STRANGERS].number)


async def test_a_signed_address_goes_before_others_only_so_often(tmp_path: Path) -> None:
    """Every reader has one: who sends by the thousand waits, and delays no other reader."""
    async with open_mailroom(tmp_path) as room:
        await room.make_list()
        allowed = LimitSettings().mails_per_token.count
        for number in range(allowed + 2):
            await room.accept(mail("x\n", number=number), leave_address(room, 1))
        await room.accept(mail("x\n", number=99), leave_address(room, 2))
        assert ["readers"] * allowed + ["strangers"] * 2 + ["readers"] == await queues(room)
        room.now += LimitSettings().mails_per_token.seconds
        await room.accept(mail("x\n", number=100), leave_address(room, 1))
        assert "readers" == (await queues(room))[-1]


@pytest.mark.parametrize(
    "lack",
    [OSError(errno.EMFILE, "Too many open files"), RuntimeError("can't start new thread")],
    ids=["descriptors", "threads"],
)
async def test_mail_waits_where_the_system_lacks_something(tmp_path: Path, lack: Exception) -> None:
    """That is no fault of the mail, and passes."""
    reader = FailingReader(lack)
    async with open_mailroom(tmp_path, reader=reader) as room:
        await room.make_list()
        await room.deliver(mail("help\n"), "news-request")
        assert {"received": 1} == await room.counts()
        reader.problem = None
        await room.processing.recover()
        assert {"done": 1} == await room.counts()


async def test_what_cannot_be_read_is_unreadable_as_before(tmp_path: Path) -> None:
    """Only time sets a mail aside as failed."""
    async with open_mailroom(tmp_path, reader=FailingReader(UnreadableMail("too deep"))) as room:
        await room.make_list()
        await room.deliver(mail(f"{ADA}\n"), "news-request")
        assert {"unreadable": 1} == await room.counts()
