"""Texts for which a careless parser takes minutes: each would run into the time limit of all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pressrun.message.content.flowed import unflow
from pressrun.message.content.html import tidy
from pressrun.message.content.mail_only import split_mail_only
from pressrun.message.content.merge import NAMED_FIELD, FieldTable
from pressrun.message.content.plaintext import text_from_html
from pressrun.message.layouts.content import buttons_from_links
from pressrun.message.reports.reading import read_report

_FEEDBACK = (
    "Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n"
    "--x\r\nContent-Type: message/feedback-report\r\n\r\n"
)
CASES: dict[str, Callable[[], object]] = {
    "declarations of a word processor": lambda: tidy("mso-" * 40_000),
    "one paragraph of many lines": lambda: unflow("abcdefghi \n" * 400_000, delete_blank=False),
    "open fields": lambda: FieldTable([], (), {}).mark("{{\n" * 250_000, first_line=1),
    "blanks in a field": lambda: NAMED_FIELD.search("{{" + " " * 5_000),
    "parts for the mail that do not end": lambda: split_mail_only("{% mail %}" * 150_000, first_line=1),
    "blanks in a list": lambda: text_from_html(f"<ul><li><pre>a{' ' * 300_000}b</pre></li></ul>"),
    "a link around a long text": lambda: buttons_from_links(f'<p><a href="x">{"a" * 100_000}<b>', {}, margin="0"),
    "fields of a complaint": lambda: read_report(
        (_FEEDBACK + "".join(f"f{number}: x\r\n\r\n" for number in range(30_000)) + "--x--\r\n").encode()
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_hostile_texts_are_read_in_linear_time(case: str) -> None:
    """A quadratic or cubic step would take minutes for any of them."""
    CASES[case]()
