"""`subscriber sync`: the members that earlier syncs have brought in become what a file says.

The file is read twice: first to find out who would leave, which may be too many, then to add and update.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from pressrun.acts.arguments import SubscriberImport, SyncRemoval
from pressrun.cli.readers.import_outcome import ImportOutcome
from pressrun.cli.readers.member_import import Members, preview_members, preview_options
from pressrun.cli.shared.files import open_input
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.output import print_info
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.cli.shared.write_verbs import executing
from pressrun.core.addresses.address import find_address_key
from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.subscription import SYNC
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.batches import member_batches
from pressrun.operations.sources.columns import parse_map
from pressrun.operations.sources.formats import read_members
from pressrun.operations.sources.member import MemberState
from pressrun.runtime.sorted_texts import repeated_texts, sorted_texts
from pressrun.services.members.import_decision import RowOutcome
from pressrun.services.members.import_preview import ImportPreview
from pressrun.services.members.member_sync import LeaveLimit, leavers, listed_keys, parse_limit, synced_members
from pressrun.store.readers.address_changes import moved_addresses
from pressrun.store.transaction import Transaction

_REMOVED_AT_ONCE = 1000  # in one transaction, so that others wait only for a moment

if TYPE_CHECKING:
    _LimitType = click.ParamType["LeaveLimit"]
else:
    _LimitType = click.ParamType  # not generic in click 8.1


class _LeaveLimitType(_LimitType):
    name = "limit"

    def convert(self, value: str | LeaveLimit, param: click.Parameter | None, ctx: click.Context | None) -> LeaveLimit:
        if isinstance(value, LeaveLimit):
            return value
        try:
            return parse_limit(value)
        except BadInput as problem:
            self.fail(str(problem), param, ctx)


@verb("subscriber sync")
@list_argument()
@click.argument("file")
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=KEY", help="What a column means, as for import.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, without changing anything.")
@click.option(
    "--max-leave",
    type=_LeaveLimitType(),
    default="5%",
    metavar="LIMIT",
    help="Change nothing if more members than this would be unsubscribed: a percentage or a number. [default: 5%]",
)
def sync(
    invocation: Invocation, *, list_name: str, file: str, pairs: tuple[str, ...], dry_run: bool, max_leave: LeaveLimit
) -> None:
    """People in the file are added; members whom an earlier sync added and who are no longer in the file are
    unsubscribed. Members who signed up or were imported are not changed, and people who unsubscribed or are suppressed
    stay out. Rows in a state other than active count as missing from the file. If a row cannot be read, nothing
    changes (65), since it could be that of a member.
    """
    mapped = parse_map(pairs)
    with (
        open_input(file) as opened,
        closing(ImportOutcome()) as outcome,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as leaving,
    ):
        start = opened.tell()

        def members() -> Members:
            opened.seek(start)
            return read_members(opened, Path(file).name, "csv", mapped=mapped).members

        for name in (*(row_outcome.value for row_outcome in RowOutcome), "left"):
            outcome.count(name, 0)
        with reading(invocation) as tx:
            number = _find_leavers(tx, list_name, members(), leaving, max_leave)
            outcome.count("left", number)
            if dry_run:
                outcome.count_change("no longer listed", "unsubscribed", number)
                repeated = repeated_texts(_listed_keys(members()))
                options = preview_options(invocation, tx, list_name, source=SYNC)
                preview_members(ImportPreview(tx, options, repeated), _active(members()), outcome)
        if not dry_run:
            _remove(invocation, list_name, leaving)
            _add(invocation, list_name, members(), outcome)
        outcome.print(as_json=invocation.as_json)
        if dry_run and not invocation.as_json:
            print_info("dry run: nothing was changed")


def _find_leavers(tx: Transaction, list_name: str, members: Members, leaving: TextIO, limit: LeaveLimit) -> int:
    """Write the address keys of those who would leave to a file; returns how many. Raises BadInput for too many."""
    number = 0
    counted = _Counted(synced_members(tx, list_name))
    moved = moved_addresses(tx)
    keys = (key for listed in _listed_keys(members) for key in listed_keys(listed, moved))
    with sorted_texts(keys) as listed:
        for key in leavers(listed, counted):
            leaving.write(f"{key}\n")
            number += 1
    if limit.is_exceeded(number, counted.number):
        raise BadInput(
            f"{number} of {counted.number} members are no longer in the file, and --max-leave is {limit.text}. "
            "Nothing was changed. If the file is complete, set a higher --max-leave"
        )
    return number


class _Counted(Iterator[str]):
    """Texts, and how many there were so far."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self.number = 0

    def __next__(self) -> str:
        text = next(self._texts)
        self.number += 1
        return text


def _listed_keys(members: Members) -> Iterator[str]:
    """The keys of all listed addresses; raises BadInput for a row that may be anybody's."""
    for member in members:
        if isinstance(member, BadRow):
            raise BadInput(f"line {member.line}: {member.reason}. It could belong to a member, so nothing was changed")
        if member.state is not MemberState.ACTIVE:
            continue
        key = find_address_key(member.address)
        if key is not None:  # nobody can be a member by such a text; the row is refused
            yield key


def _active(members: Members) -> Members:
    """The rows that list a member."""
    return (member for member in members if isinstance(member, BadRow) or member.state is MemberState.ACTIVE)


def _remove(invocation: Invocation, list_name: str, leaving: TextIO) -> None:
    leaving.seek(0)
    keys: Iterable[str] = (line.rstrip("\n") for line in leaving)
    with executing(invocation) as calls:
        while some := tuple(islice(keys, _REMOVED_AT_ONCE)):
            calls("subscriber.sync_rm", SyncRemoval(list=list_name, keys=some))


def _add(invocation: Invocation, list_name: str, members: Members, outcome: ImportOutcome) -> None:
    with executing(invocation) as calls:
        for batch in member_batches(_active(members)):
            outcome.add(batch, calls("subscriber.sync", SubscriberImport(list=list_name, rows=batch.rows)))
