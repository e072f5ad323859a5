"""Edition files that a program writes: of keys and a body, or with some keys changed while all else stays the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import yaml

from pressrun.core.errors import BadInput
from pressrun.message.sources.front_matter import FENCE, FIELD, find_fences

Keys = Mapping[str, str | Sequence[str] | None]
"""The keys of an edition file as they are to be written; None removes one."""


def write_source(keys: Keys, body: str) -> bytes:
    """An edition file of these keys and this body."""
    return "\n".join([FENCE, *_lines(keys), FENCE, body]).encode()


def change_source(source: bytes, keys: Keys, body: str | None = None) -> bytes:
    """An edition file with these keys changed, and with another body if there is one.

    The file has been parsed before, so it is UTF-8 and its keys are in order. Raises BadInput for keys on one line.
    """
    text = re.sub(r"\r\n?", "\n", source.removeprefix(b"\xef\xbb\xbf").decode())
    lines, rest = _split(text)
    kept = _without(lines, keys)
    changed = [*kept, *_lines({key: value for key, value in keys.items() if value is not None})]
    return "\n".join([FENCE, *changed, FENCE, rest if body is None else body]).encode()


def _split(text: str) -> tuple[list[str], str]:
    """The lines between the fences, and the body."""
    lines = text.split("\n")
    fences = find_fences(lines)
    if fences is None:
        return [], text
    first, last = fences
    return lines[first + 1 : last], "\n".join(lines[last + 1 :])


def _without(lines: Sequence[str], keys: Keys) -> list[str]:
    """The lines without those of some keys, with comments and all other keys as they are."""
    root = yaml.compose(FIELD.sub("field", "\n".join(lines)), Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):  # there are no keys
        return [*lines]
    if root.flow_style:
        raise BadInput("the keys of this edition are all in one line. Write one `key: value` per line")
    left_out: set[int] = set()
    for key, value in root.value:
        if key.value in keys:
            last = value.end_mark.line - (1 if value.end_mark.column == 0 else 0)
            left_out.update(range(key.start_mark.line, max(last, key.start_mark.line) + 1))
    return [line for number, line in enumerate(lines) if number not in left_out]


def _lines(keys: Keys) -> list[str]:
    return [f"{key}: {_value(value)}" for key, value in keys.items() if value is not None]


def _value(value: str | Sequence[str]) -> str:
    return _quoted(value) if isinstance(value, str) else f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    """A text in quotes as YAML reads it; merge fields stay as they are, since they are taken out before."""
    pieces, position = [], 0
    for field in FIELD.finditer(text):
        pieces += [_escaped(text[position : field.start()]), field[0]]
        position = field.end()
    return f'"{"".join([*pieces, _escaped(text[position:])])}"'


def _escaped(text: str) -> str:
    """The text between quotes; characters that YAML takes in no other form are written by their numbers."""
    return "".join(sign if sign.isprintable() and sign not in '"\\' else json.dumps(sign)[1:-1] for sign in text)
