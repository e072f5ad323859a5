"""The subscribers of a list by API: found, shown, streamed and removed, and who may see or take them."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence

import pytest
from tests.database import execute
from tests.services.harness import ServiceHarness
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import Holdings, ReaderAccess, Role, rights_of_role
from pressrun.core.addresses.address import parse_address
from pressrun.operations.csv_files import export_subscribers
from pressrun.services.reports import subscriber_listing
from pressrun.store.transaction import Transaction

SEES = Holdings(by_list={"news": rights_of_role(Role.VIEWER, ReaderAccess.SEE)})
MANAGES = Holdings(by_list={"news": rights_of_role(Role.VIEWER, ReaderAccess.MANAGE)})
EXPORTS = Holdings(by_list={"news": rights_of_role(Role.VIEWER, ReaderAccess.EXPORT)})
READERS = "/lists/news/subscribers"


def export_active(tx: Transaction) -> list[str]:
    """The file of `subscriber export`, which `subscriber import` reads back."""
    return list(export_subscribers(tx, "news", file_format="csv", state="active"))


async def enrol(services: ServiceHarness, *addresses: str) -> None:
    """Members named after their addresses."""
    await services.make_list()
    for address in addresses:
        await services.subscribers.add("news", parse_address(address), name=address.partition("@")[0].title())


def names_of(page: Sequence[dict[str, object]]) -> list[str]:
    return [str(member["email"]).partition("@")[0] for member in page]


async def test_one_subscriber(served: ServedApi) -> None:
    """By address in any spelling, with everything that a page shows of them."""
    await enrol(served.services, "Ada@reader.example")
    await execute(
        served.services.database, """update subscriber set attributes = '{"plan": "gold"}', language = 'pl'"""
    )
    async with served.client(SEES) as client:
        shown = (await client.get(f"{READERS}/ADA@reader.example")).json()
        listed = (await client.get(READERS)).json()["items"]
    assert [shown] == listed
    assert {
        "email": "Ada@reader.example",
        "name": "Ada",
        "language": "pl",
        "fields": {"plan": "gold"},
        "state": "active",
        "since": "2027-01-15T08:00:00Z",
        "source": "operator",
        "suppressed": None,
        "paused_until": None,
    } == shown


async def test_why_somebody_gets_no_mail(served: ServedApi) -> None:
    """The same reason on a page and alone, also where it is about another spelling of the mailbox."""
    await enrol(served.services, "ada@reader.example", "ada+x@reader.example", "bob@reader.example")

    await served.services.suppressions.add(parse_address("bob@reader.example"), "operator")
    await served.services.suppressions.add(parse_address("ada@reader.example"), "never-again")
    async with served.client(SEES) as client:
        listed = {member["email"]: member["suppressed"] for member in (await client.get(READERS)).json()["items"]}
        alone = {email: (await client.get(f"{READERS}/{email}")).json()["suppressed"] for email in listed}
    assert listed == alone
    assert {
        "ada@reader.example": "never-again",
        "ada+x@reader.example": "never-again",
        "bob@reader.example": "operator",
    } == listed


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["ada", "bob", "cyd", "adam", "eve"]),
        ("state=active", ["ada", "bob", "cyd", "adam"]),
        ("state=unsubscribed", ["eve"]),
        ("domain=other.example", ["cyd"]),
        ("domain=READER.example&state=unsubscribed", ["eve"]),
        ("q=Da", ["ada", "adam"]),
        ("q=Ad*", ["ada", "adam"]),
        ("q=ada@", ["ada"]),
        ("q=ADA@reader.example", ["ada"]),
        ("q=nobody", []),
        ("q=%2A", ["ada", "adam", "bob", "cyd", "eve"]),
        ("since=2027-01-15", ["ada", "bob", "cyd", "adam", "eve"]),
        ("since=2027-01-15T08:00:01Z", []),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 500])
async def test_filters_on_every_page(served: ServedApi, query: str, names: list[str], limit: int) -> None:
    """What is found does not depend on how long the pages are."""
    await enrol(served.services, *(f"{name}@reader.example" for name in ("ada", "bob")), "cyd@other.example")
    for name in ("adam", "eve"):
        await served.services.subscribers.add("news", parse_address(f"{name}@reader.example"), name=name)
    async with served.client(MANAGES) as client:
        assert 204 == (await client.delete(f"{READERS}/eve@reader.example")).status_code
        seen: list[str] = []
        url: str | None = f"{READERS}?limit={limit}&{query}"
        while url is not None:
            page = await client.get(url)
            assert len(page.json()["items"]) <= limit
            seen += names_of(page.json()["items"])
            url = page.links["next"]["url"] if page.links else None
    assert names == seen


@pytest.mark.parametrize(
    "query", ["state=gone", "since=yesterday", "domain=%20", "limit=0", "q=" + "x" * 101, "count=maybe"]
)
async def test_filters_that_are_wrong(served: ServedApi, query: str) -> None:
    """422 that points to the parameter."""
    await enrol(served.services)
    async with served.client(SEES) as client:
        response = await client.get(f"{READERS}?{query}")
    assert 422 == response.status_code
    assert [f"?{query.partition('=')[0]}"] == [error["pointer"] for error in response.json()["errors"]]


async def test_a_member_that_an_answer_lacks_can_be_chosen(served: ServedApi) -> None:
    """`created` belongs to answers to PUT: whoever chooses it elsewhere gets the others alone."""
    await enrol(served.services, "ada@reader.example")
    async with served.client(SEES) as client:
        member = await client.get(f"{READERS}/ada@reader.example?fields=created,state")
        page = await client.get(f"{READERS}?fields=created,state")
    assert {"state": "active"} == member.json()
    assert [{"state": "active"}] == page.json()["items"]


async def test_how_many_there_are(served: ServedApi) -> None:
    """Only when it is asked for, because it is counted."""
    await enrol(served.services, "ada@reader.example", "bob@reader.example")
    async with served.client(SEES) as client:
        assert "total" not in (await client.get(f"{READERS}?limit=1")).json()
        assert 2 == (await client.get(f"{READERS}?limit=1&count=true")).json()["total"]
        assert 0 == (await client.get(f"{READERS}?state=pending&count=true")).json()["total"]


@pytest.mark.parametrize(
    ("query", "total"),
    [("domain=reader.example", 3), ("q=reader", 3), ("q=cy*", 1), ("since=2020-01-01", 4), ("since=2099-01-01", 0)],
)
async def test_how_many_a_search_finds(
    served: ServedApi, monkeypatch: pytest.MonkeyPatch, query: str, total: int
) -> None:
    """On all pages, counted part by part."""
    monkeypatch.setattr(subscriber_listing, "MOST_READ", 2)
    await enrol(served.services, "ada@reader.example", "bob@reader.example", "cyd@reader.example", "eva@other.example")
    async with served.client(SEES) as client:
        first = await client.get(f"{READERS}?limit=1&count=true&{query}")
    assert total == first.json()["total"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_the_address_may_be_repeated_in_the_body(served: ServedApi, method: str) -> None:
    """In any spelling; another address would be a move, which only the reader can make."""
    await enrol(served.services, "Ada@reader.example")
    async with served.client(MANAGES) as client:
        url = f"{READERS}/Ada@reader.example"
        same = await client.request(method, url, json={"email": "ada@Reader.example", "name": "Ada B."})
        other = [
            await client.request(method, url, json={"email": email, "name": "Bob"})
            for email in ("bob@reader.example", "nobody")
        ]
        shown = await client.get(url)
    assert (200, "Ada@reader.example", "Ada B.") == (same.status_code, same.json()["email"], shown.json()["name"])
    assert [(422, ["/email"])] * 2 == [
        (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) for answer in other
    ]


async def test_a_long_search_goes_on_in_parts(served: ServedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds up others for a moment only: a page may be empty and have a next one."""
    monkeypatch.setattr(subscriber_listing, "MOST_READ", 2)
    await enrol(served.services, *(f"{name}@reader.example" for name in ("ada", "bob", "cyd", "dan", "eve")))
    async with served.client(SEES) as client:
        first = await client.get(f"{READERS}?q=ev")
        second = await client.get(first.links["next"]["url"])
        third = await client.get(second.links["next"]["url"])
    assert [[], [], ["eve"]] == [names_of(page.json()["items"]) for page in (first, second, third)]
    assert {} == third.links


async def test_all_of_them_at_once_need_a_right_of_their_own(served: ServedApi) -> None:
    """Whoever sees them may not therefore take them away."""
    await enrol(served.services, "ada@reader.example", "bob@reader.example")
    async with served.client(MANAGES) as client:
        await client.patch(f"{READERS}/ada@reader.example", json={"fields": {"plan": "=gold", "Straße": "Kai 1"}})
        await client.patch(f"{READERS}/bob@reader.example", json={"fields": {"state": "a column of their own"}})
    for media_type in ("application/x-ndjson", "text/csv"):
        async with served.client(MANAGES) as client:
            assert 403 == (await client.get(READERS, headers={"Accept": media_type})).status_code
        async with served.client(EXPORTS) as client:
            response = await client.get(f"{READERS}?state=active", headers={"Accept": media_type})
        if media_type == "text/csv":
            assert ["ada", "bob"] == names_of(list(csv.DictReader(response.text.splitlines())))
            shell = "".join(await served.services.database.read(export_active))
            assert shell == response.text.replace("\r\n", "\n")
        else:
            assert ["ada", "bob"] == names_of([json.loads(line) for line in response.text.splitlines()])


async def test_an_address_that_is_not_on_the_list(served: ServedApi) -> None:
    """404 whether or not another list knows it; 422 for what is no address."""
    await enrol(served.services, "ada@reader.example")
    await served.services.make_list("art")
    async with served.client() as client:
        for path in (f"{READERS}/bob@reader.example", "/lists/art/subscribers/ada@reader.example"):
            assert 404 == (await client.get(path)).status_code
            assert 404 == (await client.delete(path)).status_code
        assert 422 == (await client.get(f"{READERS}/ada")).status_code


async def test_leaving_and_leaving_again(served: ServedApi) -> None:
    """DELETE ends the subscription and keeps the evidence; a second one finds nobody."""
    await enrol(served.services, "ada@reader.example")
    async with served.client(MANAGES) as client:
        first = await client.delete(f"{READERS}/ada@reader.example")
        second = await client.delete(f"{READERS}/ada@reader.example")
        shown = await client.get(f"{READERS}/ada@reader.example")
    assert (204, b"", 404, "unsubscribed") == (
        first.status_code,
        first.content,
        second.status_code,
        shown.json()["state"],
    )


async def test_a_change_leaves_alone_what_it_does_not_name(served: ServedApi) -> None:
    """PATCH changes members only, and neither those who left nor their state."""
    await enrol(served.services, "ada@reader.example", "bob@reader.example")
    async with served.client(MANAGES) as client:
        await client.patch(f"{READERS}/ada@reader.example", json={"fields": {"plan": "gold", "city": "Porto"}})
        changed = await client.patch(f"{READERS}/ada@reader.example", json={"language": "pt", "fields": {"city": None}})
        await client.delete(f"{READERS}/bob@reader.example")
        left = await client.patch(f"{READERS}/bob@reader.example", json={"name": "Robert"})
        unknown = await client.patch(f"{READERS}/cyd@reader.example", json={"name": "Cyd"})
    assert ("Ada", "pt", {"plan": "gold"}, "active") == tuple(
        changed.json()[name] for name in ("name", "language", "fields", "state")
    )
    assert (200, "Bob", "unsubscribed", 404) == (
        left.status_code,
        left.json()["name"],
        left.json()["state"],
        unknown.status_code,
    )


async def test_every_wrong_value_of_a_change_at_once(served: ServedApi) -> None:
    """Those that only the service knows point into the body, too."""
    await enrol(served.services, "ada@reader.example")
    async with served.client(MANAGES) as client:
        response = await client.patch(
            f"{READERS}/ada@reader.example", json={"name": "a\nb", "language": "??", "fields": {"plan": "\x07"}}
        )
    assert {"/name", "/language", "/fields/plan"} == {error["pointer"] for error in response.json()["errors"]}


async def test_values_that_are_wrong_in_different_ways_are_told_together(served: ServedApi) -> None:
    """Of the wrong type, of a form that cannot be stored, unknown, in an object inside; at most 50 of one member."""
    await served.services.make_list()
    wrong = {
        "name": 7,
        "language": "??",
        "fields": {"plan": "\x07", "city": 1},
        "consent": {"at": "yesterday", "ip": "nowhere", "url": 5, "way": "web"},
    }
    pointers = {"/name", "/language", "/fields/city", "/consent/at", "/consent/ip", "/consent/url", "/consent/way"}
    async with served.client(MANAGES) as client:
        put = await client.put(f"{READERS}/ada@reader.example", json=wrong)
        posted = await client.post(READERS, json={**wrong, "email": "ada"})
        changed = await client.patch(f"{READERS}/ada@reader.example", json={"name": "a\nb", "language": 5})
        many = await client.put(f"{READERS}/ada@reader.example", json={"fields": {f"f{n}": n for n in range(60)}})
    assert pointers == {error["pointer"] for error in put.json()["errors"]}
    assert pointers | {"/email"} == {error["pointer"] for error in posted.json()["errors"]}
    assert {"/name", "/language"} == {error["pointer"] for error in changed.json()["errors"]}
    assert 50 == len(many.json()["errors"])


async def test_adding_somebody_again_under_the_same_key(served: ServedApi) -> None:
    """The repeat answers with the same words, that they were added with this request included."""
    await served.services.make_list()
    async with served.client() as client:
        headers = {"Idempotency-Key": "crm-4711"}
        first, second = [
            await client.post(READERS, json={"email": "ada@reader.example"}, headers=headers) for _ in range(2)
        ]
        puts = [
            await client.put(f"{READERS}/bob@reader.example", json={}, headers={"Idempotency-Key": key})
            for key in ("crm-4712", "crm-4712", "crm-4713", "crm-4713")
        ]
    assert (201, 201) == (first.status_code, second.status_code)
    assert first.json() == second.json()
    assert [201, 201, 200, 200] == [answer.status_code for answer in puts]
    assert puts[0].json() == puts[1].json() != puts[2].json() == puts[3].json()


async def test_two_keys_are_none(served: ServedApi) -> None:
    """Neither is mistaken for the one that was meant."""
    await served.services.make_list()
    async with served.client() as client:
        headers = [("Idempotency-Key", "crm-1"), ("Idempotency-Key", "crm-2")]
        answer = await client.post(READERS, json={"email": "ada@reader.example"}, headers=headers)
    assert 422 == answer.status_code
