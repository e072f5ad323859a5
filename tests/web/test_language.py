"""In which language a page speaks: the reader's, else the one that is named, else the list's, else the browser's."""

from __future__ import annotations

import contextvars
import re
from html.parser import HTMLParser

import httpx
import pytest
from msgspec.structs import replace
from tests.database import execute_in
from tests.web.harness import WebHarness

from pressrun.locales.languages import LANGUAGES
from pressrun.message.words import ENGLISH
from pressrun.store.transaction import Transaction
from pressrun.web import language
from pressrun.web.language import accepted

_ADDRESS = re.compile(r"\S+[@/•]\S+")


def spoken(response: httpx.Response) -> str:
    match = re.search(r'<html lang="([^"]+)" dir="(?:ltr|rtl)">', response.text)
    assert match is not None
    return match[1]


async def test_a_page_of_a_list_speaks_as_the_list_does(web: WebHarness) -> None:
    """Whatever the browser prefers; only where we lack the list's language is the browser asked."""
    await web.add_list(language="fr-CA")
    await web.add_list("nyheter", language="sv")
    async with web.client() as client:
        headers = {"accept-language": "pl, de;q=0.9"}
        pages = [await client.get(path, headers=headers) for path in ("/news", "/news/archive", "/nyheter", "/nobody")]
    assert ["fr", "fr", "pl", "pl"] == [spoken(page) for page in pages]
    assert {"Accept-Language"} == {page.headers["vary"] for page in pages}


async def test_a_link_to_preferences_that_works_no_longer_speaks_as_the_list_that_it_names(web: WebHarness) -> None:
    """A name of no list says nothing."""
    reader = await web.add_reader(await web.add_list(language="fr"))
    old = web.preferences_path(reader, epoch=9)
    async with web.client() as client:
        pages = [await client.get(f"{old}?list={name}") for name in ("news", "x")]
    assert [(404, "fr"), (404, "en")] == [(page.status_code, spoken(page)) for page in pages]


async def test_a_language_that_is_named_goes_before_that_of_the_list(web: WebHarness) -> None:
    """By the address of a page or the field of a form, and the page after the sign-up keeps it."""
    await web.add_list(language="fr")
    async with web.client() as client:
        assert "de" == spoken(await client.get("/news?language=de-AT"))
        assert 'href="/preferences?list=news&amp;language=de"' in (await client.get("/news?language=de-AT")).text
        assert "fr" == spoken(await client.get("/news?language=xx"))
        assert "ja" == spoken(await client.post("/news/subscribe", data={"email": "no", "language": "ja"}))
        data = {"email": "ada@reader.example", "language": "ja"}
        landing = await client.post("/news/subscribe", data=data, follow_redirects=True)
    assert "ja" == spoken(landing)


async def test_portuguese_is_that_of_the_list_also_in_the_links_that_follow(web: WebHarness) -> None:
    """`pt` in old links and forms names no country: the list does."""
    await web.add_list("boletim", language="pt-BR")
    await web.add_list("noticias", language="pt")
    async with web.client() as client:
        page = await client.get("/boletim?language=pt")
        assert "pt-BR" == spoken(page)
        assert 'href="/preferences?list=boletim&amp;language=pt-BR"' in page.text
        assert "pt-PT" == spoken(await client.get("/noticias"))
        assert "pt-BR" == spoken(await client.get("/noticias?language=pt-BR"))
        assert "pt-BR" == spoken(await client.get("/", headers={"accept-language": "pt, pt-BR;q=0.9"}))
        for tag in ("pt-BR", "pt-PT"):
            assert f'language={tag}" lang="{tag}"' in page.text


async def test_a_title_keeps_its_own_direction_on_a_page_from_right_to_left(web: WebHarness) -> None:
    """In sentences of templates, too: its exclamation mark stays at its end."""
    await web.add_list(title="News!", language="ar")
    async with web.client() as client:
        assert "<h1>إلغاء الاشتراك في \u2068News!\u2069</h1>" in (await client.get("/news/unsubscribe")).text
        assert "\u2068" not in (await client.get("/news/unsubscribe?language=fr")).text


async def test_a_reader_is_spoken_to_in_their_own_language(web: WebHarness) -> None:
    """The pages behind links know who comes."""
    number = await web.add_reader(await web.add_list(language="fr"))
    await web.database.write(_speaks_chinese)
    async with web.client() as client:
        for path in (web.unsubscribe_path(number), web.preferences_path(1)):
            assert "zh-Hans" == spoken(await client.get(f"{path}?language=de", headers={"accept-language": "pl"}))


async def test_the_mail_speaks_as_the_page_did(web: WebHarness) -> None:
    """The list's language; where we lack it, the browser's; the evidence names the language of the page."""
    await web.add_list(language="fr")
    await web.add_list("nyheter", language="sv")
    async with web.client() as client:
        for number, name in enumerate(("news", "nyheter")):
            data = {"email": f"ada{number}@reader.example", "form": "page"}
            await client.post(f"/{name}/subscribe", data=data, headers={"accept-language": "pl"})
    assert [("fr",), ("pl",)] == await web.rows("select language from notice order by id")
    assert [("",), ("pl",)] == await web.rows("select language from confirmation order by id")
    recorded = [await web.consent(f"ada{number}@reader.example") for number in (0, 1)]
    assert ["fr", "pl"] == [events[0]["language"] for events in recorded]


async def test_a_reader_is_mailed_their_link_in_their_own_language(web: WebHarness) -> None:
    """Whatever the browser of whoever asks for it prefers."""
    await web.add_reader(await web.add_list(language="fr"))
    async with web.client() as client:
        for tags in ("pl", "de"):
            await client.post("/preferences", data={"email": "ada@reader.example"}, headers={"accept-language": tags})
            await web.database.write(_speaks_chinese)
    assert [("fr",), ("zh-CN",)] == await web.rows("select language from notice order by id")


async def test_the_choice_of_a_language_shows_at_once(web: WebHarness) -> None:
    await web.add_reader(await web.add_list())
    async with web.client() as client:
        path = web.preferences_path(1)
        assert "ar" == spoken(await client.post(path, data={"action": "save", "language": "ar", "lists": "shown"}))


def test_a_page_in_a_file_offers_no_language() -> None:
    """Nobody is there to answer; a page that was asked for offers them all."""
    context = contextvars.copy_context()
    assert not context.run(language.can_change)
    context.run(language.read_preferences, {"type": "http", "headers": [], "query_string": b""})
    assert context.run(language.can_change)


async def test_requests_do_not_hear_each_other(web: WebHarness) -> None:
    """One request's language is never that of the next."""
    async with web.client() as client:
        said = [spoken(await client.get("/", headers={"accept-language": tag})) for tag in ("de", "ar", "*", "pl")]
        said.append(spoken(await client.get("/")))
    assert ["de", "ar", "en", "pl", "en"] == said


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de, en;q=0.5, fr;q=0.8", ("de", "fr", "en")),
        ("de;q=0, en;q=x, fr;q=nan, it", ("it",)),
        (";;,,;q=1", ()),
        ("", ()),
        (",".join(f"x{number}" for number in range(1000)), tuple(f"x{number}" for number in range(20))),
    ],
)
def test_preferences_of_a_browser_are_read(header: str, expected: tuple[str, ...]) -> None:
    """By weight, then in their order; what is refused or broken is left out, and no header costs much."""
    assert expected == accepted(header)


class Said(HTMLParser):
    """The texts that a page shows or has read out, but for code and evidence, which stand as they are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(page.replace("<wbr>", ""))  # within an address

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        self.texts += [value for name, value in attrs if name in ("aria-label", "alt", "title") and value]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass  # elements without an end

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"style", "script", "textarea", "ol"} & set(self._inside):
            self.texts.append(" ".join(data.split()))


async def test_no_sentence_of_a_page_is_left_out(web: WebHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a language of which only the first letter is known, all that pages say of themselves begins with it."""
    strange = replace(
        ENGLISH,
        language="ja",
        translate=lambda sentence: f"¡{sentence}",
        translate_counted=lambda singular, plural, number: f"¡{singular if number == 1 else plural}",
        day=lambda at: "¡day",
        month=lambda at: "¡month!",
        short_day=lambda at: "¡day",
        number=lambda number: f"¡{number}",
    )
    monkeypatch.setattr(language, "words_in", lambda *tags: strange)
    reader = await web.add_reader(await web.add_list(title="¡", description="¡", language="ja", postal_address="¡"))
    await web.add_list("other", title="¡", description="¡", postal_address="¡")
    for slug in ("first", "second"):
        await web.add_edition(1, slug, title="¡", text="¡ 2026", html="<p>¡ 2026</p>", preheader="¡")
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": "bo@reader.example"})
        own = web.preferences_path(1, 0, int(web.clock()) + 3600)
        paths = ["/", "/news", "/news/archive", "/news/archive/first", "/news/search?q=2026", "/news/search?q=none"]
        paths += [
            "/news/check-mail",
            "/news/unsubscribe",
            "/news/form",
            "/preferences",
            own,
            web.preferences_path(1),
            "/a/b",
            "/confirm/x",
        ]
        paths += [web.unsubscribe_path(reader), web.confirm_path(await web.last_confirmation())]
        pages = {path: await client.get(path) for path in paths}
        for path, data in (
            ("/news/subscribe", {"email": "no"}),
            ("/preferences", {"email": "no"}),
            ("/preferences", {"email": "ada@reader.example"}),
            (own, {"action": "pause", "days": "7"}),
            (own, {"action": "erase"}),
            (own, {"action": "save", "lists": "shown", "list": "other"}),
            (web.confirm_path(await web.last_confirmation()), {"action": "confirm"}),
            (web.unsubscribe_path(reader), {"action": "leave"}),
            ("/", {"email": "ada@"}),
            ("/", {"email": "ada@reader.example"}),
            ("/news", {}),
        ):
            pages[f"POST {path} {data}"] = await client.post(path, data=data)
    left = {path: [text for text in Said(page.text).texts if not _is_foreign(text)] for path, page in pages.items()}
    assert [] == [(path.partition("?")[0], texts) for path, texts in left.items() if texts]


def _is_foreign(text: str) -> bool:
    """In the strange language, or in none: names of languages, years, addresses, marks, what was searched for."""
    bare = _ADDRESS.sub("", text).removeprefix("none").lstrip("0123456789.– (")
    return bare.startswith("¡") or text in LANGUAGES.values() or re.search(r"[a-z]{2}", bare.lower()) is None


def _speaks_chinese(tx: Transaction) -> None:
    execute_in(tx, "update subscriber set language = 'zh-CN'")
