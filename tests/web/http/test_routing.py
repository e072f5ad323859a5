"""The table of routes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from pressrun.web.http.routing import Handler, PageRoute, PathTable, Router

GET, POST = frozenset({"GET", "HEAD"}), frozenset({"POST"})


def say(word: str) -> Handler:
    """A handler that answers a word and the named segments."""

    async def handler(request: Request) -> Response:
        return PlainTextResponse(" ".join([word, *request.scope.get("path_params", {}).values()]))

    return handler


def route(path: str, word: str, methods: frozenset[str] = GET, **more: Any) -> PageRoute:
    return PageRoute(path=path, handler=say(word), methods=methods, **more)


async def ask(router: Router, path: str, method: str = "GET") -> str:
    transport = httpx.ASGITransport(app=router)
    async with httpx.AsyncClient(transport=transport, base_url="http://news.example") as client:
        return (await client.request(method, path)).text


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/a/b", {"x": "b"}),
        ("/a/b\n", {"x": "b\n"}),
        ("/a/", None),
        ("/a", None),
        ("/a/b/c", None),
        ("/A/b", None),
        ("/a\n/b", None),
    ],
)
def test_a_name_stands_for_one_segment(path: str, named: dict[str, str] | None) -> None:
    """It is never empty, and words are compared exactly."""
    table = PathTable([("/a/{x}", "value")])
    assert next(table.find(path.split("/")), ("", None))[1] == named


async def test_the_first_of_the_table_answers() -> None:
    """Of several routes for a path, the first with its method."""
    router = Router(
        [route("/a/{x}", "posts", POST), route("/a/{x}", "named"), route("/a/word", "word")], unknown=say("unknown")
    )
    assert [await ask(router, path) for path in ("/a/word", "/a/b", "/b")] == ["named word", "named b", "unknown"]
    assert await ask(router, "/a/b", "POST") == "posts b"


async def test_another_method_is_refused_with_those_of_the_first_route() -> None:
    router = Router([route("/a", "get"), route("/{x}", "post", POST)], unknown=say("unknown"))
    with pytest.raises(HTTPException) as refusal:
        await ask(router, "/a", "DELETE")
    assert (refusal.value.status_code, refusal.value.headers) == (405, {"Allow": "GET, HEAD"})


async def test_a_route_that_does_not_apply_does_not_exist() -> None:
    """Not for any method, and one that looks at any path goes before the table."""

    def is_b(scope: Scope) -> bool:
        return bool(scope["path"] == "/b")

    router = Router(
        [route("/a", "hidden", applies=is_b), route("/b", "shown")],
        unknown=say("unknown"),
        first=[route("/anything", "first", POST, applies=is_b)],
    )
    assert [await ask(router, path) for path in ("/a", "/b")] == ["unknown", "shown"]
    assert [await ask(router, path, "POST") for path in ("/a", "/b")] == ["unknown", "first"]
