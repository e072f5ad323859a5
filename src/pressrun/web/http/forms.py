"""Reading what forms post: urlencoded or multipart, within limits, and cleaned where people type freely."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what a client garbles is no news of ours

MAX_FIELDS = 200
MAX_FIELD_BYTES = 64 * 1024
LONGEST_NAME = 100

ONE_CLICK = [("List-Unsubscribe", "One-Click")]  # RFC 8058 §3.2, the only body that a mail program posts

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)

Fields = Sequence[tuple[str, str]]


async def read_fields(request: Request) -> Fields:
    """The fields in their order; files are refused. Raises HTTPException 400 for what cannot be read, 413."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _read_urlencoded(await request.body())
    async with request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
        return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _read_urlencoded(body: bytes) -> Fields:
    """Read at once: a stream parser in Python costs as much as the rest of a one-click POST."""
    text = body.decode("utf-8", "replace")  # browsers send ASCII; what is not is taken as if it were encoded
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    if any(len(part) > MAX_FIELD_BYTES for field in fields for part in field):
        raise HTTPException(400)
    return fields


async def read_fields_or_none(request: Request) -> Fields:
    """The fields, none at all where the body is no form: for URLs whose answer to any other body is their page."""
    try:
        return await read_fields(request)
    except HTTPException as problem:
        if problem.status_code != 400:
            raise
        return []


def first(fields: Fields, name: str) -> str | None:
    """The first value of a field, None where it is not there."""
    return next((value for key, value in fields if key == name), None)


def every(fields: Fields, name: str) -> list[str]:
    """All values of a field."""
    return [value for key, value in fields if key == name]


def clean_name(text: str) -> str:
    """A person's name: what can be printed, single blanks, at most 100 characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:LONGEST_NAME].rstrip()


def clean_language(text: str) -> str:
    """A language tag (RFC 5646), `""` for anything else."""
    return text.strip() if len(text) <= 35 and _LANGUAGE.fullmatch(text.strip()) else ""
