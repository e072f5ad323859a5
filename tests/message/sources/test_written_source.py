"""Edition files that a program writes or changes are read back as what it meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput
from pressrun.message.sources.edition_file import parse_edition
from pressrun.message.sources.written_source import change_source, write_source

_NONCHARACTERS = "".join(map(chr, [*range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF]))
_IN_LINE = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=_NONCHARACTERS)
ONE_LINE = st.text(_IN_LINE, min_size=1, max_size=60)


@given(ONE_LINE)
def test_any_subject_is_read_back(subject: str) -> None:
    file = parse_edition(write_source({"subject": subject}, "Hello"), ".md")
    assert (subject.strip() or None) == (file.keys.subject.text if file.keys.subject else None)


@pytest.mark.parametrize(
    "subject",
    [
        'Hi {{ name | default: "you" }}: "x"',
        "{{ name }}",
        "a: b # c",
        "---",
        "{{ a",
        "it's \\ that",
        "🙂 \u00a0 \u202f!",
    ],
)
def test_merge_fields_and_marks_stay_as_they_are(subject: str) -> None:
    file = parse_edition(write_source({"subject": subject, "attachments": ["a, b.pdf", "c.pdf"]}, "x"), ".html")
    assert file.keys.subject is not None
    assert (subject, ["a, b.pdf", "c.pdf"]) == (
        file.keys.subject.text,
        [attachment.text for attachment in file.keys.attachments],
    )


SOURCE = b"""---
# our own
subject: >-
  Boats
  and ships
attachments:
- a.pdf
- b.pdf
preheader: "{{ name }}: read"
---
Body

---
"""


def test_a_changed_key_leaves_all_others_as_they_were() -> None:
    changed = change_source(SOURCE, {"subject": "Harbours", "attachments": None, "slug": "h"})
    expected = '---\n# our own\npreheader: "{{ name }}: read"\nsubject: "Harbours"\nslug: "h"\n---\nBody\n\n---\n'
    assert expected == changed.decode()


def test_a_changed_body_leaves_the_keys_as_they_were() -> None:
    assert SOURCE.partition(b"Body")[0] + b"Else" == change_source(SOURCE, {}, "Else")


def test_a_file_without_keys_gets_some() -> None:
    assert b'---\nsubject: "A"\n---\nHello' == change_source(b"\xef\xbb\xbfHello", {"subject": "A"})


def test_keys_below_blank_lines_are_changed_and_not_doubled() -> None:
    assert b'---\nslug: b\nsubject: "c"\n---\nBody' == change_source(
        b"\n\n---\nsubject: a\nslug: b\n---\nBody", {"subject": "c"}
    )


def test_lines_end_in_one_way() -> None:
    assert b'---\ntitle: B\nsubject: "A"\n---\nHello\n' == change_source(
        b"---\r\nsubject: x\r\ntitle: B\r\n---\r\nHello\r\n", {"subject": "A"}
    )


def test_keys_in_one_line_are_left_to_their_author() -> None:
    with pytest.raises(BadInput, match="one line"):
        change_source(b"---\n{subject: A, title: B}\n---\nx", {"subject": "C"})
