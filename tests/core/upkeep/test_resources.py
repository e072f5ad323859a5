"""What passes by itself is told apart from what does not."""

from __future__ import annotations

import errno

import pytest

from pressrun.core.upkeep.resources import is_out_of_resources


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), True),
        (RuntimeError("can't start new thread"), True),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), False),
        (OSError("no number"), False),
        (RuntimeError("another"), False),
        (ValueError("can't start new thread"), False),
    ],
    ids=repr,
)
def test_what_the_system_lacks_for_the_moment(problem: Exception, expected: bool) -> None:
    """Descriptors, processes, threads, memory."""
    assert expected == is_out_of_resources(problem)
