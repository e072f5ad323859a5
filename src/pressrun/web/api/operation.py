"""What an action of the table means for a request to the API, worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct, structs

from pressrun.acts.act import Act, Http
from pressrun.acts.http import JSON, Content, Page
from pressrun.web.api import streams
from pressrun.web.api.bodies import BodyForm, form_of
from pressrun.web.api.values import RequestField, describe_fields

BASE_PATH = "/api/v1"
AFTER, FIELDS, WAIT, WHOLE, TABLE = "after", "fields", "wait", "whole", "table"


class Operation(Struct, frozen=True, kw_only=True):
    """An action with what its entry means. `item` is the type in a collection."""

    act: Act[Any]
    path: tuple[RequestField, ...]
    query: tuple[RequestField, ...]
    headers: tuple[RequestField, ...]
    body: BodyForm | None
    item: Any
    columns: tuple[str, ...]
    seals_cursors: bool  # whether `after` is a cursor, rather than a number that has a meaning of its own
    media_types: tuple[str, ...]  # what an answer may be, the usual one first

    @property
    def http(self) -> Http:
        """How programs ask for it."""
        assert self.act.http is not None
        return self.act.http

    @property
    def reads_body(self) -> bool:
        """Whether a body is looked at, be it only to refuse one."""
        return self.body is not None or self.http.method in ("POST", "PUT", "PATCH")

    @property
    def is_conditional(self) -> bool:
        """Whether the ETag covers the whole answer. That of JSON covers only what can be changed with If-Match."""
        return self.http.method == "GET" and self.http.etag is not None and self.act.answer is Content

    def made(self, status: int) -> str | None:
        """The path of what an answer with this status has made. A 202 in place of the usual answer names no job."""
        return self.http.made if status == 201 or status == self.http.status == 202 else None

    @property
    def is_collection(self) -> bool:
        """Whether the answer is a page of several."""
        return self.item is not None


@cache  # the types are read for longer than anything else takes when an API is made
def operation_of(act: Act[Any]) -> Operation:
    """What the entry of an action means."""
    http = act.http
    assert http is not None
    path = {part[1:-1]: part[1:-1] for part in http.path.split("/") if part.startswith("{")}
    fields = structs.fields(act.arguments)
    labels = {member.name: member.encode_name for member in fields if member.name in http.query}
    query = describe_fields(act.arguments, labels, "?{}")
    outside = frozenset({*path, *labels, *http.headers, WHOLE, TABLE})
    item = get_args(act.answer)[0] if get_origin(act.answer) is Page else None
    shape: Any = item or act.answer
    is_struct = isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    return Operation(
        act=act,
        path=describe_fields(act.arguments, path, "{{{}}}"),
        query=query,
        headers=describe_fields(act.arguments, http.headers, "{}"),
        body=None if http.method in ("GET", "DELETE") and http.body is None else form_of(act, outside),
        item=item,
        columns=tuple(member.encode_name for member in structs.fields(shape)) if is_struct else (),
        seals_cursors=any(value.label == AFTER and _is_text(value.kind) for value in query),
        media_types=_of_one(http) if item is None else _of_collections(query),
    )


def _of_one(http: Http) -> tuple[str, ...]:
    """The media types of an answer: if it becomes final at some time, also that of how it changes until then."""
    return (JSON,) if http.is_final is None else (JSON, streams.EVENTS)


def _of_collections(query: Sequence[RequestField]) -> tuple[str, ...]:
    """The media types of a page: if a client can wait for more, also that of what follows."""
    goes_on = any(value.label == WAIT for value in query)
    return (JSON, streams.NDJSON, streams.CSV, *((streams.EVENTS,) if goes_on else ()))


def _is_text(kind: Any) -> bool:
    return kind is str or str in get_args(kind) or any(_is_text(part) for part in get_args(kind) if part is not kind)
