"""Reads the body of a request within its limit and by its media type: JSON, any octets, a form with files, or a stream.

JSON may be as large as any public request, and everything else as large as a file of somebody who has logged in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct
from starlette.requests import Request

from pressrun.acts.act import Act
from pressrun.acts.http import JSON, MULTIPART, Upload
from pressrun.web.api.problems import ApiProblem, FieldError
from pressrun.web.api.values import (
    Reading,
    RequestField,
    describe_fields,
    holds_text_alone,
    members_type,
    read_members,
)
from pressrun.web.http.connections import Transfer
from pressrun.web.http.multipart import parse_parts

FILE = "file"  # the part of a form that `body` gets
FILE_NAME = "X-File"
MOST_FILES = 200
_CLOSE = {"Connection": "close"}


class BodyLimits(Struct, frozen=True, kw_only=True):
    """The largest bodies in octets."""

    json: int
    upload: int


class BodyForm(Struct, frozen=True, kw_only=True):
    """What the body of an action may be. `members` are those of a JSON object, or None if JSON is not accepted."""

    media_types: tuple[str, ...]
    members: tuple[RequestField, ...] | None
    kind: type[Any]
    converts: bool
    body: str | None
    files: str | None
    file_name: str | None
    is_stream: bool
    texts: msgspec.json.Decoder[Any] | None  # reads members that are nothing but text, and right, in one step

    @property
    def is_needed(self) -> bool:
        """Whether a request without a body cannot be right."""
        return self.members is None or any(member.is_required for member in self.members)


def form_of(act: Act[Any], outside: frozenset[str]) -> BodyForm | None:
    """How to read the body of an action whose fields `outside` come from elsewhere; None if it has no body."""
    http = act.http
    assert http is not None
    named = {http.body, http.files} - {None}
    if http.members is not None:
        kind, members = http.members, describe_fields(http.members, None, "/{}")
    else:
        kind = act.arguments
        members = tuple(
            field
            for field in describe_fields(kind, None, "/{}")
            if field.name not in outside and field.name not in named
        )
    takes_json = JSON in http.media_types and bool(members)
    if not takes_json and http.body is None:
        return None
    hints = get_type_hints(act.arguments)
    return BodyForm(
        media_types=tuple(media_type for media_type in http.media_types if media_type != JSON or takes_json),
        members=members if takes_json else None,
        kind=kind,
        converts=http.members is not None,
        body=http.body,
        files=http.files,
        file_name=next((name for name, header in http.headers.items() if header == FILE_NAME), None),
        is_stream=http.body is not None and hints[http.body] is Upload,
        texts=None if http.members is not None else _decoder_of_texts(kind, members),
    )


def _decoder_of_texts(kind: type[Any], members: Sequence[RequestField]) -> msgspec.json.Decoder[Any] | None:
    if not all(map(holds_text_alone, members)):
        return None
    return msgspec.json.Decoder(members_type("Texts", kind, members))


async def read_body(request: Request, form: BodyForm, limits: BodyLimits, reading: Reading) -> None:
    """Read the arguments that come in the body; raises ApiProblem for a body that cannot be read at all."""
    _require_plain(request)
    media_type = media_type_of(request)
    if media_type not in form.media_types and not (media_type == "" and _is_empty(request)):
        raise ApiProblem(415, f"send {' or '.join(form.media_types)}", headers={"Accept": ", ".join(form.media_types)})
    if form.members is not None and media_type in (JSON, ""):
        _read_json(await _read_all(request, limits.json), form, reading)
    elif media_type == "":
        reading.faults.append(FieldError("", f"a body is required: {' or '.join(form.media_types)}"))
    elif form.is_stream:
        assert form.body is not None
        reading.values[form.body] = Upload(media_type=media_type, pieces=_pieces(request, limits.upload))
    elif media_type == MULTIPART:
        _read_form(request, await _read_all(request, limits.upload), form, reading)
    else:
        assert form.body is not None
        reading.values[form.body] = await _read_all(request, limits.upload)


async def read_nothing(request: Request, limits: BodyLimits, reading: Reading) -> None:
    """Read the body of a request for an action that accepts none: at most an object without members.

    Raises ApiProblem for a body that cannot be read at all.
    """
    _require_plain(request)
    octets = await _read_all(request, limits.json)
    if octets.strip() and media_type_of(request) not in (JSON, ""):
        raise ApiProblem(415, "send no body", headers={"Accept": JSON})
    _read_object(octets, (), reading)


def media_type_of(request: Request) -> str:
    """The media type of the body without its parameters; empty without one. Raises ApiProblem for a foreign charset."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace(" ", "").partition("charset=")[2].partition(";")[0].strip('"')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise ApiProblem(415, "send text in UTF-8")
    return kind.strip().lower()


def _require_plain(request: Request) -> None:
    """Raise ApiProblem for a compressed body (RFC 9110 §8.4, §15.5.16)."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ApiProblem(
            415, "send the body as it is, without Content-Encoding", headers={"Accept-Encoding": "identity"}
        )


def _is_empty(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers


async def _read_all(request: Request, limit: int) -> bytes:
    """The body once it is here; raises ApiProblem 413 as soon as it is larger than `limit`."""
    return b"".join([piece async for piece in _stream(request, limit)])


async def _pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it arrives, each piece put away before the next; raises ApiProblem 413 as above."""
    transfer: Transfer | None = request.scope.get("state", {}).get("transfer")
    async for piece in _stream(request, limit):
        yield piece
        if transfer is not None:
            transfer.proceed()


async def _stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > limit:
            raise _too_large(limit)
        yield piece


def _too_large(limit: int) -> ApiProblem:
    return ApiProblem(413, f"the body is larger than {limit} octets", headers=_CLOSE)


def _read_json(octets: bytes, form: BodyForm, reading: Reading) -> None:
    assert form.members is not None
    if form.texts is not None and (values := _read_texts(octets, form.texts)) is not None:
        reading.values.update(values)
        return
    inner = Reading({}, reading.faults)
    _read_object(octets, form.members, inner)
    if not form.converts:
        reading.values.update(inner.values)
    elif not reading.faults:
        reading.values.update(form.kind(**inner.values).arguments())


def _read_object(octets: bytes, members: Sequence[RequestField], reading: Reading) -> None:
    """Read a JSON object; an empty body counts as one without members."""
    try:
        body = msgspec.json.decode(octets) if octets.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        reading.faults.append(FieldError("", f"invalid JSON: {problem}"))
    else:
        read_members(members, body, reading)


def _read_texts(octets: bytes, decoder: msgspec.json.Decoder[Any]) -> Mapping[str, Any] | None:
    """The members of an object of texts; None if anything is wrong, which the slower way reports for each member."""
    if b"\\u0000" in octets:  # perhaps NUL, which cannot be stored
        return None
    try:
        texts = decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return msgspec.structs.asdict(texts)


def _read_form(request: Request, octets: bytes, form: BodyForm, reading: Reading) -> None:
    """A form with files. The file named FILE is the body, the others come by their names."""
    try:
        parts = parse_parts(octets, request.headers["content-type"], most=MOST_FILES)
    except ValueError:
        reading.faults.append(FieldError("", "a malformed form"))
        return
    files: dict[str, bytes] = {}
    for part in parts:
        if part.name == FILE and form.body is not None and form.body not in reading.values:
            reading.values[form.body] = part.octets
            if form.file_name is not None and part.file_name:
                reading.values[form.file_name] = part.file_name
        elif part.file_name and part.file_name not in files and form.files is not None:
            files[part.file_name] = part.octets
        else:
            reading.faults.append(FieldError(f"/{part.name}", "unexpected part, or a file without a name of its own"))
    if form.body not in reading.values:
        reading.faults.append(FieldError(f"/{FILE}", "is required"))
    if form.files is not None:
        reading.values[form.files] = files
