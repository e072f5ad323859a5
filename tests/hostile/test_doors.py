"""No door lets an author's text into a parser of the daemon's own process: a text of 1 MiB can take a parser hours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.hostile.parsers import ParsedHere, watched_parsers
from tests.inbound.mailroom import open_mailroom
from tests.services.harness import NOW, open_services
from tests.services.incoming.posts import BELIEVED, DKIM, answers, post, prepare, set_list
from tests.web.admin.admin_harness import open_admin
from tests.web.admin.states import STATES, walk
from tests.web.api.served import ServedApi
from tests.web.harness import WebHarness, open_web
from tests.web.states import open_town

from pressrun.acts.arguments import ArchiveMessage, EditionFiles, EditionSend, EditionTest, ListSettings
from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door
from pressrun.acts.table import ACTS
from pressrun.message.content.html import clean_html

SOURCE = b"---\nsubject: Boats\n---\n# Boats\n\n<b style='color: red'>They</b> are *back*.\n"
WELCOME = b"---\nsubject: Welcome\n---\n<b>Hello</b> and *welcome*.\n"
MAIL = b"From: a@x.example\r\nSubject: Boats\r\nContent-Type: text/html\r\n\r\n<b>Hello</b>\r\n"
MARKDOWN = {"Content-Type": "text/markdown", "X-File": "boats.md"}
PICTURE = {"Content-Type": "image/png"}
LAYOUT = "<html><body>{{ content }}{{ footer }}</body></html>"

# Requests of programs, in order: the act, the method, the path, and what comes with it.
API: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("edition.draft", "POST", "lists/news/editions", {"content": SOURCE, "headers": MARKDOWN}),
    ("edition.draft", "POST", "lists/news/editions", {"json": {"subject": "A", "html": "<b>a", "submit": True}}),
    ("edition.draft", "POST", "lists/news/editions", {"content": MAIL, "headers": {"Content-Type": "message/rfc822"}}),
    ("edition.draft", "POST", "lists/news/editions", {"files": [("file", ("a.md", SOURCE)), ("b", ("b.png", b"x"))]}),
    ("edition.rewrite", "PUT", "editions/1/source", {"content": SOURCE + b"More.", "headers": MARKDOWN}),
    ("edition.change", "PATCH", "editions/1", {"json": {"subject": "Ships", "markdown": "*New* body"}}),
    ("edition.put_file", "PUT", "editions/1/assets/a.png", {"content": b"x", "headers": PICTURE}),
    ("edition.remove_file", "DELETE", "editions/1/assets/a.png", {}),
    ("edition.text", "GET", "editions/1/source", {}),
    ("edition.files", "GET", "editions/1/assets", {}),
    ("edition.revisions", "GET", "editions/1/revisions", {}),
    ("edition.revision", "GET", "editions/1/revisions/1", {}),
    ("edition.findings", "GET", "editions/1/findings", {}),
    ("edition.preview", "GET", "editions/1/preview", {}),
    ("edition.proof", "POST", "editions/1/test", {"json": {"to": ["eve@harbour.example"]}}),
    ("edition.submit", "POST", "editions/1/submit", {}),
    ("edition.return", "POST", "editions/1/return", {"json": {"words": "No."}}),
    ("edition.submit", "POST", "editions/1/submit", {}),
    ("edition.approve", "POST", "editions/1/approve", {}),
    ("edition.schedule", "POST", "editions/1/schedule", {"json": {"at": "2032-01-01T00:00:00Z"}}),
    ("edition.cancel", "POST", "editions/1/cancel", {}),
    ("edition.release", "POST", "editions/2/send", {"json": {"expect_audience": {"max": 0}}}),
    ("edition.ls", "GET", "lists/news/editions", {}),
    ("edition.show", "GET", "editions/2", {}),
    ("edition.report", "GET", "editions/2/report", {}),
    ("edition.copies", "GET", "editions/2/copies", {}),
    ("edition.discard", "DELETE", "editions/3", {}),
)  # fmt: skip
_FILES: dict[str, Any] = {"list": "news", "source": SOURCE, "source_name": "shell.md"}
# What the shell has the daemon do, in order.
SHELL: tuple[tuple[str, Any], ...] = (
    ("list.set", ListSettings(list="news", settings={"welcome": "w.md"}, files={"welcome": WELCOME})),
    ("list.set", ListSettings(list="news", settings={"layout": "quay"})),
    ("list.create", ListSettings(list="tides", settings={"title": "Tides", "layout": "quay"})),
    ("edition.inspect", EditionFiles(**_FILES)),
    ("edition.test", EditionTest(**_FILES, addresses=("eve@harbour.example",))),
    ("edition.send", EditionSend(**_FILES)),
    ("moving-in.message", ArchiveMessage(list="news", source=MAIL, published_at=NOW - 9, identity="1")),
)
# These get a text or work on an edition, and parse nothing of it: they change what is in rows of its own.
WITHOUT_TEXT = frozenset({
    "edition.pause", "edition.resume", "edition.move", "edition.link", "edition.unlink", "edition.resend",
    "edition.file", "list.import", "list.sync",
})  # fmt: skip
_OF_TEXTS = frozenset({"source", "content", "file", "files"})


@pytest_asyncio.fixture
async def web(tmp_path: Path) -> AsyncIterator[WebHarness]:
    async with open_web(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedApi]:
    async with open_services(tmp_path) as services:
        await services.make_list()
        for folder in (tmp_path / "layouts", services.path / "layouts"):
            folder.mkdir()
            (folder / "quay.html").write_text(LAYOUT, encoding="utf-8")
        yield ServedApi(services)


def test_every_act_on_texts_is_among_the_doors() -> None:
    """A new one that gets a text, or works on an edition, comes with its row."""
    takes = {name for name, act in ACTS.items() if name.startswith("edition.")}
    takes |= {name for name, act in ACTS.items() if _OF_TEXTS & set(act.arguments.__struct_fields__)}
    assert takes == {act for act, *_ in (*API, *SHELL)} | WITHOUT_TEXT


def test_the_watch_sees_every_parser() -> None:
    """Outside of a helper even a harmless text is caught."""
    with watched_parsers() as watch, pytest.raises(ParsedHere):
        clean_html("<b>a")
    assert ["clean for pressrun.message.content.html.__init__"] == watch.caught


async def test_no_request_of_a_program_parses_here(served: ServedApi) -> None:
    """Each succeeds, and helpers do what there is to parse."""
    with watched_parsers() as watch:
        async with served.client() as client, served.client() as another:
            for act, method, path, options in API:
                asks = another if act == "edition.approve" else client
                answer = await asks.request(method, path, **await _with_revision(client, act, path, options))
                assert (act, [], True) == (act, watch.caught, answer.is_success), answer.text
    assert watch.helped > len(API)


async def _with_revision(client: httpx.AsyncClient, act: str, path: str, options: dict[str, Any]) -> dict[str, Any]:
    http = ACTS[act].http
    assert http is not None
    if "revision" not in http.headers:
        return options
    shown = await client.get("/".join(path.split("/")[:2]))
    return {**options, "headers": {**options.get("headers", {}), "If-Match": shown.headers["ETag"]}}


async def test_nothing_that_the_shell_asks_for_parses_here(served: ServedApi) -> None:
    """Sending, testing, welcome emails, layouts and old archives among it."""
    door = Door(served.cases)
    with watched_parsers() as watch:
        for act, arguments in SHELL:
            await door.carry_out(Call(act=act, arguments=arguments, caller=Caller.at_shell("root", 0)))
            assert (act, []) == (act, watch.caught)
    assert watch.helped > len(SHELL)


async def test_no_edition_by_mail_is_parsed_here(tmp_path: Path) -> None:
    """Held and sent at once, as text, HTML and as a file; and the pages of its link."""
    async with open_mailroom(tmp_path, believed=BELIEVED) as room:
        await prepare(room)
        with watched_parsers() as watch:
            await answers(room, post())
            await answers(room, _page(2))
            await set_list(room, post_by_mail="direct")
            await answers(room, post(number=3, Authentication_Results=DKIM))
        assert ([], True) == (watch.caught, watch.helped > 3)


def _page(number: int) -> bytes:
    return post("<b>Hello</b>", {"Content-Type": "text/html"}, number=number)


async def test_no_page_parses_here(tmp_path: Path) -> None:
    """Each page in each of its states: of readers, archives, approvals and previews."""
    async with open_town(tmp_path) as town:
        with watched_parsers() as watch:
            async for state in town.states():
                assert (state.name, []) == (state.name, watch.caught)
    assert watch.helped


async def test_no_page_of_operators_parses_here(tmp_path: Path) -> None:
    async with open_admin(tmp_path) as admin:
        names = set()
        with watched_parsers() as watch:
            async for name, _, _ in walk(admin):
                assert (name, []) == (name, watch.caught)
                names.add(name)
    assert set(STATES) <= names


_LONG = 1 << 19  # in characters
_SHOWING = ("/news/archive/first", "/news/archive", "/news", "/news/feed.atom", "/news/feed.json")
# What could keep a pattern busy: it looks like tags, attributes, styles or headings, and is none.
_HEAVY = (
    '<table title="' + "<table " * (_LONG // 7) + '" role="presentation"><tr><td>x',
    '<p title="' + "<img src=" * (_LONG // 9) + '">x',
    '<p title="' + "'" * _LONG + '">x',
    "&lt;img src=" * (_LONG // 12),
    "<p>width" + " " * _LONG + "x",
    "<table><tr><td>" * (_LONG // 15),
    "=" * _LONG + "\n" + "-" * _LONG + "x",
)


@pytest.mark.parametrize("source", _HEAVY, ids=lambda source: source[:14])
async def test_what_an_archive_page_does_with_an_edition_is_linear(web: WebHarness, source: str) -> None:
    """The daemon itself places pictures and moves headings (`rewrite_images`, `inline_fragment`).

    Their patterns read clean HTML once, since each `<` in it is that of a tag, and an attribute ends at its quote. With
    the square of its length it would take half an hour.
    """
    number = await web.add_list()
    await web.add_edition(number, html=clean_html(source).body, text=source)
    async with web.client() as client:
        began = time.process_time()
        answers = [await client.get(path) for path in _SHOWING]
    assert {200} == {answer.status_code for answer in answers}
    assert time.process_time() - began < 30
