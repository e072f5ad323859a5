"""Reads the arguments of an action from a request: path, query, headers and members, with every error at once.

`msgspec` stops at the first error, so each field is converted by itself. Text with NUL and numbers beyond 64 bits are
refused here, because no database stores them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from msgspec import NODEFAULT, Struct, structs
from starlette.datastructures import Headers

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, MalformedAddress
from pressrun.core.names import parse_list_name
from pressrun.core.timestamps import parse_time
from pressrun.services.editions.sending_hours import parse_time_zone
from pressrun.web.api.problems import ApiProblem, FieldError

MOST_PARAMETERS = 50
MOST_FAULTS = 50  # of one member
IF_MATCH = "If-Match"
TOO_DEEP = "is nested too deeply"

_AT = re.compile(r" - at `\$([^`]*)`\Z")
_NO_CHOICE = "Invalid enum value"
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+|\.\.\.)\]")
_ETAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"|([0-9]+)')  # RFC 9110 §8.8.3; a bare number is ours
_ETAGS = re.compile(rf"(?:,[ \t]*)*(?:{_ETAG.pattern})[ \t]*(?:,[ \t]*(?:(?:{_ETAG.pattern})[ \t]*)?)*")
_TIME = re.compile(  # a full-date or date-time of RFC 3339 §5.6
    r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII
)
_WRITTEN = {  # numbers and flags in path and query, where msgspec takes 1e3 and 1 as well
    int: (re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII), "expected a whole number"),
    bool: (re.compile("true|false"), "expected true or false"),
}
LARGEST = 2**63 - 1
_UNKNOWN = object()  # the type of a member that has none


def _check_address(text: str) -> None:
    try:
        parse_address(text)
    except MalformedAddress as problem:
        raise BadInput(f"invalid email address: {problem.reason}") from None


def _check_time(text: str) -> None:
    if _TIME.fullmatch(text) is None:
        raise BadInput(f"invalid time {text!r}. Write a date such as 2026-05-01, or 2026-05-01T12:00:00Z")
    parse_time(text)


FORMATS: Mapping[str, Callable[[str], object]] = {
    "email": _check_address,
    "date": _check_time,
    "time-zone": parse_time_zone,
    "list-name": parse_list_name,  # neither reserved nor a command address
}
"""The formats of JSON Schema that are more than a hint here."""


class RequestField(Struct, frozen=True, kw_only=True):
    """One field of the arguments: its `name` there, its `label` in the request, and where faults point."""

    name: str
    label: str
    kind: Any
    pointer: str
    is_required: bool
    is_many: bool
    formats: tuple[str, ...]
    written: tuple[re.Pattern[str], str] | None  # how a number or flag of path, query or header is written


class Reading(Struct):
    """The arguments that have been read so far, by name, and what is wrong with the request."""

    values: dict[str, Any]
    faults: list[FieldError]

    def read(self, value: RequestField, raw: object, *, strict: bool) -> None:
        """Convert what was given for a field, or say what is wrong with it."""
        try:
            _require_storable(raw)
            if not strict and value.written is not None:
                _require_written(raw, *value.written)
            converted = msgspec.convert(raw, value.kind, strict=strict)
            if isinstance(converted, int | str):
                _require_storable(converted)
            if value.formats and isinstance(converted, str | tuple):
                malformed = list(_malformed(value, converted))
                self.faults += malformed[:MOST_FAULTS]
                if malformed:
                    return
        except msgspec.ValidationError as problem:
            said = str(problem)
            within = _faults(value.kind, raw, value.pointer, said)
            self.faults += islice(within, MOST_FAULTS) if strict else [_fault(value.kind, value.pointer, said)]
        except BadInput as problem:
            self.faults.append(FieldError(value.pointer, str(problem)))
        except RecursionError:
            self.faults.append(FieldError(value.pointer, TOO_DEEP))
        else:
            self.values[value.name] = converted

    def require(self, values: Sequence[RequestField], present: Mapping[str, object]) -> None:
        """Say which required fields are missing."""
        self.faults += [
            FieldError(field.pointer, "is required")
            for field in values
            if field.is_required and field.label not in present
        ]


def members_type(name: str, kind: type[Any], values: Sequence[RequestField]) -> type[msgspec.Struct]:
    """A type that has these fields of another type, as members of a JSON object."""
    fields = {field.name: field for field in structs.fields(kind)}
    members: list[Any] = []
    for value in values:
        field = fields[value.name]
        if field.default_factory is not NODEFAULT:
            members.append((value.name, value.kind, msgspec.field(default_factory=field.default_factory)))
        elif field.default is not NODEFAULT:
            members.append((value.name, value.kind, field.default))
        else:
            members.append((value.name, value.kind))
    renamed = {value.name: value.label for value in values}
    return msgspec.defstruct(name, members, kw_only=True, forbid_unknown_fields=True, rename=renamed)


def holds_text_alone(value: RequestField) -> bool:
    """Whether the field is text throughout: neither a number, whose size would have to be checked, nor octets."""
    return not value.formats and not any(part in (int, float, bool, bytes, Any, object) for part in _parts(value.kind))


def describe_fields(kind: type[Any], names: Mapping[str, str] | None, pointer: str) -> tuple[RequestField, ...]:
    """The fields of a struct that have a label in `names`, or all by their own labels; `pointer` has `{}` for it."""
    fields = structs.fields(kind)
    labels = {field.name: field.encode_name for field in fields} if names is None else names
    return tuple(
        RequestField(
            name=field.name,
            label=labels[field.name],
            kind=field.type,
            pointer=pointer.format(_escaped(labels[field.name])),
            is_required=field.default is NODEFAULT and field.default_factory is NODEFAULT,
            is_many=any(get_origin(part) in (list, tuple, frozenset) for part in (field.type, *get_args(field.type))),
            formats=tuple(name for name in _formats(field.type) if name in FORMATS),
            written=next((_WRITTEN[part] for part in _parts(field.type) if part is int or part is bool), None),
        )
        for field in fields
        if field.name in labels
    )


def read_query(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query in their order; raises ApiProblem."""
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise ApiProblem(422, faults=[FieldError("?", "the query is not UTF-8, or has too many parameters")]) from None


def read_parameters(values: Sequence[RequestField], parameters: Sequence[tuple[str, str]], reading: Reading) -> None:
    """Read the fields that come in the query: each at most once, except those with many values."""
    by_label: dict[str, list[str]] = {}
    for label, text in parameters:
        by_label.setdefault(label, []).append(text)
    known = {field.label: field for field in values}
    for label, texts in by_label.items():
        value = known.get(label)
        if value is None:
            reading.faults.append(FieldError(f"?{label}", "unknown parameter"))
        elif value.is_many:
            reading.read(value, texts, strict=False)
        elif len(texts) > 1:
            reading.faults.append(FieldError(value.pointer, "is given more than once"))
        else:
            reading.read(value, texts[0], strict=False)
    reading.require(values, by_label)


def read_headers(values: Sequence[RequestField], headers: Headers, reading: Reading) -> None:
    """Read the fields that come in headers; raises ApiProblem 428 where a revision is missing."""
    present: dict[str, object] = {}
    for value in values:
        texts = headers.getlist(value.label)  # several lines are one list, RFC 9110 §5.3
        if texts:
            text = ", ".join(texts)
            present[value.label] = text
            _read_header(value, text, reading)
        elif value.is_required and value.label == IF_MATCH:
            raise ApiProblem(428)
    reading.require(values, present)


def _read_header(value: RequestField, text: str, reading: Reading) -> None:
    try:
        reading.read(value, _revisions(text.strip()) if value.label == IF_MATCH else text, strict=False)
    except BadInput as problem:
        reading.faults.append(FieldError(value.pointer, str(problem)))


def read_members(values: Sequence[RequestField], body: object, reading: Reading) -> None:
    """Read the fields that are members of a JSON object."""
    if not isinstance(body, dict):
        reading.faults.append(FieldError("", "expected a JSON object"))
        return
    known = {field.label: field for field in values}
    for label, value in body.items():
        if label in known:
            _read_member(known[label], value, reading)
        else:
            reading.faults.append(FieldError(f"/{_escaped(label)}", "unknown member"))
    reading.require(values, body)


def _read_member(field: RequestField, value: object, reading: Reading) -> None:
    try:
        whole = _with_integers(value)
    except RecursionError:
        reading.faults.append(FieldError(field.pointer, TOO_DEEP))
    else:
        reading.read(field, whole, strict=True)


def _with_integers(value: object) -> object:
    """The same, with 7.0 as 7: JSON does not distinguish them, and neither does JSON Schema."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_with_integers(member) for member in value]
    if isinstance(value, dict):
        return {name: _with_integers(member) for name, member in value.items()}
    return value


def _revisions(text: str) -> list[int] | None:
    """The revisions in If-Match: -1, which nothing has, for the ETag of something else; None for any. Raises BadInput.

    Any is what `*` asks for (RFC 9110 §13.1.1). A list may have empty elements (§5.6.1).
    """
    if text == "*":
        return None
    if _ETAGS.fullmatch(text) is None:
        raise BadInput("is neither an ETag nor a list of ETags")
    numbers = [quoted or bare for quoted, bare in _ETAG.findall(text)]
    return [int(number) if number.isdecimal() and len(number) < 18 else -1 for number in numbers]


def _formats(kind: Any) -> Iterator[str]:
    for part in _parts(kind):
        schema = getattr(part, "extra_json_schema", None) or {}
        choices = schema.get("anyOf", [schema])
        if all("format" in choice for choice in choices):
            yield from (choice["format"] for choice in choices)


def _parts(kind: Any) -> Iterator[Any]:
    """A type, and all the types it is made of."""
    yield kind
    for part in get_args(kind):
        yield from _parts(part)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in structs.fields(kind):
            yield from _parts(field.type)


def _require_storable(value: object) -> None:
    """Raise BadInput for a value that no database can store."""
    if isinstance(value, str):
        if "\0" in value:
            raise BadInput("contains a NUL character, which cannot be stored")
    elif isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            raise BadInput("is out of range")
    elif isinstance(value, list):
        for member in value:
            _require_storable(member)
    elif isinstance(value, dict):
        for pair in value.items():
            _require_storable(list(pair))


def _require_written(raw: object, pattern: re.Pattern[str], words: str) -> None:
    """Raise BadInput for a number or flag in the path, query or a header that is written in another way."""
    if isinstance(raw, str) and pattern.fullmatch(raw) is None:
        raise BadInput(words)


def _malformed(value: RequestField, converted: str | tuple[Any, ...]) -> Iterator[FieldError]:
    """The texts of a field, which has one or several, that do not have its formats."""
    several = [("", converted)] if isinstance(converted, str) else [(f"/{n}", text) for n, text in enumerate(converted)]
    for place, text in several:
        try:
            for name in value.formats:
                FORMATS[name](text)
        except BadInput as problem:
            yield FieldError(f"{value.pointer}{place}", str(problem))


def _faults(kind: Any, raw: object, pointer: str, words: str) -> Iterator[FieldError]:
    """What is wrong with a value and everything in it; `words` are what msgspec says, which stops at the first."""
    has_faults = False
    for inner, value, place in _inner(kind, raw, pointer):
        for fault in _faults_in(inner, value, place):
            has_faults = True
            yield fault
    if not has_faults:
        yield _fault(kind, pointer, words)


def _faults_in(kind: Any, raw: object, pointer: str) -> Iterator[FieldError]:
    if kind is _UNKNOWN:
        yield FieldError(pointer, "unknown member")
        return
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError as problem:
        yield from _faults(kind, raw, pointer, str(problem))


def _inner(kind: Any, raw: object, pointer: str) -> Iterator[tuple[Any, object, str]]:
    """What a JSON value consists of: each with its type and a pointer."""
    for part in (kind, *get_args(kind)):
        origin, of = get_origin(part), get_args(part)
        if isinstance(raw, dict) and isinstance(part, type) and issubclass(part, Struct):
            kinds = {field.encode_name: field.type for field in structs.fields(part)}
            for name, value in raw.items():
                yield kinds.get(name, _UNKNOWN), value, f"{pointer}/{_escaped(name)}"
        elif isinstance(raw, dict) and origin is dict:
            yield from ((of[1], value, f"{pointer}/{_escaped(name)}") for name, value in raw.items())
        elif isinstance(raw, list) and origin in (list, tuple, frozenset):
            yield from ((of[0], value, f"{pointer}/{place}") for place, value in enumerate(raw))


def _fault(kind: Any, pointer: str, words: str) -> FieldError:
    """A fault in a value or somewhere below it."""
    for part in _parts(kind):
        if isinstance(part, msgspec.Meta) and part.pattern and part.description:
            words = words.replace(f"Expected `str` matching regex {part.pattern!r}", f"expected {part.description}")
    at = _AT.search(words)
    steps = ""
    if at is not None:
        words = words[: at.start()]
        steps = "".join(f"/{_escaped(name or index)}" for name, index in _STEP.findall(at[1]) if index != "...")
    return FieldError(f"{pointer}{steps}", _with_choices(kind, words))


def _with_choices(kind: Any, words: str) -> str:
    """The message of msgspec about an unknown word, with the words that are known."""
    choices = [named for part in _parts(kind) if (named := _choices(part))]
    if not words.startswith(_NO_CHOICE) or len(choices) != 1:
        return words
    return f"unknown:{words.removeprefix(_NO_CHOICE)}. Use one of {', '.join(map(str, choices[0]))}"


def _choices(part: Any) -> Sequence[object]:
    """The words that a type allows, if it allows only some."""
    if isinstance(part, type) and issubclass(part, Enum):
        return [member.value for member in part]
    return get_args(part) if get_origin(part) is Literal else ()


def _escaped(name: str) -> str:
    """A member in a pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")
