"""What holds for every page: headers, methods, limits, and where links lead."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Message
from tests.web.harness import WebHarness, open_web

from pressrun.core.errors import Unavailable
from pressrun.store.transaction import Transaction
from pressrun.web.readers import front
from pressrun.web.settings import HttpSettings

POLICY = (
    "default-src 'none'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; style-src "
)


def digest_of_sheet(page: str) -> str:
    """The source that allows the style sheet of a page, the only one in it."""
    (sheet,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()}'"


async def test_every_page_has_a_strict_policy_and_no_script(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    paths = ["/", "/news", "/news/archive", "/preferences", "/nothing/at/all", web.unsubscribe_path(reader)]
    async with web.client() as client:
        for path in paths:
            response = await client.get(path)
            assert POLICY + digest_of_sheet(response.text) == response.headers["content-security-policy"]
            assert "nosniff" == response.headers["x-content-type-options"]
            assert "max-age=31536000" == response.headers["strict-transport-security"]
            assert "set-cookie" not in response.headers
            assert "<script" not in response.text
            assert "style=" not in response.text
            assert [] == re.findall(
                r'<(?:link rel="(?!icon|canonical|alternate|apple-touch-icon)|img|iframe|script)[^>]*', response.text
            )
            assert '<html lang="en" dir="ltr">' in response.text
            assert len(response.content) < 30_000


async def test_token_pages_are_not_stored_indexed_or_named(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    async with web.client() as client:
        for path in (web.unsubscribe_path(reader), "/confirm/x", "/unsubscribe/x/", web.preferences_path(1)):
            for method in ("GET", "POST", "DELETE"):
                headers = (await client.request(method, path)).headers
                assert ("no-referrer", "no-store", "noindex") == (
                    headers["referrer-policy"],
                    headers["cache-control"],
                    headers["x-robots-tag"],
                )


@pytest.mark.parametrize(("path", "status"), [("/news", 200), ("/news/subscribe", 400), ("/nothing", 404)])
async def test_nobody_keeps_an_answer_that_is_an_error(web: WebHarness, path: str, status: int) -> None:
    await web.add_list()
    async with web.client() as client:
        answer = await client.request("POST" if status == 400 else "GET", path)
    assert (status, "no-cache" if status < 400 else "no-store") == (
        answer.status_code,
        answer.headers["cache-control"],
    )


async def test_links_come_from_base_url_never_from_host(web: WebHarness) -> None:
    number = await web.add_list()
    await web.add_edition(number)
    async with web.client() as client:
        for path in ("/", "/news", "/news/archive", "/news/archive/first", "/news/feed.atom", "/news/feed.json"):
            names = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
            response = await client.get(path, headers=names)
            assert "evil" not in response.text
        answer = await client.post("/news/subscribe", data={"email": "a@b.example"}, headers={"Host": "evil.example"})
    assert "/news/check-mail" == answer.headers["location"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/news", "GET, HEAD"),
        ("PUT", "/news/subscribe", "GET, HEAD, POST"),
        ("PUT", "/unsubscribe/x", "GET, HEAD, POST"),
        ("DELETE", "/healthz", "GET, HEAD"),
        ("OPTIONS", "/", "GET, HEAD, POST"),
    ],
)
async def test_a_wrong_method_is_405_with_what_is_allowed(web: WebHarness, method: str, path: str, allow: str) -> None:
    async with web.client() as client:
        response = await client.request(method, path)
    assert (405, allow) == (response.status_code, response.headers["allow"])


LENGTH, CHUNKED, EXPECT = (b"content-length", b"6000"), (b"transfer-encoding", b"chunked"), (b"expect", b"100-continue")


@pytest.mark.parametrize(
    ("framing", "most", "in_all"),
    [([LENGTH], 0, 1000), ([LENGTH, EXPECT], 0, 0), ([CHUNKED], 6, 1000), ([CHUNKED, EXPECT], 6, 1000)],
)
async def test_a_body_over_the_limit_is_413(
    tmp_path: Path, framing: list[tuple[bytes, bytes]], most: int, in_all: int
) -> None:
    """By its Content-Length at once, and without one as soon as it is over while it streams in.

    The rest is read and dropped, or the client may be reset before it reads the answer; but not if nothing was sent.
    """
    pieces = 0
    answers: list[tuple[int, dict[bytes, bytes], int]] = []

    async def receive() -> Message:
        nonlocal pieces
        pieces += 1
        return {"type": "http.request", "body": b"x" * 1000, "more_body": pieces < 1000}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append((message["status"], dict(message["headers"]), pieces))

    async with open_web(tmp_path, settings=HttpSettings(max_body_bytes=5000)) as web:
        await web.add_list()
        headers = [(b"host", b"x"), (b"content-type", b"application/x-www-form-urlencoded"), *framing]
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/news/subscribe"}
        await web.app()(
            {**scope, "headers": headers, "raw_path": b"/news/subscribe", "query_string": b"", "client": None},
            receive,
            send,
        )
    ((status, fields, read),) = answers
    assert (413, b"close") == (status, fields[b"connection"])
    assert (True, in_all) == (read <= most, pieces)


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_that_just_fits_is_read(tmp_path: Path, *, is_chunked: bool) -> None:
    """The limit is the largest body that may come."""
    body = b"email=r%40reader.example&more=".ljust(5000, b"x")

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    async with open_web(tmp_path, settings=HttpSettings(max_body_bytes=5000)) as web:
        await web.add_list()
        async with web.client() as client:
            answer = await client.post(
                "/news/subscribe",
                content=pieces() if is_chunked else body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
    assert 303 == answer.status_code


async def test_without_https_no_strict_transport_security(tmp_path: Path) -> None:
    async with open_web(tmp_path, base_url="http://127.0.0.1:8080") as web, web.client() as client:
        assert "strict-transport-security" not in (await client.get("/")).headers


async def test_a_database_that_is_gone_is_503_and_any_other_fault_500_without_internals(
    web: WebHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_transaction: Transaction) -> list[object]:
        raise Unavailable("the database /secret/place is locked")

    def break_down(_transaction: Transaction) -> list[object]:
        raise ZeroDivisionError("secret")

    async with web.client() as client:
        monkeypatch.setattr(front, "read_offers", fail)
        unavailable = await client.get("/")
        monkeypatch.setattr(front, "read_offers", break_down)
        broken = await client.get("/")
    assert (503, "5", False) == (
        unavailable.status_code,
        unavailable.headers["retry-after"],
        "secret" in unavailable.text,
    )
    assert (500, False) == (broken.status_code, "secret" in broken.text)
    assert POLICY + digest_of_sheet(broken.text) == broken.headers["content-security-policy"]


async def test_requests_are_counted_by_pattern_never_by_path(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.get("/news")
        await client.get("/confirm/secret-token")
        await client.get("/a/b/c/d/e/f")
        await client.put("/news")
    expected = [
        ("GET", "/{name}", 200),
        ("GET", "/confirm/{token}", 404),
        ("GET", "none", 404),
        ("PUT", "/{name}", 405),
    ]
    assert expected == web.counted


async def test_static_files_are_kept_for_ever_under_the_name_of_their_content(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        page = (await client.get("/news/form")).text
        path = page.split('<script src="')[1].split('"')[0]
        script = await client.get(path)
        other = await client.get("/static/copy.js")
    assert (200, "text/javascript; charset=utf-8") == (script.status_code, script.headers["content-type"])
    assert "public, max-age=31536000, immutable" == script.headers["cache-control"]
    assert 404 == other.status_code


async def test_what_watches_the_service(web: WebHarness) -> None:
    async with web.client() as client:
        answers = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics")]
        web.blockers.append("every relay has failed for 60 s")
        blocked = await client.get("/readyz")
    assert [200, 200, 200] == [answer.status_code for answer in answers]
    assert answers[2].headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"pressrun_up 1\n" == answers[2].content
    assert (503, "every relay has failed for 60 s\n") == (blocked.status_code, blocked.text)


async def test_a_length_and_chunks_together_are_refused(web: WebHarness) -> None:
    """What one server takes for the body another takes for the next request (RFC 9112 §6.3)."""
    await web.add_list()
    headers = {"Content-Length": "3", "Transfer-Encoding": "chunked"}
    async with web.client() as client:
        response = await client.post("/news/subscribe", content=b"0\r\n", headers=headers)
    assert (400, "close") == (response.status_code, response.headers["connection"])
