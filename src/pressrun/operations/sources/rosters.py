"""Files that programs send: the members of a list as CSV, or as one JSON object a line (application/x-ndjson)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec

from pressrun.operations.csv_records import BadRow, read_lines
from pressrun.operations.sources.formats import read_members
from pressrun.operations.sources.member import MemberState, SourceMember
from pressrun.operations.sources.remedies import IN_FILE
from pressrun.services.members.import_rows import ImportRow, UnreadRow
from pressrun.services.members.row_checks import gets_no_mail, may_name_field

_SUPPRESSED = "is suppressed. Import suppressed addresses as suppressions"
CSV, NDJSON = "text/csv", "application/x-ndjson"


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of NDJSON, with the members that a subscriber has in the API and the columns of an import.

    So a program can send back the subscribers of a list that the API has streamed. The end of a pause is ignored.
    """

    email: str
    name: str | None = None
    language: str | None = None
    fields: Mapping[str, str | None] = {}
    subscribed_at: str | None = None
    consent_source: str | None = None
    consent_ip: str | None = None
    state: str | None = None
    since: str | None = None
    source: str | None = None
    suppressed: str | None = None
    paused_until: str | None = None


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """All that has to be readable in the line of a person who gets no mail."""

    email: str
    state: str | None = None
    suppressed: object = None


_decode = msgspec.json.Decoder(_Entry).decode
_decode_state = msgspec.json.Decoder(_State).decode


def read_roster(file: BinaryIO, media_type: str) -> Iterator[ImportRow | UnreadRow]:
    """The rows of a file, after the whole of it was checked to be readable; raises BadInput."""
    return _read_ndjson(file) if media_type == NDJSON else _read_csv(file)


def _read_csv(file: BinaryIO) -> Iterator[ImportRow | UnreadRow]:
    for member in read_members(file, "members.csv", "csv", mapped={}, remedies=IN_FILE).members:
        yield UnreadRow(line=member.line, reason=member.reason) if isinstance(member, BadRow) else _as_row(member)


def _as_row(member: SourceMember) -> ImportRow | UnreadRow:
    if member.state is MemberState.SUPPRESSED:
        return UnreadRow(line=member.line, reason=_SUPPRESSED)
    if member.state is MemberState.UNCONFIRMED:
        return UnreadRow(line=member.line, reason="has never confirmed")
    return member.as_row()


def _read_ndjson(file: BinaryIO) -> Iterator[ImportRow | UnreadRow]:
    for line, text in read_lines(file):
        if text.strip():
            yield _read_entry(line, text)


def _read_entry(line: int, text: str) -> ImportRow | UnreadRow:
    try:
        entry = _decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        return _read_state(line, text) or UnreadRow(line=line, reason=f"invalid JSON object: {problem}")
    if entry.suppressed:
        return UnreadRow(line=line, reason=_SUPPRESSED)
    fields = {name: value for name, value in entry.fields.items() if value}
    wrong = [name for name in fields if not may_name_field(name)]
    if wrong and not gets_no_mail(entry.state or ""):
        return UnreadRow(line=line, reason=f"fields: {wrong[0]!r} cannot name a column")
    return ImportRow(
        line=line,
        email=entry.email,
        name=entry.name or "",
        language=entry.language or "",
        subscribed_at=entry.subscribed_at or entry.since or "",
        consent_source=entry.consent_source or entry.source or "",
        consent_ip=entry.consent_ip or "",
        state=entry.state or "",
        attributes={} if wrong else fields,
    )


def _read_state(line: int, text: str) -> ImportRow | UnreadRow | None:
    """A person who gets no mail, from a line that cannot be read in full; None for everybody else.

    If the line were refused, the next file might subscribe them.
    """
    try:
        entry = _decode_state(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if entry.suppressed:
        return UnreadRow(line=line, reason=_SUPPRESSED)
    if not gets_no_mail(entry.state or ""):
        return None
    return ImportRow(line=line, email=entry.email, state=entry.state or "")
