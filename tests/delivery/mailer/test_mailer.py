"""The mailer: every mail that it composes is signed with the keys of the moment, or fails."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import dkim
import pytest
from tests.delivery.harness import GONE, LATER, RELAY, TAKEN, DeliveryHarness, identity
from tests.message.signatures.test_dkim import RSA_RECORD, settings

from pressrun.core.addresses.address import parse_address
from pressrun.delivery.mailer.mailer import VALID_AFTER_GIVING_UP_SECONDS, build_signer
from pressrun.delivery.queue.intake import UNSIGNED_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Result
from pressrun.message.signatures.dkim import Signer
from pressrun.message.signatures.primitives import SignDigest
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outgoing

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


def _with(signer: Signer, sign: Callable[[SignDigest, bytes], bytes]) -> Signer:
    """The same keys, which sign in this way."""
    changed = [replace(key, sign_digest=partial(sign, key.sign_digest)) for key in signer.keys]
    return Signer(changed, lifetime_seconds=86400)


def keys(*dkim_settings: Any) -> Signer:
    signer = build_signer(dkim_settings or [LISTS], DELIVERY)
    assert signer is not None
    return signer


@pytest.fixture
def signing(harness: DeliveryHarness) -> DeliveryHarness:
    """A harness whose mails are signed."""
    harness.worker.sign_with(keys())
    return harness


def selectors(sent: list[Outgoing]) -> list[list[str]]:
    return [re.findall(r"\bs=([a-z0-9]+);", outgoing.content.partition(b"\r\nFrom:")[0].decode()) for outgoing in sent]


async def test_copies_and_notices_are_signed(signing: DeliveryHarness) -> None:
    """Test copies, which are notices, too."""
    await signing.readers(40)
    await signing.edition()
    test = b"---\nsubject: Try\n---\nx\n"
    await signing.edition_admin.send_test(
        "news", Manuscript(source=test, source_name="a.md", assets={}), [parse_address("t@reader.example")]
    )
    sent = await signing.outgoing_after_cycle()
    assert ["t@reader.example", 41] == [sent[0].rcpt_to, len(sent)]
    assert [["rsa"]] * 41 == selectors(sent)


async def test_every_copy_verifies(signing: DeliveryHarness) -> None:
    """Whatever lines its text has."""
    signing.services.now = time.time()  # receivers look at it
    await signing.readers(20)
    await signing.edition("- a {{ name | default: you }}\n\n" + "é  two  blanks \n" * 90 + "\n.\n..dot\n\n\n")
    sent = await signing.outgoing_after_cycle()
    verdicts = [dkim.verify(outgoing.content, dnsfunc=lambda name, timeout=5: RSA_RECORD) for outgoing in sent]
    assert [True] * 20 == verdicts


async def test_date_and_message_id_stay_on_a_retry(signing: DeliveryHarness) -> None:
    """Only the signature is a new one."""
    await signing.readers(1)
    await signing.edition()
    [first] = await signing.outgoing_after_cycle()
    signing.answer(first, LATER)
    await signing.run_cycle()
    signing.pass_time(3600)
    [second] = await signing.outgoing_after_cycle()
    assert identity(first) == identity(second)
    assert first.content.partition(b"\r\nFrom:")[2] == second.content.partition(b"\r\nFrom:")[2]
    assert first.content != second.content


async def test_nothing_goes_out_unsigned(signing: DeliveryHarness, caplog: pytest.LogCaptureFixture) -> None:
    """With keys that fail every copy stays queued, the log says so once, and a try follows after a pause."""
    broken = Broken()
    signing.worker.sign_with(broken.signer)
    await signing.readers(50)
    edition = await signing.edition()
    with caplog.at_level(logging.ERROR):
        assert [] == await signing.outgoing_after_cycle()
        assert [] == await signing.outgoing_after_cycle()
        assert ({"queued": 1, "claimed": 49}, 1) == (await signing.counts(edition), broken.tries)
        signing.pass_time(UNSIGNED_SECONDS)
        await signing.run_cycle()  # what has waited for so long goes back first
        assert [] == await signing.outgoing_after_cycle()
        assert 2 == broken.tries
        await signing.run_cycle()
    assert ["dispatch.not_signed"] == [record.message for record in caplog.records]
    assert [(0,)] == await signing.rows("select attempts from delivery where state = 'queued'")
    signing.worker.sign_with(keys())
    signing.dispatcher.signs_again()
    assert [["rsa"]] * 50 == selectors(await signing.outgoing_after_cycle())


@pytest.mark.parametrize(
    ("answer", "is_over"),
    [(TAKEN, True), (LATER, True), (GONE, True), (NOT_SENT, False)],
    ids=["taken", "deferred", "refused", "unsent"],
)
async def test_a_relay_that_answers_shows_that_mails_are_signed_again(
    harness: DeliveryHarness, answer: HandOver, is_over: bool
) -> None:
    """Whatever the answer: the daemon counts as ready again."""
    await harness.readers(2)
    await harness.edition()
    await harness.run_cycle()
    unsigned = harness.next_outgoing()
    assert unsigned is not None
    failed = CompositionFailed("ValueError", unsigned=True)
    harness.dispatcher.broker.record("primary", [Result(unsigned.delivery_id, failed)])
    assert harness.clock() == harness.dispatcher.unsigned_since
    harness.pass_time(UNSIGNED_SECONDS)
    await harness.run_cycle()  # what has waited for so long goes back first
    harness.answer((await harness.outgoing_after_cycle())[0], answer)
    assert is_over is (harness.dispatcher.unsigned_since is None)


async def test_signing_can_be_put_on_and_off(harness: DeliveryHarness) -> None:
    """A reload that brings keys, others or none reaches the next copy."""
    await harness.readers(3)
    await harness.edition()
    await harness.run_cycle()
    sent = []
    for signer in (keys(), keys(settings(domain="lists.example", selector="later")), None):
        harness.worker.sign_with(signer)
        sent.append(harness.next_outgoing())
    assert [["rsa"], ["later"], []] == selectors([outgoing for outgoing in sent if outgoing is not None])


async def test_a_row_that_cannot_be_composed_holds_up_no_other(signing: DeliveryHarness) -> None:
    """It is put off as without signatures; there is no pause."""
    await signing.readers(3)
    edition = await signing.edition()
    await signing.change("update subscriber set attributes = 'not JSON' where address = 'r1@reader.example'")
    sent = await signing.outgoing_after_cycle()
    assert ["r0@reader.example", "r2@reader.example"] == sorted(outgoing.rcpt_to for outgoing in sent)
    await signing.run_cycle()
    assert {"deferred": 1, "claimed": 2} == await signing.counts(edition)


async def test_mail_that_is_passed_on_stays_as_it_came(signing: DeliveryHarness) -> None:
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
    assert [content] == [outgoing.content for outgoing in await signing.outgoing_after_cycle()]


async def test_a_mail_without_evidence_keeps_no_other_from_being_recorded(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It went out, and others were answered with it."""
    await harness.readers(1)
    edition = await harness.edition()
    origin = Origin(source="web")
    await harness.services.sign_ups.request(
        ["news"], Applicant(parse_address("ada@reader.example"), origin), network=None
    )
    sent = await harness.outgoing_after_cycle()
    monkeypatch.setattr(harness.worker.mailer._notices, "sent", lambda *_: 1 / 0)
    harness.worker.record(RELAY, [RecipientOutcome(outgoing, TAKEN) for outgoing in sent])
    await harness.run_cycle()
    assert (2, {"delivered": 1}) == (len(sent), await harness.counts(edition))
    assert ["delivery.no_evidence"] == [record.message for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_signature_outlives_the_last_retry() -> None:
    text = keys().sign(b"From: a@lists.example\r\n\r\n", signed_at=1000).decode()
    assert f"x={1000 + 5 * 86400 + VALID_AFTER_GIVING_UP_SECONDS};" in text


def test_without_keys_nothing_is_signed() -> None:
    assert build_signer([], DELIVERY) is None
