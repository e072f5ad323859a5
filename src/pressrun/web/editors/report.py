"""The report of an edition as one self-contained page, which the verb writes for a browser or to pass on.

It names no reader: the replies of remote servers are shown without addresses. It has no script, and its policy loads
nothing and names its style sheet by digest. It is in the language of the list, or of the editor who opens it, and in
the list's time zone.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, tzinfo
from functools import cache
from html import escape
from importlib import resources

from markupsafe import Markup
from msgspec import Struct

from pressrun.core.timeline import Timeline
from pressrun.locales.catalogues import words_in
from pressrun.message.words import Words, marked
from pressrun.runtime.time_zones import find_time_zone
from pressrun.services.reports.edition_reports import EditionReport
from pressrun.web.editors.preview import standalone_template
from pressrun.web.sheet import digest_source

MAX_WORDINGS = 50
MAX_DOMAINS = 50
_TITLES = {
    "delivered": (marked("Delivered"), marked("Copies that the relay accepted, including those that bounced later.")),
    "deferred": (marked("Deferred"), marked("Attempts postponed until later.")),
    "failed": (marked("Failed"), marked("Copies that were refused permanently, given up or bounced.")),
    "unsubscribed": (
        marked("Unsubscribes"),
        marked("Readers who unsubscribed through a link in this edition or their email program's button."),
    ),
    "complaints": (marked("Complaints"), marked("Readers who marked it as spam. This unsubscribed them, too.")),
}
_STATES = {
    "draft": marked("Draft"),
    "scheduled": marked("Scheduled"),
    "sending": marked("It's on its way"),
    "paused": marked("Paused"),
    "finished": marked("Sent"),
    "cancelled": marked("Stopped"),
}
# Why a copy failed, by the class of its bounce, or by its kind if it has none.
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


class Plot(Struct, frozen=True):
    """One plot with its texts and its numbers."""

    name: str
    title: str
    meaning: str
    summary: str
    svg: Markup
    rows: tuple[tuple[str, int], ...]
    start: str
    end: str
    top: int
    step: str


class _ReportText:
    """Words, numbers and times of one report, in its reader's language and its list's time zone."""

    def __init__(self, report: EditionReport, say: Words) -> None:
        self.say = say
        self.timezone, self._zone = _zone_of(report.timezone)

    def clock(self, at: int | str | None) -> str:
        """UTC seconds or RFC 3339 in the list's time zone."""
        if at is None:
            return "–"
        when = datetime.fromisoformat(at) if isinstance(at, str) else datetime.fromtimestamp(at, UTC)
        return self.say.moment(when.astimezone(self._zone))

    def duration(self, seconds: int) -> str:
        """A number of seconds in the largest suitable unit, rounded up."""
        say = self.say
        if _is_shown_in(86400, seconds):
            return say.counted("{number} day", "{number} days", -(-seconds // 86400))
        if _is_shown_in(3600, seconds):
            return say.counted("{number} hour", "{number} hours", -(-seconds // 3600))
        if _is_shown_in(60, seconds):
            return say.counted("{number} minute", "{number} minutes", -(-seconds // 60))
        return say.counted("{number} second", "{number} seconds", seconds)

    def cause(self, bounce: str | None, kind: str | None) -> str:
        """Why a copy failed, in words."""
        return self.say(_CAUSES.get(bounce or kind or "", _OTHER_CAUSE))

    def plot(self, name: str, timeline: Timeline) -> Plot:
        """One plot, with a description for those who cannot see it."""
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
        return Plot(name, title, meaning, summary, drawn, rows, start, end, ceiling(most), step)


def render_report(report: EditionReport) -> str:
    say = words_in(report.language)
    text, sheet = _ReportText(report, say), _sheet()
    return standalone_template(
        "report.html"
    ).render(
        say=say,
        number=say.number,
        share=say.share,
        timezone=text.timezone,
        policy=report_policy(),
        sheet=Markup(sheet),  # noqa: S704 - ours
        report=report,
        edition=report.edition,
        state=say(_STATES[report.edition.state]),
        outcomes=_outcomes(report, say),
        audience=report.edition.audience,
        causes=_causes(report, text),
        speed=_speed(report, text),
        timing=[
            (say("Started"), text.clock(report.edition.started_at)),
            (say("First copy"), text.clock(report.edition.timing["first_delivered_at"])),
            (say("Last copy"), text.clock(report.edition.timing["last_delivered_at"])),
        ],
        plots=[text.plot(name, timeline) for name, timeline in report.timelines.items()],
        domains=report.edition.domains[:MAX_DOMAINS],
        more_domains=sum(domain.copies for domain in report.edition.domains[MAX_DOMAINS:]),
        said=[
            (
                title,
                [(text.cause(reply.bounce, reply.kind) if reply.kind else "", reply) for reply in said[:MAX_WORDINGS]],
                sum(reply.number for reply in said[MAX_WORDINGS:]),
            )
            for title, said in (
                (say("Why copies failed"), report.edition.failures_said),
                (say("Why copies are waiting"), report.edition.waiting_said),
            )
            if said
        ],
    )


def _is_shown_in(unit: int, seconds: int) -> bool:
    """Whether to show a duration in this unit: if that is exact, or the error is less than a half."""
    return seconds >= 2 * unit or (seconds >= unit and seconds % unit == 0)


def _outcomes(report: EditionReport, say: Words) -> list[tuple[str, int]]:
    edition = report.edition
    waiting = edition.deferred + edition.queued + edition.claimed
    return [
        (say("Delivered"), edition.delivered),
        (say("Failed"), edition.failed),
        *([(say("Waiting"), waiting)] if waiting else []),
        *([(say("Not sent"), edition.cancelled)] if edition.cancelled else []),
    ]


def _causes(report: EditionReport, text: _ReportText) -> list[tuple[str, int]]:
    """How many copies failed for each cause, the most frequent first."""
    numbers: Counter[str] = Counter()
    for failure in report.edition.failures_said:
        numbers[text.cause(failure.bounce, failure.kind)] += failure.number
    return numbers.most_common()


def _speed(report: EditionReport, text: _ReportText) -> str:
    """`Half within 1 second, nine in ten within 5 seconds.`, since the start; empty before the first copy."""
    started_at, timing = report.edition.started_at, report.edition.timing
    half, most = timing["half_delivered_at"], timing["most_delivered_at"]
    if started_at is None or half is None or most is None:
        return ""
    took = [text.duration(max(1, seconds_between(started_at, moment))) for moment in (half, most)]
    return text.say("Half within {half}, nine in ten within {most}.", half=took[0], most=took[1])


def seconds_between(start: str, end: str) -> int:
    """The seconds between two times in RFC 3339."""
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def _zone_of(name: str) -> tuple[str, tzinfo]:
    """The time zone of a list; UTC if this machine no longer knows it."""
    zone = find_time_zone(name)
    return ("UTC", UTC) if zone is None else (name, zone)


def report_policy() -> str:
    """The page loads nothing, and its own style sheet is the only one allowed."""
    return f"default-src 'none'; style-src '{digest_source(_sheet())}'; base-uri 'none'; form-action 'none'"


@cache
def _sheet() -> str:
    return resources.files("pressrun.web").joinpath("templates", "report.css").read_text("utf-8")


WIDTH, HEIGHT = 600, 120
_GAP = 0.15  # of a bar's width
_MIN_HEIGHT = 2.0  # so that a small number is visible


def draw_bars(timeline: Timeline, *, name: str, title: str, description: str) -> str:
    """Counts over time as SVG bars, without library or script; `name` is its class, and unique on its page.

    It is drawn for the width of a phone and scales with the page; its texts are HTML beside it, so that they keep their
    size. A table of its numbers comes with it, for those who cannot see it.
    """
    top = ceiling(max(timeline.numbers, default=0))
    place = WIDTH / max(1, len(timeline.numbers))
    bars = "".join(
        _bar(place * index, place, max(_MIN_HEIGHT, HEIGHT * number / top))
        for index, number in enumerate(timeline.numbers)
        if number
    )
    lines = "".join(
        f'<path class="line" vector-effect="non-scaling-stroke" d="M0 {y}H{WIDTH}"/>' for y in (0, HEIGHT // 2, HEIGHT)
    )
    return (
        f'<svg class="plot {name}" viewBox="0 -1 {WIDTH} {HEIGHT + 2}" preserveAspectRatio="none" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{lines}<path class="bars" d="{bars}"/></svg>'
    )


def ceiling(number: int) -> int:
    """The next round number: the upper end of an axis."""
    if number <= 2:
        return 2
    power = int(10 ** math.floor(math.log10(number)))
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10) if factor * power >= number)


def _bar(left: float, place: float, height: float) -> str:
    width = place * (1 - _GAP)
    return f"M{left + place * _GAP / 2:.2f} {HEIGHT}v{-height:.2f}h{width:.2f}v{height:.2f}z"
