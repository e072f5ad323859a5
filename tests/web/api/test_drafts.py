"""Drafts by HTTP: handed in by CI and CMS, changed under If-Match, approved by somebody else, and sent."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from tests.database import execute, select
from tests.editions.inline_builder import InlineMaker
from tests.settings import change
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import Holdings, ReaderAccess, Right, Role, rights_of_role
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import EditionError
from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings

NOTES = b"---\nsubject: Version 1.2\n---\nIt is out.\n"
MARKDOWN = {"Content-Type": "text/markdown", "X-File": "v1.2.md"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


def on_news(role: Role, readers: ReaderAccess = ReaderAccess.NONE) -> Holdings:
    return Holdings(by_list={"news": rights_of_role(role, readers)})


EDITOR, PUBLISHER, VIEWER = (on_news(role) for role in (Role.EDITOR, Role.PUBLISHER, Role.VIEWER))


async def make_list(served: ServedApi, readers: int = 0) -> None:
    await served.services.make_list()
    for number in range(readers):
        await served.services.subscribers.add("news", parse_address(f"r{number}@reader.example"))


async def hand_in(served: ServedApi, source: bytes = NOTES) -> dict[str, Any]:
    async with served.client() as client:
        answer = await client.post("/lists/news/editions", content=source, headers=MARKDOWN)
    draft: dict[str, Any] = answer.json()
    return draft


async def test_a_file_is_a_draft_once(served: ServedApi) -> None:
    """A job of CI that runs again changes nothing."""
    await make_list(served)
    async with served.client() as client:
        first = await client.post("/lists/news/editions", content=NOTES, headers=MARKDOWN)
        again = await client.post("/lists/news/editions", content=NOTES, headers=MARKDOWN)
    assert (201, 200, '"1"') == (first.status_code, again.status_code, first.headers["ETag"])
    assert {**first.json(), "created": False} == again.json()
    assert ("draft", True) == (first.json()["state"], first.json()["created"])


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Content-Type": "text/markdown"}, "edition.md"),
        ({"Content-Type": "text/markdown; charset=utf-8", "X-File": "../a b/ v 1.md"}, "-v-1.md"),
        ({"Content-Type": "text/markdown", "X-File": "README"}, "README.md"),
        ({"Content-Type": "text/html", "X-File": "a.md"}, "a.md.html"),
        ({"Content-Type": "text/plain", "X-File": ".."}, "edition.txt"),
        ({"Content-Type": "text/markdown", "X-File": "x" * 300 + ".md"}, "x" * 97 + ".md"),
    ],
)
async def test_the_media_type_says_what_a_file_is(served: ServedApi, headers: dict[str, str], name: str) -> None:
    await make_list(served)
    async with served.client() as client:
        answer = await client.post("/lists/news/editions", content=NOTES, headers=headers)
    assert (201, [(name,)]) == (
        answer.status_code, await select(served.services.database, "select source_name from edition")
    )  # fmt: skip


async def test_a_whole_message_is_a_draft(served: ServedApi) -> None:
    await make_list(served)
    mail = b"From: a@x.example\r\nSubject: Boats\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    async with served.client() as client:
        made = await client.post("/lists/news/editions", content=mail, headers={"Content-Type": "message/rfc822"})
        source = await client.get(f"/editions/{made.json()['id']}/source")
    assert (201, "message/rfc822", mail) == (made.status_code, source.headers["Content-Type"], source.content)


async def test_a_file_comes_with_its_pictures(served: ServedApi) -> None:
    await make_list(served)
    source = b"---\nsubject: A\n---\n![a harbour](img/a.png)\n"
    files = [("file", ("a.md", source)), ("p", ("img/a.png", PNG))]
    async with served.client() as client:
        made = await client.post("/lists/news/editions", files=files)
        listed = await client.get(f"/editions/{made.json()['id']}/assets")
        picture = await client.get(f"/editions/{made.json()['id']}/assets/img%2Fa.png")
    assert (201, []) == (
        made.status_code,
        [finding for finding in made.json()["findings"] if finding["severity"] == "error"],
    )
    assert [{"path": "img/a.png", "size": len(PNG), "revision": 1}] == listed.json()["items"]
    assert (PNG, "application/octet-stream") == (picture.content, picture.headers["Content-Type"])


@pytest.mark.parametrize("path", ["a.png", ".%2Fa.png", "b%2F..%2Fa.png"])
async def test_a_picture_is_the_same_in_every_spelling_of_its_path(served: ServedApi, path: str) -> None:
    await make_list(served)
    number = (await hand_in(served, b"---\nsubject: A\n---\n![a harbour](a.png)\n"))["id"]
    where, seen = f"/editions/{number}/assets/{path}", {"If-Match": '"1"', "Content-Type": "image/png"}
    async with served.client() as client:
        added = await client.put(where, content=PNG, headers=seen)
        listed = await client.get(f"/editions/{number}/assets")
        got = await client.get(where)
        checked = await client.get(f"/editions/{number}/findings")
        removed = await client.delete(where, headers={"If-Match": "*"})
        rest = await client.get(f"/editions/{number}/assets")
    assert [200, PNG, 200] == [added.status_code, got.content, removed.status_code]
    assert [["a.png"], []] == [[file["path"] for file in page.json()["items"]] for page in (listed, rest)]
    assert [] == checked.json()["findings"]


@pytest.mark.parametrize("path", ["../a.png", "/a.png", "a/../../b.png"])
async def test_a_picture_stays_beside_its_file(served: ServedApi, path: str) -> None:
    await make_list(served)
    async with served.client() as client:
        answer = await client.post("/lists/news/editions", files=[("file", ("a.md", NOTES)), ("p", (path, PNG))])
    assert (422, []) == (answer.status_code, await select(served.services.database, "select id from edition"))


async def test_a_post_of_a_cms_is_submitted(served: ServedApi) -> None:
    await make_list(served)
    post = {"subject": 'Bridge: "open"', "html": "<p>Hi <b>you</b>", "text": "Hi", "submit": True}
    async with served.client() as client:
        made = await client.post("/lists/news/editions", json={**post, "source_url": "https://site.example/bridge"})
        shown = await client.get(f"/editions/{made.json()['id']}")
        seen = await client.get(f"/editions/{made.json()['id']}/preview")
    assert (True, "https://site.example/bridge") == (made.json()["submitted"], shown.json()["source_url"])
    assert ("token", 'Bridge: "open"') == (
        shown.json()["submitted_by"],
        seen.json()["subject"],
    )
    assert seen.json()["text"].startswith("Hi")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject": "A"},
        {"subject": "A", "markdown": "x", "html": "y"},
        {"subject": "A", "markdown": "x", "state": "sending"},
        {"subject": 1, "markdown": "x"},
        {"subject": "A", "markdown": "x", "language": "!!"},
        {"subject": "A", "markdown": "x", "source_url": "javascript:alert(1)"},
    ],
)
async def test_a_draft_that_says_too_little_or_too_much_is_none(served: ServedApi, body: dict[str, object]) -> None:
    await make_list(served)
    async with served.client() as client:
        answer = await client.post("/lists/news/editions", json=body)
    assert (422, []) == (answer.status_code, await select(served.services.database, "select id from edition"))


async def test_every_wrong_member_of_a_draft_at_once(served: ServedApi) -> None:
    """The page that it was made of is one of them."""
    await make_list(served)
    async with served.client() as client:
        answer = await client.post("/lists/news/editions", json={"source_url": "javascript:alert(1)", "markdown": 7})
    assert ["/markdown", "/source_url", "/subject"] == sorted(error["pointer"] for error in answer.json()["errors"])


async def test_a_change_needs_the_version_that_it_changes(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served))["id"]
    text = {"Content-Type": "text/markdown"}
    async with served.client() as client:
        missing = await client.put(f"/editions/{number}/source", content=NOTES + b"1", headers=text)
        done = await client.put(f"/editions/{number}/source", content=NOTES + b"1", headers={**text, "If-Match": '"1"'})
        late = await client.put(f"/editions/{number}/source", content=NOTES + b"2", headers={**text, "If-Match": '"1"'})
        source = await client.get(f"/editions/{number}/source")
    assert (428, 200, 412) == (missing.status_code, done.status_code, late.status_code)
    assert ('"2"', '"2"', NOTES + b"1") == (done.headers["ETag"], source.headers["ETag"], source.content)


@pytest.mark.parametrize(
    ("known", "status"), [("{}", 304), ("W/{}", 304), ('"9", W/{}', 304), ("*", 304), ('"9"', 200), ("1", 200)]
)
async def test_the_text_and_files_of_a_draft_are_read_once(served: ServedApi, known: str, status: int) -> None:
    """A program that has this version gets 304 with its ETag. A draft is shown whole: its state is in no ETag."""
    await make_list(served)
    number = (await hand_in(served))["id"]
    image = {"Content-Type": "image/png", "If-Match": '"1"'}
    async with served.client() as client:
        await client.put(f"/editions/{number}/assets/a.png", content=PNG, headers=image)
        for path, expected in (("/source", status), ("/assets/a.png", status), ("", 200)):
            tag = (await client.get(f"/editions/{number}{path}")).headers["ETag"]
            answer = await client.get(f"/editions/{number}{path}", headers={"If-None-Match": known.format(tag)})
            assert (expected, tag) == (answer.status_code, answer.headers["ETag"])
            assert (expected == 200) == bool(answer.content)


async def test_some_keys_are_changed_and_others_stay(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served, b"---\n# ours\nsubject: A\nslug: a\n---\nBody\n"))["id"]
    async with served.client() as client:
        changes = {"subject": "B: C", "slug": None, "preheader": "P"}
        changed = await client.patch(f"/editions/{number}", json=changes, headers={"If-Match": '"1"'})
        other = await client.patch(f"/editions/{number}", json={"markdown": "Else"}, headers={"If-Match": '"2"'})
        wrong = await client.patch(f"/editions/{number}", json={"html": "Else"}, headers={"If-Match": '"3"'})
        source = await client.get(f"/editions/{number}/source")
    assert (200, 200, 422) == (changed.status_code, other.status_code, wrong.status_code)
    assert b'---\n# ours\nsubject: "B: C"\npreheader: "P"\n---\nElse' == source.content


async def test_files_are_put_and_removed_under_the_version_of_each(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        path = f"/editions/{number}/assets/a.png"
        png = {"Content-Type": "image/png"}
        made = await client.put(path, content=PNG, headers={**png, "If-Match": '"1"'})
        late = await client.put(path, content=PNG + b"x", headers={**png, "If-Match": '"1"'})
        gone = await client.delete(path, headers={"If-Match": made.headers["ETag"]})
        none = await client.delete(path, headers={"If-Match": gone.headers["ETag"]})
        missing = await client.get(path)
        revisions = await client.get(f"/editions/{number}/revisions")
    assert (200, 412, 200, 404, 404) == tuple(
        answer.status_code for answer in (made, late, gone, none, missing)
    )  # fmt: skip
    assert [(3, "a.png"), (2, "a.png"), (1, None)] == [
        (revision["revision"], revision["path"]) for revision in revisions.json()["items"]
    ]


async def test_a_former_text_is_read_again(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        await client.patch(f"/editions/{number}", json={"subject": "B"}, headers={"If-Match": '"1"'})
        former = await client.get(f"/editions/{number}/revisions/1")
        missing = await client.get(f"/editions/{number}/revisions/9")
    assert (NOTES, 404) == (former.content, missing.status_code)


async def test_a_draft_is_thrown_away_for_good(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        late = await client.delete(f"/editions/{number}", headers={"If-Match": '"9"'})
        gone = await client.delete(f"/editions/{number}")
        after = [await client.get(f"/editions/{number}"), await client.delete(f"/editions/{number}")]
    assert (412, 204, [404, 404]) == (late.status_code, gone.status_code, [answer.status_code for answer in after])


async def test_a_send_names_the_audience_that_it_expects(served: ServedApi) -> None:
    await make_list(served, readers=3)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        refused = await client.post(f"/editions/{number}/send", json={"expect_audience": {"max": 2}})
        sent = await client.post(f"/editions/{number}/send", json={"expect_audience": {"min": 3, "max": 3}})
        again = await client.post(f"/editions/{number}/send")
    assert (409, 3, 200, 409) == (
        refused.status_code, refused.json()["audience"], sent.status_code, again.status_code
    )  # fmt: skip
    assert ("sending", 3, 3) == (sent.json()["state"], sent.json()["audience"], sent.json()["queued"])


async def test_an_hour_is_set_moved_and_given_up(served: ServedApi) -> None:
    await make_list(served, readers=1)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        past = await client.post(f"/editions/{number}/schedule", json={"at": "2001-01-01T00:00:00Z"})
        vague = await client.post(f"/editions/{number}/schedule", json={"at": "2101-01-01T00:00:00"})
        first = await client.post(f"/editions/{number}/schedule", json={"at": "2101-01-01T09:00:00+01:00"})
        moved = await client.post(f"/editions/{number}/schedule", json={"at": "2101-01-02T08:00:00Z"})
        steps = [await client.post(f"/editions/{number}/{step}") for step in ("pause", "resume", "cancel")]
    assert (422, 422, 200, 200) == (past.status_code, vague.status_code, first.status_code, moved.status_code)
    assert ("scheduled", "2101-01-01T08:00:00Z") == (first.json()["state"], first.json()["scheduled_at"])
    assert ["paused", "scheduled", "cancelled"] == [answer.json()["state"] for answer in steps]


async def test_an_hour_that_nobody_could_be_shown(served: ServedApi) -> None:
    """It is refused before it is stored: no list of editions that names it could be shown."""
    await make_list(served, readers=1)
    number, late = (await hand_in(served))["id"], {"at": "9999-12-31T23:59:59-23:59"}
    async with served.client() as client:
        answers = [await client.post(f"/editions/{number}/{verb}", json=late) for verb in ("schedule", "send")]
        await client.post(f"/editions/{number}/schedule", json={"at": "2101-01-01T00:00:00Z"})
        answers.append(await client.post(f"/editions/{number}/schedule", json=late))
        listed = await client.get("/lists/news/editions")
    assert [(422, "/at")] * 3 == [(answer.status_code, answer.json()["errors"][0]["pointer"]) for answer in answers]
    assert ["2101-01-01T00:00:00Z"] == [edition["scheduled_at"] for edition in listed.json()["items"]]


async def test_a_draft_of_two(served: ServedApi) -> None:
    """Written by one, approved by another, sent by either; approving alone sends nothing."""
    await make_list(served, readers=1)
    await served.services.lists.set_list("news", {"approval": "second-person"})
    async with served.client(EDITOR) as writer, served.client(PUBLISHER) as author, served.client(PUBLISHER) as other:
        await execute(
            served.services.database,
            "insert into api_token (id, name, digest, scope, is_everywhere, created_at) "
            "values (3, 'other', x'03', 'write', 1, 1)",
        )
        made = await author.post("/lists/news/editions", content=NOTES, headers=MARKDOWN)
        path = f"/editions/{made.json()['id']}"
        alone = [await author.post(f"{path}/{step}") for step in ("submit", "approve", "send")]
        not_theirs = [await writer.post(f"{path}/{step}") for step in ("approve", "send", "return", "pause")]
        approved = await other.post(f"{path}/approve")
        changed = await writer.patch(path, json={"subject": "B"}, headers={"If-Match": '"1"'})
        void = await author.post(f"{path}/send")
        returned = await other.post(f"{path}/return", json={"words": "No date"})
        again = [await other.post(f"{path}/approve"), await author.post(f"{path}/send")]
    assert [200, 403, 409] == [answer.status_code for answer in alone]
    assert [403] * 4 == [answer.status_code for answer in not_theirs]
    assert (200, "draft", 200, 409) == (
        approved.status_code, approved.json()["state"], changed.status_code, void.status_code
    )  # fmt: skip
    assert ("No date", None) == (returned.json()["words"], returned.json()["approved_at"])
    assert [200, 200] == [answer.status_code for answer in again]


async def test_a_token_that_a_token_made_is_no_second_person(served: ServedApi) -> None:
    await make_list(served)
    await served.services.lists.set_list("news", {"approval": "second-person"})
    async with served.client(PUBLISHER) as author, served.client(PUBLISHER) as made, served.client(PUBLISHER) as other:
        await execute(
            served.services.database,
            "insert into api_token (id, name, digest, scope, is_everywhere, created_at, origin_id) "
            "values (1, 'a', x'01', 'write', 0, 1, null), (2, 'b', x'02', 'write', 0, 1, 1)",
        )
        await author.post("/lists/news/editions", content=NOTES, headers=MARKDOWN)
        answers = [await client.post("/editions/1/approve") for client in (author, made, other)]
    assert [403, 403, 200] == [answer.status_code for answer in answers]


async def test_of_sends_that_come_together_one_sends(served: ServedApi) -> None:
    await make_list(served, readers=2)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        answers = await asyncio.gather(*(client.post(f"/editions/{number}/send") for _ in range(4)))
    assert [200, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    assert [(2,)] == await select(
        served.services.database, "select count(*) from delivery where edition_id is not null"
    )


async def test_test_copies_go_to_the_team_until_one_may_send(served: ServedApi) -> None:
    await make_list(served)
    await served.services.lists.set_list("news", {"owner": "owner@town.example"})
    number = (await hand_in(served))["id"]
    stranger, owner = {"to": "x@else.example"}, {"to": ["OWNER@town.example", "owner@town.example"]}
    async with served.client(EDITOR) as editor, served.client(PUBLISHER) as publisher:
        answers = [await editor.post(f"/editions/{number}/test", json=to) for to in (stranger, owner)]
        answers.append(await publisher.post(f"/editions/{number}/test", json=stranger))
    assert [403, 200, 200] == [answer.status_code for answer in answers]
    assert ["OWNER@town.example"] == answers[1].json()["test"]
    rows = await select(served.services.database, "select address from notice where kind = 'test' order by id")
    assert [("OWNER@town.example",), ("x@else.example",)] == rows


async def test_test_copies_fill_no_mailbox(served: ServedApi) -> None:
    """None goes out where one of the addresses has had its share, however it is spelled; others get theirs."""
    change(served.services.settings, limits=LimitSettings(test_copies=Rate(2, 3600.0)))
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client(PUBLISHER) as client:
        answers = [
            await client.post(f"/editions/{number}/test", json={"to": to})
            for to in ("x@else.example", "X@else.EXAMPLE", ["x@else.example", "y@else.example"], "y@else.example")
        ]
    assert [200, 200, 409, 200] == [answer.status_code for answer in answers]
    assert [(3,)] == await select(served.services.database, "select count(*) from notice where kind = 'test'")


async def test_one_mailbox_has_one_share_of_test_copies(served: ServedApi) -> None:
    """Under all of its names, in one request or several; a request that is refused counts for nothing."""
    change(served.services.settings, limits=LimitSettings(test_copies=Rate(2, 3600.0)))
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client(PUBLISHER) as client:
        answers = [
            await client.post(f"/editions/{number}/test", json={"to": [f"x+{tag}@else.example" for tag in tags]})
            for tags in ("abc", "ab", "c")
        ]
    assert [409, 200, 409] == [answer.status_code for answer in answers]
    assert [(2,)] == await select(served.services.database, "select count(*) from notice where kind = 'test'")


async def test_a_suppressed_address_gets_no_test_copy(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served))["id"]
    await served.services.suppressions.add(parse_address("x@else.example"), "operator")
    async with served.client() as client:
        answer = await client.post(f"/editions/{number}/test", json={"to": "x@else.example"})
    assert 409 == answer.status_code


async def test_a_draft_is_shown_as_a_member_only_to_who_may_see_readers(served: ServedApi) -> None:
    await make_list(served, readers=1)
    await served.services.make_list("other")
    await served.services.subscribers.add("other", parse_address("o@reader.example"), name="Olga")
    number = (await hand_in(served, b"---\nsubject: Hi\n---\nDear {{ email }}\n"))["id"]
    seeing = on_news(Role.EDITOR, ReaderAccess.SEE)
    async with served.client(EDITOR) as editor, served.client(seeing) as colleague:
        plain = await editor.get(f"/editions/{number}/preview")
        refused = await editor.get(f"/editions/{number}/preview?as=r0@reader.example")
        shown = await colleague.get(f"/editions/{number}/preview?as=r0@reader.example")
        strangers = [
            await colleague.get(f"/editions/{number}/preview?as={name}@reader.example") for name in ("o", "nobody")
        ]
    assert (200, 403, 200) == (plain.status_code, refused.status_code, shown.status_code)
    assert "Dear r0@reader.example" in shown.json()["text"]
    assert [404, 404] == [answer.status_code for answer in strangers]


async def test_findings_are_those_of_now(served: ServedApi) -> None:
    await make_list(served)
    number = (await hand_in(served))["id"]
    async with served.client() as client:
        before = await client.get(f"/editions/{number}/findings")
        await served.services.lists.set_list("news", {"postal_address": ""})
        after = await client.get(f"/editions/{number}/findings")
        refused = await client.post(f"/editions/{number}/send")
    errors = [
        [finding["code"] for finding in answer.json()["findings"] if finding["severity"] == "error"]
        for answer in (before, after)
    ]
    assert ([], 1, 422) == (errors[0], len(errors[1]), refused.status_code)


async def test_the_editions_of_a_list_are_listed_by_state(served: ServedApi) -> None:
    await make_list(served)
    numbers = [(await hand_in(served, NOTES + bytes([65 + number])))["id"] for number in range(5)]
    async with served.client(VIEWER) as client:
        await execute(served.services.database, "update edition set state = 'paused' where id = ?", numbers[0])
        query = "/lists/news/editions?limit=2&state=draft&count=true"
        page = (await client.get(query)).json()
        ids = [edition["id"] for edition in page["items"]]
        while page["next"]:
            page = (await client.get(f"{query}&after={page['next']}")).json()
            ids += [edition["id"] for edition in page["items"]]
        wrong = [
            await client.get(f"/lists/news/editions?{parameter}")
            for parameter in ("state=gone", "since=0.5", "since=2026-13-01")
        ]
        later, since = [
            (await client.get(f"/lists/news/editions?since={moment}")).json()["items"]
            for moment in ("2101-01-01T00:00:00Z", "2001-01-01")
        ]
    assert (numbers[:0:-1], 4, [422] * 3) == (ids, page["total"], [answer.status_code for answer in wrong])
    assert (0, 5) == (len(later), len(since))


async def test_a_repeat_under_its_key_does_nothing_more(served: ServedApi) -> None:
    """And answers as things are now."""
    await make_list(served, readers=1)

    async def twice(path: str, **options: Any) -> list[httpx.Response]:
        key = {"Idempotency-Key": path.rpartition("/")[2], **options.pop("headers", {})}
        return [await client.post(path, headers=key, **options) for _ in range(2)]

    async with served.client() as client:
        made = await twice("/lists/news/editions", content=NOTES, headers=MARKDOWN)
        tested = await twice("/editions/1/test", json={"to": "t@x.example"})
        submitted = await twice("/editions/1/submit")
        sent = await twice("/editions/1/send")
        cancelled = await twice("/editions/1/cancel")
    assert [201, 201] + [200] * 8 == [
        answer.status_code for answer in (*made, *tested, *submitted, *sent, *cancelled)
    ]  # fmt: skip
    assert made[0].json() == made[1].json()
    rows = await select(served.services.database, "select count(*) from notice where kind = 'test'")
    assert ([(1,)], "cancelled") == (rows, cancelled[1].json()["state"])


FOREIGN = Holdings(by_list={"other": frozenset(Right)})
ROUTES = [
    ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/source"), ("PUT", "/source"), ("GET", "/assets"),
    ("GET", "/assets/a"), ("PUT", "/assets/a"), ("DELETE", "/assets/a"), ("GET", "/revisions"), ("GET", "/revisions/1"),
    ("GET", "/findings"), ("GET", "/preview"), ("POST", "/test"), ("POST", "/submit"), ("POST", "/approve"),
    ("POST", "/return"), ("POST", "/send"), ("POST", "/schedule"), ("POST", "/pause"), ("POST", "/resume"),
    ("POST", "/cancel"), ("POST", "/resend"),
]  # fmt: skip


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    bodies: dict[str, object] = {"/test": {"to": "a@x.example"}, "/schedule": {"at": "2101-01-01T00:00:00Z"}}
    suffix = f"/{path.split('/', 3)[3]}" if path.count("/") > 2 else ""
    if method == "PUT":
        kind = "text/markdown" if suffix == "/source" else "image/png"
        return await client.put(path, content=NOTES, headers={"Content-Type": kind, "If-Match": '"1"'})
    if method == "POST" and suffix in bodies:
        return await client.post(path, json=bodies[suffix])
    return await client.request(method, path, headers={"If-Match": '"1"'})


@pytest.mark.parametrize(("method", "suffix"), ROUTES)
async def test_an_edition_out_of_reach_is_like_one_that_does_not_exist(
    served: ServedApi, method: str, suffix: str
) -> None:
    await make_list(served)
    await served.services.make_list("other")
    number = (await hand_in(served))["id"]
    async with served.client(FOREIGN) as client:
        foreign = await ask(client, method, f"/editions/{number}{suffix}")
        unknown = await ask(client, method, f"/editions/{number + 7}{suffix}")
    assert (404, 404) == (foreign.status_code, unknown.status_code)
    assert foreign.text.replace(str(number), "N") == unknown.text.replace(str(number + 7), "N")


async def test_a_draft_that_takes_too_long_is_a_problem_of_its_author(
    served: ServedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is read, built or shown: 422, and why."""
    await make_list(served)
    made = await hand_in(served)

    async def refuse(*_args: Any, **_more: Any) -> None:
        raise EditionError("building the edition took longer than 30 s. Make it simpler or shorter")

    for name in ("show", "build", "read"):
        monkeypatch.setattr(InlineMaker, name, refuse)
        async with served.client() as client:
            seen = await client.get(f"/editions/{made['id']}/preview")
        assert (422, "application/problem+json") == (seen.status_code, seen.headers["Content-Type"])
        assert "longer than 30 s" in seen.json()["detail"]
