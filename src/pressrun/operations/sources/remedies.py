"""What to do about columns that a file leaves unexplained, worded for a person at a shell or for a program.

A verb has options for that. A program has none, so it changes the file: its first line, or its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pressrun.operations.sources.states import FLAGS
from pressrun.services.members.row_checks import FLAGS_BY_NAME
from pressrun.services.reports.exported_members import KNOWN_COLUMNS

LEFT_OUT = "-"
KEYS = frozenset({*KNOWN_COLUMNS, *FLAGS, LEFT_OUT})


class OptionRemedies:
    """For verbs: options to add; sentences without a final full stop, or a clause after `;`."""

    mailchimp = "Import it with --format mailchimp"

    def for_marks(self, marking: Sequence[tuple[str, str]]) -> str:
        """About columns that may mark people who must not be mailed, each with the key that would explain it: options
        that give the keys, or one that leaves a column out or keeps it.
        """
        options = " ".join(f"--map '{name}={key}'" for name, key in marking)
        first = marking[0][0]
        keeps = "" if first.lower() in KEYS else f", and to keep it as a merge field, --map '{first}={first}'"
        return (
            f"Say what {_pronoun(marking)} with {options}, or use --format to name the program that wrote the file. "
            f"To leave a column out, use --map '{first}=-'{keeps}"
        )

    def for_exit_word(self, column: str) -> str:
        """About a column in which a cell says that somebody left: both things that it may be."""
        return (
            f"Say what it means with --map '{column}=state', or keep it as a merge field with --map '{column}={column}'"
        )

    def for_names(self, columns: Collection[str]) -> str:
        """About columns that cannot become merge fields: one option for a single column, and one each for several."""
        if len(columns) == 1:
            return "Rename it with --map, or leave it out with --map 'COLUMN=-'"
        options = " ".join(f"--map '{name}=-'" for name in columns)
        return f"Rename it with --map, or leave out all such columns with {options}"

    def for_address(self, column: str) -> str:
        """The option that names the column that may hold the addresses; empty if none says so."""
        return f"say which column holds the addresses with --map '{column or 'COLUMN'}=email'"


class FileRemedies:
    """For programs: changes to the file."""

    mailchimp = "Send only those who are subscribed, without the columns LEID and EUID"

    def for_marks(self, marking: Sequence[tuple[str, str]]) -> str:
        """A name that says what a column means, if there is one, or else to leave the column out."""
        columns = "this column" if len(marking) == 1 else "these columns"
        renamed = [f"{name!r} to {key!r}" for name, key in marking if key == "state" or key in FLAGS_BY_NAME]
        renaming = f"Rename {', '.join(renamed)} in the first line of the file, or leave" if renamed else "Leave"
        return f"{renaming} out the people whom {columns} may mark, and {columns} too"

    def for_exit_word(self, column: str) -> str:
        """Both things that the column may be."""
        return f"Rename {column!r} to 'state' in the first line of the file, or leave this person or this column out"

    def for_names(self, columns: Collection[str]) -> str:
        """A better name."""
        if len(columns) == 1:
            return "Rename it in the first line of the file, or leave this column out"
        return f"Rename or leave out all such columns: {', '.join(map(repr, columns))}"

    def for_address(self, column: str) -> str:
        """The name that it should have."""
        return f"rename {f'the column {column!r}' if column else 'the column with the addresses'} to 'email'"


def _pronoun(marking: Sequence[object]) -> str:
    return "it means" if len(marking) == 1 else "they mean"


Remedies = OptionRemedies | FileRemedies
BY_OPTIONS, IN_FILE = OptionRemedies(), FileRemedies()
