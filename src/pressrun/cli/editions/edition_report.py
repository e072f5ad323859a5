"""`edition report` and `edition delivery`: what became of an edition, and of one copy.

A report is aligned text, with bars over time on a terminal, or an HTML page. Each reply of a mail server appears once
with its count and without addresses, because people pass reports on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.new_files import new_file
from pressrun.cli.shared.output import cell, echo, echo_drawing, painted, plain, print_fields, print_json, print_table
from pressrun.cli.shared.verb import edition_argument, verb
from pressrun.core.addresses.address import parse_address
from pressrun.core.timeline import Timeline
from pressrun.core.timestamps import rfc3339
from pressrun.runtime.clock import utc_now
from pressrun.runtime.time_zones import find_time_zone
from pressrun.services.answers import Answer
from pressrun.services.reports.copy_trace import trace_copy
from pressrun.services.reports.edition_reports import CommonReply, DomainCounts, EditionReport, report_edition
from pressrun.web.editors.report import render_report, seconds_between

MOST_WORDINGS = 12  # the rest are rare; `--json` has them all
MOST_DOMAINS = 12
_BAR_COLUMNS = 40
_LEVELS = " ▁▂▃▄▅▆▇█"
_STATES = ("delivered", "failed", "deferred", "queued", "claimed", "cancelled")
_COLOURS = {"delivered": "green", "failed": "red", "deferred": "yellow", "unsubscribed": "magenta", "complaints": "red"}


@verb("edition report")
@edition_argument
@click.option("--html", "page", metavar="FILE", help="Write an HTML page with charts instead. Never overwrites a file.")
def report(invocation: Invocation, *, edition_id: int, page: str | None) -> None:
    with reading(invocation) as tx:
        edition_report = report_edition(tx, edition_id, int(utc_now()))
    if page is not None:
        with new_file(Path(page)) as file:
            file.write(render_report(edition_report).encode())
    if invocation.as_json:
        print_json(plain(edition_report.edition))
    elif page is None:
        print_report(edition_report)


@verb("edition delivery")
@edition_argument
@click.argument("address")
def delivery(invocation: Invocation, *, edition_id: int, address: str) -> None:
    subscriber = parse_address(address)
    with reading(invocation) as tx:
        trace = trace_copy(tx, edition_id, subscriber, invocation.settings.site)
    if invocation.as_json:
        print_json(trace)
    else:
        print_fields(trace | {name: _reply_line(trace[name]) for name in ("reply", "bounce")})


def _reply_line(reply: Answer | None) -> str | None:
    """`550 5.1.1 no such user (2026-12-02T12:00:00Z)`: a reply as mail servers write it, and its time."""
    if reply is None:
        return None
    parts = [str(part) for part in (reply["code"], reply["enhanced"], reply["text"]) if part]
    return f"{' '.join(parts)} ({reply['at']})"


def print_report(report: EditionReport) -> None:
    """The whole report as text on stdout."""
    _print_head(report)
    _print_outcomes(report)
    if is_drawn():
        _print_plots(report)
    _print_domains(report.edition.domains)
    _print_replies("failed", report.edition.failures_said)
    _print_replies("waits", report.edition.waiting_said)


def is_drawn() -> bool:
    """Whether stdout is a terminal that can show bars."""
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return is_terminal and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def sparkline(numbers: Sequence[int]) -> str:
    """A bar of up to eight eighths for each number; every number above 0 is visible."""
    most = max(numbers, default=0)
    return "".join(_LEVELS[0 if not number else max(1, round(8 * number / most))] for number in numbers)


def _print_head(report: EditionReport) -> None:
    edition = report.edition
    reason = {"pause_reason": edition.pause_reason} if edition.pause_reason else {}
    fields = {"id": edition.id, "list": edition.list, "subject": report.subject, "state": edition.state, **reason}
    times = {"started_at": edition.started_at, "finished_at": edition.finished_at} | {
        name: report.edition.timing[name] for name in ("first_delivered_at", "last_delivered_at")
    }
    local = {name: _local(at, report.timezone) for name, at in times.items()}
    print_fields(fields | {"audience": edition.audience} | local | {"speed": _speed(report)})


def _local(at: str | None, timezone: str) -> str | None:
    """RFC 3339 in the zone of the list; unchanged where this machine no longer knows the zone."""
    zone = find_time_zone(timezone)
    if at is None or zone is None:
        return at
    return datetime.fromisoformat(at).astimezone(zone).isoformat().replace("+00:00", "Z")


def _speed(report: EditionReport) -> str | None:
    """`half within 1 s, 90 % within 5 s`, counted from the start."""
    half, most = report.edition.timing["half_delivered_at"], report.edition.timing["most_delivered_at"]
    start = report.edition.started_at
    if start is None or half is None or most is None:
        return None
    took = [length(max(1, seconds_between(start, at))) for at in (half, most)]
    return f"half within {took[0]}, 90 % within {took[1]}"


def _print_outcomes(report: EditionReport) -> None:
    audience = report.edition.audience
    echo()
    for state in _STATES:
        number = getattr(report.edition, state)
        bar = ""
        if is_drawn() and audience:
            bar = "  " + painted("█" * round(_BAR_COLUMNS * number / audience), _COLOURS.get(state))
        echo_drawing(f"{state:12}  {number:>9,}  {_share(number, audience):>6}{bar}".rstrip())
        if state == "failed":
            for name, count in sorted(report.edition.kinds.items(), key=lambda item: -item[1]):
                echo(f"  {name:10}  {count:>9,}")
    echo(f"{'unsubscribed':12}  {report.edition.unsubscribed:>9,}  {_share(report.edition.unsubscribed, audience):>6}")
    echo(
        f"{'complaints':12}  {report.edition.complaints:>9,}  {_share(report.edition.complaints, audience):>6}"
        "  (also unsubscribed; counted here only)"
    )
    if report.edition.bounces:
        echo(f"\nbounced: {cell(report.edition.bounces)}")


def _print_plots(report: EditionReport) -> None:
    echo()
    for name, timeline in report.timelines.items():
        if timeline.total:
            echo_drawing(f"{name:12}  {painted(sparkline(timeline.numbers), _COLOURS.get(name))}  {_axis(timeline)}")


def _axis(timeline: Timeline) -> str:
    later = f", {timeline.later:,} later, until {rfc3339(timeline.last_at)}" if timeline.later else ""
    most = max(timeline.numbers)
    return f"{length(timeline.seconds * len(timeline.numbers))}, at most {most:,} in {length(timeline.seconds)}{later}"


def length(seconds: int) -> str:
    """A duration in the largest unit that divides it."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _print_domains(domains: Sequence[DomainCounts]) -> None:
    if not domains:
        return
    echo()
    named = [domain for domain in domains if domain.name is not None][:MOST_DOMAINS]
    print_table(
        [{"domain": domain.name, **plain(domain)} for domain in named],
        ("domain", "copies", *_STATES),
        empty="",
    )
    left = sum(domain.copies for domain in domains) - sum(domain.copies for domain in named)
    if left:
        echo(f"… and {left:,} copies for smaller ones")


def _print_replies(title: str, said: Sequence[CommonReply]) -> None:
    if not said:
        return
    echo(f"\n{title}, with the replies of the mail servers (--json has the addresses):")
    for line in _reply_lines(said[:MOST_WORDINGS]):
        echo(line)
    left = sum(reply.number for reply in said[MOST_WORDINGS:])
    if left:
        echo(f"{left:>9,}  in {len(said) - MOST_WORDINGS:,} other wordings: see --json")


def _reply_lines(said: Iterable[CommonReply]) -> Iterator[str]:
    for reply in said:
        kind = "/".join(dict.fromkeys(word for word in (reply.kind, reply.bounce) if word))
        code = " ".join(str(part) for part in (reply.code, reply.enhanced) if part is not None)
        words = cell(reply.text).removeprefix(code).lstrip()
        yield f"{reply.number:>9,}  {kind:14}  {code:10}  {words}".rstrip()


def _share(number: int, whole: int) -> str:
    return f"{100 * number / whole:.1f}%" if whole else ""
