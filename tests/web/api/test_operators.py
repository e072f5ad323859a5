"""What operators look at by API: suppressions, the queue, kept mail, held sign-ups and the audit log."""

from __future__ import annotations

import pytest
from tests.database import execute
from tests.services.harness import NOW
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import Holdings, ReaderAccess, Role, rights_of_role
from pressrun.core.addresses.address import parse_address
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant

ADA = parse_address("ada@reader.example")
PUBLISHER = Holdings(by_list={"news": rights_of_role(Role.PUBLISHER, ReaderAccess.EXPORT)})
OPERATORS = ("/suppressions", "/suppressions/ada@reader.example", "/queue", "/inbound", "/inbound/1", "/held", "/audit")


@pytest.mark.parametrize("path", OPERATORS)
async def test_nobody_else_looks(served: ServedApi, path: str) -> None:
    """A publisher of a list holds no right over the service."""
    await served.services.make_list()
    async with served.client(PUBLISHER) as client:
        assert 403 == (await client.get(path)).status_code


async def test_suppressions(served: ServedApi) -> None:
    """Set, found, listed in pages, and lifted; an erased one has no address."""
    async with served.client() as client:
        for name in ("ada", "bob", "cyd"):
            put = await client.put(f"/suppressions/{name}@reader.example", json={})
            assert (200, {"address": f"{name}@reader.example", "reason": "operator"}) == (put.status_code, put.json())
        weaker = await client.put("/suppressions/ada@reader.example", json={"reason": "hard-bounce"})
        shown = (await client.get("/suppressions/ADA@Reader.example")).json()
        first = await client.get("/suppressions?limit=2")
        rest = await client.get(first.links["next"]["url"])
        assert 204 == (await client.delete("/suppressions/ada@reader.example")).status_code
        assert 404 == (await client.get("/suppressions/ada@reader.example")).status_code
        assert 404 == (await client.delete("/suppressions/ada@reader.example")).status_code
        assert 422 == (await client.put("/suppressions/ada@reader.example", json={"reason": "bored"})).status_code
    assert ("operator", "2027-01-15T08:00:00Z") == (weaker.json()["reason"], shown["since"])
    suppressions = [*first.json()["items"], *rest.json()["items"]]
    assert ["ada", "bob", "cyd"] == sorted(suppression["address"].partition("@")[0] for suppression in suppressions)
    assert rest.json()["next"] is None


async def test_the_queue(served: ServedApi) -> None:
    """What waits by domain, and how much of it is tried again at once."""
    await served.services.make_list()
    await served.services.subscribers.add("news", ADA, asks=True)
    async with served.client() as client:
        (item,) = (await client.get("/queue")).json()["items"]
    assert ("reader.example", 1, 0, False) == tuple(item[name] for name in ("domain", "queued", "deferred", "blocked"))


async def test_kept_mail(served: ServedApi) -> None:
    """Newest first, as it came, and away."""
    database = served.services.database
    for number in (1, 2, 3):
        await execute(
            database, "insert into inbound_content (id, digest, content) values (?, ?, x'41')", number, b"%d" % number
        )
        await execute(
            database,
            "insert into inbound (digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome)"
            " values (?, ?, 'eve@else.example', 'postmaster', '192.0.2.9', 0, ?, 'kept', 'not understood')",
            b"m%d" % number,
            number,
            NOW,
        )
    async with served.client() as client:
        first = (await client.get("/inbound?limit=2&state=kept")).json()
        rest = (await client.get(f"/inbound?limit=2&after={first['next']}")).json()
        shown = await client.get("/inbound/2")
        assert 204 == (await client.delete("/inbound/2")).status_code
        assert 404 == (await client.get("/inbound/2")).status_code
        assert 404 == (await client.post("/inbound/2/retry", json={})).status_code
        assert {"id": 1} == (await client.post("/inbound/1/retry", json={})).json()
    assert [3, 2, 1] == [mail["id"] for mail in (*first["items"], *rest["items"])]
    assert ("message/rfc822", b"A") == (shown.headers["content-type"], shown.content)
    assert ("postmaster", "eve@else.example") == (rest["items"][0]["to"], rest["items"][0]["from"])


async def test_held_sign_ups(served: ServedApi) -> None:
    """A program says which of them are meant, since nobody is asked again."""
    services = served.services
    await services.make_list()
    await services.sign_ups.request(["news"], Applicant(ADA, Origin(source="web")), network=None)
    await execute(
        services.database,
        "insert into held_notice (notice_id, domain, expires_at) values (1, 'reader.example', ?)",
        NOW + 60,
    )
    await execute(services.database, "delete from delivery")
    async with served.client() as client:
        (held,) = (await client.get("/held?list=news")).json()["items"]
        assert 404 == (await client.get("/held?list=none")).status_code
        assert 409 == (await client.post("/held/release", json={})).status_code
        assert 409 == (await client.post("/held/rm", json={})).status_code
        assert 404 == (await client.post("/held/rm", json={"ids": [7]})).status_code
        released = (await client.post("/held/release", json={"ids": [held["id"]]})).json()
        assert [] == (await client.get("/held")).json()["items"]
    assert ("ada@reader.example", {"released": 1, "forgotten": 0}) == (held["address"], released)


async def test_the_audit_log(served: ServedApi) -> None:
    """Newest first, with filters, and a row for each of these writes."""
    async with served.client() as client:
        await client.post("/lists", json={"name": "news", "title": "News"})
        await client.put("/suppressions/ada@reader.example", json={})
        first = (await client.get("/audit?limit=1")).json()
        rest = (await client.get(f"/audit?limit=1&after={first['next']}")).json()
        of_list = (await client.get("/audit?list=news&since=2026-01-01T00:00:00Z")).json()["items"]
        assert [] == (await client.get("/audit?since=2030-01-01T00:00:00Z")).json()["items"]
        assert 422 == (await client.get("/audit?since=yesterday")).status_code
    assert ["suppression.add", "list.create"] == [entry["action"] for entry in (*first["items"], *rest["items"])]
    assert ["list.create"] == [entry["action"] for entry in of_list]
