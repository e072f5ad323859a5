"""Litestream: where its versions are, and how to run one. .ci/run unpacks them from packages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(os.environ.get("PRESSRUN_LITESTREAM") or "/var/cache/pressrun-tests/litestream")
VERSIONS = ("0.3.13", "0.5.17")  # the last two lines: they store what they copy in different ways


def program(version: str) -> Path:
    """Where one of the versions is, if it is here."""
    return FOLDER / f"litestream-{version}"


@contextmanager
def replicating(version: str, config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Litestream copies a database as this file of its own says, until it is killed as when its machine goes off."""
    with log.open("ab") as stream:
        command = [str(program(version)), "replicate", "-config", str(config)]
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)
