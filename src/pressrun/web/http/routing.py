"""The table of routes: which handler answers a path, and by which methods.

Paths are compared segment by segment with the patterns that have as many, in the order of the table; `{name}` in a
pattern stands for any one segment. Starlette's router tries one regular expression after the other instead, and passes
each request through five calls, which together take as long as the whole handler of a one-click POST.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class _Pattern(Struct, Generic[T], frozen=True):
    """What the segments at some places have to be, and the names of the others."""

    words: tuple[tuple[int, str], ...]
    names: tuple[tuple[int, str], ...]
    value: T


class PathTable(Generic[T]):
    """Values by the patterns of paths."""

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        self._by_length: dict[int, list[_Pattern[T]]] = {}
        for path, value in rows:
            segments = list(enumerate(path.split("/")))
            pattern = _Pattern(
                words=tuple((place, text) for place, text in segments if not text.startswith("{")),
                names=tuple((place, text[1:-1]) for place, text in segments if text.startswith("{")),
                value=value,
            )
            self._by_length.setdefault(len(segments), []).append(pattern)

    def find(self, segments: Sequence[str]) -> Iterator[tuple[T, dict[str, str]]]:
        """The values whose pattern fits, in order, with the segments that have names; these are never empty."""
        for pattern in self._by_length.get(len(segments), ()):
            for place, word in pattern.words:
                if segments[place] != word:
                    break
            else:
                named = {name: segments[place] for place, name in pattern.names}
                if "" not in named.values():
                    yield pattern.value, named


class PageRoute(Struct, frozen=True, eq=False, kw_only=True):
    """One page. `applies` says to which requests for its path; to others it does not exist."""

    path: str
    handler: Handler
    methods: frozenset[str]
    applies: Callable[[Scope], bool] | None = None


class Router:
    """Finds the route of a request and calls its handler; `first` are routes that look at any path themselves."""

    def __init__(self, routes: Sequence[PageRoute], *, unknown: Handler, first: Sequence[PageRoute] = ()) -> None:
        self.routes = (*first, *routes)
        self._first = tuple((route, dict[str, str]()) for route in first)
        self._table = PathTable((route.path, route) for route in routes)
        self._unknown = unknown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._find(scope)
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> Handler:
        """The handler; its route and the named segments go into the scope. Raises HTTPException 405."""
        refusing = None
        for route, named in self._candidates(scope["path"]):
            if route.applies is not None and not route.applies(scope):
                continue
            if scope["method"] in route.methods:
                scope["endpoint"], scope["path_params"] = route, named
                return route.handler
            refusing = refusing or route
        if refusing is None:
            return self._unknown
        scope["endpoint"] = refusing
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(refusing.methods))})

    def _candidates(self, path: str) -> Iterator[tuple[PageRoute, dict[str, str]]]:
        yield from self._first
        yield from self._table.find(path.split("/"))
