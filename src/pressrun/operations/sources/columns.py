"""Which column of a CSV file means what: by the format, and by what the operator says with `--map`.

A column that nobody explains becomes a merge field of that name. Columns that may say who left, bounced or never
confirmed (assets/member_columns.toml) would be ignored that way, and all of those people mailed. Nothing here decides
about a member: each such column gets the key that would explain it, and the operator confirms it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from pressrun.core.errors import BadInput, UsageError
from pressrun.operations.sources.column_names import WHOLE, holds_addresses, phrases, words_of
from pressrun.operations.sources.remedies import BY_OPTIONS, KEYS, LEFT_OUT, Remedies
from pressrun.operations.sources.states import FLAGS
from pressrun.services.members.row_checks import FILE_COLUMNS, FLAGS_BY_NAME, may_name_field, require_field_name
from pressrun.services.reports.exported_members import KNOWN_COLUMNS

_EXPORTED = frozenset(KNOWN_COLUMNS)  # our own exports have all of them
_OF_MAILCHIMP = frozenset({"leid", "euid"})
_STATES = ("state", "list_state")  # the second is that on this list
_MARKS = frozenset({*_STATES, *FLAGS})
_MEANINGS = FILE_COLUMNS | {LEFT_OUT}

_OTHER_CHANNELS, _EMAIL, _LINKS, _DETAILS = map(phrases, ("other_channel", "email", "link", "detail"))
_STATUS, _OF_READERS = phrases("status", WHOLE), phrases("of_reader", WHOLE)
# By the key that would explain such a column: the first one that applies.
_MARKING = {
    key: phrases(key) for key in ("unsubscribed", "suppressed", "suspended", "delivery", "confirmed", "subscribed")
}

ColumnMap = Mapping[str, str]
"""Keys by the names of columns in lower case: one of KNOWN_COLUMNS or FLAGS, LEFT_OUT, or the name of a merge field."""


class Columns(Struct, frozen=True, kw_only=True):
    """The columns of a file: places by their meaning, and places of merge fields by name.

    `name` may have several columns, such as first and last name. `marks` are those that say who may be mailed, each
    with its name; several may have the same meaning. `silent` are the merge fields that must not say that, and
    `unnamed` the places of columns without a name. `may_lack_state` is whether an empty cell means an active member, as
    in our own exports.
    """

    width: int
    places: Sequence[tuple[str, int]]
    marks: Sequence[tuple[str, int, str]]
    fields: Sequence[tuple[str, int]]
    silent: Sequence[tuple[str, int]]
    unnamed: Sequence[int]
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
        known = key.lower() if key.lower() in KEYS else key
        if known not in KEYS:
            require_field_name(known, UsageError)
        keys[column.lower()] = known
    return keys


def read_header(
    cells: Sequence[str], *, own: ColumnMap, mapped: ColumnMap, is_plain: bool, remedies: Remedies = BY_OPTIONS
) -> Columns:
    """The columns of a header: `mapped` comes before `own`, the keys of the format. Raises BadInput with a remedy.

    `is_plain` means a CSV file that no known program wrote.
    """
    names = [cell.strip() for cell in cells]
    folded = [name.lower() for name in names]
    if unknown := [column for column in mapped if column not in folded]:
        raise BadInput(f"--map names the column {unknown[0]!r}, but the columns are {_listed(names)}")
    is_foreign = is_plain and not _EXPORTED.issubset(folded)
    is_exported = is_plain and _EXPORTED.issubset(names)
    if is_foreign:
        _require_explained(names, {*own, *mapped, *FLAGS_BY_NAME}, remedies)
    meant = [_key_of(name, own={} if is_exported else own, mapped=mapped, is_plain=is_plain) for name in names]
    if "email" not in meant:
        raise BadInput(_no_address(names, remedies))
    places = [(key, place) for place, key in enumerate(meant) if key in _MEANINGS]
    # A column that makes up only a part of the name is a merge field, too.
    fields = [
        (names[place] if key == "name" else key, place)
        for place, key in enumerate(meant)
        if names[place] and (key not in _MEANINGS or (key == "name" and folded[place] not in {"name", *mapped}))
    ]
    _require_field_names([name for name, _ in fields], remedies)
    may_repeat = {LEFT_OUT} if is_plain and "name" not in mapped.values() else {LEFT_OUT, "name"}
    may_repeat |= _MARKS.intersection(mapped.values())
    _require_once([key for key, _ in places if key not in may_repeat])
    _require_once([name for name, _ in fields])
    return Columns(
        width=len(names),
        places=[(key, place) for key, place in places if key != LEFT_OUT and key not in _MARKS],
        marks=[(key, place, names[place]) for key, place in places if key in _MARKS],
        fields=fields,
        silent=[(name, place) for name, place in fields if is_foreign and folded[place] not in mapped],
        unnamed=[place for place, name in enumerate(names) if not name],
        may_lack_state=is_plain and "state" in folded and "state" not in mapped,
    )


def _key_of(name: str, *, own: ColumnMap, mapped: ColumnMap, is_plain: bool) -> str:
    folded = name.lower()
    if folded in mapped:
        return mapped[folded]
    if folded in own:
        return own[folded]
    return folded if is_plain and folded in FLAGS_BY_NAME else name


def _require_explained(names: Sequence[str], explained: Collection[str], remedies: Remedies) -> None:
    """Raise BadInput, with a remedy, for columns that may mark people who must not be mailed."""
    if _OF_MAILCHIMP.issubset(name.lower() for name in names):
        raise BadInput(f"Mailchimp wrote this file, and its columns say who left or bounced. {remedies.mailchimp}")
    marking = marking_columns([name for name in names if name.lower() not in explained])
    if not marking:
        return
    listed = _listed([name for name, _ in marking])
    what = f"the column {listed} may" if len(marking) == 1 else f"the columns {listed} may"
    raise BadInput(f"{what} mark people who must not be mailed. {remedies.for_marks(marking)}")


def _require_field_names(names: Sequence[str], remedies: Remedies) -> None:
    """Raise BadInput, with a remedy for all of them, for columns that cannot become merge fields."""
    bad = [name for name in names if not may_name_field(name)]
    if bad:
        require_field_name(bad[0], remedy=remedies.for_names(bad))


def field_name(text: str) -> str:
    """A name for a merge field as close to a text as can be; one that has a meaning of its own gets a `_`."""
    plain = re.sub(r"[^\w .-]", "_", text.strip()) or "_"
    is_taken = not may_name_field(plain) or plain.lower() in KNOWN_COLUMNS
    return f"_{plain}" if is_taken else plain


def _require_once(names: Sequence[str]) -> None:
    for name, number in Counter(names).items():
        if number > 1:
            raise BadInput(f"the column {name!r} appears {number} times in the header")


def _no_address(names: Sequence[str], remedies: Remedies) -> str:
    if not any(names):
        return (
            "the file is empty. It needs a first line with the names of its columns, one of which is `email`, and "
            "below it a line for each reader"
        )
    hint = ""
    if len(names) == 1 and ";" in names[0]:
        hint = "; it is separated by ';' instead of commas"
    elif len(names) == 1 and "@" in names[0]:
        hint = "; to import a plain list of addresses, put the word `email` on a line above them"
    else:
        hint = f"; {remedies.for_address(next((name for name in names if holds_addresses(name)), ''))}"
    return f"the file has no column `email`: its first line names {_listed(names)}{hint}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"


def marking_columns(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Those columns that may mark people who must not be mailed, each with the key that would explain it.

    A column with a reason or the like is left out if another one has the state itself.
    """
    keys = [(column, key, _DETAILS.is_in(words_of(column))) for column in columns if (key := key_for(column))]
    whole = {key for _, key, is_detail in keys if not is_detail}
    return [(column, key) for column, key, is_detail in keys if not (is_detail and key in whole)]


def key_for(column: str) -> str | None:
    """The key that would explain a column, if its name says that it marks people who must not be mailed."""
    words = words_of(column)
    if _LINKS.is_in(words) or (_OTHER_CHANNELS.is_in(words) and not _EMAIL.is_in(words)):
        return None
    for key, wordings in _MARKING.items():
        if wordings.is_in(words):
            return key
    return "state" if words == "subscriber type" or _is_status(words.split()) else None


def _is_status(words: Sequence[str]) -> bool:
    """Whether a column has the status of a reader, not that of an order or a lead."""
    others = [word for word in words if not _STATUS.is_in(word)]
    return len(others) < len(words) and all(map(_OF_READERS.is_in, others))
