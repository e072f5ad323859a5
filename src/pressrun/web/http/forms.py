"""Reading forms: urlencoded or multipart, in UTF-8, within limits, with free text cleaned and without NUL.

A form has at most `[http] max_body` octets, which web.http.security sees to, and is read in full before it is parsed.
The client does not choose how it is decoded: browsers send the charset of the page, which is UTF-8 for ours and, by
`accept-charset`, for the forms that we give away. Python has codecs that take quadratic time, and others whose results
no page can contain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

from pressrun.web.http.multipart import parse_parts

MAX_FIELDS = 200
LONGEST_NAME = 100

ONE_CLICK = [("List-Unsubscribe", "One-Click")]  # RFC 8058 §3.2, the only body that a mail program posts,
_ONE_CLICK_BODY = b"List-Unsubscribe=One-Click"  # nearly always in this form, though not always labelled as such

# A form may declare these, which are the same for ASCII text such as a mail program's. We decode UTF-8 anyway.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)
_URLENCODED = "application/x-www-form-urlencoded"

Fields = Sequence[tuple[str, str]]


async def read_fields(request: Request) -> Fields:
    """The fields in their order, without files. Raises HTTPException 400 for a malformed form, 413 for a large one."""
    return parse_fields(request.headers.get("content-type", ""), await request.body())


def parse_fields(content_type: str, body: bytes) -> Fields:
    """The fields of a form by its Content-Type; none for other types. Raises HTTPException 400.

    NUL, which no database of PostgreSQL stores, is malformed: left out, it would make another address of one. The
    one-click body is known by itself, because some mail programs send it as text/plain or without a type, and tell
    their user that it worked.
    """
    if body.strip() == _ONE_CLICK_BODY:
        return ONE_CLICK
    fields = _parse(content_type, body)
    if any("\0" in text for field in fields for text in field):
        raise HTTPException(400)
    return fields


def _parse(content_type: str, body: bytes) -> Fields:
    if content_type == _URLENCODED:  # as every browser and mail program sends it
        return _parse_urlencoded(body)
    try:
        kind, options = parse_options_header(content_type.encode("latin-1"))
        if options.get(b"charset", b"utf-8").decode("ascii").strip().lower() not in _CHARSETS:
            raise HTTPException(400)
        if kind == _URLENCODED.encode():
            return _parse_urlencoded(body)
        if kind == b"multipart/form-data":
            return _parse_multipart(content_type, body)
    except ValueError:  # not UTF-8, a part without a name, and the like
        raise HTTPException(400) from None
    return []


def _parse_urlencoded(body: bytes) -> Fields:
    """Not by a stream parser: in Python, that costs as much as the rest of a one-click POST."""
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HTTPException(400) from None


def _parse_multipart(content_type: str, body: bytes) -> Fields:
    """The fields of a form that has no files."""
    parts = parse_parts(body, content_type, most=MAX_FIELDS)
    if any(part.file_name is not None for part in parts):
        raise ValueError("a file")
    return [(part.name, part.octets.decode("utf-8")) for part in parts]


async def read_fields_or_none(request: Request) -> Fields:
    """The fields, or none if the body is not a form: for URLs that answer any other body with their page."""
    body = await request.body()  # outside, as a large one is refused
    try:
        return parse_fields(request.headers.get("content-type", ""), body)
    except HTTPException:
        return []


def first(fields: Fields, name: str) -> str | None:
    """The first value of a field; None if it is missing."""
    return next((value for key, value in fields if key == name), None)


def every(fields: Fields, name: str) -> list[str]:
    return [value for key, value in fields if key == name]


def number_of(text: str | None) -> int:
    """The id in a text; 0, which nothing has, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def clean_name(text: str) -> str:
    """A person's name: printable characters, single blanks, at most 100 characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:LONGEST_NAME].rstrip()


def clean_language(text: str) -> str:
    """A language tag (RFC 5646), `""` for anything else."""
    return text.strip() if len(text) <= 35 and _LANGUAGE.fullmatch(text.strip()) else ""
