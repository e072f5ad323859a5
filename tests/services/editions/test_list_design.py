"""A list's layout, colour, logo and footer: set, shown, and seen in its editions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.browser.pictures import logo
from tests.browser.specimens import layout_of_the_docs
from tests.message.builders import part, read, site, values
from tests.services.harness import ServiceHarness

from pressrun.core.errors import BadInput, LayoutError, NotFound
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions.build_orders import Manuscript, build, load_build_context
from pressrun.services.reports import list_descriptions
from pressrun.store.lists import lists

_KEYS = ("layout", "colour", "logo", "footer")
EDITION = Manuscript(source=b"---\nsubject: News\n---\nHello.\n", source_name="news.md", assets={})


async def _copy(services: ServiceHarness) -> bytes:
    file = EDITION.parse()
    context = await services.database.read(load_build_context, "news", file)
    return build(EDITION, file, context, site(), OwnLayouts(Path("/nowhere"))).skeleton.copy(values())


async def test_a_list_that_chose_nothing_is_a_letter(services: ServiceHarness) -> None:
    """`list show` says so."""
    await services.make_list()
    shown = await services.database.read(list_descriptions.show_list, "news")
    assert [getattr(shown, key) for key in _KEYS] == ["letter", None, None, ""]


async def test_what_is_set_is_shown_and_stands_in_the_next_edition(services: ServiceHarness) -> None:
    """Layout and colour in the HTML, the footer in both parts, the logo enclosed."""
    await services.make_list()
    settings = {"layout": "classic", "colour": "#B03", "logo": "pictures/mark.png", "footer": "From us."}
    shown = await services.lists.set_list("news", settings, {"logo": logo()})
    assert [getattr(shown, key) for key in _KEYS] == [
        "classic",
        "#bb0033",
        "mark.png",
        "From us.",
    ]
    copy = await _copy(services)
    assert 'bgcolor="#bb0033"' in part(copy, "html")
    assert "From us." in part(copy, "html")
    assert "From us." in part(copy, "plain")
    assert [
        mime_part.get_filename() for mime_part in read(copy).walk() if mime_part.get_content_type() == "image/png"
    ] == ["mark.png"]


async def test_empty_values_take_them_back(services: ServiceHarness) -> None:
    """Nothing of the logo stays in the database. That of another list does."""
    await services.make_list()
    await services.make_list("tides")
    await services.lists.set_list("tides", {"logo": "a.png"}, {"logo": logo()})
    await services.lists.set_list("news", {"colour": "#b03", "logo": "a.png", "footer": "x"}, {"logo": logo()})
    shown = await services.lists.set_list("news", {"colour": "", "logo": "", "footer": ""})
    assert [getattr(shown, key) for key in ("colour", "logo", "footer")] == [None, None, ""]
    assert [True, False] == [await services.database.read(lists.find_logo, number) is None for number in (1, 2)]
    assert b"image/png" not in await _copy(services)


async def test_another_logo_replaces_the_first(services: ServiceHarness) -> None:
    """The list's mark of it changes too, by which an edition under way is built anew."""
    await services.make_list()
    await services.lists.set_list("news", {"logo": "a.png"}, {"logo": logo()})
    first = await services.database.read(lists.find_list, "news")
    await services.lists.set_list("news", {"logo": "a.png"}, {"logo": logo(ink=(200, 0, 0))})
    second = await services.database.read(lists.find_list, "news")
    assert first is not None
    assert second is not None
    assert first.logo != second.logo


@pytest.mark.parametrize(
    ("settings", "files", "words"),
    [
        ({"layout": "fancy"}, {}, "no such layout: fancy. Choose one of letter, classic, notice, magazine"),
        ({"colour": "red"}, {}, "colour: invalid colour 'red'. Write it like #1a56c4"),
        ({"logo": "https://harbour.example/logo.png"}, {}, "load nothing from elsewhere"),
        ({"logo": "data:image/png;base64,AAAA"}, {}, "give a local file"),
        ({"logo": "logo.png"}, {}, "logo: the content of logo.png was not included"),
        ({"logo": "logo.svg"}, {"logo": b"<svg/>"}, "logo: logo.svg is not an image"),
        ({"footer": "x" * 2001}, {}, "footer: has 2001 characters"),
        ({"footer": "a\0b"}, {}, "footer: contains a control character"),
    ],
)
async def test_what_is_wrong_is_refused_and_changes_nothing(
    services: ServiceHarness, settings: dict[str, str], files: dict[str, bytes], words: str
) -> None:
    """All or none: a good setting beside a bad one is not kept either."""
    await services.make_list()
    before = await services.database.read(list_descriptions.show_list, "news")
    with pytest.raises(BadInput, match=words):
        await services.lists.set_list("news", {"title": "Other", **settings}, files)
    assert before == await services.database.read(list_descriptions.show_list, "news")


# ------------------------------------------------------------------------------------------- layouts of one's own


def _write(folder: Path, source: str) -> None:
    (folder / "layouts").mkdir(exist_ok=True)
    (folder / "layouts" / "own.html").write_text(source, encoding="utf-8")


async def test_a_layout_of_ones_own_is_tried_before_it_is_taken(services: ServiceHarness, tmp_path: Path) -> None:
    """What is missing in it is said at once, all of it, and the list keeps the layout that it has."""
    await services.make_list()
    _write(tmp_path, "<p>{{ list.title }}</p>")
    with pytest.raises(LayoutError) as refused:
        await services.lists.set_list("news", {"layout": "own"})
    assert ["content", "unsubscribe", "postal address"] == [
        word for word in ("content", "unsubscribe", "postal address") if word in str(refused.value)
    ]
    _write(tmp_path, "<p>{{ list.title }}, {{ field('town') }}</p>{{ content }}{{ footer }}")
    shown = await services.lists.set_list("news", {"layout": "own"})
    assert shown.layout == "own"


async def test_no_list_begins_with_a_layout_that_cannot_be_used(services: ServiceHarness, tmp_path: Path) -> None:
    _write(tmp_path, "<p>{{ list.title }}</p>")
    with pytest.raises(LayoutError):
        await services.lists.create_list("news", {"title": "News", "layout": "own"})
    with pytest.raises(NotFound):
        await services.database.read(list_descriptions.show_list, "news")


async def test_a_runaway_layout_is_refused_while_others_are_served(services: ServiceHarness, tmp_path: Path) -> None:
    """The event loop is free meanwhile."""
    await services.make_list()
    _write(tmp_path, "{% for a in range(1000) %}" * 4 + "{{ a }}" + "{% endfor %}" * 4)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with pytest.raises(LayoutError, match="the layout own"):
        await services.lists.set_list("news", {"layout": "own"})
    ticking.cancel()
    assert ticks > 2  # a loop that is held up ticks once


async def test_an_edition_in_a_layout_that_is_gone_is_refused_with_its_name(
    services: ServiceHarness, tmp_path: Path
) -> None:
    """Sending it in another look would be a surprise."""
    await services.make_list()
    _write(tmp_path, "{{ content }}{{ footer }}")
    await services.lists.set_list("news", {"layout": "own"})
    (tmp_path / "layouts" / "own.html").unlink()
    with pytest.raises(LayoutError, match="the layout own cannot be read from"):
        await _copy(services)


async def test_the_layout_of_the_docs_can_be_taken(services: ServiceHarness, tmp_path: Path) -> None:
    """What docs/layouts.md offers to begin with holds all that it must."""
    await services.make_list()
    _write(tmp_path, layout_of_the_docs())
    shown = await services.lists.set_list("news", {"layout": "own"})
    assert shown.layout == "own"
