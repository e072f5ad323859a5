"""What became of an edition by API: its report and its copies, with readers only for who may see them."""

from __future__ import annotations

import csv

import pytest
from tests.database import execute
from tests.services.harness import ServiceHarness
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import Holdings, Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.edition import EditionState

NAMES = ("ada", "bob", "cyd", "dan", "eve")
STATS = Holdings(by_list={"news": frozenset({Right.STATS})})
READERS = Holdings(by_list={"news": frozenset({Right.STATS, Right.SEE_READERS})})


async def send_edition(services: ServiceHarness) -> int:
    """Three copies that arrived and two that failed."""
    await services.make_list()
    for name in NAMES:
        await services.subscribers.add("news", parse_address(f"{name}@reader.example"))
    edition = await services.make_edition(state=EditionState.SENDING)
    await services.queue_audience(edition)
    await execute(services.database, "update delivery set state = 'delivered', recorded_at = 1800000000 where id <= 3")
    await execute(
        services.database,
        "update delivery set state = 'failed', recorded_at = 1800000000, code = 550, enhanced = '5.1.1', kind = 'hard',"
        " bounce = 'gone', reply = 'no ada@reader.example here' where id > 3",
    )
    return edition


async def test_copies_in_pages(served: ServedApi) -> None:
    """Each once, whichever state it is in."""
    edition = await send_edition(served.services)
    names: list[str] = []
    async with served.client(READERS) as client:
        url = f"/editions/{edition}/copies?limit=2"
        while url:
            page = await client.get(url)
            names += [copy["email"].partition("@")[0] for copy in page.json()["items"]]
            url = page.links.get("next", {}).get("url", "")
        failed = (await client.get(f"/editions/{edition}/copies?outcome=failed")).json()["items"]
        none = (await client.get(f"/editions/{edition}/copies?outcome=deferred&outcome=queued")).json()
    assert list(NAMES) == sorted(names)
    assert [("failed", 550, "5.1.1", "hard", "gone")] * 2 == [
        tuple(copy[name] for name in ("state", "code", "enhanced", "kind", "class")) for copy in failed
    ]
    assert {"items": [], "next": None} == none


async def test_the_copy_of_one_reader(served: ServedApi) -> None:
    """Its members stand beside it, as a help desk asks for them; nobody else's copy is 404."""
    edition = await send_edition(served.services)
    async with served.client(READERS) as client:
        copy = (await client.get(f"/editions/{edition}/copies?address=ADA@reader.example")).json()
        assert 404 == (await client.get(f"/editions/{edition}/copies?address=zoe@reader.example")).status_code
        lines = await client.get(
            f"/editions/{edition}/copies?address=ada@reader.example", headers={"Accept": "application/x-ndjson"}
        )
    assert ("delivered", "ada@reader.example", 1) == (copy["state"], copy["email"], len(copy["items"]))
    assert 1 == len(lines.text.splitlines())


async def test_who_may_not_see_readers(served: ServedApi) -> None:
    """Gets numbers and codes without addresses, not even in the words of a remote server, and may not ask for one."""
    edition = await send_edition(served.services)
    async with served.client(STATS) as client:
        report = await client.get(f"/editions/{edition}/report")
        copies = await client.get(f"/editions/{edition}/copies", headers={"Accept": "text/csv"})
        asked = await client.get(f"/editions/{edition}/copies?address=ada@reader.example")
    assert ("reader.example" in copies.text, "@" in copies.text, "@" in str(report.json()["failures"])) == (
        True,
        False,
        False,
    )
    assert 5 == len(list(csv.DictReader(copies.text.splitlines())))
    assert (403, {"hard": 2}) == (asked.status_code, report.json()["kinds"])


async def test_the_report_for_who_sees_readers(served: ServedApi) -> None:
    edition = await send_edition(served.services)
    async with served.client(READERS) as client:
        report = (await client.get(f"/editions/{edition}/report")).json()
    assert {"dan@reader.example", "eve@reader.example"} == {failure["address"] for failure in report["failures"]}


@pytest.mark.parametrize("path", ["report", "copies", "copies?address=ada@reader.example"])
async def test_a_foreign_edition_is_like_an_unknown_one(served: ServedApi, path: str) -> None:
    edition = await send_edition(served.services)
    async with served.client(Holdings(by_list={"other": frozenset({Right.STATS, Right.SEE_READERS})})) as client:
        foreign, unknown = await client.get(f"/editions/{edition}/{path}"), await client.get(f"/editions/99/{path}")
    assert (404, foreign.text.replace(f"edition: {edition}", "edition: 99")) == (foreign.status_code, unknown.text)
