"""`subscriber import`: members of a file, in batches that are one transaction each.

An interrupted import has imported a part; importing the same file again does the rest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from pressrun.acts.arguments import SubscriberImport, SuppressionImport
from pressrun.cli.readers.import_outcome import ImportOutcome
from pressrun.cli.shared.files import open_input
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.new_files import new_rejects
from pressrun.cli.shared.output import ProgressLine, print_info, print_warning
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.cli.shared.write_verbs import VerbCalls, executing
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.batches import MemberBatch, address_keys, member_batches
from pressrun.operations.sources.columns import parse_map
from pressrun.operations.sources.formats import ALIASES, FORMATS, STATES, MemberFile, read_members
from pressrun.operations.sources.member import SourceMember
from pressrun.runtime.clock import utc_now
from pressrun.runtime.sorted_texts import repeated_texts
from pressrun.services.members.import_decision import SOURCE, ImportOptions, RowOutcome
from pressrun.services.members.import_preview import ImportPreview, RowPreview
from pressrun.services.members.import_rows import SuppressionRow
from pressrun.services.members.subscriber_import import SKIPPED
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.key_files import keys_of

_AT_ONCE = 2  # batches
_COUNTED = (*(outcome.value for outcome in RowOutcome), "suppressed", "unconfirmed")

Members = Iterable[SourceMember | BadRow]


@verb("subscriber import")
@list_argument()
@click.argument("file")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([*FORMATS, *ALIASES]),
    default="csv",
    help="Program that wrote the file. [default: csv]",
)
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=KEY", help="What a column means. Repeatable.")
@click.option("--state", type=click.Choice(STATES), help="State of everybody in the file.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, without changing anything.")
@click.option(
    "--send-confirmation", is_flag=True, help="Ask new subscribers for confirmation first; pending until they confirm."
)
@click.option("--rejects", metavar="FILE", help="Write each refused row to a new CSV file: line, reason, text.")
def import_subscribers(  # noqa: PLR0913 - one for each option
    invocation: Invocation,
    *,
    list_name: str,
    file: str,
    file_format: str,
    pairs: tuple[str, ...],
    state: str | None,
    dry_run: bool,
    send_confirmation: bool,
    rejects: str | None,
) -> None:
    """The first line of a CSV file names the columns: email, and optionally name, language, subscribed_at,
    consent_source, consent_ip, state. Any other column becomes a merge field. Refused rows are listed by line number.
    Importing the same file again changes nothing.

    With --map, KEY is one of these names, a merge field, `-` to leave the column out, or, for a column of yes and
    no, one of suppressed, unsubscribed, subscribed, suspended, confirmed, delivery.

    People whom the other program blocked, or who bounced, are suppressed. People who unsubscribed stay
    unsubscribed, people with delivery switched off become suspended, and people who never confirmed are left out.
    """
    mapped = parse_map(pairs)
    with new_rejects(rejects) as rejected, open_input(file) as opened, closing(ImportOutcome(rejected)) as outcome:
        start = opened.tell()

        def read() -> MemberFile:
            opened.seek(start)
            keeps_text = rejected is not None
            return read_members(opened, Path(file).name, file_format, mapped=mapped, state=state, keeps_text=keeps_text)

        carry_out = _preview if dry_run else _import
        carry_out(invocation, list_name, read, outcome, asks=send_confirmation)
        outcome.print(as_json=invocation.as_json)
        if outcome.is_all_refused and not invocation.as_json:
            print_warning("every row was refused, so nothing was imported")
        if dry_run and not invocation.as_json:
            print_info("dry run: nothing was changed")


def _begin(read: Callable[[], MemberFile], outcome: ImportOutcome) -> Members:
    """The members of a file, once the operator was warned and every count is zero."""
    source = read()
    if source.warning:
        print_warning(source.warning)
    for name in _COUNTED:
        outcome.count(name, 0)
    return source.members


def _preview(
    invocation: Invocation, list_name: str, read: Callable[[], MemberFile], outcome: ImportOutcome, *, asks: bool
) -> None:
    """Count what an import would do; the file is read twice, at first for the addresses that it has repeatedly."""
    repeated = repeated_texts(address_keys(_begin(read, outcome)))
    with reading(invocation) as tx:
        options = preview_options(invocation, tx, list_name, asks=asks)
        preview_members(ImportPreview(tx, options, repeated), read().members, outcome)


def _import(
    invocation: Invocation, list_name: str, read: Callable[[], MemberFile], outcome: ImportOutcome, *, asks: bool
) -> None:
    """Import a batch after the other; the daemon checks the rows of one while it writes those of the one before."""
    members = _begin(read, outcome)
    done, began = 0, time.monotonic()
    under_way = deque[tuple[MemberBatch, dict[str, Any]]]()
    with executing(invocation, at_once=_AT_ONCE) as calls, ProgressLine() as progress:

        def finish(most: int) -> None:
            nonlocal done
            while len(under_way) > most:
                batch, suppressed = under_way.popleft()
                outcome.add(batch, calls.finish(), suppressed)
                outcome.count("unconfirmed", len(batch.unconfirmed))
                done += len(batch)
                progress(f"{done:,} rows, {done / max(time.monotonic() - began, 0.001):,.0f} a second")

        is_first = True
        for batch in _or_empty(member_batches(members)):
            suppressions = batch.suppressions
            finish(0 if batch.is_first or suppressions else _AT_ONCE - 1)
            suppressed = _suppress(calls, list_name, suppressions, is_first=is_first)
            calls.start("subscriber.import", SubscriberImport(list=list_name, rows=batch.rows, send_confirmation=asks))
            under_way.append((batch, suppressed))
            is_first = False
        finish(0)


def _or_empty(batches: Iterator[MemberBatch]) -> Iterator[MemberBatch]:
    """The batches; an empty file is an empty batch, since the list may not exist."""
    yield next(batches, MemberBatch())
    yield from batches


def _suppress(calls: VerbCalls, list_name: str, rows: tuple[SuppressionRow, ...], *, is_first: bool) -> dict[str, Any]:
    """Suppress the addresses of a batch before the rest of it is imported."""
    if not rows:
        return {}
    if is_first:  # raises for a list that is closed or unknown, before anything is changed
        calls("subscriber.import", SubscriberImport(list=list_name, rows=()))
    answer = calls("suppression.import", SuppressionImport(rows=rows))
    return {"suppressed": answer["added"], "unchanged": answer["unchanged"], "invalid": answer["invalid"]}


def preview_options(
    invocation: Invocation, tx: Transaction, list_name: str, *, asks: bool = False, source: str = SOURCE
) -> ImportOptions:
    """How an import that is only counted is carried out."""
    keys = keys_of(invocation.data, tx)
    return ImportOptions(list_name=list_name, keys=keys, now=int(utc_now()), asks=asks, source=source)


def preview_members(preview: ImportPreview, members: Members, outcome: ImportOutcome) -> None:
    """Count what would become of members."""
    for batch in member_batches(members):
        _preview_batch(preview, batch, outcome)
        if batch.unconfirmed:
            outcome.count("unconfirmed", len(batch.unconfirmed))


def _preview_batch(preview: ImportPreview, batch: MemberBatch, outcome: ImportOutcome) -> None:
    was = {member.line: member.was for member in batch.members}
    suppressions = batch.suppressions
    added, refused = preview.preview_suppressions(suppressions)
    rows, counts = preview.preview_rows(batch.rows)
    suppressed: dict[str, Any] = {}
    if suppressions:
        suppressed["suppressed"] = len(added)
        suppressed["unchanged"] = len(suppressions) - len(added) - len(refused)
        suppressed["invalid"] = [{"line": line, "reason": reason} for line, reason in refused]
    outcome.add(batch, counts.plain(), suppressed)
    for row in rows:
        outcome.count_change(was[row.line], _will_be(row))
    new, bad = set(added), {line for line, _ in refused}
    for suppression in suppressions:
        if suppression.line not in bad:
            will_be = f"suppressed ({suppression.reason})" if suppression.line in new else "suppressed here already"
            outcome.count_change(was[suppression.line], will_be)
    for member in batch.unconfirmed:
        outcome.count_change(member.was, "left out: never confirmed")
    for line, _ in (*counts.invalid, *refused):
        outcome.count_change(was[line], "refused")
    for _ in batch.bad:
        outcome.count_change("unreadable", "refused")


def _will_be(row: RowPreview) -> str:
    if row.outcome in SKIPPED:
        return f"left out: {SKIPPED[row.outcome]}"
    state = "nothing" if row.state is None else row.state.value
    if row.outcome is RowOutcome.ADDED:
        return state
    return f"{state} ({row.outcome.value})"
