"""Which language an editor is answered in: the one they chose as a reader, else that of the list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.editions.inline_builder import builder_at
from tests.inbound.mailroom import Mailroom, message_of, open_mailroom
from tests.services.incoming.posts import BELIEVED, EVE, answers, post, prepare, set_list, words

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import UnreadableMail
from pressrun.core.signing.tokens import digests_of
from pressrun.message.finding import refusal_of
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path, believed=BELIEVED) as opened:
        await prepare(opened)
        yield opened


async def make_reader(room: Mailroom, language: str) -> None:
    """Let the editor be known as a reader."""

    def add(tx: Transaction) -> None:
        address = parse_address(EVE)
        digests = digests_of(room.keys, address)
        subscribers.insert_subscriber(tx, address, digests=digests, now=int(room.now), language=language)

    await room.database.write(add)


async def spoken(room: Mailroom) -> str:
    """The language of the page of the first edition."""
    draft_approval = DraftApproval(room.context, builder_at(room.site))
    held = await draft_approval.find(1)
    assert held is not None
    return held.language


@pytest.mark.parametrize(
    ("of_list", "own", "subject", "finding"),
    [
        ("en", None, "Please approve: Boats!!", "The subject has several exclamation marks."),
        ("es", None, "Pendiente de su aprobación: Boats!!", "El asunto tiene varios signos de exclamación."),
        ("es", "", "Pendiente de su aprobación: Boats!!", "El asunto tiene varios signos de exclamación."),
        ("es", "de", "Bitte freigeben: Boats!!", "Der Betreff hat mehrere Ausrufezeichen."),
        ("sv", None, "Please approve: Boats!!", "The subject has several exclamation marks."),
    ],
)
async def test_an_editor_is_answered_in_their_language(
    room: Mailroom, of_list: str, own: str | None, subject: str, finding: str
) -> None:
    """The notice, what preflight found, and the page behind its link."""
    await set_list(room, language=of_list)
    if own is not None:
        await make_reader(room, own)
    held = (await answers(room, post(Subject="Boats!!")))[0]
    assert (subject, True) == (str(message_of(held)["Subject"]), finding in words(held))
    assert (own or of_list) == await spoken(room)


async def test_why_an_email_could_not_be_used_is_said_in_the_language_of_the_list(room: Mailroom) -> None:
    """With the remedy."""
    await set_list(room, language="fr", postal_address="")
    (told,) = await answers(room, post())
    assert "Nous n’avons pas pu utiliser votre e\u2011mail\xa0: Boats" == str(message_of(told)["Subject"])
    assert "n’a pas d’adresse postale" in words(told)


async def test_what_cannot_even_be_read_is_said_in_that_language_too(room: Mailroom) -> None:
    """And what has no sentence of its own, in English."""
    await set_list(room, language="fr")
    (told,) = await answers(room, post(Subject=""))
    assert "Cet e\u2011mail n’a pas d’objet." in words(told)
    refusal = refusal_of(UnreadableMail("something new", {"code": "unknown", "values": {}}))
    assert "something new" == refusal.message
