"""`subscriber import` and `suppression import`: rows in batches, each of them one transaction.

An interrupted import has imported a part; importing the same file again does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
import msgspec

from pressrun.cli.files import open_input
from pressrun.cli.invocation import Invocation
from pressrun.cli.options import list_argument, verb
from pressrun.cli.output import ProgressLine, print_fields, print_info, print_json, print_warning
from pressrun.cli.read_only import reading
from pressrun.cli.write_verbs import executing
from pressrun.control.arguments import SubscriberImport, SuppressionImport
from pressrun.operations.csv_files import BadRow, parse_subscribers, parse_suppressions
from pressrun.runtime.clock import utc_now
from pressrun.services.operating.import_rows import ImportRow, SuppressionRow
from pressrun.services.operating.subscriber_import import ImportOptions, dry_run_rows, in_batches
from pressrun.store.datadir import load_keys

R = TypeVar("R", ImportRow, SuppressionRow)

_MOST_LINES = 200  # of refused and skipped rows that a terminal shows


@verb("subscriber import")
@list_argument()
@click.argument("file")
@click.option("--format", type=click.Choice(["csv"]), default="csv", expose_value=False, help="[default: csv]")
@click.option("--dry-run", is_flag=True, help="Check and count the rows without changing anything.")
@click.option(
    "--send-confirmation", is_flag=True, help="Ask new subscribers for confirmation first; pending until they confirm."
)
def import_subscribers(
    invocation: Invocation, *, list_name: str, file: str, dry_run: bool, send_confirmation: bool, as_json: bool
) -> None:
    """The first line names the columns: email, and optionally name, language, subscribed_at, consent_source,
    consent_ip, state. Any other column becomes a merge field. Refused rows are listed by line number. Importing the
    same file again changes nothing.
    """
    with open_input(file) as opened:
        rows = parse_subscribers(opened)
        if dry_run:
            summary = _dry_run(invocation, list_name, rows, asks=send_confirmation)
        else:
            summary = _import(
                invocation,
                "subscriber.import",
                lambda batch: SubscriberImport(list=list_name, rows=tuple(batch), send_confirmation=send_confirmation),
                rows,
            )
    summary.print(as_json=as_json)
    if as_json:
        return
    if summary.invalid and not sum(summary.counts.values()):
        print_warning("every row was refused, so nothing was imported")
    if dry_run:
        print_info("dry run: nothing was changed")


@verb("suppression import")
@click.argument("file")
def import_suppressions(invocation: Invocation, *, file: str, as_json: bool) -> None:
    with open_input(file) as opened:
        rows = parse_suppressions(opened)
        summary = _import(invocation, "suppression.import", lambda batch: SuppressionImport(rows=tuple(batch)), rows)
    summary.print(as_json=as_json)


@dataclass(slots=True)
class ImportSummary:
    """How many rows had each outcome, and the refused and skipped rows with line and reason."""

    counts: dict[str, int] = field(default_factory=dict)
    invalid: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def add(self, batch: dict[str, Any]) -> None:
        """Add the result of one batch."""
        for name, value in batch.items():
            if name == "invalid":
                self.invalid += value
            elif name == "skipped":
                self.skipped += value
            else:
                self.counts[name] = self.counts.get(name, 0) + value

    def good(self, rows: Iterable[R | BadRow]) -> Iterator[R]:
        """The rows that could be read; the others are counted as invalid."""
        for row in rows:
            if isinstance(row, BadRow):
                self.invalid.append({"line": row.line, "reason": row.reason})
            else:
                yield row

    def print(self, *, as_json: bool) -> None:
        """Print the counts and the lines that were left out."""
        invalid = sorted(self.invalid, key=_line)
        if as_json:
            print_json({**self.counts, "invalid": invalid, "skipped": self.skipped})
            return
        print_fields(self.counts | {"invalid": len(invalid)})
        left_out = sorted([*invalid, *self.skipped], key=_line)
        for row in left_out[:_MOST_LINES]:
            print_info(f"line {row['line']}: {row['reason']}")
        if len(left_out) > _MOST_LINES:
            print_info("… and more (--json lists every line)")


def _line(row: dict[str, Any]) -> int:
    line: int = row["line"]
    return line


def _import(
    invocation: Invocation, name: str, arguments: Callable[[list[R]], msgspec.Struct], rows: Iterable[R | BadRow]
) -> ImportSummary:
    summary, done, progress = ImportSummary(), 0, ProgressLine()
    began = time.monotonic()
    with executing(invocation) as calls:
        batches = in_batches(summary.good(rows))
        batch: list[R] | None = next(batches, [])  # an empty file is one empty batch, because the list may not exist
        while batch is not None:
            calls.start(name, arguments(batch))
            done += len(batch)
            batch = next(batches, None)  # read while the daemon works on the one before
            summary.add(calls.finish())
            progress(f"{done:,} rows, {done / max(time.monotonic() - began, 0.001):,.0f} a second")
    progress.clear()
    return summary


def _dry_run(invocation: Invocation, list_name: str, rows: Iterable[Any], *, asks: bool) -> ImportSummary:
    """What the import would count now; only reads."""
    summary = ImportSummary()
    with reading(invocation) as tx:
        options = ImportOptions(list_name=list_name, keys=load_keys(invocation.data), now=int(utc_now()), asks=asks)
        counts = dry_run_rows(tx, options, summary.good(rows))
    summary.add(counts.plain())
    return summary
