"""Cleaning an author's HTML, naming what cleaning removes, and small rewrites of the clean result.

Everything that a browser or mail program could run is removed: scripts, forms, frames, SVG and MathML (which smuggle
markup past cleaners), event handlers, and every style that css.py does not know to be harmless. The cleaner serialises
the result: attributes are in double quotes, and text holds no bare `<`, which the patterns here rely on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlsplit

import nh3
from msgspec import Struct
from msgspec.structs import replace

from pressrun.message.content.css import BACKGROUND, Loss, clean_sheet, clean_style
from pressrun.message.finding import Finding, Remark, warning
from pressrun.message.words import is_language_tag

_NAME_AND_ATTRIBUTES = r"([a-zA-Z][a-zA-Z0-9-]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>"
TAG = re.compile(f"<{_NAME_AND_ATTRIBUTES}")
ANY_TAG = re.compile(f"<(/?){_NAME_AND_ATTRIBUTES}")  # an end tag, too, whose first group is a slash
ATTRIBUTE = re.compile(r"([a-zA-Z][a-zA-Z0-9:-]*)=\"([^\"]*)\"")
SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})

_TAGS = frozenset(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn"
    " div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol"
    " p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time"
    " tr tt u ul var wbr".split()
)
_WITH_CONTENT = frozenset(
    "script style title template noscript iframe object embed applet svg math select textarea xml video audio".split()
)
_ANY = frozenset("align class dir height id lang style title valign width".split())
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(_ANY),
    "a": {"href", "name"},
    "img": {"src", "alt", "border", "hspace", "vspace"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "role", "summary"},
    "tr": {"bgcolor"},
    "td": {"bgcolor", "colspan", "rowspan", "nowrap", "headers"},
    "th": {"bgcolor", "colspan", "rowspan", "nowrap", "scope", "headers"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value"},
    "hr": {"color", "size", "noshade"},
    "time": {"datetime"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
}
_URL = re.compile(r"https?://[^\s<>\"']+")
_PAIRS = {")": "(", "]": "["}
_SHEET = re.compile(r"<style\b", re.IGNORECASE)
_NO_LANGUAGES = frozenset({"und", "mul", "mis", "zxx"})  # of ISO 639: not known, several, without a code, none
_DOCUMENT = re.compile(r"<(?:!doctype|html|body|head)\b", re.IGNORECASE)


class CleanHtml(Struct, frozen=True, kw_only=True):
    """A cleaned source: the content of the body, and what a whole document brought with it."""

    body: str
    is_document: bool = False
    styles: str = ""
    body_style: str = ""
    language: str = ""
    direction: str = ""
    losses: tuple[Loss, ...] = ()  # what was removed from the styles


def clean_html(source: str) -> CleanHtml:
    """Clean a fragment or a whole document; a fragment may have a style sheet, too."""
    source = tidy(source)
    cleaned = _Cleaned(source)
    is_document = _DOCUMENT.search(source) is not None
    if not is_document and not _SHEET.search(source):
        return CleanHtml(body=cleaned.body, losses=cleaned.losses)
    frame = _Frame()
    frame.feed(source)
    frame.close()
    sheets = [clean_sheet(sheet, media) for sheet, media in frame.sheets]
    body_style = clean_style(frame.body_style)
    return CleanHtml(
        body=cleaned.body,
        is_document=is_document,
        styles="\n".join(sheet.text for sheet in sheets if sheet.text),
        body_style=body_style.text,
        language=frame.language if _names_language(frame.language) else "",
        direction=frame.direction if frame.direction in ("ltr", "rtl") else "",
        losses=(*(loss for sheet in sheets for loss in sheet.losses), *body_style.losses, *cleaned.losses),
    )


def _names_language(tag: str) -> bool:
    """Whether a tag names a language: templates say `und` to leave the language open."""
    return is_language_tag(tag) and tag.lower().partition("-")[0] not in _NO_LANGUAGES


def clean_again(page: CleanHtml, body_style: str) -> CleanHtml:
    """`page`, whose body something else has changed, cleaned again with another style of the body."""
    return replace(page, body=_Cleaned(page.body).body, body_style=clean_style(body_style).text)


class _Cleaned:
    """A body without what could run or fetch; the styles of its elements are cleaned like a style sheet."""

    def __init__(self, source: str) -> None:
        self._losses: dict[Remark, Loss] = {}
        self.body = nh3.clean(
            source,
            tags=set(_TAGS),
            clean_content_tags=set(_WITH_CONTENT),
            attributes=_ATTRIBUTES,
            attribute_filter=self._filter_attribute,
            url_schemes=set(SCHEMES),
            link_rel=None,
            strip_comments=True,
        )

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What was removed from the styles, each remark once."""
        return tuple(self._losses.values())

    def _filter_attribute(self, _tag: str, attribute: str, value: str) -> str | None:
        if attribute != "style":
            return value
        style = clean_style(value)
        for loss in style.losses:
            self._losses.setdefault(loss.remark, loss)
        return style.text or None


class _Frame(HTMLParser):
    """Collects what a document has beside its content: style sheets, the body's style, language and direction."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheets: list[tuple[str, str]] = []  # with the media that each is for, "" for all
        self.body_style = ""
        self.language = ""
        self.direction = ""
        self._in_style, self._sheet, self._media = False, "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "style":
            self._in_style = True
            self._media = named.get("media", "").strip()
        elif tag in ("html", "body"):
            self.language = named.get("lang", "").strip() or self.language
            self.direction = named.get("dir", "").strip().lower() or self.direction
        if tag == "body":
            background = named.get("bgcolor", "")
            colour = f"background-color: {background}; " if re.fullmatch(r"#?\w{1,20}", background) else ""
            self.body_style = colour + named.get("style", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style" and self._in_style:
            self._end_sheet()

    def close(self) -> None:
        super().close()
        self._end_sheet()

    def _end_sheet(self) -> None:
        is_for_all = self._media.lower() in ("", "all", "screen")
        self.sheets.append((self._sheet, "" if is_for_all else self._media))
        self._in_style, self._sheet, self._media = False, "", ""

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: ARG002 - the base class calls it so
        """Skip `<![…>` as browsers do; the base class raises AssertionError for an unknown section."""
        return self.rawdata.find(">", i) + 1 or -1

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._sheet += data


def rewrite_images(body: str, new_source: Callable[[str], str | None]) -> str:
    """`body` with each image's `src` replaced by `new_source`; None shows the `alt` instead of the image."""

    def rewrite(tag: re.Match[str]) -> str:
        whole: str = tag[0]
        if tag[1] != "img":
            return whole
        attributes: dict[str, str] = dict(ATTRIBUTE.findall(tag[2]))
        if "src" not in attributes:
            return attributes.get("alt", "")
        source = new_source(html.unescape(attributes["src"]).strip())
        if source is None:
            return attributes.get("alt", "")
        return whole.replace(f'src="{attributes["src"]}"', f'src="{html.escape(source)}"', 1)

    return TAG.sub(rewrite, body)


_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODES = {
    r"<script\b": "lost-script",
    r"<(?:form|input|button|select|textarea)\b": "lost-form",
    r"<(?:iframe|frame|object|embed|applet)\b": "lost-frame",
    r"<(?:video|audio)\b": "lost-film",
    r"<(?:svg|math|canvas)\b": "lost-drawing",
    r"<link\b[^>]{0,200}\bstylesheet\b": "lost-sheet",
    r"\bbackground\s*=\s*[\"']?[^\s\"'>]": BACKGROUND,
}
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), code) for pattern, code in _CODES.items()]


def losses(source: str, line_of: Callable[[str], int | None], *, is_markdown: bool) -> Iterator[Finding]:
    """One finding for each kind of loss, at its first place. `source` is HTML before it is cleaned."""
    page = _COMMENT.sub("", source)
    for pattern, code in _PATTERNS:
        match = pattern.search(page)
        if match is not None:
            yield warning(code, line_of(match[0]))
    if is_markdown and (match := _SHEET.search(page)):
        yield warning("lost-style-in-markdown", line_of(match[0]))


def web_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where web addresses are in a plain text, without the punctuation of the sentence around them."""
    for match in _URL.finditer(text):
        url, end = match[0], len(match[0])
        extra = {closing: url.count(closing) - url.count(opening) for closing, opening in _PAIRS.items()}
        while url[end - 1] in ".,;:!?" or extra.get(url[end - 1], 0) > 0:
            if url[end - 1] in extra:
                extra[url[end - 1]] -= 1
            end -= 1
        if end > len("https://"):
            yield match.start(), match.start() + end


def link_urls(text: str, link: Callable[[str], str], *, quote: bool = True) -> str:
    """Plain text as HTML with `link` of each web address in it, which comes escaped; `quote` escapes quotes as well."""
    done, position = [], 0
    for start, end in web_addresses(text):
        done += [html.escape(text[position:start], quote=quote), link(html.escape(text[start:end]))]
        position = end
    return "".join([*done, html.escape(text[position:], quote=quote)])


def with_links(text: str) -> str:
    """Plain text as HTML, with each web address in it as a link."""
    return link_urls(text, lambda url: f'<a href="{url}">{url}</a>', quote=False)


_WORD = re.compile(r"urn:schemas-microsoft-com:office|class=[\"']?Mso|\bmso-[a-z-]{1,60}\s*:", re.IGNORECASE)
# One or two opening tags with a symbol font, then the letter, then the blanks that Word puts behind it.
_SYMBOL = re.compile(
    r"((?:<span\b[^>]{0,400}>\s*){0,2}<span\b[^>]{0,400}\b(?:Symbol|Wingdings|Courier New)\b[^>]{0,400}>"
    r"(?:\s*<span\b[^>]{0,400}>)?)\s*(?:[·o§Øüvq\u25aa\uf0a7\uf0b7\uf0d8\uf0fc]|&middot;|&#(?:183|61607|61623);)"
    r"(?=\s*(?:<span\b[^>]{0,400}>)?(?:\s|\xa0|&nbsp;|&#160;)+)",
    re.IGNORECASE,
)
_OPENING = re.compile(r"<span\b")
_FOR_WORD = re.compile(r"@(?:list|page)\b[^{}]{0,400}\{[^{}]*\}", re.IGNORECASE)
_OWN_DECLARATION = re.compile(
    r"(?<=[\"';{\s])(?:mso-(?!hide)[a-z0-9-]+|tab-stops|tab-interval|panose-1|page|text-underline)\s*:\s*"
    r"(?:\"[^\"'<>{}=;]*\"(?=\s*[;}]))?[^;\"'{}<>]*;?",
    re.IGNORECASE,
)
# Google Docs hides the marks of lists and draws others, which few mail programs show, and fetches its fonts.
_OF_GOOGLE = re.compile(
    r"[uo]l\.lst-kix_[\w-]{1,100}\{list-style-type:none\}|\.lst-kix_[\w-]{1,100}\s?>\s?li:before\{[^{}]{0,400}\}"
    r"|@import url\(https://themes\.googleusercontent\.com/[^()\s]{0,400}\);"
)
_REDIRECT = re.compile(r"https://www\.google\.com/url\?[^\s\"'<>]{1,4000}", re.IGNORECASE)


def tidy(source: str) -> str:
    """`source` without what only the word processor that wrote it can read; other HTML stays as it is.

    Word writes list marks as letters of symbol fonts, which appear as `§` or `o` where those fonts are missing, and
    half of its style sheet is for Word alone. Google Docs sends every link through a redirect that tells Google who
    followed it, and draws list marks in a way that no mail program keeps.
    """
    if "google.com/url?" in source:
        source = _REDIRECT.sub(lambda match: _target(match[0]), source)
    source = _OF_GOOGLE.sub("", source)
    if not _WORD.search(source):
        return source
    source = _SYMBOL.sub(lambda match: "<span>" * len(_OPENING.findall(match[1])) + "•", source)
    return _OWN_DECLARATION.sub("", _FOR_WORD.sub("", source))


def _target(redirect: str) -> str:
    """Where the redirect leads, or itself if a mail cannot link there."""
    query = parse_qs(urlsplit(html.unescape(redirect)).query)
    target = query.get("q", [""])[0]
    if not target.startswith(("https://", "http://", "mailto:")):
        return redirect
    return html.escape(quote(target, safe="!#$%&'()*+,/:;=?@[]~"))
