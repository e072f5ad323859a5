"""The line of every key in a TOML document."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pressrun.config.key_lines import find_lines

_DOCUMENT = '''\
# a comment with [brackets] and key = "value"
top = 1
"quoted key" = "a # no comment"
dotted.key.here = true

[table] # comment
text = """
several = "lines"
"""
literal = \'\'\'
[not a table]
\'\'\'
after = 1979-05-27T07:32:00Z
list = [
  "one", # first
  "two",
  [3, 4],
]

[table.inner."with.dot"]
x = { a = 1, b = { c = "}" }, d = [ { e = 1 }, { e = 2 } ] }

[[member]]
name = "first"

[member.sub]
y = 1

[[member]]
name = "second"
[[member.deep]]
z = "\\"]"
'''


def test_every_form_of_key_is_found() -> None:
    """Tables, arrays of tables, dotted and quoted keys, inline tables, members of lists over several lines."""
    lines = find_lines(_DOCUMENT)
    expected = {
        ("top",): 2,
        ("quoted key",): 3,
        ("dotted", "key", "here"): 4,
        ("table",): 6,
        ("table", "text"): 7,
        ("table", "literal"): 10,
        ("table", "after"): 13,
        ("table", "list"): 14,
        ("table", "list", 1): 16,
        ("table", "list", 2, 1): 17,
        ("table", "inner", "with.dot"): 20,
        ("table", "inner", "with.dot", "x", "b", "c"): 21,
        ("table", "inner", "with.dot", "x", "d", 1, "e"): 21,
        ("member", 0): 23,
        ("member", 0, "name"): 24,
        ("member", 0, "sub", "y"): 27,
        ("member", 1): 29,
        ("member", 1, "name"): 30,
        ("member", 1, "deep", 0, "z"): 32,
    }
    assert expected == {path: lines.get(path) for path in expected}


def test_windows_line_ends_count_once() -> None:
    """CRLF is one line end."""
    assert find_lines("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}


_keys = st.text("abc-_ .\"'#=[]é\n", min_size=1, max_size=5)
_scalars = st.one_of(
    st.integers(-999, 999), st.booleans(), st.text("ab\"'#[]{},=\n\\ é", max_size=8), st.sampled_from([1.5, -0.25])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)
_tables = st.dictionaries(_keys, _values, max_size=4)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return "[\n " + ",\n # ]\n".join(_toml(item) for item in value) + "\n]"
        case dict():
            return "{ " + ", ".join(f"{_toml(key)} = {_toml_inline(item)}" for key, item in value.items()) + " }"
        case _:
            return repr(value)


def _toml_inline(value: Any) -> str:
    return f"[{', '.join(_toml_inline(item) for item in value)}]" if isinstance(value, list) else _toml(value)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from _paths(item, (*path, name))


@given(_tables, st.dictionaries(_keys, _tables, max_size=3), st.lists(_tables, max_size=3))
def test_no_key_is_missed_and_none_made_up(top: Any, tables: Any, members: list[Any]) -> None:
    """For any document that tomllib reads, the paths with a line are the paths of its value, and lines only grow."""
    top = {key: value for key, value in top.items() if key not in tables and key != "m"}
    text = "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in top.items())
    for name, table in tables.items():
        text += f"[ t . {_toml(name)} ] # c\n" + "".join(
            f"{_toml(key)} = {_toml(value)}\n" for key, value in table.items()
        )
    for table in members:
        text += "\n[[m]]\n" + "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in table.items())
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # `t` was a plain key of the top: no valid document
    lines = find_lines(text)
    assert set(_paths(document)) == set(lines)
    in_order = [lines[path] for path in _paths(document)]
    assert sorted(in_order) == in_order
