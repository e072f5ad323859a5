"""The page of a held edition: what it shows, that looking changes nothing, and that its button works once."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.message.builders import PNG
from tests.web.house import NOW, House, open_house, words_of

from pressrun.core.edition import EditionState
from pressrun.core.tokens import WebPurpose
from pressrun.message.finding import warning
from pressrun.services.editions import pressing
from pressrun.services.editions.replacing import replace_drafts
from pressrun.store.drafts import PlainFinding
from pressrun.store.transaction import Transaction

FINDINGS: list[PlainFinding] = [
    warning("subject-exclamation", 4).plain(),
    ["warning", None, "boat.png has no alt text"],
]
SEND = {"action": "send"}


async def hold(house: House, *, readers: int = 2, **changes: Any) -> str:
    """A held edition of a list with readers; returns the path of its link."""
    list_id = await house.add_list()
    for number in range(readers):
        await house.add_reader(list_id, f"r{number}@reader.example")
    number = await house.add_edition(
        list_id, "boats", state="draft", started_at=None, **{"title": "Boats & <b>more</b>", **changes}
    )
    await house.hold_edition(list_id, number, FINDINGS, int(NOW) + 86400)
    return path_to(house, number)


def path_to(house: House, number: int, expires_at: int = int(NOW) + 86400) -> str:
    return f"/approve/{house.tokens.make(WebPurpose.APPROVE, number, expires_at)}"


async def state(house: House) -> str:
    return str((await house.rows("select state from edition order by id"))[0][0])


async def test_the_page_shows_the_edition_and_one_button(house: House) -> None:
    """Subject, list, audience of now, findings, the text, and the frame."""
    path = await hold(house)
    async with house.client() as client:
        page = await client.get(path)
    shown = words_of(page.text)
    for expected in (
        "Boats &amp; &lt;b&gt;more&lt;/b&gt;", "The Harbour Letter", "2 readers", "Line 4: The subject has",
        "boat.png has no alt text", "Send it to 2 readers", "The first boats came back on Monday.",
    ):  # fmt: skip
        assert expected in shown
    assert (200, 1) == (page.status_code, page.text.count("<button"))
    assert f'src="{path}/edition"' in page.text
    assert "<script" not in page.text


async def test_the_list_stands_above_the_edge_of_the_edition(house: House) -> None:
    """Header, content and footer of the wide page are equally wide."""
    async with house.client() as client:
        page = await client.get(await hold(house))
    wraps = [names.split() for names in re.findall(r'class="(wrap[^"]*)"', page.text)]
    assert [True] * 3 == ["wide" in names for names in wraps]


async def test_looking_changes_nothing(house: House) -> None:
    """GET, HEAD, and a POST that is none of the button's."""
    path = await hold(house)
    before = await house.everything()
    async with house.client() as client:
        for url in (path, f"{path}/edition"):
            assert [200, 200] == [(await client.get(url)).status_code, (await client.head(url)).status_code]
        for data in ({"x": "y"}, {"action": "other"}, {"List-Unsubscribe": "One-Click"}):
            assert "Send it to" in (await client.post(path, data=data)).text
    assert ("draft", before) == (await state(house), await house.everything())


async def test_the_button_sends_once(house: House) -> None:
    """The second time the page says so, by POST and by GET."""
    path = await hold(house)
    async with house.client() as client:
        first, second, third = [
            await client.post(path, data=SEND),
            await client.post(path, data=SEND),
            await client.get(path),
        ]
    assert "It is on its way" in first.text
    assert "It goes to 2 readers." in first.text
    for page in (second, third):
        assert "This edition was released already" in page.text
        assert "It is being sent. Delivered copies so far: 0." in page.text
        assert "<button" not in page.text
    assert [200, 200, 200] == [first.status_code, second.status_code, third.status_code]
    assert [("sending", 2)] == await house.rows("select state, audience from edition")
    assert [(2,)] == await house.rows("select count(*) from delivery")
    assert 1 == house.wakes


async def test_two_editors_at_the_same_moment_send_once(house: House) -> None:
    """Both have a link of their own to the same draft."""
    path = await hold(house)
    other = path_to(house, 1, int(NOW) + 90000)
    async with house.client() as client:
        pages = await asyncio.gather(*(client.post(url, data=SEND) for url in (path, other, path)))
    assert 1 == sum("It is on its way" in page.text for page in pages)
    assert [(2,)] == await house.rows("select count(*) from delivery")


async def test_without_a_reader_it_is_finished_at_once(house: House) -> None:
    """The page says so before and after."""
    path = await hold(house, readers=0)
    async with house.client() as client:
        before, after = await client.get(path), await client.post(path, data=SEND)
    assert "nothing is sent" in words_of(before.text)
    assert "The list has no reader" in after.text
    assert "finished" == await state(house)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_cancelled_edition_says_so(house: House, method: str) -> None:
    """And is not sent."""
    path = await hold(house)
    await house.database.write(pressing.cancel, 1, int(NOW))
    async with house.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert (200, True) == (page.status_code, "This edition was cancelled" in page.text)
    assert "cancelled" == await state(house)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_the_link_of_a_replaced_version_says_so(house: House, method: str) -> None:
    """Nothing of it is shown or sent, and no button is there."""
    path = await hold(house)
    newer = await house.add_edition(1, "newer", state="draft", started_at=None)
    await house.database.write(replace_drafts, [1], newer, int(NOW))
    async with house.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
        others = [await client.get(f"{path}/{part}") for part in ("edition", "preview", "asset/1-boat.png")]
    assert (200, True) == (page.status_code, "There is a newer version" in page.text)
    assert (0, [404] * 3) == (page.text.count("<button"), [other.status_code for other in others])
    assert [("cancelled",), ("draft",)] == await house.rows("select state from edition order by id")


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_list_that_was_closed_meanwhile_says_so(house: House, method: str) -> None:
    """And nothing is sent."""
    path = await hold(house)
    await house.close_list()
    async with house.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert (200, True) == (page.status_code, "This list is closed" in page.text)
    assert "draft" == await state(house)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_the_link_of_an_editor_who_was_removed_says_that_the_edition_was_cancelled(
    house: House, method: str
) -> None:
    """However the editor was removed; nothing of the edition is shown."""
    path = await hold(house)
    await house.write("delete from editor")
    async with house.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
        others = [await client.get(f"{path}/{part}") for part in ("edition", "preview", "asset/1-boat.png")]
    assert (200, True) == (page.status_code, "This edition was cancelled" in page.text)
    assert ([404] * 3, "draft") == ([other.status_code for other in others], await state(house))


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_link_does_nothing_while_editions_by_mail_are_switched_off(house: House, method: str) -> None:
    path = await hold(house)
    await house.write("update list set post_by_mail = 'off'")
    async with house.client() as client:
        page = await (client.get(path) if method == "get" else client.post(path, data=SEND))
    assert (200, True) == (page.status_code, "This list takes no editions by email now" in page.text)
    assert "draft" == await state(house)


async def test_an_invalid_link_is_the_same_page_as_any_other(house: House) -> None:
    """Forged, of another purpose, too old, for an edition that never was held or is gone."""
    path = await hold(house)
    plain = await house.add_edition(1, "plain")
    tokens = house.tokens
    bad = [
        "/approve/x", path[:-1], f"{path}x", path_to(house, 1, int(NOW) - 1), path_to(house, plain), path_to(house, 99),
        f"/approve/{tokens.make(WebPurpose.CONFIRM, 1, int(NOW) + 9)}",
        f"/approve/{tokens.make(WebPurpose.APPROVE, 1)}",
    ]  # fmt: skip
    async with house.client() as client:
        expected = (await client.get("/unsubscribe/x")).text
        for url in bad:
            for page in (await client.get(url), await client.post(url, data=SEND), await client.get(f"{url}/edition")):
                assert (404, expected) == (page.status_code, page.text)
            assert 404 == (await client.get(f"{url}/asset/1-boat.png")).status_code
    assert "draft" == await state(house)


async def test_the_headers_of_the_page(house: House) -> None:
    """Not stored, not indexed, no referrer, and a frame of our own alone."""
    path = await hold(house)
    async with house.client() as client:
        pages = [await client.get(path), await client.get(f"{path}/edition"), await client.post(path, data=SEND)]
    for page in pages:
        found = [page.headers[name] for name in ("cache-control", "referrer-policy", "x-robots-tag")]
        assert ["no-store", "no-referrer", "noindex"] == found
        assert "nosniff" == page.headers["x-content-type-options"]
    policy, frame = pages[0].headers["content-security-policy"], pages[1].headers["content-security-policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert frame.startswith("sandbox allow-popups")
    assert "allow-scripts" not in frame
    assert "allow-same-origin" not in frame
    assert "frame-ancestors 'self'" in frame


async def test_images_of_the_edition_are_shown_from_below_the_link(house: House) -> None:
    """They have no other address before the edition is out."""
    html = '<p><img src="/news/archive/boats/asset/1-boat.png" alt="a boat"></p>'
    path = await hold(house, html=html, assets=[("1-boat.png", "image/png", PNG)])
    async with house.client() as client:
        frame = await client.get(f"{path}/edition")
        image = await client.get(f"{path}/asset/1-boat.png")
        public = await client.get("/news/archive/boats/asset/1-boat.png")
        missing = await client.get(f"{path}/asset/2-boat.png")
    assert f'src="{path}/asset/1-boat.png"' in frame.text
    assert (200, PNG, "image/png") == (image.status_code, image.content, image.headers["content-type"])
    assert (404, 404) == (public.status_code, missing.status_code)
    assert "no-store" == image.headers["cache-control"]


async def test_a_text_edition_has_no_frame(house: House) -> None:
    """Its text stands on the page."""
    path = await hold(house, html=None)
    async with house.client() as client:
        page = await client.get(path)
    assert "<iframe" not in page.text
    assert "The first boats came back on Monday." in words_of(page.text)


async def test_other_methods_are_refused(house: House) -> None:
    """405, and nothing happens."""
    path = await hold(house)
    async with house.client() as client:
        answers: list[httpx.Response] = [
            await client.put(path),
            await client.delete(path),
            await client.post(f"{path}/edition"),
        ]
    assert [405, 405, 405] == [answer.status_code for answer in answers]
    assert "draft" == await state(house)


async def test_below_a_path_of_its_own(tmp_path: Path) -> None:
    """Frame and images are found where base_url has a path."""
    async with open_house(tmp_path, base_url="https://example.org/lists") as house:
        path = await hold(
            house, html='<img src="/news/archive/boats/asset/1-b.png" alt="b">', assets=[("1-b.png", "image/png", PNG)]
        )
        async with house.client() as client:
            page, frame = await client.get(path), await client.get(f"{path}/edition")
    assert f'src="/lists{path}/edition"' in page.text
    assert f'src="/lists{path}/asset/1-b.png"' in frame.text


async def test_what_became_of_a_released_edition(house: House) -> None:
    """Counts of what is with its readers."""
    path = await hold(house)

    def finish(tx: Transaction) -> None:
        tx._connection.execute("update edition set state = 'finished', audience = 2 where id = 1")
        for number in (1, 2):
            tx._connection.execute(
                "insert into delivery (edition_id, subscription_id, domain, state, due_at)"
                " values (1, ?, 'x', 'delivered', 1)",
                (number,),
            )

    await house.database.write(finish)
    async with house.client() as client:
        page = await client.get(path)
    assert EditionState.FINISHED.value == await state(house)
    assert "It is finished. Delivered copies: 2." in page.text
