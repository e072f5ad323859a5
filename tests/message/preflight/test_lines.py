"""Lines that become one."""

from __future__ import annotations

from dataclasses import replace

from tests.message.builders import edition, profile
from tests.message.preflight.looking import found, the_only

from pressrun.message.layouts.design import Design

SIGNED = "Good morning, and here is the news of the harbour.\n\nUntil next week,\n_Maria_\n\nOne\ntwo\n"
CLASSIC = replace(profile(), design=Design(layout="classic"))


def test_two_lines_that_will_become_one() -> None:
    """A note, once, at the first of them."""
    severity, line, message = the_only(found(edition(SIGNED), list_profile=CLASSIC))
    assert (severity, line) == ("note", 6)
    assert '"Until next week," and "_Maria_"' in message
    assert "(1 more" in message


def test_where_lines_are_kept_nothing_is_said() -> None:
    """In the layout of letters, in other formats, and where a backslash keeps them."""
    assert found(edition(SIGNED)) == []
    assert found(edition(SIGNED), ".txt", list_profile=CLASSIC) == []
    assert found(edition("Until next week,\\\n_Maria_"), list_profile=CLASSIC) == []
