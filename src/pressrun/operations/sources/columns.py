"""Which column of a CSV file means what: by the format, and by what the operator says with `--map`.

A column that nobody explains becomes a merge field of that name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pressrun.core.errors import BadInput, UsageError
from pressrun.operations.sources.states import FLAGS
from pressrun.services.members.row_checks import may_name_field, require_field_name
from pressrun.services.reports.exported_members import KNOWN_COLUMNS

LEFT_OUT = "-"
# In other programs' files these columns say who left, bounced or never confirmed. As merge fields they would be
# ignored, and all of those people would be mailed.
_STATE_COLUMNS = {
    "status": "state",
    "blacklisted": "suppressed",
    "confirmed": "confirmed",
    "disabled": "suspended",
    "delivery": "delivery",
}
_KEYS = frozenset({*KNOWN_COLUMNS, *FLAGS, LEFT_OUT})
# What else a column of another program may hold: its state on this list, fields as JSON, and the request to subscribe.
_MEANINGS = _KEYS | {"list_state", "attributes", "requested_at", "requested_ip"}

ColumnMap = Mapping[str, str]
"""Keys by the names of columns in lower case: one of KNOWN_COLUMNS or FLAGS, LEFT_OUT, or the name of a merge field."""


class Columns(Struct, frozen=True, kw_only=True):
    """The columns of a file: places by their meaning, names by it too, and places of merge fields by name.

    `name` may have several columns, such as first and last name. `may_lack_state` is whether an
    empty cell means an active member, as in our own exports.
    """

    width: int
    places: Sequence[tuple[str, int]]
    names: Mapping[str, str]
    fields: Sequence[tuple[str, int]]
    may_lack_state: bool


def parse_map(pairs: Sequence[str]) -> ColumnMap:
    """What `--map COLUMN=KEY` says, however often; raises UsageError."""
    keys: dict[str, str] = {}
    for pair in pairs:
        column, equals, key = (part.strip() for part in pair.rpartition("="))
        if not equals or not column or not key:
            raise UsageError(f"--map {pair!r} is not COLUMN=KEY, such as 'Email Address=email'")
        if column.lower() in keys:
            raise UsageError(f"--map explains the column {column!r} twice")
        known = key.lower() if key.lower() in _KEYS else key
        if known not in _KEYS:
            require_field_name(known, UsageError)
        keys[column.lower()] = known
    return keys


def read_header(cells: Sequence[str], *, own: ColumnMap, mapped: ColumnMap, is_plain: bool) -> Columns:
    """The columns of a header: `mapped` comes before `own`, the keys of the format. Raises BadInput.

    `is_plain` is a CSV file that no program is known to have written.
    """
    names = [cell.strip() for cell in cells]
    folded = [name.lower() for name in names]
    if unknown := [column for column in mapped if column not in folded]:
        raise BadInput(f"--map names the column {unknown[0]!r}, but the columns are {_listed(names)}")
    meant = [_key_of(name, own=own, mapped=mapped, is_plain=is_plain) for name in names]
    if "email" not in meant:
        raise BadInput(_no_address(names))
    places = [(key, place) for place, key in enumerate(meant) if key in _MEANINGS]
    # A column that makes up only a part of the name is a merge field, too.
    fields = [
        (names[place] if key == "name" else key, place)
        for place, key in enumerate(meant)
        if key not in _MEANINGS or (key == "name" and folded[place] not in {"name", *mapped})
    ]
    for name, _ in fields:
        require_field_name(name)
    may_repeat = {LEFT_OUT} if is_plain and "name" not in mapped.values() else {LEFT_OUT, "name"}
    _require_once([key for key, _ in places if key not in may_repeat])
    _require_once([name for name, _ in fields])
    return Columns(
        width=len(names),
        places=[pair for pair in places if pair[0] != LEFT_OUT],
        names={key: names[place] for key, place in places},
        fields=fields,
        may_lack_state=is_plain and "state" in folded and "state" not in mapped,
    )


def _key_of(name: str, *, own: ColumnMap, mapped: ColumnMap, is_plain: bool) -> str:
    folded = name.lower()
    if folded in mapped:
        return mapped[folded]
    if folded in own:
        return own[folded]
    if is_plain and folded in _STATE_COLUMNS:
        raise BadInput(
            f"the column {name!r} may mark people who must not be mailed. Say what it means with "
            f"--map '{name}={_STATE_COLUMNS[folded]}', or name the program that wrote the file with --format. "
            f"--map '{name}=-' leaves it out"
        )
    return name


def field_name(text: str) -> str:
    """A name for a merge field as close to a text as can be; one that has a meaning of its own gets a `_`."""
    plain = re.sub(r"[^\w .-]", "_", text.strip()) or "_"
    is_taken = not may_name_field(plain) or plain.lower() in KNOWN_COLUMNS
    return f"_{plain}" if is_taken else plain


def _require_once(names: Sequence[str]) -> None:
    for name, number in Counter(names).items():
        if number > 1:
            raise BadInput(f"the column {name!r} appears {number} times in the header")


def _no_address(names: Sequence[str]) -> str:
    hint = ""
    if len(names) == 1 and ";" in names[0]:
        hint = "; it is separated by ';' instead of commas"
    elif len(names) == 1 and "@" in names[0]:
        hint = "; to import a plain list of addresses, put the word `email` on a line above them"
    elif len(names) > 1:
        hint = "; say which column holds the addresses with --map 'COLUMN=email'"
    return f"the file has no column `email`: its first line names {_listed(names)}{hint}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"
