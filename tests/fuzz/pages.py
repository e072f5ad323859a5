"""The pages behind real sockets as a target: an input is what a client sends, over both carriers of HTTP.

`{own}` and its like are filled in with a token of that kind that nobody has used yet, so that what was changed at
random still gets behind the tokens. After each input the next request, on the same line or a new one, is answered.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from tests.web.routes import ACTIONS, FIELDS, HOSTILE, ROUTES, kinds_of, names_of, segment_of
from tests.web.served_pages import SETTINGS, ServedPages, serve_pages
from tests.web.supply import KINDS

from pressrun.core.signing.keys import KEY_BYTES, KeyRing
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.web.http.connections import DEFAULT_CONNECTION, H11Connection, LimitedConnection

MOST_TOKENS = 4  # an input that names one a thousand times is about something else
_TOKENS = WebTokens(KeyRing({1: bytes(KEY_BYTES)}, bytes(KEY_BYTES)))  # for how long they are
_NEXT = b"GET /healthz HTTP/1.1\r\nHost: news.example\r\nConnection: close\r\n\r\n"
_TOKEN = re.compile(rb"\{(%s)\}" % "|".join(sorted(kind for kinds in KINDS.values() for kind in kinds)).encode())
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_LENGTHS = {b"form": len(_TOKENS.make(WebPurpose.FORM, 1, 1)), b"work": len(_TOKENS.make(WebPurpose.WORK, 1, 1, 1))}
_FORM = "application/x-www-form-urlencoded"
_SETTINGS = replace(SETTINGS, request_seconds=0.05, keep_alive_seconds=0.05)  # what is no whole request is soon over
_CARRIERS: list[type[LimitedConnection]] = list(dict.fromkeys([H11Connection, DEFAULT_CONNECTION]))

_servers: list[ServedPages] = []


@contextmanager
def opened() -> Iterator[None]:
    """The servers, for as long as inputs are tried."""
    with tempfile.TemporaryDirectory(prefix="pressrun-pages-") as folder, ExitStack() as stack:
        for number, connection in enumerate(_CARRIERS):
            place = Path(folder, str(number))
            place.mkdir()
            _servers.append(stack.enter_context(serve_pages(place, connection, _SETTINGS)))
        try:
            yield
        finally:
            _servers.clear()


def pages(data: bytes) -> None:
    """No answer is a fault of ours, none tells about the inside, and whoever comes next is served."""
    for served in _servers:
        answer = served.send(_with_tokens(served, data) + _NEXT)
        if faults := served.new_faults():
            raise AssertionError(faults[0])
        statuses = [int(status) for status in _STATUS.findall(answer)]
        if any(status >= 500 for status in statuses) or b"Traceback" in answer:
            raise AssertionError(f"answered {answer[:300]!r}")
        if statuses[-1:] != [200] and _STATUS.findall(served.send(_NEXT)) != [b"200"]:
            raise AssertionError("whoever comes next is not served")


def _with_tokens(served: ServedPages, data: bytes) -> bytes:
    return _TOKEN.sub(lambda match: served.token(match[1].decode()).encode(), data, count=MOST_TOKENS)


def page_seeds() -> list[bytes]:
    """Every route with each of its methods and tokens, forms with every field, and what HTTP forbids."""
    requests = []
    for route, operations in ROUTES.items():
        for kind in kinds_of(route) if "{token}" in route else ("",):
            path = route.replace("{token}", f"{{{kind}}}")
            for name in names_of(route):
                if name != "token":
                    path = path.replace(f"{{{name}}}", quote(segment_of(route, name)[0]))
            for method, operation in operations.items():
                query = "&".join(f"{name}={quote(HOSTILE[1])}" for name in operation.query)
                requests.append(_request(method.upper(), f"{path}?{query}"))
                if operation.fields:
                    requests += [_request("POST", path, _urlencoded(action)) for action in ACTIONS]
                    requests.append(_request("POST", path, _multipart(), "multipart/form-data; boundary=XX"))
    return requests + _FORBIDDEN


def _request(method: str, target: str, body: bytes = b"", kind: str = _FORM) -> bytes:
    length = len(_TOKEN.sub(lambda match: b"x" * _LENGTHS.get(match[1], len(match[0])), body))
    about = f"Content-Type: {kind}\r\nContent-Length: {length}\r\n" if body else ""
    agreed = "Host: news.example\r\nAccept-Language: de, en;q=0.5\r\nX-Forwarded-For: 192.0.2.1\r\nCookie: a=b\r\n"
    return f"{method} {target} HTTP/1.1\r\n{agreed}{about}\r\n".encode() + body


def _urlencoded(action: str) -> bytes:
    values = {
        **dict.fromkeys(FIELDS, "x"),
        "email": "new@reader.example",
        "sure": "yes",
        "action": action,
        "form_token": "{form}",
        "challenge": "{work}",
        "days": "7",
    }
    return "&".join(f"{name}={quote(value, safe='{}')}" for name, value in values.items()).encode()


def _multipart() -> bytes:
    part = '--XX\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return (
        "".join(part.format(name, value) for name, value in zip(FIELDS, HOSTILE, strict=False)).encode() + b"--XX--\r\n"
    )


_HEAD = b"POST /news/subscribe HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
_FORBIDDEN = [
    _HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    _HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nemail=",
    _HEAD + b"Content-Length: +5\r\n\r\nemail",
    _HEAD + b"Content-Length: 5_0\r\n\r\nemail",
    _HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    _HEAD + b'Transfer-Encoding: chunked\r\n\r\n7;ext="\\"\r\nemail=a\r\nffffffffffffffff\r\n',
    _HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n",
    _HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    _HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\nemail=%ff",
    _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
    b"GET /%00%ff%C0%AF/..%2F..%2fetc HTTP/1.1\r\nHost: [::1\r\nHost: y\r\n\r\n",
    b"GET http://evil.example/news HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT news.example:443 HTTP/1.1\r\nHost: news.example\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
    b"GET /demo/" + b"9" * 6000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.0\n\n", b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\nCookie: " + b"a=\xff\x00; " * 20 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]  # fmt: skip
