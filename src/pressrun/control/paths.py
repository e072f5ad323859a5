"""Unix sockets at paths of any length: the kernel takes 107 octets, so longer ones go through /proc/self/fd."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST_BYTES = 107  # sun_path without its NUL, unix(7)


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name of `path` that bind and connect take, good for the time of the block."""
    if len(os.fsencode(path)) <= _LONGEST_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
