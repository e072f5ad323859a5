"""What watches the service: the counters and whether it is ready, for whoever asks straight and by the one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.harness import open_web
from tests.web.served_pages import ServedPages, serve_pages

from pressrun.web.http.connections import DEFAULT_CONNECTION, H11Connection

PRIVATE = ("metrics", "readyz")
SPELLINGS = [
    "/{}/", "/{}//", "//{}", "///{}", "/./{}", "/x/../{}", "/news/../{}", "/%2e/{}", "/{};x", "/{}%00", "/{}%20",
    "/{}%2f", "/{}/x", "/%2f{}", "/static/{}",
    "http://news.example/{}", "HTTP://127.0.0.1/{}", "http:///{}", "/{}#x", "*{}",
]  # fmt: skip
PROXIES = [
    "X-Forwarded-For: 192.0.2.1", "x-forwarded-for:", "X-Forwarded-Host: news.example", "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 443", "X-Forwarded-Server: a", "X-Forwarded-Anything: a", "Forwarded: for=192.0.2.1",
    "Forwarded:", "Via: 1.1 caddy", "X-Real-IP: 192.0.2.1", "True-Client-IP: 192.0.2.1", "CF-Connecting-IP: 192.0.2.1",
    "X-Client-IP: 192.0.2.1",
]  # fmt: skip


@pytest.fixture(scope="module", params=list(dict.fromkeys([H11Connection, DEFAULT_CONNECTION])))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPages]:
    with serve_pages(tmp_path_factory.mktemp("served"), request.param) as opened:
        yield opened


def ask(served: ServedPages, target: str, *fields: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: news.example", *fields, "Connection: close", "", ""]
    return re.sub(rb"(?m)^date: .*\r\n", b"", served.send("\r\n".join(lines).encode()))


def others(name: str) -> list[str]:
    """Other spellings of a path, with each of its letters encoded, or as a capital."""
    encoded = [f"/{name[:at]}%{ord(letter):02x}{name[at + 1 :]}" for at, letter in enumerate(name)]
    return [*(spelling.replace("{}", name) for spelling in SPELLINGS), *encoded, f"/{name.upper()}", f"/{name.title()}"]


@pytest.mark.parametrize("name", PRIVATE)
def test_whoever_asks_straight_gets_an_answer(served: ServedPages, name: str) -> None:
    for target in (f"/{name}", f"/{name}?x", f"/{name}?"):
        assert ask(served, target).startswith(b"HTTP/1.1 200 ")
    assert ask(served, f"/{name}", method="HEAD").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("name", PRIVATE)
def test_no_other_spelling_leads_there(served: ServedPages, name: str) -> None:
    """By any way to write it, it is a page that there is not."""
    unknown, below_a_list = ask(served, "/nothing"), ask(served, "/news/nothing")
    assert unknown.startswith(b"HTTP/1.1 404 ")
    for target in others(name):
        answer = ask(served, target)
        assert re.match(rb"HTTP/1.1 40[04] ", answer), target
        assert b"pressrun_up" not in answer
        if answer.startswith(b"HTTP/1.1 404 "):
            assert answer == (below_a_list if target.startswith("/news/") else unknown), target


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("field", PROXIES)
def test_to_whoever_asks_through_a_proxy_it_is_not_there(served: ServedPages, name: str, field: str) -> None:
    """The answer is that of any page that there is not, by each method."""
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        assert ask(served, "/nothing", field, method=method) == ask(served, f"/{name}", field, method=method), method


def test_whether_it_is_alive_anybody_may_know(served: ServedPages) -> None:
    for target in ("/healthz", "/healthz/"):
        assert ask(served, target, "X-Forwarded-For: 192.0.2.1").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("prefix", ["/lists", "/metrics"])
async def test_a_path_of_base_url_leads_nowhere_else(tmp_path: Path, prefix: str) -> None:
    async with open_web(tmp_path, base_url=f"https://news.example.org{prefix}") as web, web.client() as client:
        host = "https://news.example.org"
        answers = [await client.get(f"{host}{prefix}/{name}") for name in PRIVATE]
        assert [404, 404] == [answer.status_code for answer in answers]
        ready = await client.get(f"{host}/readyz")
    assert (200, "ready\n") == (ready.status_code, ready.text)


@pytest.mark.parametrize(
    ("version", "hosts", "expected"),
    [
        ("1.1", ["Host: news.example"], 200),
        ("1.1", ["Host:"], 200),
        ("1.1", [], 400),
        ("1.1", ["Host: a", "Host: b"], 400),
        ("1.1", ["Host: a", "host: a"], 400),
        ("1.0", [], 200),
        ("1.0", ["Host: a", "Host: b"], 400),
    ],
)
def test_a_request_names_one_host(served: ServedPages, version: str, hosts: list[str], expected: int) -> None:
    """What one server takes for the site another may take for another one (RFC 9112 §3.2)."""
    lines = [f"GET /healthz HTTP/{version}", *hosts, "Connection: close", "", ""]
    assert served.send("\r\n".join(lines).encode()).startswith(f"HTTP/1.1 {expected} ".encode())
