"""The page of a held edition: what it shows, that looking changes nothing, and that its button works once."""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.browser.chromium import Browser, Scheme, Window
from tests.browser.site import open_site
from tests.database import execute
from tests.editions.inline_builder import InlineMaker
from tests.hostile.hostile import KEPT, RAN, SUFFIXES, hostile_edition, open_canary
from tests.message.builders import PNG, build, edition
from tests.web.harness import NOW, WebHarness, words_of

from pressrun.core.errors import EditionError
from pressrun.core.signing.tokens import WebPurpose
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.finding import warning
from pressrun.services.editions import lifecycle
from pressrun.store.editions import drafts
from pressrun.store.editions.drafts import PlainFinding
from pressrun.store.queue import copy_counts

FINDINGS: list[PlainFinding] = [
    warning("subject-exclamation", 4).plain(),
    ["warning", None, "boat.png has no alt text"],
]
SEND = {"action": "send"}


SOURCE = edition("The first boats came back on **Monday**.\n\n![A boat](boat.png)", subject="Boats & <b>more</b>")


async def hold(
    web: WebHarness, source: str | bytes = SOURCE, suffix: str = ".md", *, readers: int = 2, **changes: Any
) -> str:
    """A held edition of a list with readers; returns the path of its link."""
    skeleton = build(source, suffix, assets={"boat.png": PNG}).skeleton.encode()
    list_id = await web.add_list()
    for number in range(readers):
        await web.add_reader(list_id, f"r{number}@reader.example")
    values = {"title": "Boats & <b>more</b>", "skeleton": skeleton, **changes}
    number = await web.add_edition(list_id, "boats", state="draft", started_at=None, **values)
    await web.hold_edition(list_id, number, FINDINGS, int(NOW) + 86400)
    return path_to(web, number)


def path_to(web: WebHarness, number: int, expires_at: int = int(NOW) + 86400) -> str:
    return f"/approve/{web.tokens.make(WebPurpose.APPROVE, number, expires_at)}"


@pytest.fixture
def unshown(monkeypatch: pytest.MonkeyPatch) -> str:
    """Copies that cannot be shown, and why."""
    reason = "building the edition took longer than 10 s of processor time. Make it simpler or shorter"

    async def show(_maker: InlineMaker, _message: bytes) -> ShownMessage:
        raise EditionError(reason)

    monkeypatch.setattr(InlineMaker, "show", show)
    return reason


async def state(web: WebHarness) -> str:
    return str((await web.rows("select state from edition order by id"))[0][0])


async def test_the_page_shows_the_edition_and_one_button(web: WebHarness) -> None:
    """Subject, list, audience of now, findings, what an inbox shows, the text part, and the frame."""
    path = await hold(web)
    async with web.client() as client:
        page = await client.get(path)
    shown = words_of(page.text)
    for expected in (
        "Boats &amp; &lt;b&gt;more&lt;/b&gt;", "The Harbour Letter", "2 readers", "Line 4: The subject has",
        "boat.png has no alt text", "Send it to 2 readers", "The first boats came back on *Monday*.",
        "From The Harbour Letter", "Unsubscribe:",
    ):  # fmt: skip
        assert expected in shown
    assert (200, 1) == (page.status_code, page.text.count("<button"))
    assert f'src="{path}/edition"' in page.text
    assert "<script" not in page.text


async def test_no_page_of_an_editor_offers_what_readers_are_offered(web: WebHarness) -> None:
    """Neither the footer nor the archive; the name of the list stands above."""
    path = await hold(web)
    async with web.client() as client:
        pages = [await client.get(path), await client.get(f"{path}?discard=1"), await client.post(path, data=SEND)]
    for page in pages:
        assert "<footer" not in page.text
        assert "Subscribe or unsubscribe" not in words_of(page.text)
        assert 'href="/news/archive"' not in page.text
        assert '<a class="brand" href="/news"' in page.text


@pytest.mark.parametrize("tag", ["en", "de"])
async def test_a_copy_that_cannot_be_shown_can_only_be_discarded(
    web: WebHarness, unshown: str, tag: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The page says what is wrong, and so does each part of it; nothing failed here."""
    path = await hold(web)
    async with web.client() as client:
        client.headers["Accept-Language"] = tag
        pages = [await client.get(f"{path}{part}") for part in ("", "/edition", "/preview")]
        held = await client.post(path, data={"action": "look"})
        question = await client.get(f"{path}?discard=1")
        gone = await client.post(path, data={"action": "discard"})
    assert [200, 422, 422] == [page.status_code for page in pages]
    for page in (*pages, held):
        assert unshown in words_of(page.text)
    assert ('value="send"' in pages[0].text, 'value="discard"' in pages[0].text) == (False, True)
    assert [200, 200] == [question.status_code, gone.status_code]
    assert ("cancelled", []) == (await state(web), caplog.records)


async def test_looking_changes_nothing(web: WebHarness) -> None:
    """GET, HEAD, and a POST that is none of the button's."""
    path = await hold(web)
    before = await web.everything()
    async with web.client() as client:
        for url in (path, f"{path}/edition"):
            assert [200, 200] == [(await client.get(url)).status_code, (await client.head(url)).status_code]
        for data in ({"x": "y"}, {"action": "other"}, {"List-Unsubscribe": "One-Click"}):
            assert "Send it to" in (await client.post(path, data=data)).text
    assert ("draft", before) == (await state(web), await web.everything())


async def test_the_button_sends_once(web: WebHarness) -> None:
    """The second time the page says so, by POST and by GET."""
    path = await hold(web)
    async with web.client() as client:
        first, second, third = [
            await client.post(path, data=SEND),
            await client.post(path, data=SEND),
            await client.get(path),
        ]
    for page in (first, second, third):
        assert "Readers 2 Delivered 0 Waiting 2 Failed 0" in words_of(page.text)
        assert f'href="{path}">Refresh' in page.text
        assert "<button" not in page.text
        assert 'http-equiv="refresh"' not in page.text
    for page, title in ((first, "It's on its way"), (second, "already approved"), (third, "It's on its way")):
        assert title in words_of(page.text)
    assert [200, 200, 200] == [first.status_code, second.status_code, third.status_code]
    assert [("sending", 2)] == await web.rows("select state, audience from edition")
    assert [(2,)] == await web.rows("select count(*) from delivery")
    assert 1 == web.wakes


async def test_an_edition_that_must_not_start_says_why(web: WebHarness) -> None:
    """Its issue went out so long ago that nobody knows who had it. It stays a draft, and an operator can mend that."""
    path = await hold(web)
    await web.add_edition(1, "ships")
    for change in (
        "update list set family = 'harbour'",
        "update edition set issue = 'spring'",
        "update edition set copies_removed_at = 1 where slug = 'ships'",
    ):
        await execute(web.database, change)
    async with web.client() as client:
        page = await client.post(path, data=SEND)
    assert (409, ["draft", "finished"]) == (
        page.status_code,
        [name for (name,) in await web.rows("select state from edition order by id")],
    )
    assert "nobody can tell who has had this issue" in words_of(page.text)


async def test_what_has_changed_since_it_was_shown_is_shown_again(web: WebHarness) -> None:
    """Nobody sends what they have not seen. A POST without a version sends what is there, as it always has."""
    path = await hold(web)
    row = "insert into manuscript (edition_id, number, text_number, first_digest) values (1, 1, 1, ?)"
    await execute(web.database, row, b"0" * 32)
    async with web.client() as client:
        [version] = re.findall(r'name="version" value="(\d+)"', (await client.get(path)).text)
        await execute(web.database, "update manuscript set number = 2")
        late = await client.post(path, data={**SEND, "version": version})
        assert (409, "draft") == (late.status_code, await state(web))
        assert ("1", True) == (version, "somebody has changed this edition" in words_of(late.text))
        [version] = re.findall(r'name="version" value="(\d+)"', late.text)
        sent = await client.post(path, data={**SEND, "version": version})
    assert (200, "sending") == (sent.status_code, await state(web))


async def test_what_has_changed_since_it_was_shown_is_not_discarded(web: WebHarness) -> None:
    """Neither since the page of the draft nor since the page that asks."""
    path = await hold(web)
    row = "insert into manuscript (edition_id, number, text_number, first_digest) values (1, 1, 1, ?)"
    await execute(web.database, row, b"0" * 32)
    async with web.client() as client:
        [way] = re.findall(r'href="([^"]+discard=1[^"]*)"', (await client.get(path)).text)
        asked = await client.get(html.unescape(way))
        [version] = re.findall(r'name="version" value="(\d+)"', asked.text)
        await execute(web.database, "update manuscript set number = 2")
        late = [await client.get(html.unescape(way))]
        late += [await client.post(url, data={"action": "discard", "version": version}) for url in (path, way)]
        for page in late:
            assert (409, True) == (page.status_code, "somebody has changed this edition" in words_of(page.text))
        assert "draft" == await state(web)
        done = await client.post(path, data={"action": "discard", "version": "2"})
    assert ("cancelled", True) == (await state(web), "Draft discarded" in done.text)


async def test_two_editors_at_the_same_moment_send_once(web: WebHarness) -> None:
    """Both have a link of their own to the same draft."""
    path = await hold(web)
    other = path_to(web, 1, int(NOW) + 90000)
    async with web.client() as client:
        pages = await asyncio.gather(*(client.post(url, data=SEND) for url in (path, other, path)))
    assert 1 == sum("It's on its way" in words_of(page.text) for page in pages)
    assert [(2,)] == await web.rows("select count(*) from delivery")


async def test_without_a_reader_it_is_finished_at_once(web: WebHarness) -> None:
    """The page says so before and after."""
    path = await hold(web, readers=0)
    async with web.client() as client:
        before, after = await client.get(path), await client.post(path, data=SEND)
    assert "no email is sent" in words_of(before.text)
    assert "no email was sent" in words_of(after.text)
    assert "finished" == await state(web)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("changed_to", "words"), [("scheduled", "It is scheduled. 2 January 2030, 03:04 UTC"), ("paused", "resumes it")]
)
async def test_an_edition_that_has_not_started_says_what_it_waits_for(
    web: WebHarness, method: str, changed_to: str, words: str
) -> None:
    """Somebody has scheduled the draft by the shell; nobody has been counted yet, which is no lack of readers."""
    path = await hold(web)
    await web.write(f"update edition set state = '{changed_to}', scheduled_at = 1893553440")
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert ("This edition was already approved" in page.text, words in words_of(page.text)) == (True, True)
    assert (0, changed_to) == (page.text.count("<button"), await state(web))


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_cancelled_edition_says_so(web: WebHarness, method: str) -> None:
    """And is not sent."""
    path = await hold(web)
    await web.database.write(lifecycle.cancel, 1, int(NOW))
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert (200, True) == (page.status_code, "This edition was cancelled" in page.text)
    assert "cancelled" == await state(web)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_the_link_of_a_replaced_version_says_so(web: WebHarness, method: str) -> None:
    """Nothing of it is shown or sent, and no button is there."""
    path = await hold(web)
    newer = await web.add_edition(1, "newer", state="draft", started_at=None)
    await web.database.write(lifecycle.cancel, 1, int(NOW))
    await web.database.write(drafts.replace_draft, 1, newer)
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
        others = [await client.get(f"{path}/{part}") for part in ("edition", "preview")]
    assert (200, True) == (page.status_code, "There's a newer version" in words_of(page.text))
    assert (0, [404] * 2) == (page.text.count("<button"), [other.status_code for other in others])
    assert [("cancelled",), ("draft",)] == await web.rows("select state from edition order by id")


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_list_that_was_closed_meanwhile_says_so(web: WebHarness, method: str) -> None:
    """And nothing is sent."""
    path = await hold(web)
    await web.close_list()
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert (200, True) == (page.status_code, "This newsletter is closed" in page.text)
    assert "draft" == await state(web)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_the_link_of_an_editor_who_was_removed_says_that_the_edition_was_cancelled(
    web: WebHarness, method: str
) -> None:
    """However the editor was removed; nothing of the edition is shown."""
    path = await hold(web)
    await web.write("delete from permission")
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
        others = [await client.get(f"{path}/{part}") for part in ("edition", "preview")]
    assert (200, True) == (page.status_code, "This edition was cancelled" in page.text)
    assert ([404] * 2, "draft") == ([other.status_code for other in others], await state(web))


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_link_that_is_not_enough_says_who_has_to_approve(web: WebHarness, method: str) -> None:
    path = await hold(web)
    await web.write("update list set approval = 'second-person'")
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    is_said = "Someone else has to approve" in page.text
    assert (200, True, "draft") == (page.status_code, is_said, await state(web))


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_link_does_nothing_while_editions_by_mail_are_switched_off(web: WebHarness, method: str) -> None:
    path = await hold(web)
    await web.write("update list set post_by_mail = 'off'")
    async with web.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert (200, True) == (
        page.status_code,
        "This newsletter doesn't accept editions by email at the moment" in words_of(page.text),
    )
    assert "draft" == await state(web)


async def test_an_invalid_link_is_the_same_page_as_any_other(web: WebHarness) -> None:
    """Forged, of another purpose, too old, for an edition that never was held or is gone."""
    path = await hold(web)
    plain = await web.add_edition(1, "plain")
    tokens = web.tokens
    bad = [
        "/approve/x", path[:-1], f"{path}x", path_to(web, 1, int(NOW) - 1), path_to(web, plain), path_to(web, 99),
        f"/approve/{tokens.make(WebPurpose.CONFIRM, 1, int(NOW) + 9)}",
        f"/approve/{tokens.make(WebPurpose.APPROVE, 1)}",
    ]  # fmt: skip
    async with web.client() as client:
        expected = (await client.get("/unsubscribe/x")).text
        for url in bad:
            for page in (await client.get(url), await client.post(url, data=SEND), await client.get(f"{url}/edition")):
                assert (404, expected) == (page.status_code, page.text)
            assert 404 == (await client.get(f"{url}/preview")).status_code
    assert "draft" == await state(web)


async def test_the_headers_of_the_page(web: WebHarness) -> None:
    """Not stored, not indexed, no referrer, and a frame of our own alone."""
    path = await hold(web)
    async with web.client() as client:
        pages = [await client.get(path), await client.get(f"{path}/edition"), await client.post(path, data=SEND)]
    for page in pages:
        headers = [page.headers[name] for name in ("cache-control", "referrer-policy", "x-robots-tag")]
        assert ["no-store", "no-referrer", "noindex"] == headers
        assert "nosniff" == page.headers["x-content-type-options"]
    policy, frame = pages[0].headers["content-security-policy"], pages[1].headers["content-security-policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert frame.startswith("sandbox allow-popups")
    assert "allow-scripts" not in frame
    assert "allow-same-origin" not in frame
    assert "frame-ancestors 'self'" in frame


async def test_the_frame_shows_a_copy_as_it_is_sent(web: WebHarness) -> None:
    """Layout, greeting, footer and unsubscribe link, the image from inside it; no page of ours opens in the frame."""
    path = await hold(web)
    async with web.client() as client:
        frame = await client.get(f"{path}/edition")
        public = await client.get("/news/archive/boats")
    assert "data:image/png;base64," in frame.text
    assert "cid:" not in frame.text
    assert '<base target="_blank">' in frame.text
    assert "/unsubscribe/" in frame.text
    assert "Harbour Office" in words_of(frame.text)
    assert 404 == public.status_code


async def test_a_text_edition_has_no_frame(web: WebHarness) -> None:
    """Its text stands on the page."""
    path = await hold(web, edition("The first boats came back on Monday."), ".txt", html=None)
    async with web.client() as client:
        page, frame = await client.get(path), await client.get(f"{path}/edition")
    assert ("<iframe" not in page.text, 404) == (True, frame.status_code)
    assert "The first boats came back on Monday." in words_of(page.text)


async def test_other_methods_are_refused(web: WebHarness) -> None:
    """405, and nothing happens."""
    path = await hold(web)
    async with web.client() as client:
        answers: list[httpx.Response] = [
            await client.put(path),
            await client.delete(path),
            await client.post(f"{path}/edition"),
        ]
    assert [405, 405, 405] == [answer.status_code for answer in answers]
    assert "draft" == await state(web)


@pytest.mark.parametrize(
    ("state", "delivered", "expected"),
    [
        ("finished", 2, ("Sent", "Readers 2 Delivered 2 Waiting 0 Failed 0", False)),
        ("paused", 1, ("Paused", "Readers 2 Delivered 1 Waiting 1 Failed 0", True)),
        ("cancelled", 1, ("Stopped", "Readers 2 Delivered 1 Waiting 0 Failed 0 Not sent 1", False)),
    ],
)
async def test_what_became_of_a_released_edition(
    web: WebHarness, state: str, delivered: int, expected: tuple[str, str, bool]
) -> None:
    """Its copies, counted; a link to look again while that may change."""
    path = await hold(web)
    async with web.client() as client:
        await client.post(path, data=SEND)
        first = f"select id from delivery where edition_id is not null order by id limit {delivered}"
        await web.write(f"update delivery set state = 'delivered' where id in ({first})")
        await web.database.write(copy_counts.recount, 1)
        if state == "cancelled":
            await web.database.write(lifecycle.cancel, 1, int(NOW))
        await web.write(f"update edition set state = '{state}'")
        page = await client.get(path)
    title, counts, refreshes = expected
    assert [f"<h1>{title}</h1>"] == re.findall(r"<h1>.*</h1>", page.text)
    assert counts in words_of(page.text)
    assert refreshes is ("Refresh" in page.text)


@pytest.mark.parametrize(("archive", "is_offered"), [("public", True), ("members", False), ("off", False)])
async def test_the_way_to_the_archive_is_for_an_archive_that_is_open(
    web: WebHarness, archive: str, is_offered: bool
) -> None:
    """Elsewhere the page of the edition would be missing, or ask the editor who they are."""
    path = await hold(web)
    async with web.client() as client:
        await client.post(path, data=SEND)
        await web.write(f"update list set archive = '{archive}'")
        await web.write(f"update edition set state = 'finished', first_claim_at = {int(NOW)}")
        page = await client.get(path)
    assert is_offered is ('href="/news/archive/boats"' in page.text)


async def test_the_report_is_there_once_it_is_out(web: WebHarness) -> None:
    """That of the command, which names no reader; not before, and not for an editor who was removed."""
    path = await hold(web)
    async with web.client() as client:
        before = await client.get(f"{path}/report")
        sent = await client.post(path, data=SEND)
        await web.write("update delivery set state = 'failed', reply = '550 no <r0@reader.example>' where id = 1")
        report = await client.get(f"{path}/report")
        await web.write("delete from permission")
        after = await client.get(f"{path}/report")
    assert [404, 200, 404] == [before.status_code, report.status_code, after.status_code]
    assert f'href="{path}/report"' in sent.text
    assert "What happened to the copies Readers 2" in words_of(report.text)
    assert "r0@reader.example" not in report.text
    policy = report.headers["content-security-policy"]
    assert ("script" in policy, "frame-ancestors 'none'" in policy) == (False, True)
    assert report.headers["cache-control"] == "no-store"


# ---------------------------------------------------------------------- discarding it


async def test_a_draft_is_discarded_by_a_page_that_asks(web: WebHarness) -> None:
    """A link leads there, one button does it; the link of the draft says so from then on."""
    path = await hold(web)
    async with web.client() as client:
        draft, asked = await client.get(path), await client.get(f"{path}?discard=1")
        assert "draft" == await state(web)
        done = await client.post(f"{path}?discard=1", data={"action": "discard"})
        again = await client.post(path, data={"action": "discard"})
        sent = await client.post(path, data=SEND)
    assert f'href="{path}?discard=1&amp;version=0"' in draft.text
    assert (1, 'value="discard"' in asked.text) == (asked.text.count("<button"), True)
    assert "Draft discarded" in done.text
    for page in (again, sent):
        assert "This edition was cancelled" in page.text
    assert [("cancelled", 0)] == await web.rows("select state, audience from edition")
    assert [(0,)] == await web.rows("select count(*) from delivery")


async def test_what_was_sent_is_not_discarded(web: WebHarness) -> None:
    """Of two editors, one sends and the other discards: the first to press wins, and both read what became of it."""
    path = await hold(web)
    async with web.client() as client:
        await client.post(path, data=SEND)
        page = await client.post(path, data={"action": "discard"})
    assert ("sending", True) == (await state(web), "already approved" in page.text)


# ---------------------------------------------------------------------- in a browser


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "light"), (320, "dark"), (1280, "dark")])
@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_everybody_can_read_and_use_it(browser: Browser, width: int, scheme: Scheme, tmp_path: Path) -> None:
    """Every page: no finding of axe, nothing beyond the edge; as wide as a phone first, then as a desk has it."""
    async with open_site(tmp_path) as web, browser.window(width=width, scheme=scheme) as window:
        link = web.site.base_url + await hold(web)
        for url in (f"{link}?discard=1", link):
            await window.go(url)
            assert ([], []) == (await window.axe(), await window.sideways())
        frame = window.page.locator("iframe.mail")
        phone = await frame.bounding_box()
        await window.page.click("label[for=desktop]")
        desktop = await frame.bounding_box()
        assert phone is not None
        assert desktop is not None
        assert (min(375, width - 40), True) == (round(phone["width"]), desktop["width"] >= phone["width"])
        await window.page.click("button[value=send]")
        assert ([], []) == (await window.axe(), await window.sideways())
        assert ([], []) == (window.outside, window.errors)


@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_the_frame_is_as_dark_as_the_editor_wants(browser: Browser, tmp_path: Path) -> None:
    """Though the system is light, and without a script; the style sheet of the email is told."""
    dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    async with open_site(tmp_path) as web, await browser.chromium.new_context(color_scheme="null") as context:
        window = Window(await context.new_page())
        await window.go(web.site.base_url + await hold(web))
        shown = [await window.page.frames[1].evaluate(dark)]
        await window.page.click("label[for=dark]")
        shown.append(await window.page.frames[1].evaluate(dark))
    assert [False, True] == shown


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_hostile_edition_runs_and_fetches_nothing(browser: Browser, suffix: str, tmp_path: Path) -> None:
    """In whatever format it comes: it stays in its frame, and nothing beside the page and the frame is asked for."""
    async with open_canary() as canary, open_site(tmp_path) as web, browser.window() as window:
        link = web.site.base_url + await hold(web, hostile_edition(suffix, canary.address), suffix)
        await window.go(link)
        await window.page.click("label[for=dark]")
        await window.page.click("label[for=desktop]")
        assert KEPT in await window.page.frames[1].content()
        titles = [await frame.title() for frame in window.page.frames]
        assert (2, []) == (len(titles), [title for title in titles if title.startswith(RAN)])
        assert ([link, f"{link}/edition"], [], [], []) == (
            window.requests, window.outside, window.dialogs, window.errors
        )  # fmt: skip
        assert [] == canary.caught
