"""Where programs find what a request has created: its Location header leads to the same thing."""

from __future__ import annotations

import json

from tests.web.api.served import BASE, ServedApi

from pressrun.acts.table import ACTS
from pressrun.core.access.rights import Holdings, Right
from pressrun.core.lifecycles.edition import EditionState

LISTED = {"name": "news", "title": "News", "postal_address": "1 Road"}
CSV, MARKDOWN = {"Content-Type": "text/csv"}, {"Content-Type": "text/markdown"}
PATHS = ("lists/news", "lists/news/subscribers/a%2Fb%2Bc@reader.example", "editions/1", "people/ann", "jobs/1")
PUT_PATH = "lists/news/subscribers/b%2Fc@reader.example"
DRAFT = {"subject": "High water", "text": "The tide is in."}


async def test_what_was_made_is_where_location_says(served: ServedApi) -> None:
    """RFC 9110 §15.3.2, with an address as a path contains it."""
    async with served.client() as client:
        made = [
            await client.post("/lists", json=LISTED),
            await client.post("/lists/news/subscribers", json={"email": "a/b+c@reader.example"}),
            await client.post("/lists/news/editions", json=DRAFT),
            await client.post("/people", json={"name": "ann"}),
            await client.post("/lists/news/imports", content="email\nada@reader.example\n", headers=CSV),
        ]
        shown = [await client.get(answer.headers["Location"]) for answer in made]
        again = await client.post("/lists/news/editions", json=DRAFT)
    assert [201, 201, 201, 201, 202] == [answer.status_code for answer in made]
    assert [f"{BASE}/api/v1/{path}" for path in PATHS] == [answer.headers["Location"] for answer in made]
    assert ["news", "a/b+c@reader.example", 1, "ann", 1] == [
        answer.json()[name] for answer, name in zip(shown, ("name", "email", "id", "name", "id"), strict=True)
    ]
    assert (200, False) == (again.status_code, "Location" in again.headers)


async def test_a_put_that_creates_names_its_own_path(served: ServedApi) -> None:
    """RFC 9110 §9.3.4, also when it is repeated under its key. One that changes somebody has created nothing."""
    key = {"Idempotency-Key": "crm-1"}
    async with served.client() as client:
        await client.post("/lists", json=LISTED)
        made = [await client.put(f"/{PUT_PATH}", json={}, headers=key) for _ in range(2)]
        shown = await client.get(made[0].headers["Location"])
        changed = await client.put(f"/{PUT_PATH}", json={"name": "Bob"})
    assert [(201, f"{BASE}/api/v1/{PUT_PATH}")] * 2 == [
        (answer.status_code, answer.headers.get("Location")) for answer in made
    ]
    assert "b/c@reader.example" == shown.json()["email"]
    assert (200, False) == (changed.status_code, "Location" in changed.headers)


async def test_a_sign_up_names_nobody(served: ServedApi) -> None:
    """A token that may only sign people up does not learn whether somebody was new."""
    async with served.client() as client:
        await client.post("/lists", json=LISTED)
    async with served.client(Holdings(by_list={"news": frozenset({Right.SIGN_UP})})) as client:
        answer = await client.put(f"/{PUT_PATH}", json={"confirm": "send"})
    assert (202, False) == (answer.status_code, "Location" in answer.headers)


async def test_a_further_copy_is_among_those_of_its_edition(served: ServedApi) -> None:
    await served.services.make_list()
    edition = await served.services.make_edition(state=EditionState.FINISHED)
    async with served.client() as client:
        await client.put(f"/{PUT_PATH}", json={})
        made = await client.post(f"/{PUT_PATH}/copies", json={"edition": edition})
        shown = await client.get(made.headers["Location"])
    assert (201, "b/c@reader.example", 1) == (made.status_code, shown.json()["email"], len(shown.json()["items"]))


async def test_it_is_described(served: ServedApi) -> None:
    """For each action that creates something."""
    responses = {
        operation["operationId"]: operation["responses"]
        for methods in json.loads(served.api.document()[0])["paths"].values()
        for operation in methods.values()
    }
    for act in ACTS.values():
        if act.http is not None and act.http.made is not None:
            described = {code for code, answer in responses[act.id].items() if "Location" in answer.get("headers", {})}
            assert {"202" if act.http.status == 202 else "201"} == described, act.id


async def test_every_422_says_where_it_is_wrong(served: ServedApi) -> None:
    """Also in what a service finds: in a member that it names, or in the request as a whole."""
    async with served.client() as client:
        await client.post("/lists", json=LISTED)
        address = "/subscribers/ada@reader.example"
        draft = await client.post("/lists/news/editions", json=DRAFT)
        past = {"at": "2020-01-01T00:00:00Z"}
        wrong = [
            await client.post("/people", json={"name": "Ann B."}),
            await client.post("/tokens", json={"name": "", "expires": "soon", "networks": ["here"]}),
            await client.post(f"/editions/{draft.json()['id']}/schedule", json=past),
            await client.post(f"/editions/{draft.json()['id']}/send", json=past),
            await client.post(f"{address}/erase", json={"confirm": "bob@reader.example"}),
            await client.put("/suppressions/ada@reader.example", json={"reason": "boredom"}),
            await client.post("/lists/news/editions", content="---\nsubjec: x\n---\n", headers=MARKDOWN),
        ]
    assert {422} == {answer.status_code for answer in wrong}
    assert [
        ["/name"], ["/name", "/expires", "/networks"], ["/at"], ["/at"], ["/confirm"], ["/reason"], [""]
    ] == [[fault["pointer"] for fault in answer.json()["errors"]] for answer in wrong]  # fmt: skip
