"""Every route of the web room, described: its methods, what may be sent to it, what comes back, and with which header.

The one list of routes that tests go by. A test compares it with the application's own table, so a new route comes with
its row here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.web.supply import KINDS

HTML, TEXT, JSON = "text/html", "text/plain", "application/json"
XML, ATOM, FEED, SCRIPT, OCTETS = (
    "application/xml",
    "application/atom+xml",
    "application/feed+json",
    "text/javascript",
    "application/octet-stream",
)
NOTHING = ""
TOKEN_PAGES = ("approve", "confirm", "preferences", "read", "unsubscribe")
ACTIONS = "save pause resume change-address download erase leave-all leave never-again confirm send discard".split()
HOSTILE = ["\0", "\u2028", "\u202e", "\x1b[2J", "'\"><script>", "{{ 7 * 7 }}", "%s%n", "../../etc/passwd", "٣", "-1"]
HOSTILE += ["9" * 400, "1e9", "=cmd()", "a\r\nSet-Cookie: x=y", "\ufffd", "\U0001f6a2" * 300, "x" * 2000]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a method takes, by the names of FIELDS, and the media types of its answers by their status."""

    answers: Mapping[int, tuple[str, ...]]
    query: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def _reads(*media_types: str, query: tuple[str, ...] = (), **more: int) -> Operation:
    """GET: the page, or that there is none; `or_…` names further answers that are pages."""
    answers = {200: media_types, 404: (HTML,), **dict.fromkeys(more.values(), (HTML,))}
    return Operation(answers=answers, query=("language", *query))


def _nothing() -> Operation:
    """What is cut off."""
    return Operation(answers={404: (HTML,)}, query=("language",))


def _keeps(*media_types: str, query: tuple[str, ...] = (), **more: int) -> Operation:
    """The same, for what a client may have already (RFC 9110 §13)."""
    plain = _reads(*media_types, query=query, **more)
    return Operation(answers={**plain.answers, 304: (NOTHING,)}, query=plain.query)


def _takes(*fields: str, required: tuple[str, ...] = (), also: Mapping[int, tuple[str, ...]] = {}) -> Operation:
    """POST of a form; 400 is a body that cannot be read, 413 one that is too large."""
    pages = dict.fromkeys((200, 400, 404, 413), (HTML,))
    return Operation(answers={**pages, **also}, query=("language",), fields=fields, required=required)


def _leads(plain: Operation) -> Operation:
    """The same, which may lead to the list of a family in another language."""
    return replace(plain, answers={**plain.answers, 302: (NOTHING,)})


_CONFIRM, _LEAVE = _takes("action"), _takes("List-Unsubscribe", "action", also={200: (HTML, TEXT)})
_OF_FORM = ("email", "language", "form", "form_token", "challenge", "proof", "remark")
_SIGN_UP = Operation(
    answers={
        200: (HTML,),
        202: (JSON,),
        303: (NOTHING,),
        **dict.fromkeys((400, 404, 410, 429), (HTML, JSON)),
        413: (HTML,),
    },
    query=("language",),
    fields=(*_OF_FORM, "name"),
    required=("email",),
)
_PREFER = _takes(
    *("action", "name", "language", "format", "list", "lists", "family-harbours", "days", "email", "sure"),
    also={200: (HTML, JSON), 409: (HTML,), 429: (HTML,)},
)
_ASSET = _keeps("image/png", OCTETS, members=403)

_OF_ALL = {"x-content-type-options": "nosniff", "strict-transport-security": "max-age=31536000"}
_OF_TOKEN_PAGES = {"referrer-policy": "no-referrer", "cache-control": "no-store", "x-robots-tag": "noindex"}
_BY_STATUS = {
    302: ("location", "vary"),
    303: ("location",),
    405: ("allow",),
    413: ("connection",),
    429: ("retry-after",),
}
_NEVER = frozenset({"server", "set-cookie", "x-powered-by", "access-control-allow-origin"})
_POLICY = ("default-src 'none'", "frame-ancestors '")

ROUTES: dict[str, dict[str, Operation]] = {
    "/": {
        "get": _reads(HTML),
        "post": _takes(*_OF_FORM, "list", required=("email",), also=dict.fromkeys((410, 429), (HTML,))),
    },
    "/robots.txt": {"get": _reads(TEXT)},
    "/favicon.ico": {"get": _reads("image/x-icon")},
    "/apple-touch-icon.png": {"get": _reads("image/png")},
    "/sitemap.xml": {"get": _keeps(XML)},
    "/healthz": {"get": _reads(TEXT)},
    "/readyz": {"get": Operation(answers={200: (TEXT,), 404: (HTML,), 503: (TEXT,)})},
    "/metrics": {"get": _reads(TEXT)},
    "/static/{file}": {"get": _reads(SCRIPT)},
    "/confirm/{token}": {"get": _reads(HTML), "post": _CONFIRM},
    "/unsubscribe/{token}": {"get": _reads(HTML), "post": _LEAVE},
    "/unsubscribe/never-again/{token}": {"get": _reads(HTML), "post": _takes("action")},
    "/unsubscribe/why/{token}": {"get": _reads(HTML), "post": _takes("reason")},
    "/preferences": {"get": _reads(HTML), "post": _takes("email", "form_token", required=("email",))},
    "/preferences/{token}": {"get": _reads(HTML), "post": _PREFER},
    "/read/{token}": {"get": _keeps(HTML, query=("page", "year"))},
    "/read/{token}/archive": {"get": _keeps(HTML, query=("page", "year"))},
    "/read/{token}/latest": {
        "get": Operation(answers={200: (HTML,), 303: (NOTHING,), 404: (HTML,)})
    },  # a page: a test's
    "/read/{token}/search": {"get": _reads(HTML, query=("q", "page", "order"), too_many=429)},
    "/read/{token}/archive/{slug}": {"get": _keeps(HTML)},
    "/read/{token}/archive/{slug}/asset/{file}": {"get": _keeps(HTML, "image/png", OCTETS)},  # a page: a test copy's
    "/approve/{token}": {"get": _reads(HTML, query=("discard",)), "post": _takes("action")},
    "/approve/{token}/edition": {"get": _reads(HTML, unshown=422)},
    "/approve/{token}/preview": {"get": _reads(HTML, unshown=422)},
    "/approve/{token}/report": {"get": _reads(HTML)},
    **{f"/{page}": {"get": _nothing(), "post": _nothing()} for page in TOKEN_PAGES if page != "preferences"},
    "/subscription/{issue}/{subscriber}": {
        "get": Operation(answers={303: (NOTHING,), 404: (HTML,)}, query=("language", "manage")),
        "post": Operation(
            answers={200: (TEXT,), 303: (NOTHING,), 404: (HTML,), 413: (HTML,)},
            query=("language",),
            fields=("List-Unsubscribe",),
        ),
    },
    "/demo": {"get": _reads(HTML)},
    "/demo/{number}": {"get": _reads(HTML)},
    "/demo/{number}/html": {"get": _reads(HTML)},
    "/demo/{number}/raw": {"get": _reads(TEXT)},
    "/{name}": {"get": _leads(_reads(HTML))},
    "/{name}/subscribe": {
        "get": Operation(answers={303: (NOTHING,), 404: (HTML,)}, query=("language",)),
        "post": _SIGN_UP,
    },
    "/{name}/unsubscribe": {"get": _leads(_reads(HTML)), "post": _takes("email", "form_token", required=("email",))},
    "/{name}/check-mail": {"get": _leads(_reads(HTML))},
    "/{name}/icon.png": {"get": _keeps("image/png")},
    "/{name}/logo/{digest}": {"get": _reads("image/png")},
    "/{name}/form": {"get": _leads(_reads(HTML, closed=410))},
    "/{name}/latest": {"get": _leads(Operation(answers={303: (NOTHING,), 404: (HTML,)}, query=("language",)))},
    "/{name}/archive": {"get": _leads(_keeps(HTML, query=("page", "year"), members=403))},
    "/{name}/archive/{slug}": {"get": _leads(_keeps(HTML, members=403))},
    "/{name}/archive/{slug}/asset/{file}": {"get": _ASSET},
    "/{name}/search": {"get": _leads(_reads(HTML, query=("q", "page", "order"), members=403, too_many=429))},
    "/{name}/sitemap.xml": {"get": _keeps(XML)},
    "/{name}/feed.atom": {"get": _keeps(ATOM, members=403)},
    "/{name}/feed.json": {"get": _keeps(FEED, members=403)},
}

# Values that lead somewhere, for every field of a form or query, for every name of a path, and for what a header says.
FIELDS: dict[str, tuple[str, ...]] = {
    "List-Unsubscribe": ("One-Click",),
    "action": tuple(ACTIONS),
    "challenge": ("work",),
    "reason": ("too-many", "not-expected", "never-signed-up", "other"),
    "discard": ("1",),
    "days": ("1", "7", "365", "366", "0"),
    "family-harbours": ("news", "other", "old", ""),
    "email": ("ada@reader.example", "ADA@RÄDER.example", "x@y"),
    "form": ("page",),
    "form_token": ("form",),
    "format": ("text", "html"),
    "language": ("de", "pl", "zh-Hans", "xx"),
    "list": ("news", "other", "old", "members"),
    "lists": ("shown",),
    "manage": ("true", "false"),
    "name": ("Ada",),
    "page": ("1", "2"),
    "order": ("newest", "x"),
    "proof": ("0", "1000000", "-1"),
    "q": ("boats", '"high water" boats', "水", '"', "OR NEAR(a b)"),
    "remark": ("",),
    "sure": ("yes",),
    "year": ("2026", "9999", "99999999"),
}
SEGMENTS: dict[str, tuple[str, ...]] = {
    "digest": ("logo-digest",),
    "file": ("1-a.png", "2-tide table.pdf", "copy.js"),
    "name": ("news", "old", "members", "silent", "harbours", "nobody"),
    "issue": ("7d3c5f1e-33d1-4d2c-9c55-0a64c5a3ad11",),
    "number": ("1", "2", "3"),
    "slug": ("first", "plain"),
    "subscriber": ("c9a1d6de-6d0e-4b0f-b5e8-7e0a2d3b5c11",),
}
HEADERS: dict[str, tuple[str, ...]] = {
    "Accept-Language": ("de", "*;q=nan, x;q=inf", "en;q=1;q=2", ",;=" * 200, "zh-Hans-x-" + "a" * 300),
    "If-Modified-Since": ("Fri, 31 Feb 9999 99:99:99 GMT", "Mon, 01 Jan 0000 00:00:00 GMT", "x"),
    "If-None-Match": ("*", 'W/"x", ', '"' * 500),
    "X-Forwarded-For": ("192.0.2.1", "::1, ,", "unknown", "[2001:db8::1]:80", "127.0.0.1%eth0", "," * 900),
}


def kinds_of(path: str) -> tuple[str, ...]:
    """What may stand for the token of a path."""
    return KINDS[path.split("/{token}", 1)[0].strip("/")]


def names_of(path: str) -> list[str]:
    """The names in braces of a path."""
    return re.findall(r"\{([^}]+)\}", path)


def segment_of(path: str, name: str) -> tuple[str, ...]:
    """What leads somewhere, in place of a name of a path."""
    return kinds_of(path) if name == "token" else SEGMENTS[name]


def is_of_connection(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the connection itself refused what is no HTTP, or too much of it: no page, so none of its header."""
    return status in (400, 408, 413, 431) and "date" not in {name.lower() for name in headers}


def broken_promises(path: str, status: int, headers: Mapping[str, str]) -> list[str]:
    """What is wrong with the header of an answer to a request for this path."""
    by_name = {name.lower(): value for name, value in headers.items()}
    policy = by_name.get("content-security-policy", "")
    is_token_page = path.split("/", 2)[1] in TOKEN_PAGES
    wanted = {
        **_OF_ALL,
        **(_OF_TOKEN_PAGES if is_token_page else {}),
        **({"cache-control": "no-store"} if status >= 400 else {}),
    }
    needed = {"content-security-policy", "referrer-policy", "date", *_BY_STATUS.get(status, ())}
    problems = [f"{name}: {by_name.get(name)}" for name, value in wanted.items() if by_name.get(name) != value]
    problems += [f"no {name}" for name in needed - by_name.keys()]
    problems += [f"{name}: {by_name[name]}" for name in _NEVER & by_name.keys()]
    problems += [f"the policy lacks {part}: {policy}" for part in _POLICY if part not in policy]
    # An author's own styles are let in where nothing else is: in a sandbox, or where nothing can be fetched.
    if "unsafe" in policy.replace(
        "style-src 'unsafe-inline'", "" if is_token_page or "sandbox" in policy else "unsafe"
    ):
        problems.append(f"the policy lets too much in: {policy}")
    return problems
