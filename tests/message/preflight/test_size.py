"""Editions that are cut off, or too heavy for many servers."""

from __future__ import annotations

import pytest
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
    source = edition("Minutes and plans", "attachments: [plan.pdf]")
    assert "10 MB per email" in the_only(findings_of(source, assets={"plan.pdf": bytes(7_600_000)}))[2]
    assert [] == findings_of(source, assets={"plan.pdf": bytes(7_000_000)})


@pytest.mark.parametrize(
    ("source", "line"), [(edition("![A](a.png)"), 4), (edition("Hello", "attachments: [a.png]"), None)]
)
def test_an_image_as_a_camera_makes_it(source: str, line: int | None) -> None:
    """Shown or attached, with its line in the text and its size as a file."""
    finding = the_only(findings_of(source, assets={"a.png": PNG + bytes(1_234_000)}))
    assert ("warning", line) == finding[:2]
    assert "The image a.png is 1,234 KB" in finding[2]
    assert [] == findings_of(source, assets={"a.png": PNG + bytes(900_000)})


def test_many_images_that_are_heavy_together() -> None:
    """They are one finding, and none where one of them is the reason."""
    names = [f"{number}.png" for number in range(6)]
    source = edition("\n\n".join(f"![A]({name})" for name in names))
    assets = {name: PNG + bytes(900_000 + number) for number, name in enumerate(names)}
    assert "Together the images are 5,400 KB" in the_only(findings_of(source, assets=assets))[2]
    heavy = {**assets, "0.png": PNG + bytes(1_100_000)}
    assert "The image 0.png is 1,100 KB" in the_only(findings_of(source, assets=heavy))[2]
