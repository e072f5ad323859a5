"""The report of an edition as a page: what it says, that it fetches and runs nothing, and how it looks."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace
from tests.browser.chromium import Browser
from tests.web.harness import words_of

from pressrun.core.timeline import spread
from pressrun.core.timestamps import rfc3339
from pressrun.services.reports.edition_descriptions import EditionAnswer
from pressrun.services.reports.edition_reports import CommonReply, DomainCounts, EditionReport, ReportInfo
from pressrun.web.editors.report import HEIGHT, WIDTH, ceiling, draw_bars, render_report

START = 1_800_000_000
HOSTILE = '550 </li><script>alert(1)</script> "quoted" & <b>'
NONE = dict.fromkeys(("queued", "claimed", "deferred", "delivered", "failed", "cancelled"), 0)


def report() -> EditionReport:
    """An edition of 12,000 copies that went well, with a bit of everything."""
    moments = {
        "delivered": {START + second: 100 + 40 * (second % 7) for second in range(55)},
        "deferred": {START + second: 3 for second in range(0, 55, 5)},
        "failed": {START + 3: 12, START + 20: 30, START + 90_000: 2},
        "unsubscribed": {START + 600 * number: 1 + number % 3 for number in range(40)},
        "complaints": {},
    }
    said = CommonReply(number=42, kind="hard", bounce="gone", code=550, enhanced="5.1.1", text=HOSTILE)
    long = CommonReply(number=9, kind="policy", bounce="policy", code=550, enhanced="5.7.1", text="x" * 300)
    domains = [
        DomainCounts(name="gmail", domains=2, copies=7000, **NONE | {"delivered": 6990, "failed": 10}),
        DomainCounts(name=f"{'a-long-name-' * 5}.example", domains=1, copies=300, **NONE | {"delivered": 300}),
        DomainCounts(name=None, domains=900, copies=4700, **NONE | {"delivered": 4659, "failed": 41}),
    ]
    edition: dict[str, Any] = (
        dict.fromkeys(EditionAnswer.__struct_fields__) | NONE | {"delivered": 11_949, "failed": 51}
    )
    edition |= {"id": 7, "list": "news", "subject": "High <water>", "state": "finished", "audience": 12_000}
    at = "2027-01-15T08:00:30Z"
    names = ("first_delivered_at", "half_delivered_at", "most_delivered_at", "nearly_all_delivered_at")
    edition_with_copies = ReportInfo(
        **edition | {"started_at": "2027-01-15T08:00:00Z"},
        failures=[],
        waiting=[],
        unsubscribed=79,
        complaints=0,
        kinds={"hard": 42, "policy": 9},
        bounces={"gone": 42, "policy": 9},
        failures_said=[said, long],
        waiting_said=[],
        domains=domains,
        timing={**dict.fromkeys(names, at), "last_delivered_at": None},
        timelines={},
    )
    return EditionReport(
        edition=edition_with_copies,
        timelines={name: spread(counts, START) for name, counts in moments.items()},
        list_title="The Harbour Letter",
        subject="High <water>",
        language="en",
        timezone="Europe/Madrid",
    )


# ---------------------------------------------------------------------- plots


def test_a_plot_is_xml_that_names_and_describes_itself() -> None:
    svg = draw_bars(spread({START: 5, START + 9: 10}, START), name="failed", title="A <b>", description="C & D")
    root = ET.fromstring(svg)
    assert ("img", "failed-title failed-desc") == (root.get("role"), root.get("aria-labelledby"))
    assert ["A <b>", "C & D"] == [element.text for element in root if element.tag in ("title", "desc")]


def test_bars_stand_in_their_place_and_are_as_high_as_their_number() -> None:
    """From the left in the order of time; the height is that of the number on the axis."""
    svg = draw_bars(spread({START: 5, START + 3: 10}, START), name="x", title="", description="")
    bars = re.findall(r"M([\d.]+) 120v-([\d.]+)h([\d.]+)", svg)
    assert [HEIGHT * 5 / 10, float(HEIGHT)] == [float(height) for _, height, _ in bars]
    assert [0.0, WIDTH * 3 / 4] == [float(left) - WIDTH / 4 * 0.075 for left, _, _ in bars]


def test_one_among_thousands_is_seen() -> None:
    svg = draw_bars(spread({START: 1, START + 1: 90_000}, START), name="x", title="", description="")
    assert "v-2.00" in svg


@pytest.mark.parametrize(("number", "top"), [(0, 2), (1, 2), (3, 4), (7, 8), (10, 10), (11, 20), (4001, 6000)])
def test_an_axis_ends_at_a_round_number(number: int, top: int) -> None:
    assert top == ceiling(number)


# ---------------------------------------------------------------------- the page


def test_the_page_needs_nothing_beside_it_and_escapes_what_it_quotes() -> None:
    page = render_report(report())
    for mark in ("<script", "<link", "<img", "<form", "onload", "src=", "style=", "<water>"):
        assert mark not in page
    assert "&lt;script&gt;" in page


def test_each_plot_has_a_table_with_the_same_numbers() -> None:
    """The totals of the tables are those of the timelines without what came later."""
    page = render_report(report())
    tables = re.findall(r"<details>.*?</details>", page, re.DOTALL)
    cells = [re.findall(r'<td class="number">([\d,]+)</td>', table) for table in tables]
    sums = [sum(int(cell.replace(",", "")) for cell in row) for row in cells]
    shown = [sum(timeline.numbers) for timeline in report().timelines.values() if timeline.total]
    assert shown == sums
    assert "Later: 2, the last at 16 Jan 2027, 10:00:00." in page


def test_it_says_why_copies_failed_and_how_fast_the_others_went() -> None:
    """In words and by the clock of the list."""
    page = words_of(render_report(report()))
    assert "11,949 99.6%" in page
    assert "No such mailbox 42 · Sender refused 9" in page
    assert "Half within 30 seconds, nine in ten within 30 seconds." in page
    assert "Started 15 Jan 2027, 09:00:00" in page
    assert "Time zone: Europe/Madrid." in page


@pytest.mark.parametrize("cancelled", [0, 5])
def test_the_states_of_a_domain_add_up_to_its_copies(cancelled: int) -> None:
    """Copies that were not sent have a column if there are any."""
    domain = DomainCounts(
        name="gmail", domains=1, copies=21 + cancelled, **NONE | {"delivered": 20, "queued": 1, "cancelled": cancelled}
    )
    stopped = replace(report(), edition=replace(report().edition, domains=[domain], cancelled=cancelled))
    table = render_report(stopped).partition('id="domains"')[2]
    copies, *states = map(int, re.findall(r'<td class="number">(\d+)</td>', table))
    assert (copies, 3 + (cancelled > 0)) == (sum(states), len(states))


def test_a_cause_stands_apart_from_the_reply_that_shows_it() -> None:
    assert "No such mailbox · 550 5.1.1" in words_of(render_report(report()))


def test_it_speaks_the_language_of_its_reader() -> None:
    """Its numbers and times, too; where nobody knows the zone any more, those are UTC."""
    page = render_report(replace(report(), language="es", timezone="Nowhere/Lost"))
    assert '<html lang="es" dir="ltr">' in page
    assert "99,6\u00a0%" in page
    assert "El buzón no existe 42 · Remitente rechazado 9" in words_of(page)
    assert "Zona horaria: UTC." in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (60, "1 minute"), (119, "119 seconds"), (121, "3 minutes"), (3600, "1 hour"), (86400, "1 day")],
)
def test_durations_are_told_in_the_unit_that_fits(seconds: int, words: str) -> None:
    """Never shorter than they are."""
    edition = report().edition
    timing = {**edition.timing, "half_delivered_at": rfc3339(START + seconds)}
    timed = replace(report(), edition=replace(edition, timing=timing))
    started = replace(timed, edition=replace(timed.edition, started_at=rfc3339(START)))
    assert f"Half within {words}, nine" in render_report(started)


@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_it_is_good_on_phones_and_desktops_by_day_and_night(browser: Browser, tmp_path: Path) -> None:
    """Nothing scrolls sideways, runs or is fetched, and axe finds nothing, tables open and closed."""
    path = tmp_path / "report.html"
    await asyncio.to_thread(path.write_text, render_report(report()), encoding="utf-8")
    for width in (320, 1280):
        for scheme in ("light", "dark"):
            async with browser.window(width=width, scheme=scheme) as window:
                await window.go(path.as_uri())
                closed = await window.sideways()
                await window.picture(tmp_path / f"report-{width}-{scheme}.png")
                fills = await window.page.evaluate("getComputedStyle(document.querySelector('.bars')).fill")
                await window.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                assert ([], [], []) == (closed, await window.sideways(), window.outside + window.dialogs)
                assert "rgb(0, 0, 0)" != fills
                if width == 1280:  # its rules know no width
                    assert [] == await window.axe()
