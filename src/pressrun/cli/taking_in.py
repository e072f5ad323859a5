"""Carrying an import through: rows in batches, each one transaction, and what became of all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pressrun.cli.acting import acting
from pressrun.cli.looking import looking
from pressrun.cli.output import ProgressLine
from pressrun.control.verbs import SubscriberImport, SuppressionImport
from pressrun.operations.csv_files import BadRow, parse_subscribers, parse_suppressions
from pressrun.services.operating.subscriber_import import BATCH, ImportOptions, in_batches, survey_rows
from pressrun.store.datadir import load_keys

if TYPE_CHECKING:
    from pressrun.cli.invocation import Invocation
    from pressrun.services.operating.import_rows import ImportRow

R = TypeVar("R")


@dataclass(slots=True)
class Outcome:
    """What became of all rows: how many of each kind, and those refused or skipped with line and reason."""

    counts: dict[str, int] = field(default_factory=dict)
    invalid: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        """Count one batch in."""
        for name, value in answer.items():
            if name == "invalid":
                self.invalid += value
            elif name == "skipped":
                self.skipped += value
            else:
                self.counts[name] = self.counts.get(name, 0) + value

    def answer(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {**self.counts, "invalid": sorted(self.invalid, key=lambda one: one["line"]), "skipped": self.skipped}

    def good(self, rows: Iterable[R | BadRow]) -> Iterator[R]:
        """The rows that could be read; the others are counted as invalid."""
        for row in rows:
            if isinstance(row, BadRow):
                self.invalid.append({"line": row.line, "reason": row.reason})
            else:
                yield row


def import_subscribers(invocation: Invocation, list_name: str, content: bytes, *, asks: bool) -> Outcome:
    """Take a file in. Broken off, it has taken a part, and is simply done again."""

    def request(rows: list[ImportRow]) -> SubscriberImport:
        return SubscriberImport(list=list_name, rows=tuple(rows), send_confirmation=asks)

    return _carry_through(invocation, "subscriber.import", request, parse_subscribers(content))


def import_suppressions(invocation: Invocation, content: bytes) -> Outcome:
    """Take a file of suppressions in."""
    return _carry_through(
        invocation,
        "suppression.import",
        lambda rows: SuppressionImport(rows=tuple(rows)),
        parse_suppressions(content),
    )


def _carry_through(
    invocation: Invocation, verb: str, request: Callable[[list[R]], Any], rows: Iterable[R | BadRow]
) -> Outcome:
    outcome, done, progress = Outcome(), 0, ProgressLine()
    began = time.monotonic()
    with acting(invocation) as ask:
        batches = iter(in_batches(outcome.good(rows)))
        batch = next(batches, [])
        while True:  # an empty file is asked about too: the list may not be there
            outcome.add(ask(verb, request(batch)))
            done += len(batch)
            progress(f"{done:,} rows, {done / max(time.monotonic() - began, 0.001):,.0f} a second")
            if len(batch) < BATCH or not (batch := next(batches, [])):
                break
    progress.clear()
    return outcome


def survey_subscribers(invocation: Invocation, list_name: str, content: bytes, *, asks: bool) -> Outcome:
    """The dry run: what `import_subscribers` would count now; only reads."""
    outcome = Outcome()
    rows = outcome.good(parse_subscribers(content))
    with looking(invocation) as tx:
        keys = load_keys(invocation.data)
        tally = survey_rows(tx, ImportOptions(list_name=list_name, keys=keys, now=int(time.time()), asks=asks), rows)
    outcome.add(tally.answer())
    return outcome
