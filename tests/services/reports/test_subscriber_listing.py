"""What `subscriber ls` finds, page by page, beside a plain filter over everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.services.harness import ServiceHarness, open_services

from pressrun.core.errors import BadInput, UsageError
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.reports import subscriber_listing
from pressrun.services.reports.subscriber_listing import SubscriberSelection, list_subscribers, part_of_listing
from pressrun.store.database import Database
from pressrun.store.transaction import Transaction

PEOPLE = [
    ("Ann@x.example", "Ann Müller", "active"),
    ("ann.b@x.example", "", "suspended"),
    ("annika@y.example", "ANNIKA", "active"),
    ("bob@X.example", "Bob Annan", "pending"),
    ("carla@bücher.example", "Carla É", "active"),
    ("dora@y.example", "Straße", "unsubscribed"),
    ("müller@y.example", "", "active"),
]
SEARCHES = ["", "ann", "ANN", "Ann*", "ann.*", "*", "@x.example", "@X.EXAMPLE", "@bücher.example", "müller", "MÜLLER",
            "é", "straße", "strasse", "@nobody.example", "zz*", "y.example", "bob@x.example*"]  # fmt: skip


async def import_people(services: ServiceHarness) -> None:
    await services.make_list()
    await services.make_list("other")
    rows = [
        ImportRow(line=line, email=email, name=name, state=state)
        for line, (email, name, state) in enumerate(PEOPLE, start=2)
    ]
    await services.subscribers.import_batch("news", rows)
    await services.subscribers.import_batch("other", rows[:2])


def entries(tx: Transaction, chosen: SubscriberSelection) -> list[dict[str, Any]]:
    return list(list_subscribers(tx, "news", chosen))


def pages_of(tx: Transaction, selection: SubscriberSelection, size: int) -> list[dict[str, Any]]:
    """All that pages of this size show, one after the other."""
    shown: list[dict[str, Any]] = []
    after = ""
    while True:
        chosen = SubscriberSelection(state=selection.state, search=selection.search, after=after, limit=size)
        page = list(list_subscribers(tx, "news", chosen))
        if not page:
            return shown
        shown += page
        after = page[-1]["cursor"]


def expected(search: str, state: str | None) -> set[str]:
    folded = search.casefold()
    addresses = set()
    for email, name, its_state in PEOPLE:
        address = email.casefold()
        if folded.startswith("@"):
            is_found = address.endswith(folded)
        elif folded.endswith("*"):
            is_found = address.startswith(folded[:-1])
        else:
            is_found = folded in address or folded in name.casefold()
        if is_found and state in (None, its_state):
            addresses.add(email)
    return addresses


@pytest.mark.parametrize("search", SEARCHES)
async def test_a_search_finds_what_it_says(services: ServiceHarness, search: str) -> None:
    await import_people(services)
    for state in (None, "active", "suspended"):
        chosen = SubscriberSelection(state=state, search=search)
        shown = await services.database.read(entries, chosen)
        assert expected(search, state) == {entry["address"] for entry in shown}
        assert len(shown) == len(expected(search, state))


async def test_pages_show_everybody_once(tmp_path: Path) -> None:
    async with open_services(tmp_path, kind=Database) as services:
        await import_people(services)

        def compare(tx: Transaction) -> None:
            @settings(max_examples=100)
            @given(st.sampled_from(SEARCHES), st.sampled_from([None, "active", "pending"]), st.integers(1, 4))
            def examples(search: str, state: str | None, size: int) -> None:
                chosen = SubscriberSelection(state=state, search=search)
                whole = [entry["address"] for entry in list_subscribers(tx, "news", chosen)]
                assert whole == [entry["address"] for entry in pages_of(tx, chosen, size)]

            examples()

        await services.database.read(compare)


@pytest.mark.parametrize(
    ("search", "after", "error"),
    [
        ("", "active", UsageError),
        ("", "gone:1", UsageError),
        ("@x.example", "active:1", UsageError),
        ("@", "", BadInput),
        ("@x", "", BadInput),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    services: ServiceHarness, search: str, after: str, error: type[Exception]
) -> None:
    await import_people(services)
    chosen = SubscriberSelection(search=search, after=after)
    with pytest.raises(error):
        await services.database.read(entries, chosen)


@pytest.mark.parametrize("most_read", [3, subscriber_listing.MOST_READ])
@pytest.mark.parametrize(("search", "state"), [("*", None), ("ann*", "active"), ("@x.example", None), ("n", "active")])
async def test_parts_show_everybody_once(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch, search: str, state: str | None, most_read: int
) -> None:
    """However little is read at a time."""
    monkeypatch.setattr(subscriber_listing, "MOST_READ", most_read)
    await import_people(services)

    def show_parts(tx: Transaction, size: int) -> list[str]:
        selection, shown = SubscriberSelection(state=state, search=search, limit=size), list[str]()
        while True:
            part = part_of_listing(tx, "news", selection)
            shown += [row["address"] for row in part.rows]
            if part.following is None:
                return shown
            selection = replace(selection, after=part.following)

    for size in (1, 2, 9):
        shown = await services.database.read(show_parts, size)
        assert (expected(search, state), len(set(shown))) == (set(shown), len(shown))


@pytest.mark.parametrize("search", ["ann*", "@x.example"])
async def test_the_end_of_a_page_tells_nothing_of_other_lists(services: ServiceHarness, search: str) -> None:
    """Or it would tell whether an address is on any: nobody comes behind the last of a list, whoever else reads."""
    await import_people(services)
    whole = SubscriberSelection(search=search, limit=1000)
    rows = (await services.database.read(part_of_listing, "news", whole)).rows
    strangers = [ImportRow(line=1, email="annz@x.example"), ImportRow(line=2, email="annzz@x.example")]
    await services.subscribers.import_batch("other", strangers)
    part = await services.database.read(part_of_listing, "news", replace(whole, limit=len(rows)))
    assert (len(rows), None) == (len(part.rows), part.following)
