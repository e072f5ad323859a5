"""The report of an edition as one page that needs nothing beside it: written by the verb, for a browser or to pass on.

It names no reader: what remotes said stands there without addresses. It has no script, its policy lets nothing be
fetched and takes its style sheet by digest. It speaks the language of the list, or of the editor who opens it, and its
clock is that of the list.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from pressrun.core.timeline import Timeline
from pressrun.locales.catalogues import words_in
from pressrun.message.words import Words, marked
from pressrun.services.reports.edition_reports import EditionReport
from pressrun.web.editors.plots import ceiling, draw_bars

WORDINGS_AT_MOST = 50
DOMAINS_AT_MOST = 50
_TITLES = {
    "delivered": (
        marked("Delivered"),
        marked("Copies that the relay accepted, including those that bounced later."),
    ),
    "deferred": (marked("Deferred"), marked("Attempts postponed until later.")),
    "failed": (marked("Failed"), marked("Copies that were refused permanently, given up or bounced.")),
    "unsubscribed": (marked("Unsubscribes"), marked("Readers who unsubscribed through a link in this edition.")),
    "complaints": (
        marked("Complaints"),
        marked("Readers who marked it as spam. This unsubscribed them, too."),
    ),
}
_STATES = {
    "draft": marked("Draft"),
    "scheduled": marked("Scheduled"),
    "sending": marked("It's on its way"),
    "paused": marked("Paused"),
    "finished": marked("Sent"),
    "cancelled": marked("Stopped"),
}
# Why a copy failed, by the class of its bounce or, without one, by its kind.
_CAUSES = {
    "gone": marked("No such mailbox"),
    "hard": marked("No such mailbox"),
    "full": marked("Mailbox full"),
    "soft": marked("Mailbox not available"),
    "unreachable": marked("Not reachable"),
    "expired": marked("Not reachable in time"),
    "message": marked("Message refused"),
    "policy": marked("Sender refused"),
}
_OTHER_CAUSE = marked("Other reasons")


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


class _Writer:
    """Words, numbers and times of one report, in the language of its reader and by the clock of its list."""

    def __init__(self, report: EditionReport, say: Words) -> None:
        self.say = say
        self.timezone, self._zone = _zone_of(report.timezone)

    def clock(self, at: int | str | None) -> str:
        """UTC seconds or RFC 3339 as the clock of the list shows it."""
        if at is None:
            return "–"
        when = datetime.fromisoformat(at) if isinstance(at, str) else datetime.fromtimestamp(at, UTC)
        return self.say.moment(when.astimezone(self._zone))

    def duration(self, seconds: int) -> str:
        """A number of seconds in the largest unit that is no larger than it, rounded up."""
        say = self.say
        if _is_told_in(86400, seconds):
            return say.counted("{number} day", "{number} days", -(-seconds // 86400))
        if _is_told_in(3600, seconds):
            return say.counted("{number} hour", "{number} hours", -(-seconds // 3600))
        if _is_told_in(60, seconds):
            return say.counted("{number} minute", "{number} minutes", -(-seconds // 60))
        return say.counted("{number} second", "{number} seconds", seconds)

    def cause(self, bounce: str | None, kind: str | None) -> str:
        """Why a copy failed, in words."""
        return self.say(_CAUSES.get(bounce or kind or "", _OTHER_CAUSE))

    def plot(self, name: str, timeline: Timeline) -> Plot:
        """One plot, described for those who cannot see it, too."""
        say = self.say
        title, meaning = (say(sentence) for sentence in _TITLES[name])
        most, step = max(timeline.numbers, default=0), self.duration(timeline.seconds)
        summary = say("None.")
        if timeline.total:
            summary = say(
                "In all: {total}. Peak: {most} in {step}.",
                total=say.number(timeline.total),
                most=say.number(most),
                step=step,
            )
        if timeline.later:
            later, at = say.number(timeline.later), self.clock(timeline.last_at)
            summary += " " + say("Later: {number}, the last at {at}.", number=later, at=at)
        rows = tuple(
            (self.clock(timeline.start_at + index * timeline.seconds), number)
            for index, number in enumerate(timeline.numbers)
            if number
        )
        svg = draw_bars(timeline, name=name, title=title, description=f"{meaning} {summary}")
        drawn = Markup(svg)  # noqa: S704 - ours, and escaped there
        start, end = self.clock(timeline.start_at), self.clock(timeline.end_at)
        return Plot(name, title, meaning, summary, timeline, drawn, rows, start, end, ceiling(most), step)


def render_report(report: EditionReport) -> str:
    """The page, in the language of whoever reads it."""
    say = words_in(report.language)
    writer, sheet = _Writer(report, say), _sheet()
    audience = report.edition["audience"]
    assert isinstance(audience, int)  # one of the counts
    return _template().render(
        say=say,
        number=say.number,
        share=say.share,
        timezone=writer.timezone,
        policy=report_policy(),
        sheet=Markup(sheet),  # noqa: S704 - ours
        report=report,
        edition=report.edition,
        state=say(_STATES[str(report.edition["state"])]),
        outcomes=_outcomes(report, say),
        audience=audience,
        causes=_causes(report, writer),
        speed=_speed(report, writer),
        timing=[
            (say("Started"), writer.clock(_text(report.edition["started_at"]))),
            (say("First copy"), writer.clock(report.timing["first_delivered_at"])),
            (say("Last copy"), writer.clock(report.timing["last_delivered_at"])),
        ],
        plots=[writer.plot(name, timeline) for name, timeline in report.timelines.items()],
        domains=report.domains[:DOMAINS_AT_MOST],
        more_domains=sum(one.copies for one in report.domains[DOMAINS_AT_MOST:]),
        said=[
            (
                title,
                [(writer.cause(one.bounce, one.kind) if one.kind else "", one) for one in said[:WORDINGS_AT_MOST]],
                sum(one.number for one in said[WORDINGS_AT_MOST:]),
            )
            for title, said in (
                (say("Why copies failed"), report.failures_said),
                (say("Why copies are waiting"), report.waiting_said),
            )
            if said
        ],
    )


def _is_told_in(unit: int, seconds: int) -> bool:
    """Whether a duration is told in this unit: exactly, or where it loses less than a half."""
    return seconds >= 2 * unit or (seconds >= unit and seconds % unit == 0)


def _outcomes(report: EditionReport, say: Words) -> list[tuple[str, int]]:
    counts = {state: report.edition[state] for state in ("delivered", "failed", "cancelled")}
    waiting = sum(
        number for state in ("deferred", "queued", "claimed") if isinstance(number := report.edition[state], int)
    )
    found = [
        (say("Delivered"), counts["delivered"]),
        (say("Failed"), counts["failed"]),
        *([(say("Waiting"), waiting)] if waiting else []),
        *([(say("Not sent"), counts["cancelled"])] if counts["cancelled"] else []),
    ]
    return [(label, number) for label, number in found if isinstance(number, int)]


def _causes(report: EditionReport, writer: _Writer) -> list[tuple[str, int]]:
    """How many copies failed for each cause, the most frequent first."""
    numbers: Counter[str] = Counter()
    for one in report.failures_said:
        numbers[writer.cause(one.bounce, one.kind)] += one.number
    return numbers.most_common()


def _speed(report: EditionReport, writer: _Writer) -> str:
    """`Half within 1 second, nine in ten within 5 seconds.`, from the start on; nothing before the first copy."""
    started_at, timing = report.edition["started_at"], report.timing
    half, most = timing["half_delivered_at"], timing["most_delivered_at"]
    if started_at is None or half is None or most is None:
        return ""
    took = [writer.duration(max(1, seconds_between(str(started_at), moment))) for moment in (half, most)]
    return writer.say("Half within {half}, nine in ten within {most}.", half=took[0], most=took[1])


def seconds_between(start: str, end: str) -> int:
    """The seconds between two times in RFC 3339."""
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def _zone_of(name: str) -> tuple[str, tzinfo]:
    """The clock of a list; UTC where this machine does not know its zone any more."""
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC", UTC


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def report_policy() -> str:
    """What the page may do: nothing but look as its own style sheet says."""
    return f"default-src 'none'; style-src '{_digest(_sheet())}'; base-uri 'none'; form-action 'none'"


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
