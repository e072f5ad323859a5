"""Octets of every kind at every route: never an error of ours, and whoever comes next is served.

`PRESSRUN_THOROUGH=1` looks for longer.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.web.routes import (
    ACTIONS,
    FIELDS,
    HEADERS,
    HOSTILE,
    ROUTES,
    broken_promises,
    is_of_connection,
    kinds_of,
    names_of,
    segment_of,
)
from tests.web.served_pages import ServedPages, serve_pages

from pressrun.observe.log import configure
from pressrun.observe.settings import LogSettings
from pressrun.web.http.connections import DEFAULT_CONNECTION, H11Connection, LimitedConnection

EXAMPLES = 1000 if os.environ.get("PRESSRUN_THOROUGH") else 60
KINDS: list[type[LimitedConnection]] = list(dict.fromkeys([H11Connection, DEFAULT_CONNECTION]))

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
VALUES = ["", *ACTIONS, *HOSTILE, "One-Click", "ada@reader.example", "news", "yes", "7"]
HEADS = {
    **HEADERS,
    "Content-Type": ("application/x-www-form-urlencoded", "multipart/form-data; boundary=XX", "multipart/form-data"),
    "Range": ("bytes=0-", "bytes=9-1,-5"),
    "Expect": ("100-continue",),
    "Upgrade": ("h2c", "websocket"),
    "Content-Encoding": ("gzip",),
    "Cookie": ("a=b; " * 50,),
    "Host": ("", "evil.example", "a" * 300, "[::1"),
}
OCTETS = [b"\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b"Host: x\r\n", b"\0", b": ", b"0"]
OCTETS += [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"POST /news/subscribe HTTP/1.0\r\n"]
LOOKING = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
JUNK = st.one_of(
    st.sampled_from(["%00", "%ff", "%C0%AF", "..", "%2e%2e", "%2F", "%", "%zz", "a" * 3000, "'", "\\", "%E2%80%A8"]),
    st.text(max_size=30).map(lambda text: quote(text, safe="")),
    st.binary(max_size=20).map(quote),
)


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    with serve_pages(tmp_path_factory.mktemp("served"), request.param) as opened:
        yield opened


def filled(served: ServedPages, route: str, **values: str) -> str:
    """A route's path with what leads somewhere for each name, or what is given; `@own` is a token of that kind."""
    path = route
    for name in names_of(route):
        value = values.get(name, f"@{kinds_of(route)[0]}" if name == "token" else segment_of(route, name)[0])
        path = path.replace(f"{{{name}}}", quote(served.token(value[1:])) if value.startswith("@") else value)
    return path


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answer)]


def header_of(answer: bytes) -> dict[str, str]:
    """The header of the last answer."""
    head = re.split(rb"(?m)^HTTP/1\.1 ", answer)[-1].partition(b"\r\n\r\n")[0].decode("latin-1")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str], str, dict[str, str], bytes]:
    """Method, what stands for some names of the route, route and query, header, body."""
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "POST", "POST", "PUT", "OPTIONS", "BREW", "get"]))
    route = draw(st.sampled_from(sorted(ROUTES)))
    names = names_of(route)
    values = {name: draw(JUNK) for name in names if draw(st.integers(0, 3)) == 0}
    if "token" in names and "token" not in values:
        values["token"] = "@" + draw(st.sampled_from(kinds_of(route)))
    query = draw(st.one_of(st.just(""), JUNK.map(lambda junk: f"?q={junk}&language={junk}&page={junk}&{junk}")))
    heads = {
        name: draw(st.one_of(st.sampled_from(HEADS[name]), st.text('abc;=", /*\x7f~', max_size=40)))
        for name in draw(st.lists(st.sampled_from(sorted(HEADS)), unique=True, max_size=4))
    }
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), st.one_of(st.sampled_from(VALUES), st.text())), max_size=8)
    )
    body = draw(
        st.one_of(
            st.just("&".join(f"{name}={quote(value)}" for name, value in pairs).encode()),
            st.just(multipart(pairs)),
            st.binary(max_size=300),
            st.sampled_from([b"a=1&" * 5000, b"email=" + b"%C3" * 30000, multipart([("email", "x" * 100_000)])]),
            st.sampled_from([b"--XX\r\n" * 3000, b"--XX\r\n" + b"A: b\r\n" * 5000, multipart(pairs, "; filename=x")]),
        )
    )
    return method, values, route + query, heads, body


def multipart(pairs: list[tuple[str, str]], more: str = "") -> bytes:
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()
        for name, value in pairs
    ]
    return b"".join(parts) + b"--XX--\r\n"


@LOOKING
@given(request=requests())
def test_no_input_is_an_error_of_ours(
    served: ServedPages, request: tuple[str, dict[str, str], str, dict[str, str], bytes]
) -> None:
    method, values, target, heads, body = request
    path = filled(served, target, **values)
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in heads.items())]
    if "Host" not in heads:
        lines.append("Host: news.example")
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    answer = served.send("\r\n".join(lines).encode("utf-8", "surrogatepass") + body)
    assert [] == served.new_faults()
    final = [status for status in statuses(answer) if status != 100]
    assert len(final) == 1, answer[:300]
    assert final[0] < 500, answer[:300]
    if not is_of_connection(final[0], header_of(answer)):
        assert [] == broken_promises(path, final[0], header_of(answer))
    if method == "HEAD" and final[0] != 400:
        assert answer.endswith(b"\r\n\r\n")


@LOOKING
@given(octets=st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(OCTETS))))
def test_octets_that_are_no_request_close_the_line(served: ServedPages, octets: list[bytes]) -> None:
    answer = served.send(b"".join(octets), ends=True)
    assert [] == served.new_faults()
    assert all(status < 500 for status in statuses(answer)), answer[:300]
    assert [200] == statuses(served.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_every_route_takes_its_methods_and_no_other(served: ServedPages, route: str) -> None:
    """405 with what is allowed; HEAD is GET without the body (RFC 9110 §9.3.2, §15.5.6)."""
    allowed = {*(method.upper() for method in ROUTES[route]), *(["HEAD"] if "get" in ROUTES[route] else [])}
    for method in METHODS:
        head = f"{method} {filled(served, route)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        answer = served.send(head.encode())
        header = answer.partition(b"\r\n\r\n")[0].decode().lower()
        assert (statuses(answer)[0] == 405) is (method not in allowed), (method, answer[:200])
        if method not in allowed:
            assert f"\r\nallow: {', '.join(sorted(allowed)).lower()}\r\n" in header + "\r\n"
        if method == "HEAD":
            assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("GET http://news.example/news", {200}),
        ("GET HTTPS://evil.example/news/archive?page=1", {200}),
        ("OPTIONS *", {405}),
        ("GET *", {404}),
        ("CONNECT news.example:443", {400, 405}),  # by the carrier
    ],
)
def test_a_target_that_is_no_path_is_answered(served: ServedPages, target: str, expected: set[int]) -> None:
    """A server takes whole addresses, too, and looks at the path alone (RFC 9112 §3.2.2, §3.2.4)."""
    answer = served.send(f"{target} HTTP/1.1\r\nHost: news.example\r\nConnection: close\r\n\r\n".encode())
    assert [] == served.new_faults()
    assert expected >= set(statuses(answer))
    assert 1 == len(statuses(answer))
    assert b"evil" not in answer


@pytest.mark.parametrize("part", [b"A B: c", b"A: \x04", b"Content-Disposition", b"Content-Disposition: form-data"])
def test_a_form_with_broken_parts_is_no_line_in_the_log(served: ServedPages, part: bytes) -> None:
    """Whoever sends them would fill it, also with the log set up as the daemon does."""
    configure(LogSettings(), io.StringIO())
    body = b"--XX\r\n" + part + b"\r\n\r\nada@reader.example\r\n--XX--\r\n"
    head = f"POST /news/subscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    answer = served.send(head.encode() + b"Content-Type: multipart/form-data; boundary=XX\r\n\r\n" + body)
    assert ([400], []) == (statuses(answer), served.new_faults())


def test_every_route_of_the_application_is_described_and_tried(served: ServedPages) -> None:
    """A new route comes with a row of ROUTES."""
    assert sorted(served.routes) == sorted(ROUTES)
