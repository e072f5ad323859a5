"""The errors and warnings about a configuration, collected until the whole file has been read."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct, field

Path = tuple[str | int, ...]
"""The path of a key in the document: names, and indexes from 0 for members of arrays."""


class ConfigError(Struct, frozen=True, order=True):
    """One error: its place (`line` from 1, `key` a dotted path), what is there (`actual`), and what was expected."""

    line: int
    key: str
    actual: str
    expected: str

    def __str__(self) -> str:
        place = f"line {self.line}: {self.key}" if self.key else f"line {self.line}"
        return f"{place}: found {self.actual}, expected {self.expected}"


class Problems(Struct, kw_only=True):
    """Collects errors and warnings; `lines` has the line of each key of the document."""

    lines: Mapping[Path, int]
    errors: list[ConfigError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def error(self, path: Path, actual: str, expected: str) -> None:
        """Record an error at the key `path`, or at the nearest table above it that the file has."""
        self.errors.append(ConfigError(self.line(path), dotted(path), actual, expected))

    def warn(self, path: Path, message: str) -> None:
        """Record something that works and is probably a mistake."""
        self.warnings.append(f"line {self.line(path)}: {dotted(path)}: {message}")

    def move(self, former: Path, path: Path) -> None:
        """What is said about the key `path` is said about its line, under its former name."""
        self.lines = {**self.lines, path: self.line(former)}

    def line(self, path: Path) -> int:
        """The line of a key or of the nearest table above it that has one; else 1."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return 1


def dotted(path: Path) -> str:
    """`delivery.domain."gmail.com".rate`, `relay[1].host`: members of arrays are counted from 1."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            bare = part.replace("-", "").replace("_", "")
            name = part if bare.isalnum() and bare.isascii() else json.dumps(part, ensure_ascii=False)
            text += f".{name}" if text else name
    return text
