"""The table of verbs: what arrives is checked before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from tests.services.office import Office, open_office

from pressrun.control.arguments import SubscriberImport
from pressrun.control.calls import VerbHandler
from pressrun.control.protocol import encode_arguments
from pressrun.control.verbs import GROWING, build_verbs
from pressrun.core.errors import BadInput, MalformedAddress
from pressrun.core.keys import KeyRing
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.operating.import_rows import ImportRow
from pressrun.services.operating.kept_mail import KeptMail
from pressrun.services.operating.link_keys import LinkKeys
from pressrun.services.reports import ledger_reports


def ignore(text: str) -> None:
    """Nobody waits for progress here."""


def table(office: Office) -> dict[str, VerbHandler]:
    async def make_key() -> KeyRing:
        return KeyRing({**office.keys.link_keys, 2: bytes(32)}, office.keys.suppression_key)

    return build_verbs(
        lists=office.lists,
        subscribers=office.subscribers,
        suppressions=office.suppressions,
        edition_admin=cast("EditionAdmin", None),  # the verbs tried here never come to it
        kept_mail=KeptMail(database=office.database, clock=lambda: office.now),
        held=office.held,
        moving_in=office.moving_in,
        link_keys=LinkKeys(
            office.database, office.keys, lambda: office.now, make_key=make_key, on_new_key=lambda: None
        ),
    )


async def test_a_batch_of_rows_arrives_as_it_was_sent(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        verbs = table(office)
        await verbs["list.create"](encode_arguments({"list": "news", "settings": {"title": "News"}}), ignore)
        wanted = SubscriberImport(list="news", rows=(ImportRow(line=2, email="a@x.example", attributes={"city": "R"}),))
        assert 1 == (await verbs["subscriber.import"](encode_arguments(wanted), ignore))["added"]
        assert 1 == (await office.database.read(ledger_reports.show_list, "news"))["active"]


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("list.close", {}),
        ("list.close", {"list": 7}),
        ("list.close", {"list": "news", "more": 1}),
        ("list.set", {"list": "news", "settings": {"title": 1}}),
        ("subscriber.import", {"list": "news", "rows": [{"email": "a@x.example"}]}),
        ("edition.pause", {"id": "first"}),
        ("edition.send", {"list": "news", "source_name": "a.md"}),
        ("held.rm", {"ids": ["first"]}),
        ("key.rotate", {"now": True}),
    ],
)
async def test_arguments_of_another_shape_are_refused(tmp_path: Path, verb: str, arguments: dict[str, Any]) -> None:
    async with open_office(tmp_path) as office:
        with pytest.raises(BadInput, match="invalid request"):
            await table(office)[verb](encode_arguments(arguments), ignore)


async def test_a_malformed_address_is_named_before_anything_is_done(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        with pytest.raises(MalformedAddress):
            await table(office)["subscriber.erase"](encode_arguments({"address": "no address"}), ignore)


async def test_rotating_answers_the_new_number(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        assert {"number": 2} == await table(office)["key.rotate"](encode_arguments({}), ignore)


# What never waits for room on the disk, and why.
SMALL = {
    "inbound.retry",
    "inbound.rm",
    "held.release",
    "held.rm",
    "key.retire",
    "key.rotate",
    "list.create",
    "list.set",
    "list.close",
    "list.rm",
    "editor.add",
    "editor.rm",
    "subscriber.add",
    "subscriber.rm",
    "subscriber.erase",
    "subscriber.sync_rm",  # these people must not be mailed any more
    "suppression.add",
    "suppression.rm",
    "suppression.import",  # whoever is in it must not be mailed
    "edition.inspect",
    "edition.pause",
    "edition.resume",  # one that has not started waits for room
    "edition.cancel",
    "edition.move",
    "edition.link",
    "edition.unlink",
    "edition.resend",  # of rows that are there
    "queue.retry",
}


async def test_every_verb_is_known_to_need_much_room_or_little(tmp_path: Path) -> None:
    """A new one has to be in one of the two tables: on a nearly full disk those in GROWING are refused."""
    async with open_office(tmp_path) as office:
        assert table(office).keys() == SMALL | GROWING
        assert not SMALL & GROWING
