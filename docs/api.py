"""Writes docs/api.md to stdout: every action that programs can ask for, as the API describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pressrun.acts.table import ACTS
from pressrun.web.api.openapi import describe
from pressrun.web.api.operation import Operation, operation_of
from pressrun.web.api.problems import TITLES

HEAD = """\
# The API for programs

This page is written from the code by `make docs`; a test fails when it is stale. Every installation has the same at
`/api/openapi.json` (OpenAPI 3.1), for client generators. [Connect other programs](how-to/programs.md) begins with the
first request and has recipes.

The address is `/api/v1` below `base_url`, or below that of `[admin]` if that is set. A program sends its token in each
request: `Authorization: Bearer pr_…`. `pressrun token create --name crm --list news --scope write` makes one and shows
it once. What a token may do follows from its scope and its lists and, if a person made it, from what that person may do
now. `GET me` shows it.

## Requests
- Paths are below `/api/v1`. In an address, leave `@` as it is, and write `/` as `%2F`.
- Bodies are JSON objects in UTF-8, unless a row names other types. Members in bold are required. `[http] max_body`
  limits JSON, `[api] max_upload` files. Compressed bodies (`Content-Encoding`) get 415.
- A parameter or member that is not listed here is an error, never ignored.
- PUT and DELETE may be repeated. Other requests that accept an `Idempotency-Key` may be repeated under it for a day.
  Each request needs its own key. The effect is stored together with the key, so it happens once, whatever is killed in
  between. The same key with another request gets 422.
- Drafts, their files and lists have an `ETag`. Send the one that your change was made from in `If-Match`: with an older
  one, the answer is 412. `*` matches whatever is there. The header is required for changes of a draft or its files
  (otherwise 428), and optional for a list. The `ETag` of a list changes with its settings, not with its readers,
  and that of an edition with its text, not with its state or its copies. So only the text of a draft and its files can
  be read with `If-None-Match`: the answer is 304 if they are still the same. Other GETs always return the full
  response.
- Each token may make `[api] rate` requests. `RateLimit-Policy` and `RateLimit` say how many are left (an
  [Internet draft](rfc.md)); beyond that, the answer is 429 with `Retry-After`.

## Answers
- Times are RFC 3339 in UTC.
- A collection answers `{"items": […], "next": …}`. Give `next` as `after` for the next page, or follow the `Link`
  header. It is valid only with the same filters; with others the answer is 422. A page may have fewer items than
  `limit`, or none, and still have a `next`.
- `Accept: application/x-ndjson` or `text/csv` streams a whole collection. `fields=a,b` shows only these members.
  Subscribers as CSV have the columns of `pressrun subscriber export`, which `subscriber import` reads back.
- `Accept: text/event-stream` on `events` goes on for as long as the program listens. On `jobs/ID` it sends the job
  whenever it has changed, until it is ready or has ended.
- The `Location` header of a 201 leads to what the request created, and that of a 202 to its job, if it has one.
- New members may come at any time. Before one is removed, it is marked with `Deprecation` for twelve months.

## Errors
Errors are `application/problem+json` (RFC 9457), with everything that is wrong at once:

```json
{"type": "https://news.example.org/api/problems#invalid", "title": "The request has invalid values", "status": 422,
 "detail": "/name: Expected `str`, got `int`", "error": "/name: Expected `str`, got `int`",
 "errors": [{"pointer": "/name", "detail": "Expected `str`, got `int`"}]}
```

`error` repeats `detail`. Every 422 has `errors`. A pointer `/name` is a member of the body, `?limit` a parameter,
`{address}` a part of the path, and `If-Match` a header; an empty pointer means the whole request or file. If a token
may not know of a list, the answer is the same as for a list that does not exist.

| status | kind | means |
|---|---|---|
"""


def reference() -> str:
    """The page."""
    operations = [operation_of(act) for act in ACTS.values() if act.http is not None]
    return "".join((HEAD, *_problems(), "\n", *_resources(operations)))


def _problems() -> Iterator[str]:
    for status, (slug, title) in TITLES.items():
        yield f"| {status} | `{slug}` | {title}. |\n"


def _resources(operations: Sequence[Operation]) -> Iterator[str]:
    document = describe(operations, "https://news.example.org")
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            row = _row(path, method, described, document["components"]["schemas"])
            by_tag.setdefault(described["tags"][0], []).append(row)
    for tag in sorted(by_tag):
        yield f"## `{tag}`\n\n| request | does | right | takes |\n|---|---|---|---|\n"
        yield from by_tag[tag]
        yield "\n"


def _row(path: str, method: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    request = f"`{method.upper()} {path.removeprefix('/')}`"
    takes = "; ".join(part for part in (_query(described), _headers(described), _body(described, schemas)) if part)
    return f"| {request} | {described['summary']}. | `{described['x-right']}` | {takes} |\n"


def _query(described: Mapping[str, Any]) -> str:
    names = [one["name"] for one in described["parameters"] if one["in"] == "query" and one["name"] != "fields"]
    return f"`?{'`, `'.join(names)}`" if names else ""


def _headers(described: Mapping[str, Any]) -> str:
    return ", ".join(f"`{one['name']}`" for one in described["parameters"] if one["in"] == "header")


def _body(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The members of the JSON object, those that are required first, and other media types."""
    content = dict(described.get("requestBody", {}).get("content", {}))
    parts = []
    if "application/json" in content:
        schema = schemas[content.pop("application/json")["schema"]["$ref"].rpartition("/")[2]]
        required = schema.get("required", [])
        names = [
            *(f"**`{name}`**" for name in required),
            *(f"`{name}`" for name in schema["properties"] if name not in required),
        ]
        parts = [", ".join(names)]
    return " or ".join([*parts, *content])


if __name__ == "__main__":
    print(reference(), end="")
