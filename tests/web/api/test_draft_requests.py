"""Requests about drafts by HTTP: under conditions, under a key, with a body too few or too many."""

from __future__ import annotations

from tests.web.api.served import ServedApi
from tests.web.api.test_drafts import MARKDOWN, NOTES, PNG, hand_in, make_list


async def test_a_star_is_the_version_that_there_is(served: ServedApi) -> None:
    """RFC 9110 §13.1.1: it holds for what exists, and so not for a file that is new; one to remove is not found."""
    await make_list(served)
    number = (await hand_in(served))["id"]
    path, file = f"/editions/{number}", f"/editions/{number}/assets/a.png"
    png = {"Content-Type": "image/png"}
    async with served.client() as client:
        client.headers["If-Match"] = "*"
        changed = await client.patch(path, json={"subject": "B"})
        added = await client.put(file, content=PNG, headers=png)
        none = await client.delete(file)
        await client.put(file, content=PNG, headers={**png, "If-Match": changed.headers["ETag"]})
        replaced = await client.put(file, content=PNG + b"x", headers=png)
        done = [await client.delete(file), await client.post(f"{path}/submit"), await client.post(f"{path}/send")]
        late = await client.patch(path, json={"subject": "C"})
    assert (200, 412, 404, 200) == tuple(answer.status_code for answer in (changed, added, none, replaced))
    assert [200, 200, 200] == [answer.status_code for answer in done]
    assert 409 == late.status_code


async def test_another_hour_under_the_same_conditions(served: ServedApi) -> None:
    """The audience and the version that are expected count for an edition that is scheduled already, too."""
    await make_list(served, readers=1)
    number = (await hand_in(served))["id"]
    path, later = f"/editions/{number}/schedule", {"at": "2101-01-02T00:00:00Z"}
    async with served.client() as client:
        first = await client.post(path, json={"at": "2101-01-01T00:00:00Z"})
        few = await client.post(path, json={**later, "expect_audience": {"min": 2}})
        old = await client.post(path, json=later, headers={"If-Match": '"9"'})
        shown = await client.get(f"/editions/{number}")
        moved = await client.post(
            path, json={**later, "expect_audience": {"max": 1}}, headers={"If-Match": shown.headers["ETag"]}
        )
    assert (200, 409, 1, 412, 200) == (
        first.status_code, few.status_code, few.json()["audience"], old.status_code, moved.status_code
    )  # fmt: skip
    assert "2101-01-01T00:00:00Z" == shown.json()["scheduled_at"]
    assert later["at"] == moved.json()["scheduled_at"]


async def test_test_copies_to_nobody(served: ServedApi) -> None:
    """And to several that are no addresses, each of which is told."""
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        nobody = await client.post(f"/editions/{number}/test", json={"to": []})
        wrong = await client.post(f"/editions/{number}/test", json={"to": ["a", "b@x.example", "c"]})
    assert (422, ["/to"]) == (nobody.status_code, [error["pointer"] for error in nobody.json()["errors"]])
    assert (422, ["/to/0", "/to/2"]) == (wrong.status_code, [error["pointer"] for error in wrong.json()["errors"]])


async def test_members_for_an_action_that_takes_none_are_not_ignored(served: ServedApi) -> None:
    """Whoever sends them expects them to count. No body at all is fine, and so is an empty object."""
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        wrong = [
            await client.post(f"/editions/{number}/cancel", content=body, headers={"Content-Type": kind})
            for kind, body in (
                ("application/json", b'{"dry_run": true}'),
                ("application/json", b"[]"),
                ("application/json", b"{"),
                ("text/plain", b"x"),
            )
        ]
        submitted = [await client.post(f"/editions/{number}/submit", content=body) for body in (b"", b"{}")]
        shown = await client.get(f"/editions/{number}")
    assert [422, 422, 422, 415] == [answer.status_code for answer in wrong]
    assert [{"pointer": "/dry_run", "detail": "unknown member"}] == wrong[0].json()["errors"]
    assert ([200, 200], "draft") == ([answer.status_code for answer in submitted], shown.json()["state"])


async def test_a_repeat_says_whether_its_first_request_made_the_draft(served: ServedApi) -> None:
    """Not whether another one did, a moment before."""
    await make_list(served)
    async with served.client() as client:
        answers = [
            await client.post("/lists/news/editions", content=NOTES, headers={**MARKDOWN, "Idempotency-Key": key})
            for key in ("a", "b", "a", "b")
        ]
    assert [(201, True), (200, False)] * 2 == [(answer.status_code, answer.json()["created"]) for answer in answers]


async def test_every_wrong_key_of_a_draft_is_told_at_once(served: ServedApi) -> None:
    """Of a new one and of a change, each under its name; nothing is stored."""
    wrong = {
        "from": "nobody",
        "reply_to": "Ed <ed@>",
        "slug": "No Slug",
        "date": "soon",
        "language": "zz-!!",
        "issue": "two words",
        "title": "Dear {{ name }}",
    }
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        made = await client.post("/lists/news/editions", json={"subject": "A", "text": "x", **wrong})
        changed = await client.patch(f"/editions/{number}", json={**wrong, "subject": "B"}, headers={"If-Match": "*"})
        editions = (await client.get("/lists/news/editions")).json()["items"]
    assert [(422, sorted(f"/{name}" for name in wrong))] * 2 == [
        (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) for answer in (made, changed)
    ]
    assert not any(" line " in f" {error['detail']}" for error in made.json()["errors"])
    assert [number] == [edition["id"] for edition in editions]
