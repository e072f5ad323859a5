"""What the archive shows of an edition, apart from its pages."""

from __future__ import annotations

import time

import pytest

from pressrun.services.archives.archived_edition import ArchivedEdition, Summary


def edition(*, text: str = "", html: str | None = None, preheader: str = "") -> ArchivedEdition:
    summary = Summary(slug="a", title="Boats", preheader=preheader, language="en", published_at=0)
    return ArchivedEdition(id=1, summary=summary, text=text, html=html, asset_path="/news/archive/a/asset/")


@pytest.mark.parametrize(
    ("text", "preheader", "teaser"),
    [
        ("anything", "What is new", "What is new"),
        ("# Boats\n\nThey *came* back.", "", "They came back."),
        ("short", "", "short"),
        ("The timetable <https://x.example/t> and fares (https://x.example/f)", "", "The timetable and fares"),
        ("Bring:\n\n- a rope\n- a map", "", "Bring: a rope · a map"),
        ("word " * 100, "", "word " * 43 + "word …"),
        ("", "", ""),
    ],
)
def test_a_teaser_is_the_preheader_or_how_the_text_begins(text: str, preheader: str, teaser: str) -> None:
    assert teaser == edition(text=text, preheader=preheader).teaser


def test_a_teaser_leaves_out_the_words_of_pictures() -> None:
    """They stand for what the text part cannot show; what an author of plain text has put in brackets is text."""
    text = "[The *Marlin* at the quay,\nin winter]\n\nThey came back [all of them].\n\n[Boat] Paint\n\n[Rope]"
    logos = "[The Harbour Letter] [1]\n\n[F] [2]  [T] [2]\n\n"
    assert "They came back [all of them]. [Boat] Paint" == edition(text=logos + text, html="<p>").teaser
    assert "They came back [all of them]. [Boat] Paint" == edition(text=text, html="<p>").teaser
    assert edition(text=text).teaser.endswith("[Boat] Paint · [Rope]")


def test_a_teaser_is_quick_however_long_the_text_is() -> None:
    """A page asks for it several times, for every visitor."""
    text = "- a\n" * 1_000_000
    started = time.process_time()
    assert edition(text=text).teaser.startswith("a · a · ")
    assert 0.2 > time.process_time() - started


def test_a_teaser_is_quick_however_many_brackets_a_line_has() -> None:
    """Such as the pages of an archive, or notes, before another word."""
    text = (" ".join(f"[{number}]" for number in range(40)) + " more\n") * 20
    started = time.process_time()
    assert edition(text=text, html="<p>").teaser.startswith("more")
    assert 0.2 > time.process_time() - started


def test_only_its_own_images_are_moved() -> None:
    own, other = '<img src="/news/archive/a/asset/1.png">', '<img src="https://else.example/x.png">'
    html = f'{own}{other}<a href="/news/archive/a/asset/1.png">'
    expected = html.replace('<img src="/news/archive/a/asset/', '<img src="https://n.example/files/')
    assert expected == edition(html=html).html_with_images("https://n.example/files/")
