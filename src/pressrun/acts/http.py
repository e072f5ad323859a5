"""What actions accept and return over HTTP, beside plain arguments and answers.

An entry with an `Http` part (acts/act.py) is served and described by `web.api`, which knows no action. The rules:

- **Arguments** are one flat struct. Fields named in the path, `query` and `headers` come from there, all others from a
  JSON object, unless `members` gives the object a type of its own. Each is converted by itself, so a program gets all
  errors at once. Whatever a type says (`Literal`, `Meta(ge=…, max_length=…)`, `EmailAddress`) is checked, described and
  tested. For a change, `name: str | UnsetType = UNSET` tells "left alone" from a value. For what no type can say, the
  work raises `InvalidFields` or `BadInput`.
- **Collections** answer `Page[Item]` of acts/http.py, with `limit: PageLength = 100`, `after` and any filters in the
  query. An `after: str = ""` is sealed: programs see an opaque cursor, valid for the same query only, and the work gets
  back what it put into `next`. An `after: int = 0` is a number that programs know, such as the id of an event.
  `total` is set only where the arguments have `count: bool = False`, and it is true.
- **Whole collections** work automatically for `Accept: application/x-ndjson` and `text/csv`, one page after the other.
  A field `whole: bool = False` is true then, so that the work can require a further right, as in
  `doing.require(Right.EXPORT_READERS, …)`, and make its pages larger than `limit`.
  A field `table: bool = False` is true for CSV, which then has columns of its own: the work answers a `CsvPage`.
- **Events**: with a field `wait: int = 0`, and items that have `id` and `type`, `Accept: text/event-stream` follows the
  collection. `wait` is how many seconds the work may wait for an item.
- **Answers** are structs, declared beside the use case that makes them; `answer` is the type that is described. Lists
  and reports are dicts with more members or in another order. `Content` is an answer that is not JSON. `fields=a,b`
  works automatically for GET.
- **Bodies** that are not JSON go into the field `body`: as octets if it is `bytes`, and as they arrive if it is
  `Upload`. Their limit is `[api] max_upload`, that of JSON `[http] max_body`.
- **Revisions**: `headers={"revision": "If-Match"}` and `etag="revision"`. If the header of a required field is missing,
  the answer is 428. `*` is None. Raise `ChangedMeanwhile` for another revision, and if `*` finds nothing.
- **Errors**: NotFound 404, Gone 410, NotPermitted 403, ChangedMeanwhile 412, Refused 409, ConditionMissing 428, other
  BadInput and UsageError 422, Unavailable and TryAgain 503. `Refused("…", audience=7)` has `audience` as a member.
- **Status**: `status=201, otherwise={200: lambda answer: not answer.created}`; 204 has no body. `made="things/{id}"`
  is the path of what a 201 or 202 has created.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pressrun.core.errors import BadInput

T = TypeVar("T")

JSON = "application/json"
MULTIPART = "multipart/form-data"
LONGEST_PAGE = 500

EmailAddress = Annotated[str, Meta(extra_json_schema={"format": "email"})]
"""An address in the arguments of an action: the API refuses others before it begins."""
Since = Annotated[str, Meta(extra_json_schema={"anyOf": [{"format": "date"}, {"format": "date-time"}]})]
"""A date (UTC) or a time of RFC 3339: the API refuses others. core.timestamps.parse_time reads it."""
PageLength = Annotated[int, Meta(ge=1, le=LONGEST_PAGE)]
"""`limit` of a collection."""


def described(**schema: Any) -> Meta:
    """What a value looks like, only for the description: a service checks the value, and accepts nothing else."""
    return Meta(extra_json_schema=schema)


def written(pattern: str, words: str, **more: Any) -> Meta:
    """How a whole value is written: the API refuses others, and says what was expected in these words."""
    return Meta(pattern=rf"^(?:{pattern})\Z", description=words, **more)


def faults_of(values: Mapping[str, Any], **readers: Callable[[Any], object]) -> list[tuple[str, str]]:
    """What is wrong with members of the right types: each is read by a function that raises BadInput."""
    faults = []
    for name, read in readers.items():
        try:
            if values.get(name) is not None:
                read(values[name])
        except BadInput as problem:
            faults.append((name, str(problem)))
    return faults


STORABLE: Mapping[str, Any] = {"pattern": r"^[^\x00]*$"}
"""Text of any kind: no database stores NUL."""
_BLANKS = r"[\s\x1c-\x1f\x85]*"  # a service takes them off
LANGUAGE = "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"
Line = Annotated[str, described(pattern=rf"^{_BLANKS}[^\x00-\x1f\x7f-\x9f\u2028\u2029]{{0,200}}{_BLANKS}$")]
"""One line of text, without control characters."""
LanguageTag = Annotated[str, described(pattern=f"^({_BLANKS}{LANGUAGE}{_BLANKS})?$")]
"""The language of a reader: a tag of BCP 47 such as `pt-BR`, or empty for none."""
ColumnName = Annotated[str, described(pattern=r"^[^\x00-@\[-^`{-\x7f][^\x00-\x1f!-,/:-@\[-^`{-\x7f]*$")]
"""The name of a column, which becomes a merge field: of ASCII letters, digits and ` _.-`, and letters of any script."""
Cell = Annotated[str, described(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", maxLength=10_000)]
"""The value of a column."""


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """One page of a collection. `next` is the `after` of the next page, null on the last one."""

    items: list[T]
    next: str | int | None = None
    total: int | UnsetType = UNSET


class CsvPage(Page[dict[str, str]], kw_only=True):
    """A page for CSV: items have texts by the names of their columns, all of which the first page has in `columns`."""

    columns: tuple[str, ...] = ()


class Content(Struct, frozen=True, kw_only=True):
    """An answer that is not JSON, such as the source of an edition; `revision` may be its ETag."""

    octets: bytes
    media_type: str
    revision: int | None = None


class Upload(Struct, frozen=True, kw_only=True):
    """A large body while it arrives, for an action that puts it into a file piece by piece.

    Iterating raises the error that refuses the request, for example a body that is too large. Keep none of it then.
    """

    media_type: str
    pieces: AsyncIterator[bytes]
