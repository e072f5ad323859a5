"""What became of the rows of an import: counts, and the rows that were refused or skipped, however many they are."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from pressrun.cli.shared.output import echo, print_fields, print_info, print_table
from pressrun.operations.csv_records import csv_line
from pressrun.operations.sources.batches import MemberBatch

_MOST_LINES = 200  # of refused and skipped rows that a terminal shows
_IN_MEMORY = 1 << 20  # octets of rows; more of them are kept in a temporary file


class _RowSpool:
    """Rows as JSON, in a temporary file once they are many."""

    def __init__(self) -> None:
        self.number = 0
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - it lives as long as the spool
            max_size=_IN_MEMORY, mode="w+", encoding="utf-8", newline="\n"
        )
        self.close = self._file.close

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.number += len(rows)
        self._file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    def __iter__(self) -> Iterator[str]:
        self._file.seek(0)
        return (line.rstrip("\n") for line in self._file)


class ImportOutcome:
    """Adds batches up. `rejects` gets each refused row with its line, its reason and its text."""

    def __init__(self, rejects: BinaryIO | None = None) -> None:
        self.counts: dict[str, int] = {}
        self._changes = Counter[tuple[str, str]]()
        self._invalid, self._skipped = _RowSpool(), _RowSpool()
        self._shown: list[Mapping[str, Any]] = []
        self._waiting: dict[str, list[Mapping[str, Any]]] = {"invalid": [], "skipped": []}
        self._originals: dict[int, str] = {}
        self._rejects = rejects
        if rejects is not None:
            rejects.write(csv_line(("line", "reason", "original")).encode())

    @property
    def is_all_refused(self) -> bool:
        """Whether there were rows, and none of them was good."""
        return bool(self._invalid.number) and not any(self.counts.values())

    def count(self, name: str, number: int) -> None:
        """Count rows with an outcome."""
        self.counts[name] = self.counts.get(name, 0) + number

    def count_change(self, was: str, will_be: str, number: int = 1) -> None:
        """Count rows of a dry run by the state that they had there and would have here."""
        if number:
            self._changes[was, will_be] += number

    def add(self, batch: MemberBatch, *answers: Mapping[str, Any]) -> None:
        """Add the answers for a batch: their counts, and which of its rows were refused or skipped.

        These are kept in the order of their lines, so they wait for the last batch that has lines between them.
        """
        refused: list[Mapping[str, Any]] = [{"line": row.line, "reason": row.reason} for row in batch.bad]
        for answer in answers:
            refused += answer.get("invalid", ())
            self._waiting["skipped"] += answer.get("skipped", ())
            for name, number in answer.items():
                if name not in self._waiting:
                    self.count(name, number)
        self._waiting["invalid"] += refused
        if self._rejects is not None and refused:
            originals = batch.originals
            self._originals |= {row["line"]: originals.get(row["line"], "") for row in refused}
        if batch.is_last:
            self._keep_waiting()

    def _keep_waiting(self) -> None:
        invalid, skipped = (sorted(rows, key=_line_of) for rows in self._waiting.values())
        self._invalid.add(invalid)
        self._skipped.add(skipped)
        room = _MOST_LINES - len(self._shown)
        self._shown += sorted([*invalid, *skipped], key=_line_of)[:room]
        if self._rejects is not None:
            lines = (csv_line((str(row["line"]), row["reason"], self._originals[row["line"]])) for row in invalid)
            self._rejects.writelines(line.encode() for line in lines)
        self._originals.clear()
        for rows in self._waiting.values():
            rows.clear()

    def print(self, *, as_json: bool) -> None:
        """Print the rows that were left out, then the counts, so that these stay in view.

        Of a dry run also what would become of whom.
        """
        if as_json:
            _print_document(self.counts, {"invalid": self._invalid, "skipped": self._skipped})
            return
        for row in self._shown:
            print_info(f"line {row['line']}: {row['reason']}")
        if self._invalid.number + self._skipped.number > len(self._shown):
            print_info("… and more (--json lists every line)")
        if self._changes:
            table = [{"was": was, "will_be": will, "rows": rows} for (was, will), rows in sorted(self._changes.items())]
            print_table(table, ("was", "will_be", "rows"))
            echo()
        print_fields(self.counts | {"invalid": self._invalid.number})

    def close(self) -> None:
        """Delete what was kept of the rows."""
        self._invalid.close()
        self._skipped.close()


def _print_document(counts: Mapping[str, int], lists: Mapping[str, Iterable[str]]) -> None:
    """One JSON document, whose lists may be long, written row by row."""
    before = "{\n  "
    for name, number in counts.items():
        echo(f"{before}{json.dumps(name)}: {number}", nl=False)
        before = ",\n  "
    for name, rows in lists.items():
        echo(f"{before}{json.dumps(name)}: [", nl=False)
        between = "\n    "
        for row in rows:
            echo(between + row, nl=False)
            between = ",\n    "
        echo("]", nl=False)
        before = ",\n  "
    echo("\n}")


def _line_of(row: Mapping[str, Any]) -> int:
    line: int = row["line"]
    return line
