"""Whether an error means that the system lacks something for the moment, so that trying again later may do."""

from __future__ import annotations

import errno

# Descriptors, processes and threads, memory: whatever was being done when they ran out is not at fault.
_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS})


def is_out_of_resources(problem: BaseException) -> bool:
    """Whether descriptors, processes, threads or memory ran out."""
    if isinstance(problem, OSError):
        return problem.errno in _LACKS
    return isinstance(problem, RuntimeError) and str(problem) == "can't start new thread"
