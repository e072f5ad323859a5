"""Members from plain lists: `NAME <ADDRESS>` lines of Mailman, addresses of mlmmj and Postorius, stanzas of Sympa.

Such names are not quoted as in a mail header (`Berg, Karl (Verein) <k@verein.example>`), so no header parser is used.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from pressrun.core.errors import BadInput
from pressrun.core.timestamps import rfc3339
from pressrun.message.incoming.reading import decode_words
from pressrun.operations.csv_records import BadRow, read_lines
from pressrun.operations.sources.columns import field_name
from pressrun.operations.sources.member import SourceMember
from pressrun.operations.sources.states import ACTIVE, SUSPENDED, Standing, strictest

_NAMED = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>", re.DOTALL)
_QUOTED = re.compile(r'"(.*)"', re.DOTALL)
_NOBODY = re.compile(r"\S+ has no members")  # what Mailman 3 prints for an empty list
_EPOCH = re.compile(r"[0-9]{1,11}")
_ATTRIBUTE = re.compile(r'<custom_attribute id="([^"]*)">\s*<value>([^<]*)</value>')
_LONGEST_STANZA, _LARGEST_STANZA = 1000, 1 << 22  # lines, and characters: memory holds them
# How Sympa's members may receive mail; all but one of them do. `Sympa::ListOpt` lists them.
_RECEPTIONS = frozenset(
    {"mail", "nomail", "digest", "digestplain", "summary", "notice", "txt", "html", "urlize", "not_me"}
)
_BOUNCING_SCORE = 75  # from where Sympa takes action against members whose mail bounces


def read_names(file: BinaryIO, consent_source: str, default: Standing | None) -> Iterator[SourceMember | BadRow]:
    """The members of a list with one on each line, all in the state `default`; raises BadInput."""
    return _named_members(read_lines(file), consent_source, default or ACTIVE)


def _named_members(
    lines: Iterator[tuple[int, str]], consent_source: str, standing: Standing
) -> Iterator[SourceMember | BadRow]:
    for number, line in lines:
        text = line.strip()
        if not text or _NOBODY.fullmatch(text):
            continue
        name, address = split_name(text)
        if "@" not in address:
            yield BadRow(line=number, reason=f"no address in {text[:100]!r}", original=line)
            continue
        yield SourceMember(
            line=number,
            address=address,
            name=name,
            state=standing.state,
            was="listed",
            reason=standing.reason,
            consent_source=consent_source,
            original=line,
        )


def split_name(text: str) -> tuple[str, str]:
    """The name and the address of a line; encoded-words (RFC 2047) and quotes around a whole name are resolved."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return "", text.strip('"')  # as in a CSV file with one column
    return plain_name(match["name"]), match["address"].strip()


def plain_name(text: str) -> str:
    """A name as people write it, without quotes around it and encoded-words."""
    name = text.strip()
    if quoted := _QUOTED.fullmatch(name):
        name = re.sub(r"\\(.)", r"\1", quoted[1])
    return decode_words(name) if "=?" in name else name


def read_sympa(file: BinaryIO, default: Standing | None) -> Iterator[SourceMember | BadRow]:
    """The members in a `member.dump` of Sympa; raises BadInput for any other file."""
    return _sympa_members(_stanzas(read_lines(file)), default)


def _sympa_members(
    stanzas: Iterator[tuple[int, dict[str, str], str]], default: Standing | None
) -> Iterator[SourceMember | BadRow]:
    for line, values, original in stanzas:
        try:
            yield _sympa_member(line, values, original, default)
        except BadInput as problem:
            yield BadRow(line=line, reason=str(problem), original=original)


def _stanzas(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, dict[str, str], str]]:
    """Groups of lines `KEY VALUE` with blank lines between: the first line's number, the values, the text."""
    first, size, values, texts = 0, 0, dict[str, str](), list[str]()
    for number, line in lines:
        if not line.strip():
            if texts:
                yield first, values, "\n".join(texts)
            size, values, texts = 0, {}, []
            continue
        first = number if not texts else first
        texts.append(line)
        size += len(line)
        if len(texts) > _LONGEST_STANZA or size > _LARGEST_STANZA:
            raise BadInput(
                f"line {first}: more than {_LONGEST_STANZA} lines or {_LARGEST_STANZA} characters without a blank "
                "line. This is not a Sympa dump"
            )
        key, _, value = line.strip().partition(" ")
        values.setdefault(key, value.strip())
    if texts:
        yield first, values, "\n".join(texts)


def _sympa_member(line: int, values: Mapping[str, str], original: str, default: Standing | None) -> SourceMember:
    if "email" not in values:
        raise BadInput("a stanza without a line `email ADDRESS`")
    if "profile" in values:
        raise BadInput("an owner or editor, not a member. Import member.dump")
    standing, was = sympa_standing(values)
    standing = strictest([standing, default or ACTIVE])
    moment = values.get("date", "")
    return SourceMember(
        line=line,
        address=values["email"],
        name=plain_name(values.get("gecos", "")),
        state=standing.state,
        was=was,
        reason=standing.reason,
        subscribed_at=rfc3339(int(moment)) if _EPOCH.fullmatch(moment) else moment,
        consent_source="sympa",
        fields=sympa_fields(values.get("attrib") or values.get("custom_attribute", "")),
        original=original,
    )


def sympa_standing(values: Mapping[str, str]) -> tuple[Standing, str]:
    """The state of a member by the columns of Sympa, and what Sympa calls it; raises BadInput."""
    reception = values.get("reception", "mail")
    if reception not in _RECEPTIONS:
        raise BadInput(f"reception: {reception!r} is unknown")
    if values.get("suspend", "0") not in ("", "0"):
        return SUSPENDED, "suspended"
    score = values.get("bounce_score", "")
    if score.isdecimal() and int(score[:9]) >= _BOUNCING_SCORE:
        return SUSPENDED, "bouncing"
    return SUSPENDED if reception == "nomail" else ACTIVE, f"reception {reception}"


def sympa_fields(xml: str) -> dict[str, str]:
    """The custom attributes of a member as merge fields."""
    return {
        field_name(html.unescape(name)): html.unescape(value).strip()
        for name, value in _ATTRIBUTE.findall(xml)
        if value.strip()
    }
