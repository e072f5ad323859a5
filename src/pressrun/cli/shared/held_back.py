"""What was held back since the database is that of an earlier moment, in words."""

from __future__ import annotations

from pressrun.cli.shared.output import counted, print_info, print_warning
from pressrun.services.editions.lifecycle import doubt_in_words
from pressrun.services.upkeep.carry_over import HeldBack


def describe_held(held: HeldBack) -> list[str]:
    """A line for each edition, and one for mails to one person."""
    lines = [f"edition {number} is paused; {doubt_in_words(copies)}" for number, copies in held.editions.items()]
    if held.notices:
        lines.append(f"cancelled {counted(held.notices, 'waiting email')} to single readers")
    return lines


def warn_of_held(held: HeldBack) -> None:
    """Say on stderr that the database was set back, and what is held back."""
    print_warning("the database was set back to an earlier moment, so what may go out wrongly is held back")
    for line in describe_held(held):
        print_info(line)
