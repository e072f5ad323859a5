"""Editions that are cut off, or too heavy for many servers."""

from __future__ import annotations

from tests.message.builders import PNG, edition
from tests.message.preflight.findings import findings_of, the_only


def test_html_that_is_cut_off() -> None:
    """At 100 KiB, where one well-known program clips."""
    severity, _, message = the_only(findings_of(edition("word " * 21_000)))
    assert "warning" == severity
    assert "Gmail cuts it off after 100" in message
    assert [] == findings_of(edition("word " * 18_000))


def test_it_is_counted_as_it_travels() -> None:
    """What is not Latin is in base64, which adds a third: 78 KB of Arabic are more than 100."""
    source = edition("كلمة " * 8_700, "language: ar")
    assert "warning" == the_only(findings_of(source))[0]
    assert [] == findings_of(edition("كلمة " * 7_500, "language: ar"))


def test_a_text_edition_of_that_size_is_not() -> None:
    """Only HTML is clipped."""
    assert [] == findings_of(edition("word " * 21_000), ".txt")


def test_a_message_that_many_servers_refuse() -> None:
    """Counted as it travels: base64 adds a third."""
    heavy, light = PNG + bytes(7_600_000), PNG + bytes(7_000_000)
    assert "10 MB per email" in the_only(findings_of(edition("![A](a.png)"), assets={"a.png": heavy}))[2]
    assert [] == findings_of(edition("![A](a.png)"), assets={"a.png": light})
