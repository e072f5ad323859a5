"""The formats that `subscriber import` reads, each from the files that the program itself writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import BinaryIO

from msgspec import Struct

from pressrun.core.errors import BadInput, UsageError
from pressrun.operations.csv_records import BadRow, read_start
from pressrun.operations.sources.column_names import name_columns
from pressrun.operations.sources.columns import ColumnMap, Columns
from pressrun.operations.sources.lines import read_names, read_sympa
from pressrun.operations.sources.member import MemberState, SourceMember
from pressrun.operations.sources.remedies import BY_OPTIONS, Remedies
from pressrun.operations.sources.states import Standing
from pressrun.operations.sources.tables import LISTMONK, MAILCHIMP, PHPLIST, PLAIN, TableFormat, read_table

ALIASES = {"mailman": "mailman3"}
STATES = tuple(state.value for state in MemberState if state is not MemberState.PENDING)

_TABLES: Mapping[str, TableFormat] = {"csv": PLAIN, "listmonk": LISTMONK, "phplist": PHPLIST, "mailchimp": MAILCHIMP}


_LINES: Mapping[str, Callable[..., Iterator[SourceMember | BadRow]]] = {
    "mailman2": partial(read_names, consent_source="mailman2"),
    "mailman3": partial(read_names, consent_source="mailman3"),
    "mlmmj": partial(read_names, consent_source="mlmmj"),
    "sympa": read_sympa,
}
# What the files of a program leave open, and how to find out. `--state` says that the operator knows.
_LEAVES_OPEN = {
    "mailman2": "`list_members` also lists members whose delivery is off. Export these with `list_members --nomail`, "
    "and import them with --state suspended first",
    "mailman3": "`mailman members` also lists members whose delivery is off. Export these with `mailman members -n "
    "any`, and import them with --state suspended first",
    "listmonk": "the export of listmonk does not say who unsubscribed from the list or never confirmed, only who is "
    "disabled or blocklisted. Add a column subscription_status to the file, or use `pressrun migrate-from listmonk`",
}
FORMATS = ("csv", *_LINES, "listmonk", "phplist", "mailchimp")


class MemberFile(Struct, frozen=True, kw_only=True):
    """The members in a file, and what the file leaves open about them."""

    members: Iterator[SourceMember | BadRow]
    warning: str = ""


def read_members(
    file: BinaryIO,
    name: str,
    file_format: str,
    *,
    mapped: ColumnMap,
    state: str | None = None,
    keeps_text: bool = True,
    remedies: Remedies = BY_OPTIONS,
) -> MemberFile:
    """The members in a file named `name`; `file` is read twice from its current position.

    `state` is known of everybody in the file, beside what the file says. With `keeps_text`, members of a table keep the
    text of their record. Raises BadInput, which names one of the `remedies`, and UsageError if `mapped` names columns
    for a format without any.
    """
    program = ALIASES.get(file_format, file_format)
    default = None if state is None else Standing(MemberState(state))
    if program in _LINES:
        if mapped:
            raise UsageError(f"--map names columns, and the {program} format has none")
        return MemberFile(
            members=_LINES[program](file, default=default), warning="" if default else _LEAVES_OPEN.get(program, "")
        )
    if program == "mailchimp" and "nonsubscribed" in name:
        raise BadInput("these contacts never subscribed, so they must not be mailed. Do not import this file")
    leaves_open = default is None and program == "listmonk" and not _says_list_state(file)
    columns, members = read_table(file, _TABLES[program], mapped, default, keeps_text=keeps_text, remedies=remedies)
    return MemberFile(members=members, warning=_LEAVES_OPEN[program] if leaves_open else _no_names(columns))


def _no_names(columns: Columns) -> str:
    """The warning that a table gives nobody a name although other columns could."""
    parts = name_columns([name for name, _ in columns.fields])
    if not parts or any(key == "name" for key, _ in columns.places):
        return ""
    options = " ".join(f"--map '{name}=name'" for name in parts)
    return f"no column is called `name`, so nobody gets a name. To take names from other columns, add {options}"


def _says_list_state(file: BinaryIO) -> bool:
    return "subscription_status" in read_start(file, ",").heading.lower()
