"""The sign-up form for other sites."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser

from tests.web.harness import WebHarness

from pressrun.web.readers.form_snippet import SHEET


class Fields(HTMLParser):
    """Reads a form as a browser does: where it posts, and its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes["action"]
        if tag == "input":
            self.fields[attributes["name"] or ""] = attributes.get("value") or ""


async def test_the_code_signs_up_from_anywhere(web: WebHarness) -> None:
    """Pasted into another site and sent, it asks to subscribe, in the language of the form."""
    await web.add_list(language="fr")
    async with web.client() as client:
        page = (await client.get("/news/form")).text
        match = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
        assert match is not None
        form = Fields(html.unescape(match[1]))
        assert ("https://news.example.org/news/subscribe", {"email": "", "language": "fr"}) == (
            form.action,
            form.fields,
        )
        answer = await client.post("/news/subscribe", data={**form.fields, "email": "ada@reader.example"})
    assert 303 == answer.status_code
    assert [("confirmation", "fr")] == await web.rows("select kind, language from notice")


async def test_what_is_shown_is_what_is_copied(web: WebHarness) -> None:
    """The preview is the code itself, and the page's policy takes its sheet by digest."""
    await web.add_list(title='<b>"Boats" & more</b>')
    async with web.client() as client:
        answer = await client.get("/news/form")
    code = html.unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.DOTALL)[0])
    form, _, sheet = code.partition("\n<style>\n")
    assert form in answer.text
    assert SHEET == sheet.removesuffix("\n</style>")
    digest = base64.b64encode(hashlib.sha256(SHEET.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].endswith("; script-src 'self'")
    assert len(answer.content) < 30_000


async def test_a_list_that_takes_nobody_has_no_form(web: WebHarness) -> None:
    """Closed: 410; unknown: 404."""
    await web.add_list()
    await web.close_list()
    async with web.client() as client:
        assert [410, 404] == [(await client.get(path)).status_code for path in ("/news/form", "/other/form")]
