"""The line of each key of a TOML document, which `tomllib` does not give.

`tomllib` must have read the text before: this module trusts the syntax and only follows the structure (tables, arrays
of tables, dotted and quoted keys, inline tables, arrays over several lines).
"""

from __future__ import annotations

import re
import tomllib

from pressrun.config.problems import Path

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
# Longest first, so that a one-line string is not mistaken for the opening of a multi-line one.
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)


def find_lines(text: str) -> dict[Path, int]:
    """The 1-based line of every key, table header and array member of a valid TOML document."""
    return _Follower(text.replace("\r\n", "\n")).document()


class _Follower:
    """Walks once over the text; `_at` is its position."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[Path, int] = {}
        self._array_lengths: dict[Path, int] = {}

    def document(self) -> dict[Path, int]:
        table: Path = ()
        self._skip_blank()
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._skip_blank()
        return self._lines

    def _header(self) -> Path:
        is_array = self._text.startswith("[[", self._at)
        line = self._here()
        self._at += 2 if is_array else 1
        names = self._key()
        self._at += 2 if is_array else 1
        path = self._current(names[:-1]) + names[-1:] if is_array else self._current(names)
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)
        if is_array:
            member = self._array_lengths.get(path, 0)
            self._array_lengths[path] = member + 1
            path += (member,)
        self._lines[path] = line
        return path

    def _current(self, names: Path) -> Path:
        """The path that the names in a header mean: below an array of tables, that of its last member."""
        path: Path = ()
        for name in names:
            path += (name,)
            if path in self._array_lengths:
                path += (self._array_lengths[path] - 1,)
        return path

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = table
        for name in self._key():
            path += (name,)
            self._lines.setdefault(path, line)
        self._skip_blank()
        self._at += 1  # the equals sign
        self._skip_blank()
        self._value(path)

    def _key(self) -> Path:
        names: list[str] = []
        while True:
            self._skip_blank()
            quoted = self._match_string()
            if quoted is not None:
                names.append(tomllib.loads(f"k = {quoted}")["k"])
            else:
                bare = _BARE_KEY.match(self._text, self._at)
                if bare is None:
                    raise ValueError("the text has not been read by tomllib")
                names.append(bare[0])
                self._at = bare.end()
            self._skip_blank()
            if not self._text.startswith(".", self._at):
                return tuple(names)
            self._at += 1

    def _value(self, path: Path) -> None:
        if self._match_string() is not None:
            return
        if self._text.startswith("[", self._at):
            self._members(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            scalar = _SCALAR.match(self._text, self._at)
            self._at = scalar.end() if scalar else self._at + 1

    def _members(self, path: Path) -> None:
        self._at += 1
        index = 0
        while not self._closes("]"):
            self._lines[(*path, index)] = self._here()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        """Skip blanks and one comma, then the bracket if it follows; whether it did."""
        self._skip_blank()
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip_blank()
        closed = self._text.startswith(bracket, self._at)
        self._at += closed
        return closed

    def _match_string(self) -> str | None:
        for pattern in _STRINGS:
            match = pattern.match(self._text, self._at)
            if match is not None:
                self._at = match.end()
                return match[0]
        return None

    def _skip_blank(self) -> None:
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _here(self) -> int:
        """The line of the position; each line end is counted once."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line
