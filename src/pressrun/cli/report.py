"""An edition's report as text: aligned for people, with bars over time on a terminal, plain elsewhere.

The words of remotes stand there once with a count and without addresses: a report is passed on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from pressrun.cli.output import cell, echo, echo_drawing, print_fields, print_table
from pressrun.core.timestamps import rfc3339

if TYPE_CHECKING:
    from pressrun.core.timeline import Timeline
    from pressrun.services.reports.edition_reports import DomainCounts, EditionReport, Said

WORDINGS_AT_MOST = 12  # beyond it stand rare ones; `--json` has them all
DOMAINS_AT_MOST = 12
_BAR_COLUMNS = 40
_LEVELS = " ▁▂▃▄▅▆▇█"
_STATES = ("delivered", "failed", "deferred", "queued", "claimed", "cancelled")
_COLOURS = {"delivered": "green", "failed": "red", "deferred": "yellow", "unsubscribed": "magenta", "complaints": "red"}


def print_report(report: EditionReport) -> None:
    """All of it on stdout."""
    _print_head(report)
    _print_outcomes(report)
    if is_drawn():
        _print_plots(report)
    _print_domains(report.domains)
    _print_said("failed", report.failures_said)
    _print_said("waits", report.waiting_said)


def is_drawn() -> bool:
    """Whether stdout is a terminal that can show bars."""
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return is_terminal and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def sparkline(numbers: Sequence[int]) -> str:
    """A bar of up to eight eighths for each number; what is not nothing is seen."""
    most = max(numbers, default=0)
    return "".join(_LEVELS[0 if not number else max(1, round(8 * number / most))] for number in numbers)


def _print_head(report: EditionReport) -> None:
    shown = ("id", "list", "subject", "state", "pause_reason", "audience")
    fields = {name: report.edition[name] for name in shown if name != "pause_reason" or report.edition[name]}
    times = {name: report.edition[name] for name in ("started_at", "finished_at")} | {
        name: report.timing[name] for name in ("first_delivered_at", "last_delivered_at")
    }
    local = {name: _local(at, report.timezone) for name, at in times.items()}
    print_fields(fields | {"subject": report.subject} | local | {"speed": _speed(report)})


def _local(at: object, timezone: str) -> str | None:
    """RFC 3339 by the clock of the list; as it is where this machine does not know its zone any more."""
    if at is None:
        return None
    try:
        return datetime.fromisoformat(str(at)).astimezone(ZoneInfo(timezone)).isoformat()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return str(at)


def _speed(report: EditionReport) -> str | None:
    """`half within 1 s, 90 % within 5 s` from the start on."""
    half, most = report.timing["half_delivered_at"], report.timing["most_delivered_at"]
    start = report.edition["started_at"]
    if start is None or half is None or most is None:
        return None
    began = datetime.fromisoformat(str(start))
    took = [max(1, round((datetime.fromisoformat(at) - began).total_seconds())) for at in (half, most)]
    return f"half within {length(took[0])}, 90 % within {length(took[1])}"


def _print_outcomes(report: EditionReport) -> None:
    audience = _number(report.edition["audience"])
    echo()
    rows = [(state, _number(report.edition[state])) for state in _STATES]
    for state, number in rows:
        bar = "  " + _painted("█" * round(_BAR_COLUMNS * number / audience), state) if is_drawn() and audience else ""
        echo_drawing(f"{state:12}  {number:>9,}  {_share(number, audience):>6}{bar}".rstrip())
        if state == "failed":
            for name, count in sorted(report.kinds.items(), key=lambda one: -one[1]):
                echo(f"  {name:10}  {count:>9,}")
    echo(f"{'unsubscribed':12}  {report.unsubscribed:>9,}  {_share(report.unsubscribed, audience):>6}")
    echo(
        f"{'complaints':12}  {report.complaints:>9,}  {_share(report.complaints, audience):>6}"
        "  (also unsubscribed; counted here only)"
    )
    if report.bounces:
        echo(f"\nbounced: {cell(report.bounces)}")


def _print_plots(report: EditionReport) -> None:
    echo()
    for name, timeline in report.timelines.items():
        if timeline.total:
            echo_drawing(f"{name:12}  {_painted(sparkline(timeline.numbers), name)}  {_axis(timeline)}")


def _axis(timeline: Timeline) -> str:
    later = f", {timeline.later:,} later, until {rfc3339(timeline.last_at)}" if timeline.later else ""
    most = max(timeline.numbers)
    return f"{length(timeline.seconds * len(timeline.numbers))}, at most {most:,} in {length(timeline.seconds)}{later}"


def length(seconds: int) -> str:
    """A duration in the largest unit that says it whole."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _print_domains(domains: Sequence[DomainCounts]) -> None:
    if not domains:
        return
    echo()
    named = [one for one in domains if one.name is not None][:DOMAINS_AT_MOST]
    print_table(
        [{"domain": one.name, "copies": one.copies, **one.counts} for one in named],
        ("domain", "copies", *_STATES[:4]),
        empty="",
    )
    left = sum(one.copies for one in domains) - sum(one.copies for one in named)
    if left:
        echo(f"… and {left:,} copies for smaller ones")


def _print_said(title: str, said: Sequence[Said]) -> None:
    if not said:
        return
    echo(f"\n{title}, in the remotes' words (--json says whose):")
    for line in _said_lines(said[:WORDINGS_AT_MOST]):
        echo(line)
    left = sum(one.number for one in said[WORDINGS_AT_MOST:])
    if left:
        echo(f"{left:>9,}  in {len(said) - WORDINGS_AT_MOST:,} other wordings: see --json")


def _said_lines(said: Iterable[Said]) -> Iterator[str]:
    for one in said:
        kind = "/".join(dict.fromkeys(word for word in (one.kind, one.bounce) if word))
        code = " ".join(str(part) for part in (one.code, one.enhanced) if part is not None)
        words = cell(one.text).removeprefix(code).lstrip()
        yield f"{one.number:>9,}  {kind:14}  {code:10}  {words}".rstrip()


def _share(number: int, whole: int) -> str:
    return f"{100 * number / whole:.1f}%" if whole else ""


def _number(value: object) -> int:
    assert isinstance(value, int)  # one of the counts
    return value


def _painted(text: str, name: str) -> str:
    return text if os.environ.get("NO_COLOR") or name not in _COLOURS else click.style(text, fg=_COLOURS[name])
