"""A reader changes the language of a newsletter while copies are on their way: what goes out, and to whose name."""

from __future__ import annotations

import re
from email import message_from_bytes

import pytest
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness

from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.smtp.handover import Outgoing

WEB = Origin(source="web")


async def prepare(harness: DeliveryHarness) -> int:
    """A reader of `news`, which has a sister in Spanish; returns an edition that is claimed, and no relay has."""
    await harness.services.make_list("noticias", language="es", title="Noticias")
    await harness.change("update list set family = 'villanueva'")
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    return edition


async def choose(harness: DeliveryHarness, name: str) -> None:
    link = PreferenceLink(subscriber_id=1, epoch=0)
    await Preferences(harness.services.context).save(link, PreferenceChanges(families={"villanueva": name}), WEB)


def message_id(outgoing: Outgoing) -> str:
    return str(message_from_bytes(outgoing.content)["message-id"])


def subscription_in(harness: DeliveryHarness, outgoing: Outgoing) -> int:
    """Whose subscription its link to unsubscribe ends."""
    field = message_from_bytes(outgoing.content)["list-unsubscribe"]
    match = re.search(r"/unsubscribe/([^>]+)>", str(field))
    assert match is not None
    numbers = WebTokens(harness.services.keys).read(WebPurpose.UNSUBSCRIBE, match[1])
    assert numbers is not None
    return numbers[0]


async def test_a_copy_that_a_relay_puts_off_goes_out_once(harness: DeliveryHarness) -> None:
    """Claimed for the old subscription, tried again for the new one: the same mail, of which either link leaves."""
    edition = await prepare(harness)
    first = harness.next_outgoing()
    assert first is not None
    await choose(harness, "noticias")
    harness.answer(first, LATER)
    await harness.run_cycle()
    assert {"deferred": 1} == await harness.counts(edition)
    harness.pass_time(400)
    (second,) = await harness.send_all(TAKEN)
    assert message_id(first) == message_id(second)
    assert [1, 2] == [subscription_in(harness, outgoing) for outgoing in (first, second)]
    harness.pass_time(400)
    assert [] == await harness.send_all()
    assert {"delivered": 1} == await harness.counts(edition)
    assert UnsubscribeOutcome.LEFT == await harness.services.unsubscribes.unsubscribe(1, WEB, edition_id=edition)
    assert [("unsubscribed",), ("unsubscribed",)] == await harness.rows("select state from subscription")
    assert 1 == (await harness.stored(edition)).unsubscribed


@pytest.mark.parametrize("order", ["before", "after"], ids=["switched before", "switched after"])
async def test_the_same_issue_in_the_other_language_does_not_follow(harness: DeliveryHarness, order: str) -> None:
    """Whether it is handed in before or after the reader changed."""
    edition = await prepare(harness)
    await harness.change("update edition set issue = '87'")
    if order == "before":
        await choose(harness, "noticias")
    source = b"---\nsubject: Hola\nissue: 87\n---\nHola\n"
    other = await harness.edition_admin.send("noticias", Manuscript(source=source, source_name="a.md", assets={}))
    if order == "after":
        await choose(harness, "noticias")
    sent = await harness.send_all()
    assert (1, {"delivered": 1}, {}) == (len(sent), await harness.counts(edition), await harness.counts(other))
