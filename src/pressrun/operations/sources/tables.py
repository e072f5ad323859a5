"""Members from CSV files: our own columns, and the exports of listmonk, phpList and Mailchimp.

listmonk: https://listmonk.app/docs/ (cmd/subscribers.go writes the export). phpList: `export.php` of its admin pages.
Mailchimp: the files of an audience export, of which each holds contacts in one state.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from msgspec import Struct

from pressrun.core.errors import BadInput
from pressrun.core.text.cells import unescape_cell
from pressrun.core.text.charsets import storable
from pressrun.operations.csv_records import SPREADSHEETS, BadRow, Record, read_records
from pressrun.operations.sources.columns import ColumnMap, Columns, field_name, read_header
from pressrun.operations.sources.member import NO_FIELDS, MemberState, SourceMember
from pressrun.operations.sources.remedies import BY_OPTIONS, LEFT_OUT, Remedies
from pressrun.operations.sources.states import (
    ACTIVE,
    BOUNCED,
    FLAGS,
    UNSUBSCRIBED,
    Standing,
    is_exit_word,
    read_flag,
    read_state,
    strictest,
)
from pressrun.services.reports.exported_members import KNOWN_COLUMNS

_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.\d+)?(?: ?(Z|[+-]\d{2}:?\d{2}))?(?: [A-Za-z0-9+:-]{1,6})?",
    re.ASCII,
)
_ASKED = {"state": "who is blocklisted", "confirmed": "who has confirmed", "suppressed": "who is blacklisted"}
_NO_TIME = "0000-00-00"  # of MySQL
_MAILED = frozenset({MemberState.ACTIVE, MemberState.PENDING})  # those who wait may be asked to confirm
_SPREADSHEET_GUARD = re.compile(r"' (?=[=+\-@])")  # of phpList


class TableFormat(Struct, frozen=True, kw_only=True):
    """How a program writes a table of members.

    `required` are keys without which its states would be unknown. `state_of_file` is the state of all rows of a file
    with such a header, where files differ by it.
    """

    keys: ColumnMap
    delimiters: str = ","
    required: Sequence[str] = ()
    consent_source: str = ""
    is_plain: bool = False
    unescape: Callable[[str], str] = unescape_cell
    state_of_file: Callable[[Sequence[str]], Standing | None] = lambda _: None


def read_table(
    file: BinaryIO,
    program: TableFormat,
    mapped: ColumnMap,
    default: Standing | None = None,
    *,
    keeps_text: bool = True,
    remedies: Remedies = BY_OPTIONS,
) -> tuple[Columns, Iterator[SourceMember | BadRow]]:
    """What the columns of a CSV file mean, and the members below its header; `file` is read twice from where it is.

    `default` is the state of rows that have none; good rows keep their text where `keeps_text`. Raises BadInput at once
    when the file is not UTF-8, or for a header that does not fit.
    """
    _require_no_json(file)
    records = read_records(file, delimiters=program.delimiters)
    header = [program.unescape(cell.strip()) for cell in next(records, Record(1, [], "")).cells]
    columns = read_header(header, own=program.keys, mapped=mapped, is_plain=program.is_plain, remedies=remedies)
    for key in program.required:
        if key not in {key for key, *_ in (*columns.places, *columns.marks)}:
            raise BadInput(
                f"no column says {_ASKED[key]}. Export all columns, or name the column with --map 'COLUMN={key}'"
            )
    of_file = program.state_of_file([name.lower() for name in header])
    of_all = tuple(standing for standing in (of_file, default) if standing is not None)
    table = _Table(program=program, columns=columns, of_all=of_all, keeps_text=keeps_text, remedies=remedies)
    return columns, table.members(records)


def _require_no_json(file: BinaryIO) -> None:
    start = file.tell()
    if file.read(64).removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{"):
        raise BadInput("the file is JSON. Export it as CSV instead, with the column names in the first line")
    file.seek(start)


class _Table(Struct, frozen=True, kw_only=True):
    program: TableFormat
    columns: Columns
    of_all: Sequence[Standing]
    keeps_text: bool
    remedies: Remedies

    def members(self, records: Iterator[Record]) -> Iterator[SourceMember | BadRow]:
        width = self.columns.width
        for record in records:
            if len(record.cells) != width:
                count = len(record.cells)
                reason = f"has {count} {'field' if count == 1 else 'fields'} where the header has {width}"
                yield BadRow(line=record.line, reason=reason, original=record.original)
                continue
            try:
                yield self._member(record)
            except BadInput as problem:
                yield BadRow(line=record.line, reason=str(problem), original=record.original)

    def _member(self, record: Record) -> SourceMember:
        unescape, cells = self.program.unescape, record.cells
        texts: dict[str, str] = {}
        for key, place in self.columns.places:
            text = unescape(cells[place])
            texts[key] = f"{texts[key]} {text}".strip() if key == "name" and key in texts else text
        fields = {name: unescape(cells[place]) for name, place in self.columns.fields if cells[place]}
        standing, was = self._standing(cells)
        self._require_named(cells)
        try:
            self._require_silent(cells)
            if attributes := texts.get("attributes"):
                fields |= _read_attributes(attributes)
        except BadInput:
            if standing.state in _MAILED:  # nobody else gets mail, and a refused row would not stop any
                raise
        moment = texts.get("subscribed_at") or texts.get("requested_at", "")
        return SourceMember(
            line=record.line,
            address=texts["email"],
            name=_join_lines(texts.get("name", "")),
            language=texts.get("language", ""),
            state=standing.state,
            was=was,
            reason=standing.reason,
            subscribed_at=_read_time(moment),
            consent_source=texts.get("consent_source", "") or self.program.consent_source,
            consent_ip=texts.get("consent_ip") or texts.get("requested_ip", ""),
            fields=fields or NO_FIELDS,
            original=record.original if self.keeps_text else "",
        )

    def _require_silent(self, cells: Sequence[str]) -> None:
        """Raise BadInput if an unexplained merge field says that somebody left."""
        for name, place in self.columns.silent:
            if cells[place] and is_exit_word(cells[place]):
                remedy = self.remedies.for_exit_word(name)
                raise BadInput(f"the column {name!r} says {cells[place].strip()!r}. {remedy}")

    def _require_named(self, cells: Sequence[str]) -> None:
        """Raise BadInput for a value in a column without a name, such as spreadsheets add at the end of each line."""
        for place in self.columns.unnamed:
            if cells[place].strip():
                raise BadInput(f"has {cells[place].strip()[:100]!r} in column {place + 1}, which has no name")

    def _standing(self, cells: Sequence[str]) -> tuple[Standing, str]:
        """The state of a member, and what the file calls it."""
        standings = [*self.of_all]
        words = [standing.state.value for standing in self.of_all]
        for key, place, column in self.columns.marks:
            cell = self.program.unescape(cells[place])
            if key in FLAGS:
                if (standing := read_flag(key, cell)) is not ACTIVE:
                    standings.append(standing)
                    words.append(f"{column}: {cell.strip() or 'empty'}")
            elif cell.strip() or not self.columns.may_lack_state:
                standings.append(read_state(cell))
                words.append(cell.strip().lower())
        return strictest(standings), ", ".join(words) or "member"


def _read_time(text: str) -> str:
    """A time of another program as RFC 3339, UTC where it has no zone; any other text is returned unchanged."""
    plain = text.strip()
    if plain.startswith(_NO_TIME):
        return ""
    match = _TIME.fullmatch(plain)
    if match is None:
        return plain
    date, time, zone = match.groups()
    if zone not in (None, "Z") and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{date}T{time}{zone or 'Z'}"


def _read_attributes(text: str) -> dict[str, str]:
    """The members of a JSON object as merge fields; raises BadInput."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("attributes: not a JSON object") from None
    if not isinstance(values, dict):
        raise BadInput("attributes: not a JSON object")
    return {
        field_name(name): storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in values.items()
        if value not in (None, "")
    }


def _unescape_phplist(text: str) -> str:
    return _SPREADSHEET_GUARD.sub("", text, count=1) if text.startswith("' ") else text


def _mailchimp_state(header: Sequence[str]) -> Standing:
    """Each file of an audience export holds contacts in one state, which its columns tell."""
    if "clean_time" in header:
        return BOUNCED
    return UNSUBSCRIBED if "unsub_time" in header else ACTIVE


def _ignored(*columns: str) -> ColumnMap:
    return dict.fromkeys(columns, LEFT_OUT)


PLAIN = TableFormat(keys={name: name for name in KNOWN_COLUMNS}, delimiters=SPREADSHEETS, is_plain=True)
LISTMONK = TableFormat(
    keys={
        **{name: name for name in KNOWN_COLUMNS},
        "status": "state",
        "subscription_status": "list_state",
        "created_at": "subscribed_at",
        "attribs": "attributes",
        **_ignored("id", "uuid", "updated_at"),
    },
    required=("state",),
    consent_source="listmonk",
)
PHPLIST = TableFormat(
    keys={
        "email": "email",
        "confirmed": "confirmed",
        "is this subscriber confirmed": "confirmed",
        "blacklisted": "suppressed",
        "is this subscriber blacklisted": "suppressed",
        "disabled": "suspended",
        "is this account disabled?": "suspended",
        "entered": "subscribed_at",
        "extradata": "Additional data",
        "foreignkey": "Foreign Key",
        **_ignored("id", "optedin", "did this subscriber manually confirm", "bouncecount", "number of bounces"),
        **_ignored("modified", "last modified", "uniqid", "unique id", "uuid", "htmlemail", "subscribepage"),
        **_ignored("send this subscriber html emails", "rssfrequency", "rss frequency", "password", "passwordchanged"),
        **_ignored("list membership", "ip", "change summary", "change detail"),
    },
    delimiters="\t,",
    required=("confirmed", "suppressed"),
    consent_source="phplist",
    unescape=_unescape_phplist,
)
MAILCHIMP = TableFormat(
    keys={
        "email address": "email",
        "first name": "name",
        "last name": "name",
        "confirm_time": "subscribed_at",
        "confirm_ip": "consent_ip",
        "optin_time": "requested_at",
        "optin_ip": "requested_ip",
        **_ignored("member_rating", "latitude", "longitude", "gmtoff", "dstoff", "timezone"),
        **_ignored("cc", "region", "last_changed", "leid", "euid", "notes", "clean_time", "clean_campaign_title"),
        **_ignored("clean_campaign_id", "unsub_time", "unsub_campaign_title", "unsub_campaign_id", "unsub_reason"),
        **_ignored("unsub_reason_other"),
    },
    consent_source="mailchimp",
    state_of_file=_mailchimp_state,
)


def _join_lines(name: str) -> str:
    """A name in one line: a cell of a spreadsheet may have several."""
    return " ".join(name.split()) if any(sign in name for sign in "\r\n\t") else name
