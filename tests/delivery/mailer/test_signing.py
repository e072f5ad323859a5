"""Signed mail: every copy that a relay is handed is signed, with the keys of the moment, or stays in the queue."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import dkim
import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP
from tests.delivery.pressroom import LATER, RELAY, SITE, TAKEN, Pressroom, identity
from tests.message.signatures.test_dkim import RSA_RECORD, settings

from pressrun.core.address import parse_address
from pressrun.delivery.mailer import signing as made_signed
from pressrun.delivery.mailer.signing import (
    CHUNK,
    FEWEST,
    VALID_AFTER_GIVING_UP_SECONDS,
    build_signer,
)
from pressrun.delivery.queue.broker import UNSIGNED_SECONDS
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.delivery.worker.local import LocalPress
from pressrun.delivery.worker.settings import PressSettings
from pressrun.message.signatures.dkim import Signer
from pressrun.message.signatures.primitives import SignDigest
from pressrun.observe.settings import LogSettings
from pressrun.services.settings import DeliverySettings, TokenSettings
from pressrun.smtp.handover import Outgoing

DELIVERY = DeliverySettings()
LISTS = settings(domain="lists.example")


class Broken:
    """Keys that cannot be used any more."""

    def __init__(self) -> None:
        self.tries = 0
        self.signer = _with(keys(), self.fail)

    def fail(self, sign: SignDigest, digest: bytes) -> bytes:
        self.tries += 1
        raise RuntimeError("the key is gone")


class Waiting:
    """Keys that sign only when they are let."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.signer = _with(keys(), self.wait)

    def wait(self, sign: SignDigest, digest: bytes) -> bytes:
        if not self.may_go.wait(30):
            self.may_go.set()  # nobody lets them any more
            raise TimeoutError
        return sign(digest)


def _with(signer: Signer, sign: Callable[[SignDigest, bytes], bytes]) -> Signer:
    """The same keys, which sign so."""
    found = [replace(key, sign_digest=partial(sign, key.sign_digest)) for key in signer.keys]
    return Signer(found, lifetime_seconds=86400)


def keys(*given: Any) -> Signer:
    found = build_signer(given or [LISTS], DELIVERY)
    assert found is not None
    return found


@pytest_asyncio.fixture
async def signing(press: Pressroom) -> AsyncIterator[Pressroom]:
    """A press that signs."""
    press.press.sign_with(keys())
    yield press
    await press.press._signing.close()


async def settled(press: Pressroom) -> None:
    """One turn, and all that the press takes ahead has been made."""
    making, done = press.press._signing, asyncio.Event()
    take = making._on_made

    def on_made(results: Any) -> None:
        take(results)
        if not len(making):
            done.set()

    making._on_made = on_made
    await press.turn()
    press.press.waiting(RELAY)
    if len(making):
        async with asyncio.timeout(30):
            await done.wait()
    making._on_made = take


def selectors(sent: list[Outgoing]) -> list[list[str]]:
    return [re.findall(r"\bs=([a-z0-9]+);", outgoing.content.partition(b"\r\nFrom:")[0].decode()) for outgoing in sent]


async def test_copies_and_notices_are_signed(signing: Pressroom) -> None:
    """Test copies, which are notices, too."""
    await signing.readers(40)
    await signing.edition()
    test = b"---\nsubject: Try\n---\nx\n"
    await signing.editing.send_test(
        list_name="news", source=test, source_name="a.md", assets={}, addresses=[parse_address("t@reader.example")]
    )
    await settled(signing)
    sent = signing.take_all()
    assert ["t@reader.example", 41] == [sent[0].rcpt_to, len(sent)]
    assert [["rsa"]] * 41 == selectors(sent)


async def test_date_and_message_id_stay_on_a_retry(signing: Pressroom) -> None:
    """Only the signature is a new one."""
    await signing.readers(1)
    await signing.edition()
    await settled(signing)
    [first] = signing.take_all()
    signing.answer(first, LATER)
    await signing.turn()
    signing.pass_time(3600)
    await settled(signing)
    [second] = signing.take_all()
    assert identity(first) == identity(second)
    assert first.content.partition(b"\r\nFrom:")[2] == second.content.partition(b"\r\nFrom:")[2]
    assert first.content != second.content


async def test_nothing_goes_out_unsigned(signing: Pressroom, caplog: pytest.LogCaptureFixture) -> None:
    """Keys that fail: all stays queued, is told once, and tried again after a pause; then it goes."""
    broken = Broken()
    signing.press.sign_with(broken.signer)
    await signing.readers(50)
    edition = await signing.edition()
    with caplog.at_level(logging.ERROR):
        await settled(signing)
        await settled(signing)
        assert ([], {"queued": 50}) == (signing.take_all(), await signing.counts(edition))
        assert 50 == broken.tries
        signing.pass_time(UNSIGNED_SECONDS)
        await settled(signing)
        assert 100 == broken.tries
        await signing.turn()
    assert ["dispatch.not_signed"] == [record.message for record in caplog.records]
    assert [(0,)] * 50 == await signing.rows("select attempts from delivery")
    signing.press.sign_with(keys())
    signing.dispatcher.signs_again()
    await settled(signing)
    assert [["rsa"]] * 50 == selectors(signing.take_all())


async def test_new_keys_hold_from_the_next_copy_on(signing: Pressroom) -> None:
    """What is ready, and what the threads have in hand, is signed anew."""
    waiting = Waiting()
    await signing.readers(30)
    await signing.edition()
    await settled(signing)
    signing.press.sign_with(waiting.signer)
    await signing.turn()
    assert signing.take() is None
    signing.press.sign_with(keys(settings(domain="lists.example", selector="later")))
    waiting.may_go.set()
    await settled(signing)
    assert [["later"]] * 30 == selectors(signing.take_all())


async def test_signing_can_be_put_on_and_off(press: Pressroom) -> None:
    """A reload that brings the first keys reaches copies that were ready without them."""
    await press.readers(2)
    await press.edition()
    await press.turn()
    press.press.sign_with(keys())
    assert press.take() is None
    await settled(press)
    [first] = [press.take()]
    assert first is not None
    press.press.sign_with(None)
    await press.turn()
    second = press.take()
    assert second is not None
    assert [["rsa"], []] == selectors([first, second])
    await press.press._signing.close()


async def test_a_drain_gives_back_what_the_threads_have_in_hand(signing: Pressroom) -> None:
    """Nothing that they make later is handed out."""
    waiting = Waiting()
    signing.press.sign_with(waiting.signer)
    await signing.readers(60)
    edition = await signing.edition()
    await signing.turn()
    assert 0 == signing.press.waiting(RELAY)
    assert 60 == len(signing.press._signing)
    draining = asyncio.create_task(signing.dispatcher.drain(1.0))
    await asyncio.sleep(0)
    waiting.may_go.set()
    await draining
    await signing.turn()
    assert {"queued": 60} == await signing.counts(edition)
    assert signing.take() is None


async def test_what_was_given_back_makes_room_for_what_comes_after_it(
    signing: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nobody asks again: the last of the old signatures lets the new mails be made."""
    monkeypatch.setattr(made_signed, "CHUNK", 8)
    waiting = Waiting()
    await signing.readers(60)
    await signing.edition()
    await settled(signing)
    signing.press.sign_with(waiting.signer)
    await signing.turn()
    assert 0 == signing.press.waiting(RELAY)
    assert not signing.press._signing._hands.has_room()
    signing.press.recall()
    await signing.turn()
    assert 0 == signing.press.waiting(RELAY)
    assert 60 == len(signing.press._signing)
    waiting.may_go.set()
    async with asyncio.timeout(30):
        while len(signing.press._signing):  # noqa: ASYNC110 - nobody asks, and nobody tells
            await asyncio.sleep(0.01)
    assert [["rsa"]] * 60 == selectors(signing.take_all())


async def test_a_row_that_cannot_be_composed_holds_up_no_other(signing: Pressroom) -> None:
    """It is put off as without signatures; there is no pause."""
    await signing.readers(3)
    edition = await signing.edition()
    await signing.change("update subscriber set attributes = 'not JSON' where address = 'r1@reader.example'")
    await settled(signing)
    assert ["r0@reader.example", "r2@reader.example"] == sorted(sent.rcpt_to for sent in signing.take_all())
    await signing.turn()
    assert {"deferred": 1, "claimed": 2} == await signing.counts(edition)


async def test_mail_that_is_passed_on_stays_as_it_came(signing: Pressroom) -> None:
    """Somebody else's mail is not ours to sign."""
    content = b"From: somebody@other.example\r\nSubject: x\r\n\r\nx\r\n"
    payload = '{"null_sender": false, "utf8": false}'
    await signing.change(
        "insert into notice (id, kind, address, language, payload, content, message_secret, created_at)"
        " values (900, 'forward', 'owner@other.example', 'en', ?, ?, x'00', 1)",
        payload,
        content,
    )
    await signing.change("insert into delivery (notice_id, domain, state, due_at) values (900, 'o', 'queued', 1)")
    await signing.turn()
    assert [content] == [outgoing.content for outgoing in signing.take_all()]


def test_a_signature_outlives_the_last_retry() -> None:
    text = keys().sign(b"From: a@lists.example\r\n\r\n", signed_at=1000).decode()
    assert f"x={1000 + 5 * 86400 + VALID_AFTER_GIVING_UP_SECONDS};" in text


def test_without_keys_nothing_is_signed() -> None:
    assert build_signer([], DELIVERY) is None


class Mailbox:
    """A relay's end: all that it was handed."""

    def __init__(self, wanted: int) -> None:
        self.received: list[bytes] = []
        self.full = asyncio.Event()
        self._wanted = wanted

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.received.append(envelope.content)
        if len(self.received) == self._wanted:
            self.full.set()
        return "250 ok"


async def test_every_copy_that_arrives_verifies(press: Pressroom) -> None:
    """The whole way: queue, threads, connections, a relay, and a receiver that looks up the record."""
    mailbox = Mailbox(60)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
    relay = RelaySettings(name="primary", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    press.office.now = time.time()  # receivers look at it
    await press.readers(60)
    dispatcher = await press.start()
    given = PressSettings(
        site=SITE, relays=(relay,), delivery=DELIVERY, tokens=TokenSettings(), dkim=(LISTS,), log=LogSettings()
    )
    edition = await press.edition("- a {{ name | default: you }}\n\n" + "é  two  blanks \n" * 90 + "\n.\n..dot\n\n\n")
    dispatcher.connect(LocalPress(given, press.office.keys, dispatcher.broker, None))
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(60):
        await mailbox.full.wait()
    await dispatcher.drain(5.0)
    await running
    server.close()
    await server.wait_closed()
    assert {"delivered": 60} == await press.counts(edition)
    assert 60 == len(set(mailbox.received))
    verdicts = [dkim.verify(mail, dnsfunc=lambda name, timeout=5: RSA_RECORD) for mail in mailbox.received]
    assert [True] * 60 == verdicts


async def test_few_large_mails_are_made_at_a_time(signing: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edition with megabytes of pictures costs the memory of a few copies, not of all that are claimed."""
    monkeypatch.setattr(made_signed, "MADE_BYTES", 64 * 1024)
    await signing.readers(40)
    await signing.edition("x" * 64 * 1024)
    most = 0
    sent: list[Outgoing] = []
    async with asyncio.timeout(60):
        while len(sent) < 40:
            signing.dispatcher.look()
            await signing.dispatcher._take_turn()
            await asyncio.sleep(0)
            most = max(most, signing.press._count_made()) if sent else 0
            outgoing = signing.take()
            if outgoing is not None:
                signing.answer(outgoing, TAKEN)
                sent.append(outgoing)
    assert [["rsa"]] * 40 == selectors(sent)
    assert 1 <= most <= CHUNK + FEWEST  # before the first is made nobody knows how large they are
