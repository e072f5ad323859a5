"""Readers who want text alone get the edition without its HTML part, and whatever else it has."""

from __future__ import annotations

import time
from email import message_from_bytes

import dkim
from tests.delivery.harness import SITE, DeliveryHarness
from tests.message.signatures.test_dkim import RSA_RECORD, settings

from pressrun.core.signing.keys import KeyRing
from pressrun.delivery.mailer.mailer import build_signer
from pressrun.delivery.queue.claims import load_compiled
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.mails.copy_composer import CopyComposer
from pressrun.services.settings import DeliverySettings
from pressrun.store.queue import deliveries
from pressrun.store.transaction import Transaction

PAGE = "# Boats\n\n**Ten** of them for {{ name | default: you }}."


async def two_readers(harness: DeliveryHarness) -> dict[str, bytes]:
    await harness.readers(2)
    await harness.change("update subscriber set text_only = 1 where address = 'r1@reader.example'")
    await harness.edition(PAGE)
    return {outgoing.rcpt_to: outgoing.content for outgoing in await harness.send_all()}


def types(content: bytes) -> list[str]:
    return [part.get_content_type() for part in message_from_bytes(content).walk()]


async def test_their_copies_have_no_html_part_and_all_the_rest(harness: DeliveryHarness) -> None:
    copies = await two_readers(harness)
    assert ["multipart/alternative", "text/plain", "text/html"] == types(copies["r0@reader.example"])
    assert ["text/plain"] == types(copies["r1@reader.example"])
    whole, text = (message_from_bytes(copies[f"r{number}@reader.example"]) for number in (0, 1))
    same = [name for name in whole.keys() if name not in ("Content-Type", "To", "Message-ID")]  # noqa: SIM118
    assert set(same) <= set(text.keys())
    assert b"unsubscribe/" in copies["r1@reader.example"]


async def test_a_text_edition_is_the_same_for_all(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    await harness.change("update subscriber set text_only = 1")
    await harness.edition_admin.send(
        "news", Manuscript(source=b"---\nsubject: Boats\n---\nTen.\n", source_name="a.txt", assets={})
    )
    (copy,) = await harness.send_all()
    assert ["text/plain"] == types(copy.content)


async def test_what_their_body_hashes_to_is_that_of_their_body(harness: DeliveryHarness) -> None:
    """The signature of a copy without HTML is checked as any receiver does."""
    await harness.readers(2)
    await harness.change("update subscriber set text_only = 1 where address = 'r1@reader.example'")
    number = await harness.edition(PAGE)
    keys: KeyRing = harness.services.keys
    signer = build_signer([settings(domain="lists.example")], DeliverySettings())
    assert signer is not None
    now = int(harness.clock())

    edition = await harness.stored(number)

    def make(tx: Transaction) -> list[bytes]:
        plate, composer = load_compiled(tx, edition), CopyComposer(site=SITE, keys=keys)
        made = []
        for row in deliveries.claim_copies(tx, session=1, edition_id=number, destination="", now=now, limit=9)[0]:
            outgoing, known = composer.compose_known(plate, row, now)
            assert known.header is not None
            assert known.body_digest is not None
            made.append(signer.sign(outgoing.content, signed_at=int(time.time()), known=known) + outgoing.content)
        return made

    signed = await harness.services.database.write(make)
    assert [True, True] == [dkim.verify(mail, dnsfunc=lambda name, timeout=5: RSA_RECORD) for mail in signed]
