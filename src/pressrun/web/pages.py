"""Templates and static files: every page is rendered here, and every link on one is built here.

A page takes one request: it contains its style sheet and icon, and its policy names the sheet by digest.

Links on a page are paths, so that a page works under every name it is reached by. Links that leave the page (feeds,
canonical addresses) are absolute and built from base_url. Neither ever depends on Host.
"""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pressrun.core.colour import Colour
from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.locales.languages import LANGUAGES
from pressrun.message.words import Words, direction_of, on_one_line
from pressrun.store.lists.lists import MailingList
from pressrun.web import language
from pressrun.web.brand import DEFAULT, brand_sheet, icon
from pressrun.web.consent_words import ConsentQuestion
from pressrun.web.list_icon import icon_ico, icon_png
from pressrun.web.sheet import PLACE, Sheet, compact, page_policy

KEPT_FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}
FOR_EVER = "public, max-age=31536000, immutable"  # for names that contain a digest of the content
_LARGE_PAGE = 1_000_000  # characters

_ARTICLES = {
    "de": r"(?:der|die|das)\s+",
    "en": r"(?:the|an?)\s+",
    "es": r"(?:el|la|los|las)\s+",
    "fr": r"(?:(?:le|la|les)\s+|l['\u2019])",
    "it": r"(?:(?:il|lo|la|i|gli|le)\s+|l['\u2019])",
    "nl": r"(?:de|het|een)\s+",
    "pt": r"(?:os?|as?)\s+",
}

_LONG_ADDRESS = re.compile(r"(?<![^\s@])[^\s@]+@[^\s@]+")
_MOST_IN_LINE = 20  # characters of an address that fit on a line of the narrowest phone, in letters of a lead
_MEDIA_TYPES = {"js": "text/javascript; charset=utf-8"}
_STATIC = resources.files("pressrun.web").joinpath("static")


class Pages:
    """Renders the templates of this package for one site; `editors_sheet` is for pages that readers never see."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._static = _load_static()
        self._hashed = {name.rsplit(".", 2)[0] + "." + name.rsplit(".", 1)[1]: name for name in self._static}
        self._sheet = Sheet(read_static("pressrun.css"))
        self.editors_sheet = compact(read_static("editors.css"))
        self._drawing = read_static("icon.svg")
        self._icon = icon(self._drawing, DEFAULT)
        self._environment = self._make_environment()
        self._menus = lru_cache(maxsize=500)(self._make_menu)  # by language and page

    @property
    def words(self) -> Words:
        return language.words_of_request()

    def choose_language(self, *, reader: str = "", target: str = "", fallback: str = "") -> Words:
        """Choose the language of this request, once its reader and list are known.

        `fallback` is for when neither they nor the browser have one of ours.
        """
        return language.choose(reader, target, fallback)

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        allowing: Sequence[str] = (),
        sheets: Sequence[str] = (),
        about: MailingList | None = None,
        **context: object,
    ) -> HTMLResponse:
        """A page as a response.

        `about` is the list that the page belongs to, `sheets` are further style sheets, and `allowing` further
        directives of its policy.
        """
        content, used = self._styled(template, about, sheets, context)
        own = {"Vary": "Accept-Language", "Content-Security-Policy": page_policy(used, *allowing)}
        return HTMLResponse(content, status_code=status, headers={**own, **(headers or {})})

    def document(self, template: str, *, about: MailingList, **context: object) -> str:
        """A page of a list as text, for a file."""
        return self._styled(template, about, (), context)[0]

    def _styled(
        self, template: str, about: MailingList | None, own: Sequence[str], context: Mapping[str, object]
    ) -> tuple[str, tuple[str, ...]]:
        """A page in the colour of its list, and the style sheets inside it."""
        more, page_icon = tuple(own), self._icon
        if about is not None and about.colour is not None:
            accent = Colour.parse(about.colour)
            more, page_icon = (*more, brand_sheet(accent)), icon(self._drawing, accent)
        page = self.render_text(template, about=about, sheets=more, icon=page_icon, **context)
        sheet = self._sheet.of(page, more)
        return page.replace(PLACE, f"<style>{sheet}</style>", 1), (sheet, *more)

    def render_text(self, template: str, **context: object) -> str:
        page = self._environment.get_template(template).render(
            words=self.words, chosen_language=language.named(), **context
        )
        if len(page) > _LARGE_PAGE:
            # A context refers to itself, so what is in it would stay until a thousand objects are garbage.
            gc.collect(1)
        return page

    def message(
        self,
        title: str,
        *paragraphs: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        about: MailingList | None = None,
        back: tuple[str, str] | None = None,
        sign: str = "",
        asks_address: bool = False,
    ) -> HTMLResponse:
        """A page with a message.

        `back` is a link as (path, words), `sign` the drawing (mail or done), and `asks_address` adds the form that
        mails a preferences link.
        """
        return self.render(
            "message.html",
            status=status,
            headers=headers,
            title=title,
            paragraphs=paragraphs,
            about=about,
            back=back,
            sign=sign,
            asks_address=asks_address,
        )

    def question(
        self,
        title: str,
        question: ConsentQuestion,
        *,
        action: str,
        about: MailingList | None,
        detail: str = "",
        instead: tuple[str, str] | None = None,
    ) -> HTMLResponse:
        """A page with one question and its button; `instead` is a link to another question, as (path, words)."""
        return self.render(
            "question.html",
            title=title,
            question=question.text,
            detail=detail,
            button=question.button,
            action=action,
            instead=instead,
            about=about,
        )

    def test_copy(self, what_it_does: str) -> HTMLResponse:
        """The page behind a link of a test copy, which changes nothing."""
        title, unchanged = self.words("This is a test copy"), self.words("Nobody's subscription has changed.")
        return self.message(title, what_it_does, unchanged)

    def invalid_link(self) -> HTMLResponse:
        """The one page for every invalid token, whatever its purpose.

        Its form mails subscribers a new link; those who never confirmed have none and need the way to sign up.
        """
        return self.message(
            self.words("This link doesn't work"),
            self.words("It may be incomplete, expired or already used."),
            self.words(
                "Try opening it again from the email. Or enter your address, and we'll send you a new link to your "
                "preferences."
            ),
            self.words("If you haven't confirmed your subscription yet, sign up again."),
            status=404,
            asks_address=True,
            back=self.way_on(),
        )

    def href(self, *segments: str, **query: str | int) -> str:
        """The path of a page. Segments are percent-encoded, and empty values of the query omitted."""
        path = "/" + "/".join(quote(segment, safe="") for segment in segments)
        parameters = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items() if value != "")
        return f"{path}?{parameters}" if parameters else path

    def see_other(self, *segments: str, **query: str) -> Response:
        """303 to another page of ours."""
        return RedirectResponse(self.href(*segments, **query), status_code=303)

    def static_href(self, name: str) -> str:
        """The path of the current version of a static file."""
        return self.href("static", self._hashed[name])

    async def static(self, request: Request) -> Response:
        """A static file. Its name contains a digest of its content, so clients may keep it forever."""
        content = self._static.get(request.path_params["file"])
        if content is None:
            return self.not_found()
        return Response(
            content,
            media_type=_MEDIA_TYPES[request.path_params["file"].rsplit(".", 1)[1]],
            headers={"Cache-Control": FOR_EVER},
        )

    async def favicon(self, _request: Request) -> Response:
        """`/favicon.ico`: an envelope, for clients that have not seen a page of ours, such as feed readers."""
        return Response(icon_ico(DEFAULT), media_type="image/x-icon", headers=KEPT_FOR_A_DAY)

    async def touch_icon(self, _request: Request) -> Response:
        """`/apple-touch-icon.png`: the same for phones, which request it if a page names no icon."""
        return Response(icon_png("", DEFAULT), media_type="image/png", headers=KEPT_FOR_A_DAY)

    def not_found(self, about: MailingList | None = None) -> HTMLResponse:
        """The page for an unknown address; `about` is the list whose name the address begins with."""
        return self.message(
            self.words("Page not found"),
            self.words("There's no page at this address. The link may be incomplete, or the page may be gone."),
            status=404,
            about=about,
            back=self.way_on(about),
        )

    def members_only(self, about: MailingList | None = None) -> HTMLResponse:
        """The page instead of a members-only archive."""
        return self.message(
            self.words("For subscribers only"),
            self.words("Past editions are for subscribers. Every email has a link to them."),
            status=403,
            about=about,
            back=self.way_on(about),
        )

    def way_on(self, about: MailingList | None = None) -> tuple[str, str]:
        """The link from a dead end, as (path, words): to the list, else to all lists."""
        if about is None:
            return self.href(language=language.named()), self.words("See all newsletters")
        return self.href(about.name, language=language.named()), self.words("Go to {title}", title=about.title)

    def _language_menu(self, here: str) -> Markup:
        """Links to this page in the other languages; empty if the reader has chosen one."""
        return self._menus(language.words_of_request().language, here) if language.can_change() else Markup()

    def _make_menu(self, _tag: str, here: str) -> Markup:
        return Markup(self._environment.get_template("languages.html").render(words=self.words, here=here))  # noqa: S704

    def _make_environment(self) -> Environment:
        environment = Environment(
            loader=PackageLoader("pressrun.web"),
            auto_reload=False,  # templates never change while the program runs
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            _in_template, _counted_in_template, newstyle=True
        )
        environment.globals.update(
            href=self.href,
            url=self.site.url,
            languages=LANGUAGES,
            language_menu=self._language_menu,
            direction_of=direction_of,
            receives_mail=self.site.receives_mail,
            list_address=self.site.list_address,
        )
        environment.filters["day"] = lambda at: on_one_line(language.words_of_request().day(at))
        environment.filters["short_day"] = lambda at: on_one_line(language.words_of_request().short_day(at))
        environment.filters["month"] = lambda at: language.words_of_request().month(at)
        environment.filters["count"] = lambda number: language.words_of_request().number(number)
        environment.filters["breakable"] = breakable
        environment.filters["initial"] = initial
        environment.filters["rfc3339"] = rfc3339
        environment.filters["size"] = lambda octets: language.words_of_request().size(octets)
        return environment


def _in_template(sentence: str) -> str:
    words = language.words_of_request()
    return words.for_template(words.translate(sentence))


def _counted_in_template(singular: str, plural: str, number: int) -> str:
    words = language.words_of_request()
    return words.for_template(words.translate_counted(singular, plural, number))


def breakable(text: str) -> Markup:
    """A text whose long email addresses a narrow page may break before @ or a dot, so that no name is torn apart.

    A `<wbr>` is no character: whoever copies the address gets it unchanged.
    """
    return Markup(_LONG_ADDRESS.sub(_with_breaks, str(escape(text))))  # noqa: S704


def _with_breaks(match: re.Match[str]) -> str:
    address = match[0]
    return address if len(address) <= _MOST_IN_LINE else re.sub(r"(?<=[^.@]{3})(?=@|\.\w)", "<wbr>", address)


def initial(title: str, tag: str) -> str:
    """The first letter or digit of a title in that language, after its article; shown if a list has no logo."""
    article = _ARTICLES.get(tag.partition("-")[0].lower())
    name = title if article is None else re.sub(rf"^(?:{article})(?=.*\w)", "", title, count=1, flags=re.IGNORECASE)
    return next((character.upper() for character in name if character.isalnum()), "@")


def read_static(name: str) -> str:
    """The text of a static file."""
    return _STATIC.joinpath(name).read_text("utf-8")


def _load_static() -> dict[str, bytes]:
    """Scripts by names that contain a digest of their content."""
    files = {}
    for entry in _STATIC.iterdir():
        stem, _, suffix = entry.name.rpartition(".")
        if suffix in _MEDIA_TYPES:
            content = entry.read_bytes()
            files[f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"] = content
    return files
