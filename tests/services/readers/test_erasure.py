"""Nothing of an erased person is left: in no file, wherever SQLite moved rows, and in no row of a server."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest
from tests.database import execute, select
from tests.engines import IS_THOROUGH, contents
from tests.services.harness import open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.subscription_records import list_subscriptions
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import subscribers

READERS, ERASED = (3000, 60) if IS_THOROUGH else (1500, 40)
SPELLINGS = (
    "https://crm.example/?u=erin%40reader.example",
    "erin&#64;reader.example",
    "erin\uff20reader.example",
    "bounce-erin=reader.example",
    "erin\\u0040reader.example",
    "\\nerin\uff20reader.example",
)


def everything_below(folder: Path) -> bytes:
    return b"\0".join(content for _, content in contents(folder)).lower()


async def test_no_page_of_the_database_keeps_an_old_copy_of_a_row(tmp_path: Path) -> None:
    """Addresses in no order split the pages of the indexes again and again."""
    chance = random.Random(5)
    names = ["".join(chance.choices(string.ascii_lowercase, k=14)) for _ in range(READERS)]
    async with open_services(tmp_path) as services:
        await services.make_list()
        for start in range(0, READERS, 500):
            rows = [
                ImportRow(line=line, email=f"{name}@reader.example", attributes={"town": name}, name=name.title())
                for line, name in enumerate(names[start : start + 500])
            ]
            await services.subscribers.import_batch("news", rows)
        gone = chance.sample(names, ERASED)
        for name in gone:
            address = parse_address(f"{name}@reader.example")
            await services.sign_ups.request(
                ["news"], Applicant(address, Origin(source="web", words=name)), network=None
            )
            await services.subscribers.erase(address)
    content = everything_below(tmp_path)
    assert [] == [name for name in gone if name.encode() in content]
    assert names[0].encode() in content or names[0] in gone


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_others_do_not_name_them_without_an_at_sign_either(tmp_path: Path, spelling: str) -> None:
    """In a name or an imported column alone, in the name or a column of a request."""
    web = Origin(source="web")
    async with open_services(tmp_path) as services:
        await services.make_list()
        rows = [
            ImportRow(line=2, email="other@mail.example", name=spelling, attributes={}),
            ImportRow(line=3, email="fourth@mail.example", name="Otto", attributes={"referrer": spelling}),
        ]
        await services.subscribers.import_batch("news", rows)
        third, fifth = parse_address("third@mail.example"), parse_address("fifth@mail.example")
        await services.sign_ups.request(["news"], Applicant(third, web, name=spelling), network=None)
        applicant = Applicant(fifth, web, attributes={"referrer": spelling})
        await services.sign_ups.request(["news"], applicant, network=None)
        await services.subscribers.add("news", parse_address("erin@reader.example"))
        await services.subscribers.erase(parse_address("erin@reader.example"))
    content = everything_below(tmp_path)
    assert b"erin" not in content
    assert b"other@mail.example" in content
    assert b"third@mail.example" in content


async def test_what_belongs_to_others_stays(tmp_path: Path) -> None:
    """A mail that waits for them, and what relays have said of their copies."""
    erin, other = parse_address("erin@reader.example"), parse_address("other@mail.example")
    async with open_services(tmp_path) as services:
        await services.make_list()
        for address in (erin, other):
            await services.subscribers.add("news", address)
            mail = NewNotice(kind="help", address=address, message_secret=b"s" * 16)
            await services.database.write(notices.insert_notice, mail, int(services.now))
        await services.queue_audience(await services.make_edition())
        await execute(services.database, "update delivery set reply = 'ok' where subscription_id is not null")
        of_copies = "insert into handover (delivery_id) select id from delivery where subscription_id is not null"
        await execute(services.database, of_copies)
        await services.subscribers.erase(erin)
        kept = "select notice.address, copy.reply, handover.delivery_id from notice, delivery as copy, handover"
        [(address, reply, delivery_id)] = await select(services.database, f"{kept} where copy.reply is not null")
        [(copy,)] = await select(services.database, "select id from delivery where subscription_id is not null")
        assert (other.typed, "ok", copy) == (address, reply, delivery_id)


@pytest.mark.parametrize("reads_there", [False, True])
async def test_nothing_is_left_of_the_former_address_either(tmp_path: Path, reads_there: bool) -> None:
    """Whoever changed to the address of another reader has left one without subscriptions at the former address."""
    old, new, web = parse_address("fern@old.example"), parse_address("fern@new.example"), Origin(source="web")
    async with open_services(tmp_path) as services:
        await services.make_list()
        await services.make_list("other")
        await services.subscribers.add("news", old)
        if reads_there:
            await services.subscribers.add("other", new)
        changes = AddressChanges(services.context)
        await changes.request(1, new, web)
        assert AddressChangeOutcome.DONE is (await changes.confirm(1, web))[0]
        help_text = NewNotice(kind="help", address=old, message_secret=b"s" * 16)
        await services.database.write(notices.insert_notice, help_text, int(services.now))
        await services.subscribers.erase(new)
        rows = [ImportRow(line=line, email=address.typed) for line, address in enumerate((old, new), 2)]
        assert 2 == (await services.subscribers.import_batch("news", rows))["skipped_suppressed"]
    content = everything_below(tmp_path)
    assert [] == [spelling for spelling in (b"fern@old.example", b"fern@new.example") if spelling in content]


async def test_whoever_reads_at_the_former_address_now_is_left_alone(tmp_path: Path) -> None:
    old, new, web = parse_address("fern@old.example"), parse_address("fern@new.example"), Origin(source="web")
    async with open_services(tmp_path) as services:
        await services.make_list()
        await services.make_list("other")
        await services.subscribers.add("news", old)
        await services.subscribers.add("other", new)
        changes = AddressChanges(services.context)
        await changes.request(1, new, web)
        await changes.confirm(1, web)
        await services.sign_ups.request(["other"], Applicant(old, web), network=None)
        await services.subscribers.erase(new)
        left = await services.database.read(subscribers.find_subscriber, old)
        assert left is not None
        standings = [details.subscription.state for details in await services.database.read(list_subscriptions, left)]
        assert ["unsubscribed", "pending"] == standings


@pytest.mark.parametrize("former", ['"fern b"@old.example', "\u0130" * 32 + "@old.example"])
async def test_a_former_address_that_is_no_longer_accepted_holds_up_no_erasure(tmp_path: Path, former: str) -> None:
    """By the parser of this version, or in lower case, where it has more octets."""
    web = Origin(source="web")
    async with open_services(tmp_path) as services:
        await services.make_list()
        await services.subscribers.add("news", parse_address("fern@old.example"))
        changes = AddressChanges(services.context)
        await changes.request(1, parse_address("fern@new.example"), web)
        await changes.confirm(1, web)
        await execute(services.database, "update address_change set old_address = ?", former)
        await services.subscribers.erase(parse_address("fern@new.example"))
        assert [] == await select(services.database, "select id from subscriber")


async def test_settings_that_name_the_former_address_have_to_be_changed_first(tmp_path: Path) -> None:
    old, new, web = parse_address("fern@old.example"), parse_address("fern@new.example"), Origin(source="web")
    async with open_services(tmp_path) as services:
        await services.make_list(owner=old.typed)
        await services.subscribers.add("news", old)
        changes = AddressChanges(services.context)
        await changes.request(1, new, web)
        await changes.confirm(1, web)
        with pytest.raises(Refused, match=r"fern@old\.example is used in the settings of news \(owner\)"):
            await services.subscribers.erase(new)
