"""Confirming and leaving by the links of mails."""

from __future__ import annotations

import json

import pytest
from tests.web.harness import NOW, WebHarness, words_of

from pressrun.core.signing.tokens import TEST_ID, WebPurpose
from pressrun.store.upkeep.key_files import rotate_link_key

ADA = "ada@reader.example"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=XX"}
ONE_CLICK_PART = b'--XX\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--XX--\r\n'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_never_acts(web: WebHarness, method: str) -> None:
    """Scanners and prefetching follow every link, also one that looks like the form."""
    number = await web.add_list()
    reader = await web.add_reader(number)
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": "new@reader.example"})
        confirm = web.confirm_path(await web.last_confirmation())
        before = await web.everything()
        for path in (web.unsubscribe_path(reader), confirm, web.preferences_path(1)):
            for query in ("", "?List-Unsubscribe=One-Click", "?action=leave", "?action=leave-all"):
                response = await client.request(method, path + query, headers={"Sec-Purpose": "prefetch"})
                assert 200 == response.status_code
    assert before == await web.everything()


@pytest.mark.parametrize(("headers", "body"), [(FORM, ONE_CLICK), (MULTIPART, ONE_CLICK_PART)])
async def test_one_click_leaves_in_both_encodings_and_as_often_as_it_comes(
    web: WebHarness, headers: dict[str, str], body: bytes
) -> None:
    """No cookie, no redirect, 200 (RFC 8058 §3.2)."""
    number = await web.add_list()
    edition = await web.add_edition(number)
    reader = await web.add_reader(number)
    async with web.client() as client:
        for _ in range(2):
            response = await client.post(web.unsubscribe_path(reader, edition), content=body, headers=headers)
            assert 200 == response.status_code
            assert "set-cookie" not in response.headers
    assert "unsubscribed" == (await web.subscription(reader)).state
    assert [(1,)] == await web.rows("select unsubscribed from edition")
    recorded = await web.consent()
    assert [("withdrawn", "List-Unsubscribe=One-Click")] == [(item["event"], item["text"]) for item in recorded]


async def test_one_click_is_answered_alike_wherever_it_is_answered(web: WebHarness) -> None:
    """The plain one is taken before the router, the other ones by the pages; their evidence is the same, too."""
    number = await web.add_list(language="de")
    answers: list[tuple[object, ...]] = []
    for address in ("ada@reader.example", "bob@reader.example"):
        reader = await web.add_reader(number, address)
        headers, body = ((FORM, ONE_CLICK), (MULTIPART, ONE_CLICK_PART))[len(answers)]
        path = f"{web.unsubscribe_path(reader)}?language=fr"
        forwarded = {"X-Forwarded-For": "192.0.2.9", **headers}
        async with web.client() as client:
            response = await client.post(path, content=body, headers=forwarded)
        answers.append((response.status_code, response.text, sorted(response.headers.items())))
    assert answers[0] == answers[1]
    assert [("POST", "/unsubscribe/{token}", 200)] * 2 == web.counted
    rows = await web.rows("select event, ip, content from consent")
    said = [json.loads(content) for *_, content in rows]
    assert [("withdrawn", "192.0.2.9")] * 2 == [(event, ip) for event, ip, _ in rows]
    assert [("web", "fr", ONE_CLICK.decode())] * 2 == [
        (entry["source"], entry["language"], entry["text"]) for entry in said
    ]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, ONE_CLICK),
        ({"Content-Type": "text/plain;charset=UTF-8"}, ONE_CLICK),
        ({"Content-Type": "multipart/form-data"}, ONE_CLICK),
        (FORM, ONE_CLICK + b"\r\n"),
    ],
)
async def test_the_one_click_body_leaves_whatever_type_a_mail_program_gives_it(
    web: WebHarness, headers: dict[str, str], body: bytes
) -> None:
    """The program takes any 200 for a success, so its user would stay subscribed without knowing."""
    reader = await web.add_reader(await web.add_list())
    async with web.client() as client:
        response = await client.post(web.unsubscribe_path(reader), content=body, headers=headers)
    assert (200, "You are unsubscribed.\n") == (response.status_code, response.text)
    assert "unsubscribed" == (await web.subscription(reader)).state


@pytest.mark.parametrize("path", ["/unsubscribe/x", "/unsubscribe/never-again/x", "/unsubscribe/x/y"])
async def test_one_click_on_what_is_no_link_is_an_error_and_changes_nothing(web: WebHarness, path: str) -> None:
    await web.add_reader(await web.add_list())
    before = await web.everything()
    async with web.client() as client:
        assert 404 == (await client.post(path, content=ONE_CLICK, headers=FORM)).status_code
    assert before == await web.everything()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b""),
        (FORM, b"List-Unsubscribe=one-click"),
        (FORM, b"List-Unsubscribe=One-Click&more=1"),
        (FORM, b"list-unsubscribe=One-Click"),
        (FORM, b"List-Unsubscribe=One-Click%00"),
        (MULTIPART, ONE_CLICK_PART.replace(b"One-Click\r", b"One-Click\0\r")),
        (FORM, b"action=other"),
        ({"Content-Type": "text/plain"}, b"action=leave"),
        ({"Content-Type": "application/json"}, b'{"List-Unsubscribe": "One-Click"}'),
        (MULTIPART, b"nothing of the kind"),
    ],
)
async def test_any_other_body_gets_the_page_and_changes_nothing(
    web: WebHarness, headers: dict[str, str], body: bytes
) -> None:
    reader = await web.add_reader(await web.add_list())
    before = await web.everything()
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
        response = await client.post(web.unsubscribe_path(reader), content=body, headers=headers)
    assert (200, page.text) == (response.status_code, response.text)
    assert before == await web.everything()


async def test_the_button_of_the_page_leaves_and_its_words_are_recorded(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
        assert ADA not in page.text
        response = await client.post(web.unsubscribe_path(reader), data={"action": "leave"})
    assert "ve unsubscribed" in response.text
    question = "Stop sending The Harbour Letter to a•••@r•••.example?"
    assert question in words_of(page.text)
    assert f"{question} [Unsubscribe]" == (await web.consent())[0]["text"]


async def test_who_has_left_is_told_so_and_so_is_whose_list_is_gone(web: WebHarness) -> None:
    number = await web.add_list()
    gone = await web.add_reader(number, state="unsubscribed")
    async with web.client() as client:
        for path in (web.unsubscribe_path(gone), web.unsubscribe_path(987654)):
            response = await client.get(path)
            assert (200, True) == (response.status_code, "You are not subscribed" in words_of(response.text))
            response = await client.post(path, content=ONE_CLICK, headers=FORM)
            assert 200 == response.status_code


async def test_links_outlive_a_rotation_of_keys(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    path = web.unsubscribe_path(reader)
    async with web.client() as client:
        web.keys = rotate_link_key(web.data)
        response = await client.post(path, content=ONE_CLICK, headers=FORM)
    assert 200 == response.status_code
    assert "unsubscribed" == (await web.subscription(reader)).state


async def test_an_invalid_token_is_404_with_one_page_whatever_its_purpose(web: WebHarness) -> None:
    """A token of one purpose does nothing in another's place."""
    reader = await web.add_reader(await web.add_list())
    before = await web.everything()
    tokens = {purpose: web.tokens.make(purpose, reader, 0) for purpose in WebPurpose}
    pages = set()
    async with web.client() as client:
        for room in ("confirm", "unsubscribe", "preferences"):
            wrong = [token for purpose, token in tokens.items() if purpose != room]
            for token in [*wrong, "x", "a.b", "A" * 300, tokens[WebPurpose(room)][:-1]]:
                for method in ("GET", "POST"):
                    response = await client.request(method, f"/{room}/{token}", data={"action": "leave"})
                    pages.add((response.status_code, response.text, response.headers["cache-control"]))
    assert [(404, "no-store")] == [(status, cache) for status, _, cache in pages]
    assert before == await web.everything()


async def test_a_test_copy_says_so_and_changes_nobody(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    before = await web.everything()
    paths = [
        web.unsubscribe_path(TEST_ID, 3),
        web.preferences_path(TEST_ID),
        f"/confirm/{web.tokens.make(WebPurpose.CONFIRM, TEST_ID, 0)}",
    ]
    async with web.client() as client:
        for path in paths:
            for response in (await client.get(path), await client.post(path, content=ONE_CLICK, headers=FORM)):
                assert (200, True) == (response.status_code, "This is a test copy" in response.text)
    assert before == await web.everything()


async def test_how_a_request_by_a_numbered_test_link_came_is_remembered_for_the_caller(web: WebHarness) -> None:
    """`pressrun doctor` asks the daemon how its own request arrived."""
    async with web.client(peer="192.0.2.7") as client:
        await client.get(web.unsubscribe_path(TEST_ID, 3))
    assert {"peer": "192.0.2.7", "port": 1234, "forwarded": (), "is_trusted": False} == web.arrived.describe(3)


async def test_confirming_once_twice_and_after_leaving(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
        path = web.confirm_path(await web.last_confirmation())
        page = await client.get(path)
        assert "Confirm subscription" in page.text
        first, second = await client.post(path), await client.post(path)
        assert "You&#39;re subscribed" in first.text
        assert (200, True) == (second.status_code, "already confirmed" in second.text)
        await client.post(web.unsubscribe_path(1), content=ONE_CLICK, headers=FORM)
        late = await client.post(path)
    assert (200, True) == (late.status_code, "sign up again" in late.text)
    assert "unsubscribed" == (await web.subscription(1)).state
    question = "Send The Harbour Letter to a•••@r•••.example?"
    assert f"{question} [Confirm subscription]" == (await web.consent())[1]["text"]


async def test_a_confirmation_that_is_too_old_is_404(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
        path = web.confirm_path(await web.last_confirmation())
        web.clock.now = NOW + 8 * 86400
        assert 404 == (await client.post(path)).status_code
    assert "pending" == (await web.subscription(1)).state
