"""All resources of the API, found by the path as it was sent: an encoded slash belongs to an address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from pressrun.acts.act import Act
from pressrun.core.errors import PressrunError
from pressrun.web.api.endpoint import ApiContext, ApiResource
from pressrun.web.api.openapi import describe
from pressrun.web.api.operation import BASE_PATH, Operation, operation_of
from pressrun.web.api.problems import PROBLEMS_PATH, TITLES, ApiProblem, problem_of, respond
from pressrun.web.http.conditional import is_fresh
from pressrun.web.http.security import Area, Endpoint

OPENAPI_PATH = "/api/openapi.json"
_OTHER_PATHS = "/api/{rest:path}"  # how those are counted that lead to no resource


class Api:
    """Everything below /api."""

    def __init__(self, acts: Mapping[str, Act[Any]], context: ApiContext) -> None:
        by_path: dict[str, list[Operation]] = {}
        for act in acts.values():
            if act.http is not None:
                by_path.setdefault(act.http.path, []).append(operation_of(act))
        self._context = context
        self._operations = [operation for operations in by_path.values() for operation in operations]
        resources = {path: ApiResource(operations, context) for path, operations in by_path.items()}
        # By the number of segments. Where a name and a word of ours may both stand, the word goes first.
        self._resources: dict[int, list[tuple[list[str], ApiResource]]] = {}
        for path in sorted(resources, key=lambda path: path.replace("{", "~")):
            pattern = path.split("/")
            self._resources.setdefault(len(pattern), []).append((pattern, resources[path]))
        self._patterns: dict[Any, str] = {resource: f"{BASE_PATH}/{path}" for path, resource in resources.items()}
        self._patterns[self] = _OTHER_PATHS
        self._document: tuple[bytes, str] | None = None

    @property
    def area(self) -> Area:
        """How the guard treats what is below /api."""
        limits = self._context.limits
        return Area(
            app=Endpoint(self.answer),
            max_body_bytes=max(limits.json, limits.upload),
            fault_page=lambda failure: respond(problem_of(failure), self._context.base_url),
            patterns=self._patterns,
            requests=frozenset((each.http.method, f"{BASE_PATH}/{each.http.path}") for each in self._operations),
        )

    async def answer(self, request: Request) -> Response:
        """The answer to a request for any path below /api."""
        request.scope["endpoint"] = self
        try:
            resource = self._find(request.scope)
        except ApiProblem as problem:
            return await self._answer_elsewhere(request, problem)
        request.scope["endpoint"] = resource
        return await resource.answer(request)

    def _find(self, scope: Scope) -> ApiResource:
        """The resource at a path, whose variable segments go into the scope; raises ApiProblem."""
        _, separator, rest = scope.get("raw_path", b"").partition(f"{BASE_PATH}/".encode())
        try:
            segments = [_decoded(part) for part in rest.split(b"/")] if separator else []
        except UnicodeDecodeError:
            raise self._no_path() from None
        if len(segments) > 1 and segments[-1] == "":
            segments.pop()
        below = "/".join([BASE_PATH, *segments]).rstrip("/").replace("\0", "\N{REPLACEMENT CHARACTER}")
        if scope["path"].rstrip("/") != below:
            raise self._no_path()  # something else stands before BASE_PATH
        for pattern, resource in self._resources.get(len(segments), ()):
            values = _match(pattern, segments)
            if values is not None:
                scope["path_params"] = values
                return resource
        raise self._no_path()

    def _no_path(self) -> ApiProblem:
        return ApiProblem(404, f"unknown path. See {self._context.base_url}{OPENAPI_PATH} for all paths")

    async def _answer_elsewhere(self, request: Request, unknown: ApiProblem) -> Response:
        """Answer a path without a resource: 401 or 404. The description and the problem types need no token."""
        path = request.scope["path"]
        if path in (OPENAPI_PATH, PROBLEMS_PATH):
            return self._answer_public(request, path)
        try:
            await self._context.get_caller(request)
        except (ApiProblem, PressrunError) as problem:
            unknown = problem_of(problem)
        return respond(unknown, self._context.base_url)

    def _answer_public(self, request: Request, path: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return respond(ApiProblem(405, headers={"Allow": "GET, HEAD"}), self._context.base_url)
        if path == PROBLEMS_PATH:
            return Response(_problems(), media_type="text/plain; charset=utf-8")
        document, etag = self.document()
        is_known = is_fresh(request, etag)
        return Response(b"" if is_known else document, 304 if is_known else 200, {"ETag": etag}, "application/json")

    def document(self) -> tuple[bytes, str]:
        """The OpenAPI document and its ETag."""
        if self._document is None:
            document = msgspec.json.encode(describe(self._operations, self._context.base_url))
            self._document = document, f'"{hashlib.sha256(document).hexdigest()[:16]}"'
        return self._document


def _decoded(segment: bytes) -> str:
    return (unquote_to_bytes(segment) if b"%" in segment else segment).decode()


def _match(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """The variable segments of a path with as many segments as the pattern; None if it is another path."""
    values: dict[str, str] = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{"):
            if not segment:
                return None
            values[part[1:-1]] = segment
        elif part != segment:
            return None
    return values


def _problems() -> bytes:
    return "".join(f"{slug} ({status})\n    {title}.\n" for status, (slug, title) in TITLES.items()).encode()
