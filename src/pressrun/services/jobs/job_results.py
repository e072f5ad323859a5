"""What became of the rows of a job, added up batch by batch as plain values that can be stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pressrun.services.members.import_decision import RowOutcome
from pressrun.services.members.subscriber_import import ImportCounts
from pressrun.store.programs.jobs import BulkJob, JobKind

MOST_LINES = 1_000  # of refused and of skipped rows that a result lists; their numbers count all
Result = Mapping[str, Any]


def add_counts(job: BulkJob, counts: ImportCounts) -> dict[str, Any]:
    """The result of a job with one batch more, as `subscriber import` prints it, with the numbers of all rows."""
    plain = counts.plain()
    return _with_summary(job, _sum(job.result, plain) | _lists(job.result, counts))


def add_leavers(job: BulkJob, number: int) -> dict[str, Any]:
    """The result of a sync in which `number` more members leave."""
    return _with_summary(job, {**_empty(), **job.result, "left": job.result.get("left", 0) + number})


def _empty() -> dict[str, Any]:
    return {**dict.fromkeys(RowOutcome, 0), "refused": 0, "changed_since": 0, "left": 0, "invalid": [], "skipped": []}


def _sum(before: Result, plain: Mapping[str, Any]) -> dict[str, Any]:
    result = {**_empty(), **before}
    for outcome in RowOutcome:
        result[outcome.value] += plain[outcome.value]
    if "followed" in plain:
        result["followed"] = before.get("followed", 0) + plain["followed"]
    return result


def _lists(before: Result, counts: ImportCounts) -> dict[str, Any]:
    return {
        "refused": before.get("refused", 0) + len(counts.invalid),
        "changed_since": before.get("changed_since", 0) + len(counts.changed_since),
        "invalid": _some_lines(before.get("invalid", ()), counts.invalid),
        "skipped": _some_lines(before.get("skipped", ()), counts.skipped),
    }


def _some_lines(before: Sequence[Any], rows: Sequence[tuple[int, str]]) -> list[Any]:
    room = MOST_LINES - len(before)
    return [*before, *({"line": line, "reason": reason} for line, reason in rows[:room])]


def _with_summary(job: BulkJob, result: dict[str, Any]) -> dict[str, Any]:
    """In a sync also the short form: the number of members, and how many are added, changed, leave and stay out."""
    result = {str(name): value for name, value in result.items()}
    if job.kind is not JobKind.SYNC:
        return {name: value for name, value in result.items() if name != "left"}
    return result | {
        "add": result[RowOutcome.ADDED.value],
        "change": result[RowOutcome.UPDATED.value],
        "leave": result["left"],
        "stay_out": result[RowOutcome.SKIPPED_SUPPRESSED.value] + result[RowOutcome.SKIPPED_UNSUBSCRIBED.value],
        "of": job.members,
    }
