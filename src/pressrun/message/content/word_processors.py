"""Removes from HTML what only the word processor that wrote it can read.

Word writes list marks as letters of symbol fonts, which appear as `§` or `o` where those fonts are missing, and half of
its style sheet is for Word alone. Google Docs sends every link through a redirect that tells Google who followed it,
and draws list marks in a way that no mail program keeps.
"""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, quote, urlsplit

_WORD = re.compile(r"urn:schemas-microsoft-com:office|class=[\"']?Mso|\bmso-[a-z-]+\s*:", re.IGNORECASE)
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
    """`source` without what a word processor added; other HTML stays as it is."""
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
