"""Whether an error means that the system lacks something for the moment, so that trying again later may help."""

from __future__ import annotations

import errno

# Descriptors, processes and threads, memory, the disk: whatever was being done when they failed is not at fault.
_LACKS = frozenset(
    {
        *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS),
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO),
    }
)


def is_out_of_resources(problem: BaseException) -> bool:
    """Whether descriptors, processes, threads, memory or room ran out, or the disk failed."""
    if isinstance(problem, OSError):
        return problem.errno in _LACKS
    return isinstance(problem, RuntimeError) and str(problem) == "can't start new thread"
