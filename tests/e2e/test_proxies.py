"""Behind nginx, Caddy and Apache, set up by the examples of docs/how-to/web-server.md.

What is private stays so, and all else works.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import HOST, Instance
from tests.e2e.proxies import PROGRAMS, PROXIES, Proxy

Start = Callable[..., AbstractContextManager[Proxy]]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SPELLINGS = [
    "/{}", "/{}/", "/{}//", "//{}", "///{}", "/./{}", "/../{}", "/foo/../{}", "/foo/%2e%2e/{}", "/{}?x", "/{}?",
    "/{};x", "/{};", "/{}/x", "/{}%00", "/{}%20", "/{}%2f", "/%2f{}", "/{}%3fx", "/{}#x", "/x/..%2f{}", "/{}.", "/{}/.",
    "/{}/..",
    "https://HOST/{}", "HTTP://HOST/{}", "https://HOST//{}",
]  # fmt: skip
HEADS = [
    ["Host: HOST"],
    ["Host: HOST", "X-Forwarded-For: 127.0.0.1"],
    ["Host: HOST", "Connection: close, X-Forwarded-For, Via, X-Forwarded-Proto, X-Forwarded-Host"],
    ["Host: HOST", "X-Original-URL: /metrics", "X-Rewrite-URL: /metrics"],
]


def spellings(name: str) -> list[str]:
    encoded = [f"/{name[:at]}%{ord(letter):02x}{name[at + 1 :]}" for at, letter in enumerate(name)]
    plain = [spelling.replace("{}", name).replace("HOST", HOST) for spelling in SPELLINGS]
    return [*plain, *encoded, f"/{name.upper()}", f"/{name.title()}"]


def status(answer: bytes) -> int:
    match = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    assert match, answer[:300]
    return int(match[1])


def request(method: str, target: str, *heads: str, body: bytes = b"", version: str = "1.1") -> bytes:
    about = ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {target} HTTP/{version}", *heads, *about]
    if not any(line.startswith("Connection:") for line in lines):
        lines.append("Connection: close")
    return "\r\n".join([*(line.replace("HOST", HOST) for line in lines), "", ""]).encode() + body


def post(proxy: Proxy, path: str, fields: dict[str, str], *heads: str, source: str = "127.0.0.1") -> bytes:
    return proxy.ask(request("POST", path, "Host: HOST", *heads, body=urlencode(fields).encode()), source=source)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.needs(PROGRAMS[name], "openssl")) for name in PROXIES])
def start(request: pytest.FixtureRequest) -> Start:
    """What starts the proxy: `start(folder, upstream)`."""
    starter: Start = PROXIES[request.param]
    return starter


@pytest.fixture
def instance(make_instance: MakeInstance) -> Instance:
    instance = make_instance(limits={"sign_ups_per_ip": "3/h"})
    instance.start()
    return instance


@pytest.mark.parametrize("is_guarded", [True, False], ids=["as documented", "without its rules"])
def test_nobody_outside_reads_what_watches_the_service(
    instance: Instance, start: Start, tmp_path: Path, is_guarded: bool
) -> None:
    """By no spelling, and by none either where the proxy's own rules are missing."""
    assert (200, 200) == (instance.get("/metrics").status, instance.get("/readyz").status)
    with start(tmp_path, instance.http_port, is_guarded=is_guarded) as proxy:
        assert 200 == status(proxy.ask(request("GET", "/healthz", "Host: HOST")))
        for name in ("metrics", "readyz"):
            tried = [request("GET", target, *heads) for target in spellings(name) for heads in HEADS]
            tried += [
                request("GET", f"/{name}", version="1.0"),
                request("GET", f"/{name}", "Host: HOST", version="1.0"),
            ]
            tried += [
                request("GET", f"/{name}", "Host: 127.0.0.1"),
                request("GET", f"http://127.0.0.1/{name}", "Host: HOST"),
            ]
            for sent in tried:
                answer = proxy.ask(sent)
                assert b"pressrun_" not in answer, sent
                assert b"ready\n" not in answer, sent
                # Nothing, as Caddy answers for other sites, or a refusal.
                assert answer.endswith(b"\r\n\r\n") or answer == b"" or 300 <= status(answer) < 500, sent
            for method in ("HEAD", "POST", "OPTIONS"):
                assert 400 <= status(proxy.ask(request(method, f"/{name}", "Host: HOST"))) < 500, method


def test_readers_sign_up_and_leave_through_it(instance: Instance, start: Start, tmp_path: Path) -> None:
    """Nothing that a mail leads to is redirected, and a mail program's one click is answered at once."""
    instance.send()
    left = instance.await_mails(1, READERS[0])[0].path_of("unsubscribe")
    with start(tmp_path, instance.http_port) as proxy:
        assert 303 == status(post(proxy, "/news/subscribe", {"email": "new@readers.example"}))
        confirm = instance.await_mails(1, "new@readers.example")[0].path_of("confirm")
        assert 200 == status(proxy.ask(request("GET", confirm, "Host: HOST")))
        assert 200 == status(post(proxy, confirm, {"action": "confirm"}))
        answer = post(proxy, left, ONE_CLICK)
        assert (200, True) == (status(answer), answer.endswith(b"You are unsubscribed.\n"))
        moved = proxy.ask_plain(request("GET", "/news", "Host: HOST"))
        assert (True, True) == (status(moved) in (301, 308), f"https://{HOST}".encode() in moved)
        with proxy.connect(protocols=("h2", "http/1.1")) as line:
            assert "h2" == line.selected_alpn_protocol()
        assert 200 == status(proxy.ask(request("GET", "/news", "Host: HOST"), source="::1"))
        in_path = "/api/v1/lists/news/subscribers/a%2Fb@readers.example"
        assert 401 == status(proxy.ask(request("GET", in_path, "Host: HOST")))  # and no 404 of the proxy's own
    assert [("active",), ("unsubscribed",)] == [
        tuple(
            instance.rows(
                "select state from subscription s join subscriber p on p.id = subscriber_id where address = ?", name
            )
        )
        for name in ("new@readers.example", READERS[0])
    ]


def test_limits_count_by_the_client_behind_it(instance: Instance, start: Start, tmp_path: Path) -> None:
    """Whatever it claims to be; and what is too large is refused by name, not by a broken connection."""
    with start(tmp_path, instance.http_port) as proxy:
        claims = [f"X-Forwarded-For: 198.51.100.{number}" for number in range(5)]
        asked = [
            status(post(proxy, "/news/subscribe", {"email": f"a{at}@readers{at}.example"}, claim, source="127.0.0.2"))
            for at, claim in enumerate(claims)
        ]
        assert [303, 303, 303, 429, 429] == asked
        assert 303 == status(post(proxy, "/news/subscribe", {"email": "b@readers.example"}, source="127.0.0.3"))
        assert 413 == status(post(proxy, "/preferences", {"email": "x" * 1_200_000}))
