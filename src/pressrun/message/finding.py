"""What is found in an edition before it is sent: a code with its values, where it is, and whether it stops the send.

A finding holds no sentence. `assets/findings.toml` has one for each code, and catalogues translate them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any

from msgspec import Struct

from pressrun.assets import convert_asset, read_asset
from pressrun.core.errors import BadInput, UnreadableMail
from pressrun.message.words import ENGLISH, Words, marked

Value = str | int  # a number is written as the language writes it

AS_WRITTEN = "as-written"  # the code of a finding that brings its sentence with it
MOST_OF_A_CODE = 100  # findings; a text of nothing but braces would have as many as it has lines

_AT_LINE = marked("Line {line}: {finding}")
_IN_LAYOUT = marked("Layout {layout}: {finding}")


class Severity(StrEnum):
    """An error stops a send. A warning is for the editor to judge. A note is worth knowing and needs no action."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Remark(Struct, frozen=True):
    """One sentence by its code, with the values of its places, sorted by name."""

    code: str
    values: tuple[tuple[str, Value], ...] = ()

    def text(self, words: Words) -> str:
        """The sentence in one language."""
        shown = {name: value if isinstance(value, str) else words.number(value) for name, value in self.values}
        sentence = "{sentence}" if self.code == AS_WRITTEN else sentences()[self.code]
        return words(sentence, **shown)

    def __str__(self) -> str:
        return self.text(ENGLISH)

    def plain(self) -> dict[str, Any]:
        """The code and the values, as they are stored."""
        return {"code": self.code, "values": dict(self.values)}


@cache
def sentences() -> Mapping[str, str]:
    """The English sentences by their codes."""
    return convert_asset("findings", "", read_asset("findings"), dict[str, str])


def remark(code: str, /, **values: Value) -> Remark:
    """A sentence by its code, with the values of its places."""
    return Remark(code, tuple(sorted(values.items())))


class Finding(Struct, frozen=True, kw_only=True):
    """One finding. `line` is 1-based in the edition file, or None where no single line is meant.

    `layout` names the operator's own layout that it is about; "" means the edition.
    """

    severity: Severity
    remark: Remark
    line: int | None = None
    layout: str = ""

    @property
    def message(self) -> str:
        """The sentence in English without its line, for programs and the shell."""
        return f"layout {self.layout}: {self.remark}" if self.layout else str(self.remark)

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"

    def text(self, words: Words) -> str:
        """What a person reads: the sentence, with its line or layout before it."""
        sentence = self.remark.text(words)
        if self.layout:
            sentence = words(_IN_LAYOUT, layout=self.layout, finding=sentence)
        return sentence if self.line is None else words(_AT_LINE, line=words.number(self.line), finding=sentence)

    def plain(self) -> dict[str, Any]:
        """The finding for programs, and as it is stored; `read_finding` reads it back."""
        return {
            "severity": self.severity.value,
            "line": self.line,
            "message": self.message,
            **self.remark.plain(),
            "layout": self.layout,
        }


def read_finding(stored: Mapping[str, Any] | Sequence[Any]) -> Finding:
    """A finding from its plain form.

    One that another version stored keeps its sentence where its code is unknown or missing.
    """
    if not isinstance(stored, Mapping):  # as older rows hold it
        severity, line, message = stored
        return Finding(severity=Severity(severity), remark=remark(AS_WRITTEN, sentence=message), line=line)
    known = remark(AS_WRITTEN, sentence=stored["message"])
    layout = ""
    if stored["code"] in sentences():
        known, layout = remark(stored["code"], **stored["values"]), stored["layout"]
    return Finding(severity=Severity(stored["severity"]), remark=known, line=stored["line"], layout=layout)


def about(severity: Severity, remark: Remark, line: int | None = None) -> Finding:
    """A finding that is about a remark."""
    return Finding(severity=severity, remark=remark, line=line)


def unreadable(code: str, /, **values: Value) -> UnreadableMail:
    """The error that a mail cannot be read, with the remark that says why in any language."""
    reason = remark(code, **values)
    return UnreadableMail(str(reason), reason.plain())


def refusal_of(problem: BadInput) -> Finding:
    """A finding that says why a mail or a file could not even be read, in English where it has no code."""
    known = problem.remark if isinstance(problem, UnreadableMail) else None
    if known is None or known["code"] not in sentences():
        return error(AS_WRITTEN, sentence=str(problem))
    return error(known["code"], **known["values"])


def error(code: str, line: int | None = None, /, **values: Value) -> Finding:
    """A finding that stops a send."""
    return Finding(severity=Severity.ERROR, remark=remark(code, **values), line=line)


def warning(code: str, line: int | None = None, /, **values: Value) -> Finding:
    """A finding for the editor to judge."""
    return Finding(severity=Severity.WARNING, remark=remark(code, **values), line=line)


def note(code: str, line: int | None = None, /, **values: Value) -> Finding:
    """A finding that is worth knowing and needs no action."""
    return Finding(severity=Severity.NOTE, remark=remark(code, **values), line=line)


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop a send."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once: errors, then warnings, then notes, each by line; of one code the first MOST_OF_A_CODE."""
    ranks = list(Severity)
    ordered = sorted(dict.fromkeys(findings), key=lambda each: (ranks.index(each.severity), each.line or 0))
    places: defaultdict[str, count[int]] = defaultdict(count)
    return tuple(each for each in ordered if next(places[each.remark.code]) < MOST_OF_A_CODE)
