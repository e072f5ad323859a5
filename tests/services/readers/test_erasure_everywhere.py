"""An address that came in by every door, in many spellings, is in no file once it is erased and the database closed."""

from __future__ import annotations

import base64
import json
import os
import quopri
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.header import Header
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.delivery.harness import TAKEN, DeliveryHarness, open_delivery
from tests.engines import contents
from tests.inbound.mailroom import Mailroom, mail, open_mailroom

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.addresses.mail_routes import read_local_part
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import MalformedAddress, NotFound
from pressrun.core.signing.tokens import AddressPurpose
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.services import evidence
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.erasure import erase
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.unsubscribes import notify_unsubscribers
from pressrun.services.readers.web_requests import WebRequests
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.lists import lists
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import held_sign_ups, subscribers
from pressrun.store.transaction import Transaction

CASES = 40
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
DOMAINS = ("reader.example", "Reader.Example", "BÜCHER.example", "xn--bcher-kva.example", "почта.example")
WEB = Origin(source="web", ip="192.0.2.7", words="Subscribe to News")


# ---------------------------------------------------------------------- spellings, by an oracle of the test's own


def equal(text: str, address: Address) -> bool:
    try:
        return parse_address(text).key == address.key
    except MalformedAddress:
        return False


def spellings(address: Address) -> list[str]:
    """What compares equal to an address, or is the same with its accents apart."""
    local, _, domain = address.typed.rpartition("@")
    letters = ".".join(
        label[4:].encode().decode("punycode") if label.startswith("xn--") else label
        for label in address.domain.split(".")
    )
    variants = [
        f"{name}@{where}"
        for name in (local, local.lower(), local.upper(), local.swapcase())
        for where in (domain, address.domain, letters, letters.upper())
    ]
    same = [text for text in dict.fromkeys(variants) if equal(text, address)]
    return [*same, *(normalize("NFD", text) for text in same)]


def octets_of(address: Address) -> Iterator[bytes]:
    """How a file may hold it."""
    for text in dict.fromkeys(spellings(address)):
        yield text.encode()
        yield quote(text).encode()
        yield quote(text, safe="@").encode()
        yield json.dumps(text)[1:-1].encode()
        yield quopri.encodestring(text.encode()).rstrip(b"\n").replace(b"=\n", b"")
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + text.encode())
            yield encoded[(0, 2, 3)[offset] : len(encoded) - 4]
        if all(ord(character) < 256 for character in text):
            yield text.encode("latin-1")


def left_in(folder: Path, address: Address) -> list[tuple[str, bytes]]:
    needles = {needle for needle in octets_of(address) if len(needle) > 8}
    return [(name, needle) for name, content in contents(folder) for needle in needles if needle in content]


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    """ASCII or not, of a local part that stands nowhere else by chance."""
    letters = draw(st.sampled_from([LETTERS, LETTERS + "öüéåñçşğÖÜÉ", "абвгдежзиклмн", "日本語漢字", "αβγδεζηθικλ"]))
    some = draw(st.text(letters, min_size=2, max_size=12))
    local = f"q{some}.zz{draw(st.text(LETTERS + LETTERS.upper(), min_size=6, max_size=10))}"
    return parse_address(f"{local}@{draw(st.sampled_from(DOMAINS))}")


# ---------------------------------------------------------------------- doors


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the doors are, and how the address is spelt at the next one."""

    harness: DeliveryHarness
    room: Mailroom
    spell: Callable[[], str]

    @property
    def next(self) -> Address:
        return parse_address(normalize("NFC", self.spell()))

    def preferences(self) -> Preferences:
        return Preferences(self.harness.services.context)

    async def add(self, address: str) -> int:
        """A reader, and their number."""
        await self.harness.services.subscribers.add("news", parse_address(address))
        return (await self.person(address)).id

    async def person(self, address: str) -> subscribers.Subscriber:
        stored = await self.harness.services.database.read(subscribers.find_subscriber, parse_address(address))
        assert stored is not None
        return stored


async def sign_up(scene: Scene) -> None:
    services = scene.harness.services
    origin = Origin(source="web", words=f"Shall {scene.spell()} get it?")
    await services.sign_ups.request(["news"], Applicant(scene.next, origin), network=None)


async def waiting_request(scene: Scene) -> None:
    services = scene.harness.services
    web_requests = WebRequests(services.context, sign_ups=services.sign_ups)
    await web_requests.sign_up(["news"], Applicant(scene.next, WEB, trust=Trust.PROVEN), network=None)
    await web_requests.preferences_link(scene.next, WEB, network=None)


async def held_sign_up(scene: Scene) -> None:
    def hold(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        new = NewNotice(kind="confirmation", address=scene.next, message_secret=b"s" * 16, list_id=target.id)
        held_sign_ups.hold_notice(
            tx, new, now=int(scene.harness.services.now), expires_at=int(scene.harness.services.now) + 99
        )

    await scene.harness.services.database.write(hold)


async def imported_by_others(scene: Scene) -> None:
    row = ImportRow(
        line=1,
        email="other@reader.example",
        name=f"friend of {scene.spell()}",
        attributes={"referred by": scene.spell(), "town": "Ulm"},
        consent_source=f"paper form of {scene.spell()}",
    )
    await scene.harness.services.subscribers.import_batch("news", [row])


async def named_by_others(scene: Scene) -> None:
    number = await scene.add("namer@reader.example")
    link = PreferenceLink(subscriber_id=number, epoch=0)
    await scene.preferences().save(link, PreferenceChanges(name=scene.spell()), WEB)


async def asked_by_others(scene: Scene) -> None:
    """Under a name that is taken over once they confirm."""
    other = parse_address("asking@reader.example")
    await scene.harness.services.sign_ups.request(["news"], Applicant(other, WEB, name=scene.spell()), network=None)


async def wanted_by_others(scene: Scene) -> None:
    number = await scene.add("wanting@reader.example")
    await AddressChanges(scene.harness.services.context).request(number, scene.next, WEB)


async def left_behind(scene: Scene) -> None:
    """A former address of somebody who is a reader still."""
    address_changes = AddressChanges(scene.harness.services.context)
    number = await scene.add(scene.next.typed)
    await address_changes.request(number, parse_address("moved@reader.example"), WEB)
    ((change,),) = await scene.harness.rows("select max(id) from address_change")
    await address_changes.confirm(change, WEB)


async def edition_and_replies(scene: Scene) -> None:
    """What relays say of a reader's copy, and of another's, whose mail is passed on."""
    await scene.add(scene.next.typed)
    await scene.add("forwarding@reader.example")
    await scene.harness.edition()
    await scene.harness.run_cycle()
    for outgoing in scene.harness.all_outgoing():
        words = f"<{scene.spell()}>: try {quote(scene.spell())} later"
        scene.harness.answer(outgoing, HandOver(Outcome.REFUSED, Stage.RCPT, Reply(552, words, "5.2.2")))
    await scene.harness.run_cycle()
    link = PreferenceLink(subscriber_id=(await scene.person(scene.next.typed)).id, epoch=0)
    await scene.preferences().unsubscribe_all(link, WEB)
    await scene.harness.services.database.write(notify_unsubscribers, scene.harness.services.context)


async def editor_and_test_copy(scene: Scene) -> None:
    await scene.harness.services.lists.add_editor("news", scene.next)
    edition = b"---\nsubject: Boats\n---\nHello\n"
    await scene.harness.edition_admin.send_test(
        "news", Manuscript(source=edition, source_name="a.md", assets={}), [scene.next]
    )


async def suppressed(scene: Scene) -> None:
    await scene.harness.services.suppressions.add(scene.next, "operator")


async def mail_to_the_list(scene: Scene) -> None:
    await scene.room.accept(mail(Subject="help", number=1), "news-request", mail_from=scene.spell(), utf8=True)
    await scene.room.accept(mail(Subject="subscribe", number=2), "news-request", mail_from=scene.spell(), utf8=True)
    await scene.room.accept(mail(scene.spell(), number=3), "news-owner", mail_from="w@elsewhere.example", utf8=True)
    await scene.room.processing.recover()


async def mail_that_is_kept(scene: Scene) -> None:
    """In every encoding, from others; one of them waits still."""
    named = f"{'word ' * 30}<{scene.spell()}>{' word' * 30}"
    local = f"news-bounces+{scene.room.token(AddressPurpose.BOUNCES, 7)}"
    for number, (body, fields) in enumerate(
        [
            (named, {}),
            (quopri.encodestring(named.encode()).decode(), {"Content-Transfer-Encoding": "quoted-printable"}),
            (base64.encodebytes(named.encode()).decode(), {"Content-Transfer-Encoding": "base64"}),
            ("x", {"Subject": Header(named, "utf-8").encode()}),
            (f"https://n.example/?who={quote(scene.spell())}", {}),
            (json.dumps({"who": scene.spell()}), {}),
        ],
        10,
    ):
        await scene.room.accept(mail(body, number=number, **fields), local, mail_from="w@elsewhere.example")
        if number != 10:
            await scene.room.processing.recover()
    await scene.room.accept(mail("hello\n", number=20), local, mail_from=scene.spell(), utf8=True)
    await scene.room.processing.recover()


async def forward_that_comes_back(scene: Scene) -> None:
    await scene.room.accept(mail(number=30), "postmaster", mail_from=scene.spell(), utf8=True)
    await scene.room.processing.recover()


DOORS: tuple[Callable[[Scene], Awaitable[None]], ...] = (
    left_behind, sign_up, waiting_request, held_sign_up, imported_by_others, named_by_others, asked_by_others,
    wanted_by_others, edition_and_replies, editor_and_test_copy, suppressed, mail_to_the_list, mail_that_is_kept,
    forward_that_comes_back,
)  # fmt: skip


# ---------------------------------------------------------------------- what is to hold


async def send_everything(harness: DeliveryHarness) -> list[Outgoing]:
    """All notices go out: what asked for consent is recorded as evidence."""
    return await harness.send_all(TAKEN)


async def later(scene: Scene, copies: list[Outgoing]) -> None:
    """Bounces of everything that went out, in words that name the address."""
    for outgoing in copies:
        route = read_local_part(outgoing.mail_from.partition("@")[0])
        if route is not None:
            recipient = RecipientReport(
                bounce=BounceClass.GONE, address="", status="5.1.1", code=550, text=scene.spell()
            )
            await scene.harness.services.database.write(
                scene.harness.bounce_handler.process, route, Report(recipients=(recipient,)), ""
            )


@pytest.mark.parametrize("number", range(4))
async def test_the_oracle_finds_every_door(tmp_path: Path, number: int) -> None:
    """Before erasing, each door by itself has left the address in a file."""
    address = parse_address("qömer.zzÜnal0815@BÜCHER.example")
    for index, door in enumerate(DOORS[number::4]):
        folder = tmp_path / str(index)
        async with open_delivery(folder / "press") as harness, open_mailroom(folder / "room") as room:
            await room.make_list()
            await door(Scene(harness=harness, room=room, spell=lambda: address.typed))
        assert left_in(folder, address), door.__name__


@settings(max_examples=CASES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(address=addresses(), choices=st.randoms(use_true_random=False))
async def test_erased_it_is_in_no_file_in_any_spelling(address: Address, choices: object) -> None:
    """By whatever doors it came, in whatever order, and whatever comes later."""
    with tempfile.TemporaryDirectory() as name:
        await let_in_and_erase(Path(name), address, choices)
        assert [] == left_in(Path(name), address)


async def let_in_and_erase(folder: Path, address: Address, choices: object) -> None:
    pick = choices.choice  # type: ignore[attr-defined]
    same = [text for text in spellings(address) if equal(text, address)]
    async with open_delivery(folder / "press") as harness, open_mailroom(folder / "room") as room:
        await room.make_list()
        scene = Scene(harness=harness, room=room, spell=lambda: str(pick(same)))
        for door in DOORS:
            await door(scene)
        copies = await send_everything(harness)
        for database, keys in ((harness.services.database, harness.services.keys), (room.database, room.keys)):
            erased = await erase(database, parse_address(pick(same)), keys, os.urandom, int(room.now))
            assert erased is not None
            with pytest.raises(NotFound):
                await erase(database, address, keys, os.urandom, int(room.now))
            audit = await database.read(evidence.verify, [])
            assert [] == audit.problems
        await later(scene, copies)
        await room.processing.recover()
        people = await harness.rows("select address, name, attributes from subscriber where address like 'other@%'")
        assert [("other@reader.example", "", '{"town": "Ulm"}')] == people
