"""Authentication-Results (RFC 8601): what a mail server in front of us found out about where a mail comes from.

Only whether a From domain is proven is read. The field must be the topmost one of our own authserv-id. The caller knows
whether to believe the server that handed the mail over. The parser is strict: an open comment or quoted string voids
the field, and an entry that does not follow the grammar proves nothing. Bounded and linear.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

_LONGEST = 8 * 1024
_MOST_ENTRIES = 100
_TOKEN = re.compile(r"[^\s()\";=]+")
_VERSION = "1"
_PROPERTY = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9_-]+")
_METHOD = re.compile(r"([a-z][a-z0-9-]*)(?:/1)?")


class AuthResult(Struct, frozen=True):
    """One entry: a method like `dkim`, its result like `pass`, properties like `header.d`; all names in lower case."""

    method: str
    result: str
    properties: dict[str, str]


class _Malformed(ValueError):
    """The value does not follow the grammar."""


def find_proof(values: Sequence[str], *, authserv_id: str, from_domain: str) -> str | None:
    """What proves the domain of From, such as `dkim` or `dmarc`, or None.

    `values` are those of the Authentication-Results fields from the top down; `from_domain` is in A-labels.
    """
    for value in values:
        if _id_of(value) == authserv_id.lower():
            return _proof_in(parse_results(value), from_domain.lower())
    return None


def parse_results(value: str) -> tuple[AuthResult, ...]:
    """The entries of one field that follow the grammar; none when the field itself is malformed."""
    try:
        head, *entries = _split(value)
    except _Malformed:
        return ()
    if len(head) not in (1, 2) or "=" in head or (len(head) == 2 and head[1] != _VERSION):
        return ()
    results = (_read_entry(entry) for entry in entries[:_MOST_ENTRIES])
    return tuple(result for result in results if result is not None)


def _id_of(value: str) -> str | None:
    try:
        head = _split(value)[0]
    except _Malformed:
        # A malformed field of ours still counts as the topmost one, because we did not write those below.
        head = [token[0].lower()] if (token := _TOKEN.match(value.lstrip(" \t"))) else []
    return head[0].lower() if head else None


def _proof_in(results: Sequence[AuthResult], domain: str) -> str | None:
    for result in results:
        if result.result != "pass":
            continue
        if result.method == "dmarc" and result.properties.get("header.from", "").lower().rstrip(".") == domain:
            return "dmarc"
        if result.method == "dkim" and _covers(_signer(result.properties), domain):
            return "dkim"
    return None


def _signer(properties: dict[str, str]) -> str:
    """The signing domain. Some servers give only the identity, whose domain is the signer's or below it."""
    signer = properties.get("header.d")
    if signer is None:
        signer = properties.get("header.i", "").rpartition("@")[2]
    return signer.lower().rstrip(".")


def _covers(signer: str, domain: str) -> bool:
    """Whether a domain is the signer's or below it; a signer without a dot is not a registered domain."""
    return "." in signer and (domain == signer or domain.endswith(f".{signer}"))


def _split(value: str) -> list[list[str]]:
    """The tokens between the semicolons: words, quoted strings without their quotes, and `=`; comments are dropped."""
    if len(value) > _LONGEST:
        raise _Malformed
    parts: list[list[str]] = [[]]
    position, length = 0, len(value)
    while position < length:
        character = value[position]
        if character.isspace():
            position += 1
        elif character == "(":
            position = _after_comment(value, position)
        elif character == '"':
            text, position = _quoted(value, position)
            parts[-1].append(text)
        elif character == ";":
            parts.append([])
            position += 1
        elif character == "=":
            parts[-1].append("=")
            position += 1
        elif (token := _TOKEN.match(value, position)) is not None:
            parts[-1].append(token[0])
            position = token.end()
        else:
            raise _Malformed  # a closing parenthesis without an opening one
    return parts


def _after_comment(value: str, position: int) -> int:
    depth = 0
    while position < len(value):
        match value[position]:
            case "\\":
                position += 1
            case "(":
                depth += 1
            case ")":
                depth -= 1
                if not depth:
                    return position + 1
        position += 1
    raise _Malformed


def _quoted(value: str, position: int) -> tuple[str, int]:
    text: list[str] = []
    position += 1
    while position < len(value):
        character = value[position]
        if character == '"':
            return "".join(text), position + 1
        if character == "\\":
            position += 1
            character = value[position : position + 1]
        text.append(character)
        position += 1
    raise _Malformed


def _read_entry(tokens: list[str]) -> AuthResult | None:
    """`method=result`, then any number of `name=value`; a value that holds `=` must be quoted."""
    if len(tokens) < 3 or len(tokens) % 3:
        return None
    triples = [tokens[start : start + 3] for start in range(0, len(tokens), 3)]
    if any(middle != "=" for _, middle, _ in triples):
        return None
    method = _METHOD.fullmatch(triples[0][0].lower())
    if method is None:
        return None
    properties: dict[str, str] = {}
    for key, _, text in triples[1:]:
        name = key.lower()
        if not _PROPERTY.fullmatch(name):
            continue  # `reason`, or a server's own word
        if name in properties:
            return None
        properties[name] = text
    return AuthResult(method[1], triples[0][2].lower(), properties)
