"""Findings: a code with its values, worded in one place, stored and read back."""

from __future__ import annotations

import re
from pathlib import Path

from pressrun.message import finding
from pressrun.message.finding import (
    MOST_OF_A_CODE,
    Finding,
    Severity,
    error,
    in_order,
    read_finding,
    remark,
    sentences,
    warning,
)
from pressrun.message.words import ENGLISH

_SOURCES = Path(finding.__file__).parent.parent
_MADE_OF_TWO = {f"{begun}-{part}" for begun in ("unsubscribe-missing", "address-hidden") for part in ("text", "html")}
_MADE_OF_TWO |= {f"dmarc-{policy}" for policy in ("reject", "quarantine")}


def test_every_sentence_is_said_somewhere() -> None:
    """By its code, as a literal: none is kept in vain."""
    code_of_ours = "".join(path.read_text("utf-8") for path in _SOURCES.rglob("*.py"))
    assert {code for code in sentences() if f'"{code}"' not in code_of_ours} == _MADE_OF_TWO


def test_every_sentence_is_one() -> None:
    """It begins as one does, ends with a full stop, and never explains after a colon."""
    for code, sentence in sentences().items():
        assert sentence[-1] in ".?", code
        assert not re.match(r"[a-z](?!mail|rl|inmail|osition)", sentence.replace("url(", "Url(")), code


def test_a_finding_is_read_back_as_it_was() -> None:
    """From what is stored of a held edition, and from what the daemon answers the shell."""
    for stored in (
        warning("subject-long", 2, length=86, most=78),
        error("body-missing"),
        Finding(severity=Severity.ERROR, remark=remark("layout-no-address"), layout="own"),
    ):
        assert stored == read_finding(stored.plain())


def test_what_other_versions_stored_is_said_in_their_words() -> None:
    """Versions that stored sentences, and ones with codes that are not known here."""
    older = read_finding(["warning", 4, "the subject shouts"])
    newer = read_finding(
        {"severity": "note", "line": None, "message": "Something new.", "code": "new", "values": {"x": 1}, "layout": ""}
    )
    assert ("Line 4: the subject shouts", "warning") == (older.text(ENGLISH), older.severity.value)
    assert ("Something new.", "note") == (newer.text(ENGLISH), newer.severity.value)


def test_a_value_is_no_sentence() -> None:
    """What an author wrote is shown as it stands, places and all."""
    assert "“{text}” looks like a placeholder" in str(warning("placeholder", text="{text}"))
    assert str(warning("id-repeated", 3, id="{line}")).startswith("line 3: The id {line} is used")


def test_a_layout_is_named_before_the_sentence() -> None:
    """In the language of the reader for people, in English for programs."""
    in_layout = Finding(severity=Severity.ERROR, remark=remark("layout-no-alt"), layout="own")
    assert in_layout.text(ENGLISH).startswith("Layout own: An image")
    assert in_layout.message.startswith("layout own: An image")


def test_one_mistake_is_not_told_without_end() -> None:
    """A text of nothing but braces has it in every line; what else is wrong is still said."""
    repeated = [error("field-open", line) for line in range(300_000, 0, -1)]
    findings = in_order([*repeated, warning("subject-long", 1, length=86, most=78)])
    assert [*range(1, MOST_OF_A_CODE + 1), 1] == [finding.line for finding in findings]
    assert findings[-1].remark.code == "subject-long"
