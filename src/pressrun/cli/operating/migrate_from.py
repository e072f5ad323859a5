"""`migrate-from`: whole lists of another program move in.

The order is such that a kill leaves nobody wrongly active, and a second run does the rest: a list with its editors, all
suppressions, and only then its members, its old addresses and links, and the archive. Readers who unsubscribe at an old
address find their subscription here, since no old address leads here before the members have come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from pressrun.acts.arguments import (
    ArchiveMessage,
    ListName,
    ListSettings,
    OldPersonalLinks,
    OldPlaces,
    SubscriberImport,
    SuppressionImport,
)
from pressrun.cli.shared.invocation import Invocation, reading_if_any
from pressrun.cli.shared.new_files import new_rejects
from pressrun.cli.shared.output import ProgressLine, echo, print_info, print_json, print_table, print_warning
from pressrun.cli.shared.owner import find_owner
from pressrun.cli.shared.verb import verb
from pressrun.cli.shared.write_verbs import execute, executing
from pressrun.operations.csv_records import csv_line
from pressrun.operations.installations.installation import (
    PROGRAMS,
    Installation,
    closing_of,
    open_installation,
    origin_of,
)
from pressrun.operations.installations.messages import BadMessage, OldMessage, check_archive, read_messages
from pressrun.operations.installations.plan import Fates, ListMove, Present, Reject, plan_lists
from pressrun.runtime.clock import utc_now
from pressrun.services.lists.forwarding import captured_names
from pressrun.services.members.neighbours import in_batches
from pressrun.store.lists import lists, redirects

T = TypeVar("T")

_MOST_REJECTS = 20  # that a terminal shows; the file has all
_LINKS_AT_ONCE = 10_000
_MESSAGES_AT_ONCE = 50


class Rejects:
    """Writes rejects to a file as they come, if there is one, and remembers the first few."""

    def __init__(self, file: BinaryIO | None) -> None:
        self.number = 0
        self._first: list[Reject] = []
        self._file = file
        if file is not None:
            file.write(csv_line(("list", "record", "address", "reason")).encode())

    def add(self, reject: Reject) -> None:
        """Count one, and write it down."""
        self.number += 1
        if len(self._first) < _MOST_REJECTS:
            self._first.append(reject)
        if self._file is not None:
            line = csv_line((reject.list, str(reject.record), reject.address, reject.reason))
            self._file.write(line.encode("utf-8", "replace"))

    def print(self) -> None:
        """Print the first few."""
        for reject in self._first:
            print_info(": ".join(filter(None, (reject.list, f"record {reject.record}", reject.address, reject.reason))))
        if self.number > len(self._first):
            print_info(f"… and {self.number - len(self._first):,} more (--rejects FILE has them all)")


@verb("migrate-from")
@click.argument("program", type=click.Choice(PROGRAMS))
@click.argument("source")
@click.option(
    "--list",
    "chosen",
    metavar="OLD[=NEW]",
    multiple=True,
    help="Move only this list, under the name NEW if given. Repeatable.",
)
@click.option(
    "--files",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the lists or archives, if SOURCE does not say where they are.",
)
@click.option("--no-archives", is_flag=True, help="Do not move the archives.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, without changing anything.")
@click.option("--rejects", "rejects_file", metavar="FILE", help="Write each record that is left out to a new CSV file.")
def migrate_from(
    invocation: Invocation,
    *,
    program: str,
    source: str,
    chosen: tuple[str, ...],
    files: Path | None,
    no_archives: bool,
    dry_run: bool,
    rejects_file: str | None,
) -> None:
    """SOURCE is mailman.cfg or a dump (mailman3), /var/lib/mailman (mailman2), the spool folder (mlmmj),
    sympa.conf or a dump (sympa), a dump or postgresql://… (listmonk), or a dump (phplist).

    People who get no email there get none here. If it is interrupted, run it again: it continues and repeats
    nothing. Lists keep their names if Pressrun allows them; --list OLD=NEW chooses another name.
    """
    now = int(utc_now())
    if invocation.group_socket is None:
        find_owner(invocation.settings.data_dir)  # before the source is read, which may take long
    with closing(open_installation(program, source, files)) as installation, new_rejects(rejects_file) as file:
        rejects = Rejects(file)
        present = _find_present(invocation, installation, program)
        for warning in installation.warnings:
            print_warning(warning)
        moves = plan_lists(program, installation.lists(), chosen, present, invocation.settings.site)
        if not no_archives:  # before anything is written
            for path in chain.from_iterable(move.old.archives for move in moves if not move.is_closed):
                check_archive(path)
        fates = Fates(installation, moves, now, rejects.add)
        report: dict[str, Any] = {"dry_run": dry_run, "bans": _plain(fates.count_bans()), "lists": []}
        for move in moves:
            counts = Counter[tuple[str, str]]() if move.is_closed else fates.count(move)
            report["lists"].append(_describe(move, counts, with_archive=not no_archives))
        if not invocation.as_json:
            _print_plan(report)
        if not dry_run:
            mover = Mover(invocation, installation, fates, rejects)
            mover.move(moves, report["lists"], with_archives=not no_archives, now=now)
        if not chosen:
            report["without_list"] = _report_people_without_list(installation, rejects)
        report["rejects"] = rejects.number
        if invocation.as_json:
            print_json(report)
            return
        rejects.print()
        if number := report.get("without_list"):
            print_warning(f"{number:,} {'person is' if number == 1 else 'people are'} on no list, and left out")
        print_info("dry run: nothing was changed" if dry_run else "done. Running it again changes nothing")
        if not all(move.is_begun for move in moves):
            print_info("each new list needs a postal address to send: `pressrun list set NAME postal_address='…'`")


class Mover:
    """Moves lists, a batch at a time.

    Sources are read as the user who runs the command, and batches are written as the owner of the data.
    """

    def __init__(self, invocation: Invocation, installation: Installation, fates: Fates, rejects: Rejects) -> None:
        self._invocation = invocation
        self._installation = installation
        self._fates = fates
        self._rejects = rejects
        self._progress = ProgressLine()

    def move(
        self, moves: Sequence[ListMove], report: Sequence[dict[str, Any]], *, with_archives: bool, now: int
    ) -> None:
        """Move all of these lists, and complete the report of each."""
        with self._progress:
            for move in moves:
                self._create(move)
            for rows in in_batches(member.as_suppression() for member in self._fates.suppressed()):
                execute(self._invocation, "suppression.import", SuppressionImport(rows=tuple(rows)))
            for move, described in zip(moves, report, strict=True):
                if move.is_closed:
                    self._mark_closed(move)
                    continue
                described["imported"] = dict(self._import_members(move))
                execute(self._invocation, "moving-in.places", OldPlaces(list=move.name, places=move.old.places))
                described["links"] = self._import_links(move)
                described["archive"] = dict(self._import_archive(move, now) if with_archives else {})
                self._close(move)
            places = tuple(self._installation.server_places)
            execute(self._invocation, "moving-in.places", OldPlaces(list=None, places=places))

    def _create(self, move: ListMove) -> None:
        """Create a list with its editors, unless an earlier run has: the operator may have removed some since."""
        if move.is_begun:
            return
        settings = {"title": move.old.title, **move.old.settings}
        new = ListSettings(list=move.name, settings=settings, places=(move.origin,), editors=tuple(move.old.editors))
        execute(self._invocation, "list.create", new)

    def _close(self, move: ListMove) -> None:
        """Close a list that is closed there, which is not possible before its members have come."""
        if move.closes:
            execute(self._invocation, "list.close", ListName(list=move.name))
            self._mark_closed(move)

    def _mark_closed(self, move: ListMove) -> None:
        """Have later runs leave the list open if it is reopened. A kill may have kept an earlier run from this."""
        if move.old.is_closed:
            execute(self._invocation, "moving-in.places", OldPlaces(list=move.name, places=(move.closing,)))

    def _import_members(self, move: ListMove) -> Counter[str]:
        counts: Counter[str] = Counter()
        for rows in in_batches(member.as_row() for member in self._fates.imported(move)):
            answer = execute(self._invocation, "subscriber.import", SubscriberImport(list=move.name, rows=tuple(rows)))
            counts += Counter({name: number for name, number in answer.items() if isinstance(number, int)})
            self._progress(f"{move.name}: {counts.total():,} members")
        return counts

    def _import_links(self, move: ListMove) -> int:
        number = 0
        for people in _batches(self._installation.personal_links(move.old), _LINKS_AT_ONCE):
            links = OldPersonalLinks(list=move.name, people=people)
            number += execute(self._invocation, "moving-in.people", links)["added"]
        return number

    def _import_archive(self, move: ListMove, now: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for path in move.old.archives:
            for messages in _batches(read_messages(path, now), _MESSAGES_AT_ONCE):
                with executing(self._invocation) as call:
                    for message in messages:
                        counts[self._add_message(call, move, message)] += 1
                self._progress(f"{move.name}: {counts.total():,} messages of the archive")
        return counts

    def _add_message(
        self, call: Callable[[str, ArchiveMessage], Any], move: ListMove, message: OldMessage | BadMessage
    ) -> str:
        if isinstance(message, OldMessage):
            answer = call(
                "moving-in.message",
                ArchiveMessage(
                    list=move.name, source=message.source, published_at=message.published_at, identity=message.identity
                ),
            )
            if answer["outcome"] != "refused":
                return str(answer["outcome"])
            reason = str(answer["reason"])
        else:
            reason = message.reason
        self._rejects.add(
            Reject(list=move.old.key, record=message.number, address="", reason=f"{message.place}: {reason}")
        )
        return "refused"


def _find_present(invocation: Invocation, installation: Installation, program: str) -> Present:
    """The lists that are here, and which of them came from this installation."""
    keys = [old.key for old in installation.lists()]
    origins = [of(program, key)[0] for key in keys for of in (origin_of, closing_of)]
    with reading_if_any(invocation) as tx:
        here = [] if tx is None else lists.all_lists(tx)
        places = [] if tx is None else redirects.find_places(tx, origins)
    return Present(
        names=frozenset(name for target in here for name in (target.name, target.family) if name is not None),
        closed=frozenset(target.name for target in here if target.closed_at is not None),
        captured=captured_names(invocation.settings.site, {target.name: target.owner for target in here}),
        origins={place.digest: place.list_name for place in places if place.list_name is not None},
    )


def _report_people_without_list(installation: Installation, rejects: Rejects) -> int:
    """Add everybody who is on no list to the rejects; returns how many there are."""
    before = rejects.number
    for person in installation.people_without_list():
        rejects.add(Reject(list="", record=person.line, address=person.address, reason=person.was))
    return rejects.number - before


def _batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """The items, some at a time."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch


def _plain(counts: Counter[tuple[str, str]]) -> list[dict[str, object]]:
    return [{"there": there, "here": here, "people": number} for (there, here), number in sorted(counts.items())]


def _describe(move: ListMove, counts: Counter[tuple[str, str]], *, with_archive: bool) -> dict[str, Any]:
    return {
        "from": move.old.key,
        "to": move.name,
        "begun": move.is_begun,
        "title": move.old.title,
        "settings": move.old.settings,
        "closes": move.closes,
        "closed": move.is_closed,
        "editors": list(move.old.editors),
        "members": _plain(counts),
        "archives": [str(path) for path in move.old.archives] if with_archive else [],
        "left_behind": list(move.old.left_behind),
    }


def _print_plan(report: dict[str, Any]) -> None:
    for described in report["lists"]:
        how = "an earlier run has begun" if described["begun"] else "new list"
        how = "closed here, so nothing more moves in" if described["closed"] else how
        echo(f"{described['from']} → {described['to']} ({how}): {described['title']}")
        values = {**described["settings"], **({"closed": "true"} if described["closes"] else {})}
        settings = ", ".join(f"{key}={value.splitlines()[0]}" for key, value in values.items())
        echo(f"  settings: {settings or '-'}")
        echo(f"  editors: {', '.join(described['editors']) or '-'}")
        echo(f"  archives: {', '.join(described['archives']) or '-'}")
        for left in described["left_behind"]:
            print_warning(f"{described['from']}: not carried over: {left}")
        if not described["closed"]:
            print_table(described["members"], ("there", "here", "people"), empty="  no members")
        echo()
    if report["bans"]:
        echo("addresses that no list will mail:")
        print_table(report["bans"], ("there", "here", "people"))
