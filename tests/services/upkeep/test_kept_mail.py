"""Mail that is kept for a person: seen, dealt with once more, dropped, and never without end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.database import execute, select
from tests.inbound.mailroom import ADA, InlineReader, Mailroom, mail, open_mailroom

from pressrun.core.errors import BadInput, NotFound, UnreadableMail
from pressrun.message.incoming.reading import IncomingMail
from pressrun.services.upkeep import kept_mail
from pressrun.services.upkeep.kept_mail import KeptMail
from pressrun.store.queue import inbound
from pressrun.store.queue.inbound import InboundState, KeptMailInfo
from pressrun.store.transaction import Transaction


class MoodyReader(InlineReader):
    """Cannot read anything until it is told that it can."""

    can = False

    async def read(self, content: bytes) -> IncomingMail:
        if not self.can:
            raise UnreadableMail("too deep")
        return await super().read(content)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path, reader=MoodyReader()) as opened:
        await opened.make_list()
        yield opened


def desk(room: Mailroom) -> KeptMail:
    return KeptMail(room.context)


async def kept(room: Mailroom, state: str | None = None) -> list[KeptMailInfo]:
    return await room.database.read(kept_mail.list_kept, state)


async def test_kept_mail_is_seen_with_its_reason_and_as_it_came(room: Mailroom) -> None:
    """Newest first; another state has none of it."""
    contents = [mail(number=number, Subject="help") for number in (1, 2)]
    for content in contents:
        await room.deliver(content, "news-request")
    second, first = await kept(room)
    assert ("news-request", ADA, "unreadable", "too deep") == (first.to, first.from_, first.state, first.why)
    assert contents[1] == await room.database.read(kept_mail.show_kept, second.id)
    assert [] == await kept(room, "failed")


@pytest.mark.parametrize("state", kept_mail.KEPT_STATES)
async def test_what_can_be_read_later_is_dealt_with_then(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch, state: InboundState
) -> None:
    """As if it had just come, and once."""
    content = mail(Subject="help")
    await room.deliver(content, "news-request")
    await execute(room.database, "update inbound set state = ?", state)
    ((number,),) = [(row.id,) for row in await kept(room)]
    monkeypatch.setattr(MoodyReader, "can", True)
    assert isinstance(number, int)
    assert 1 == await room.database.read(inbound.count_kept)
    assert content == await room.database.read(kept_mail.show_kept, number)
    await desk(room).retry(number)
    await room.processing.recover()
    assert 1 == len(await room.outgoing())
    assert [] == await kept(room)
    with pytest.raises(NotFound, match="no such kept mail"):
        await desk(room).retry(number)


async def test_a_dropped_mail_is_gone_and_still_known(room: Mailroom) -> None:
    """Nothing of it is left but its digest, so that it is not taken again."""
    content = mail(Subject="help")
    await room.deliver(content, "news-request")
    (row,) = await kept(room)
    await desk(room).drop(row.id)
    assert [] == await kept(room)
    await room.deliver(content, "news-request")
    assert {"done": 1} == await room.counts()
    with pytest.raises(NotFound):
        await room.database.read(kept_mail.show_kept, row.id)


async def test_a_mail_that_waits_cannot_be_dropped(room: Mailroom) -> None:
    """It was accepted."""
    await room.accept(mail(), "news-request")
    ((number,),) = await select(room.database, "select id from inbound")
    with pytest.raises(NotFound):
        await desk(room).drop(number)
    assert {"received": 1} == await room.counts()


async def test_a_mail_to_two_is_kept_for_each(room: Mailroom) -> None:
    """Its content is stored once, until the last of them is dropped."""
    await room.make_list("other")
    content = mail(Subject="help")
    await room.deliver(content, "news-request", "other-request")
    first, second = await kept(room)
    await desk(room).drop(first.id)
    assert content == await room.database.read(kept_mail.show_kept, second.id)
    await desk(room).drop(second.id)
    assert [] == await select(room.database, "select id from inbound_content")


async def test_only_states_that_keep_mail_can_be_asked_for(room: Mailroom) -> None:
    """The error names them."""
    with pytest.raises(BadInput, match="kept, unreadable, failed"):
        await kept(room, "done")


async def test_kept_mail_has_an_end_by_age_and_by_size(room: Mailroom) -> None:
    """So nobody fills the disk; the oldest goes first."""
    for number in range(1, 5):
        await room.deliver(mail("x" * 1000, number=number), "news-request")
        room.now += 10

    def sweep(tx: Transaction) -> int:
        return inbound.sweep_kept(tx, before=int(room.now) - 35, size=2500, now=int(room.now))

    newest = [row.id for row in (await kept(room))[:2]]
    assert [1, 1, 0] == [await room.database.write(sweep) for _ in range(3)]
    assert newest == [row.id for row in await kept(room)]


@pytest.mark.parametrize("state", kept_mail.KEPT_STATES)
@pytest.mark.parametrize(("is_old", "size"), [(True, 10**6), (False, 0)], ids=["too old", "too much"])
async def test_all_kept_mail_has_an_end(room: Mailroom, state: InboundState, is_old: bool, size: int) -> None:
    """Whatever it is kept for."""
    await room.deliver(mail(), "news-request")
    await execute(room.database, "update inbound set state = ?, recorded_at = 100", state.value)

    def sweep(tx: Transaction) -> int:
        return inbound.sweep_kept(tx, before=100 if is_old else 99, size=size, now=int(room.now))

    assert (1, []) == (await room.database.write(sweep), await kept(room))
