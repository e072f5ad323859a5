"""The description of the API (OpenAPI 3.1), made from the table of actions; `x-right` is the right that each needs.

The schemas are JSON Schema 2020-12, which msgspec makes of the types that requests and answers are checked against.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

import msgspec

from pressrun import __version__
from pressrun.acts.http import JSON, Content
from pressrun.acts.keyed import KEY
from pressrun.web.api import cursors
from pressrun.web.api.operation import AFTER, BASE_PATH, FIELDS, Operation
from pressrun.web.api.problems import PROBLEM, TITLES, ProblemDetails
from pressrun.web.api.values import IF_MATCH, LARGEST, RequestField, members_type

Schema = dict[str, Any]

EXAMPLES: Mapping[str, Any] = {"list": "news", "address": "ada@reader.example", "id": 7}
_OF_LISTS = frozenset({"editions", "subscribers"})
_REF = "#/components/schemas/{name}"
_FIELDS: Mapping[str, str] = {
    "ETag": "The revision, for If-Match.",
    "Link": "The next page, if there may be one.",
    "Location": "The address of what was created, or of the job.",
}
_ALWAYS = (400, 401, 403, 404, 409, 410, 422, 429, 503)


def describe(operations: Sequence[Operation], base_url: str) -> Schema:
    """The whole document."""
    types = _Types(operations)
    paths: dict[str, Schema] = {}
    for operation in sorted(operations, key=lambda operation: (operation.http.path, operation.http.method)):
        http = operation.http
        paths.setdefault(f"/{http.path}", {})[http.method.lower()] = _operation(operation, types)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Pressrun", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": f"{base_url}{BASE_PATH}"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in sorted({_tag(operation) for operation in operations})],
        "paths": paths,
        "components": {
            "schemas": types.components,
            "responses": {str(status): _problem(status) for status in TITLES},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    _complete(document)
    return document


def _complete(schema: object) -> None:
    """Say what types do not: the time zones that this machine knows, and that whole numbers have 64 bits."""
    if isinstance(schema, dict):
        if schema.get("format") == "time-zone":
            schema["enum"] = _zones()
        if isinstance(pattern := schema.get("pattern"), str):
            schema["pattern"] = re.sub(r"\\Z\Z", "$", pattern)  # what Python calls the end
        if schema.get("type") == "integer":
            schema.update({"format": "int64", "minimum": -LARGEST, "maximum": LARGEST} | schema)
        for part in schema.values():
            _complete(part)
    elif isinstance(schema, list):
        for part in schema:
            _complete(part)


def _zones() -> list[str]:
    """The time zones, except GMT+0, Etc/GMT-1 and the like, which are accepted, too.

    Client generators name each value by its letters and digits alone, and fail if two values get the same name.
    """
    return sorted(name for name in available_timezones() if re.search(r"[+-]\d", name) is None)


class _Types:
    """The schemas of all types that the operations use."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._kinds: list[Any] = [ProblemDetails]
        self._bodies = {
            operation.act.id: body for operation in operations if (body := _body_type(operation)) is not None
        }
        for operation in operations:
            self._kinds += [value.kind for value in (*operation.path, *operation.query, *operation.headers)]
            self._kinds += [
                kind for kind in (operation.act.answer, *operation.http.answers.values()) if kind not in (None, Content)
            ]
        self._kinds += self._bodies.values()
        schemas, self.components = msgspec.json.schema_components(self._kinds, ref_template=_REF)
        self._schemas: list[Schema] = list(schemas)
        for operation in operations:
            if together := operation.http.together:
                self.components[_name_of(operation)].update(together)

    def of(self, kind: Any) -> Schema:
        return next(schema for its_kind, schema in zip(self._kinds, self._schemas, strict=True) if its_kind is kind)

    def of_body(self, operation: Operation) -> Schema:
        """The schema of the JSON object that an action takes."""
        return self.of(self._bodies[operation.act.id])


def _body_type(operation: Operation) -> Any:
    """The members of the JSON object that an action takes, as a type of their own."""
    body = operation.body
    if body is None or body.members is None:
        return None
    if body.converts:
        return body.kind
    return members_type(_name_of(operation), body.kind, body.members)


def _name_of(operation: Operation) -> str:
    """What the JSON object that an action takes is called."""
    if operation.body is not None and operation.body.converts:
        return str(operation.body.kind.__name__)
    parts = operation.act.id.replace("_", ".").replace("-", ".").split(".")
    return f"{''.join(part.title() for part in parts)}Request"


def _operation(operation: Operation, types: _Types) -> Schema:
    act, http = operation.act, operation.http
    described: Schema = {
        "operationId": act.id,
        "summary": act.summary,
        "tags": [_tag(operation)],
        "x-right": act.right.value,
        "parameters": [
            *(_parameter(field, "path", types) for field in operation.path),
            *(_parameter(field, "query", types, operation) for field in operation.query),
            *(_parameter(field, "header", types) for field in operation.headers if field.label != "Content-Type"),
            *_shown_members(operation),
            *_repeats(operation),
        ],
        "responses": {},
    }
    if operation.body is not None:
        described["requestBody"] = _request_body(operation, types)
    for status in sorted({http.status, *http.otherwise}):
        described["responses"][str(status)] = _answer(operation, types, status)
    if operation.is_conditional:
        described["responses"]["304"] = {"description": "Not changed", **_fields(operation, 304)}
    for status in _refusals(operation):
        described["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    return described


def _parameter(value: RequestField, where: str, types: _Types, operation: Operation | None = None) -> Schema:
    is_cursor = value.label == AFTER and operation is not None and operation.seals_cursors
    schema = {"type": "string", "pattern": cursors.PATTERN} if is_cursor else types.of(value.kind)
    if where == "path" and schema.get("type") == "string":
        schema = {**schema, "minLength": 1}
    if value.label == IF_MATCH:
        schema = {"type": "string", "pattern": r'^("[0-9]{1,18}"(, ?"[0-9]{1,18}")*|\*)$'}
    parameter = {"name": value.label, "in": where, "required": value.is_required, "schema": schema}
    return {**parameter, "example": EXAMPLES[value.label]} if value.label in EXAMPLES and where == "path" else parameter


def _shown_members(operation: Operation) -> list[Schema]:
    """The parameter that chooses members of the answer."""
    if operation.http.method != "GET" or not operation.columns:
        return []
    schema = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(operation.columns)}}
    description = "Show these members alone."
    parameter = {"name": FIELDS, "in": "query", "required": False, "description": description, "schema": schema}
    return [{**parameter, "style": "form", "explode": False}]


def _repeats(operation: Operation) -> list[Schema]:
    """The key under which a request may be repeated."""
    if operation.act.again is None:
        return []
    schema = {"type": "string", "pattern": f"^({KEY})$"}
    description = "A request that comes again under its key within a day is not carried out again."
    return [
        {"name": "Idempotency-Key", "in": "header", "required": False, "description": description, "schema": schema}
    ]


def _request_body(operation: Operation, types: _Types) -> Schema:
    body = operation.body
    assert body is not None
    content: dict[str, Schema] = {}
    for media_type in body.media_types:
        if media_type == JSON and body.members is not None:
            content[media_type] = {"schema": types.of_body(operation)}
        elif media_type.startswith("multipart/"):
            content[media_type] = {"schema": _form(body.files is not None)}
        else:
            content[media_type] = {"schema": {"type": "string"}}
    return {"required": body.is_needed or bool(operation.http.together), "content": content}


def _form(takes_files: bool) -> Schema:
    octets = {"type": "string", "contentMediaType": "application/octet-stream"}
    more: Schema = {"additionalProperties": octets} if takes_files else {"additionalProperties": False}
    return {"type": "object", "properties": {"file": octets}, "required": ["file"], **more}


def _answer(operation: Operation, types: _Types, status: int) -> Schema:
    answer = operation.http.answers.get(status, operation.act.answer)
    described: Schema = {"description": "Done", **_fields(operation, status)}
    if answer is None or status == 204:
        return described
    if answer is Content:
        return {**described, "content": {"*/*": {"schema": {"type": "string"}}}}
    content: dict[str, Schema] = {JSON: {"schema": _whole_or_shown(operation, types.of(answer))}}
    for media_type in operation.media_types[1:]:
        content[media_type] = {"schema": {"type": "string"}}
    return {**described, "content": content}


def _fields(operation: Operation, status: int) -> Schema:
    """The header fields of an answer, without those that every answer has."""
    names = {
        "ETag": operation.http.etag is not None and status != 204,
        "Link": operation.is_collection,
        "Location": operation.made(status) is not None,
    }
    headers = {name: {"schema": {"type": "string"}, "description": _FIELDS[name]} for name in names if names[name]}
    return {"headers": headers} if headers else {}


def _whole_or_shown(operation: Operation, whole: Schema) -> Schema:
    """The answer, or those members of it that `fields` chooses."""
    if not _shown_members(operation):
        return whole
    if not operation.is_collection:
        return {"anyOf": [whole, {"type": "object"}]}
    items = {"type": "array", "items": {"type": "object"}}
    following = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}
    shown = {"type": "object", "properties": {"items": items, "next": following}, "required": ["items", "next"]}
    return {"anyOf": [whole, shown]}


def _refusals(operation: Operation) -> list[int]:
    needs_revision = any(header.label == IF_MATCH for header in operation.headers)
    more = ((413, 415) if operation.reads_body else ()) + ((412, 428) if needs_revision else ())
    return sorted({*_ALWAYS, *more})


def _problem(status: int) -> Schema:
    content = {PROBLEM: {"schema": {"$ref": _REF.format(name="ProblemDetails")}}}
    return {"description": TITLES[status][1], "content": content}


def _tag(operation: Operation) -> str:
    """What a resource is sorted under: its collection, which below a list may be one of the list's own."""
    names: list[str] = [part for part in operation.http.path.split("/") if not part.startswith("{")]
    return names[1] if names[0] == "lists" and len(names) > 1 and names[1] in _OF_LISTS else names[0]
