"""The report of an edition as one page that needs nothing beside it: written by the verb, for a browser or to pass on.

It names no reader: what remotes said stands there without addresses. It has no script, its policy lets nothing be
fetched and takes its style sheet by digest, and it speaks English, as the verbs do.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from pressrun.core.timeline import Timeline
from pressrun.core.timestamps import rfc3339
from pressrun.services.reports.edition_reports import EditionReport
from pressrun.web.editors.plots import ceiling, draw_bars

WORDINGS_AT_MOST = 50
DOMAINS_AT_MOST = 50
_STATES = ("delivered", "failed", "deferred", "queued", "claimed", "cancelled")
_TITLES = {
    "delivered": ("Delivered", "copies that the relay took, those that bounced later among them"),
    "deferred": ("Deferred", "attempts that were put off to a later one"),
    "failed": ("Failed", "copies refused for good, given up or bounced"),
    "unsubscribed": ("Unsubscribed", "readers who left by a link of this edition"),
    "complaints": ("Complaints", "readers who marked it as spam; each ended their subscription, too"),
}


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot with its texts and its numbers."""

    name: str
    title: str
    meaning: str
    summary: str
    timeline: Timeline
    svg: Markup
    rows: tuple[tuple[str, int], ...]
    start: str
    end: str
    top: int
    step: str


def render_report(report: EditionReport) -> str:
    """The page."""
    sheet = _sheet()
    audience = report.edition["audience"]
    assert isinstance(audience, int)  # one of the counts
    return _template().render(
        policy=report_policy(),
        sheet=Markup(sheet),  # noqa: S704 - ours
        report=report,
        edition=report.edition,
        outcomes=[(state, report.edition[state]) for state in _STATES],
        audience=audience,
        timing=[(name, clock(at)) for name, at in _timing(report)],
        plots=[_plot(name, timeline) for name, timeline in report.timelines.items()],
        domains=report.domains[:DOMAINS_AT_MOST],
        more_domains=sum(one.copies for one in report.domains[DOMAINS_AT_MOST:]),
        said=[
            (title, said[:WORDINGS_AT_MOST], sum(one.number for one in said[WORDINGS_AT_MOST:]))
            for title, said in (("Why copies failed", report.failures_said), ("Why copies wait", report.waiting_said))
            if said
        ],
    )


def report_policy() -> str:
    """What the page may do: nothing but look as its own style sheet says."""
    return f"default-src 'none'; style-src '{_digest(_sheet())}'; base-uri 'none'; form-action 'none'"


def _timing(report: EditionReport) -> list[tuple[str, str | None]]:
    timing, started_at = report.timing, report.edition["started_at"]
    return [
        ("Started", str(started_at) if started_at else None),
        ("First copy", timing["first_delivered_at"]),
        ("Half of them", timing["half_delivered_at"]),
        ("90 %", timing["most_delivered_at"]),
        ("99 %", timing["nearly_all_delivered_at"]),
        ("Last copy", timing["last_delivered_at"]),
    ]


def clock(at: str | None) -> str:
    """RFC 3339 as people read it, in UTC."""
    return "–" if at is None else f"{at[:10]} {at[11:19]}"


def _plot(name: str, timeline: Timeline) -> Plot:
    title, meaning = _TITLES[name]
    start, end = clock(rfc3339(timeline.start_at)), clock(rfc3339(timeline.end_at))
    most = max(timeline.numbers, default=0)
    summary = f"{timeline.total:,} in all, at most {most:,} in {duration(timeline.seconds)}."
    if timeline.later:
        summary += f" {timeline.later:,} came later, the last at {clock(rfc3339(timeline.last_at))}."
    rows = tuple(
        (clock(rfc3339(timeline.start_at + index * timeline.seconds)), number)
        for index, number in enumerate(timeline.numbers)
        if number
    )
    svg = draw_bars(timeline, name=name, title=f"{title} over time", description=f"{meaning}. {summary}")
    drawn = Markup(svg)  # noqa: S704 - ours, and escaped there
    step = duration(timeline.seconds)
    return Plot(name, title, meaning, summary, timeline, drawn, rows, start, end, ceiling(most), step)


def duration(seconds: int) -> str:
    """A bar's width in words."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}{'' if seconds == unit else 's'}"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def _digest(sheet: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode('ascii')}"


@cache
def _sheet() -> str:
    return resources.files("pressrun.web").joinpath("templates", "report.css").read_text("utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pressrun.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
