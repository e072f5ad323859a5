"""The description of the routes as OpenAPI 3.1, for programs that ask by it; it is served to nobody."""

from __future__ import annotations

from typing import Any

from tests.web.routes import ACTIONS, FIELDS, HEADERS, HOSTILE, ROUTES, Operation, names_of, segment_of

from pressrun.web.http.forms import MAX_FIELDS

Schema = dict[str, Any]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_OF_CONNECTION = {400, 431}  # a line or header that is no HTTP, or more than a connection takes
_IN_ADDRESS = 300
_IN_FORM = 64 * 1024  # more than any field is for
_WORD: Schema = {"type": "string", "pattern": r"\A[A-Za-z0-9._~-]{2,60}\Z"}


def openapi() -> Schema:
    """The whole document. In place of tokens stand the words of KINDS."""
    paths = {
        path: {method: _operation(path, operation) for method, operation in methods.items()}
        for path, methods in ROUTES.items()
    }
    return {"openapi": "3.1.0", "info": {"title": "Pressrun", "version": "0"}, "paths": paths}


def _operation(path: str, operation: Operation) -> Schema:
    told: Schema = {"parameters": _parameters(path, operation), "responses": {}}
    for status in {*operation.answers, *_OF_CONNECTION}:
        content: Schema = {kind: {} for kind in operation.answers.get(status, ()) if kind}
        told["responses"][str(status)] = {"description": "", **({"content": content} if content else {})}
    if operation.fields:
        form = {
            "type": "object",
            "properties": {name: _field(name) for name in operation.fields},
            "required": list(operation.required),
        }
        pressed = ACTIONS if "action" in operation.fields else [""]
        filled = {name: FIELDS[name][0] for name in operation.fields if name != "list"}
        examples = {action: {"value": {**filled, **({"action": action} if action else {})}} for action in pressed}
        told["requestBody"] = {"content": {kind: {"schema": form, "examples": examples} for kind in _FORMS}}
    return told


def _parameters(path: str, operation: Operation) -> list[Schema]:
    parameters: list[Schema] = []
    for name in names_of(path):
        known: Schema = {"type": "string", "enum": list(segment_of(path, name))}
        schema = {"anyOf": [known, known, _WORD]}
        example = segment_of(path, name)[0]
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema, "example": example})
    parameters += [{"name": name, "in": "query", "schema": _one_of(*FIELDS[name])} for name in operation.query]
    return parameters + [{"name": name, "in": "header", "schema": _one_of(*values)} for name, values in HEADERS.items()]


def _field(name: str) -> Schema:
    """A field of a form: a list may come several times, a name may be as long as a field can be."""
    match name:
        case "list":
            return {"type": "array", "maxItems": MAX_FIELDS // 4, "items": _one_of(*FIELDS[name])}
        case "email":
            return {"anyOf": [{"type": "string", "format": "email"}, _one_of(*FIELDS[name])]}
        case "name" | "remark":
            return _one_of(*FIELDS[name], most=_IN_FORM)
        case _:
            return _one_of(*FIELDS[name])


def _one_of(*values: str, most: int = _IN_ADDRESS) -> Schema:
    """These values, what is written against us, and whatever else a client may make of it."""
    known, hostile = ({"type": "string", "enum": list(texts)} for texts in (values, HOSTILE))
    return {"anyOf": [known, hostile, {"type": "string", "maxLength": most}]}
