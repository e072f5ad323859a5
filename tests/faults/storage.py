"""No room on the disk, and a database that another process holds: in the middle of an edition."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.instance import until
from tests.faults.outcome import Outcome, arrived, await_end, await_taken, furnished

_RATE = {"rate": "500/s"}
_LOCK = (
    "import sqlite3, sys, time; held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30);"
    "held.execute('begin immediate'); time.sleep(float(sys.argv[2])); held.execute('rollback')"
)


class NoSmallDisk(Exception):
    """A file system of its own cannot be had here; the text says why."""


@contextmanager
def small_disk(folder: Path, *options: str, size: str = "24m") -> Iterator[Path]:
    """A file system of its own, several times what the database and its journal need. Raises NoSmallDisk."""
    if os.geteuid() != 0:
        raise NoSmallDisk("only root may mount a file system")
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        raise NoSmallDisk(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        # Workers outlive their daemon by a moment, and are busy here for as long.
        until(lambda: subprocess.run(["umount", str(folder)], check=False).returncode == 0 or None, 10.0)


def fill(disk: Path, leaving: int = 0) -> Path:
    """Write until nothing more goes in, or so many octets are left; gives the file, which may have some already."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while not leaving or shutil.disk_usage(disk).free > leaving:
            file.write(b"\0" * 4096)
    return filler


def fill_inodes(disk: Path) -> list[Path]:
    """Make empty files until there can be no more; gives them."""
    made: list[Path] = []
    try:
        while True:
            file = disk / f"filler{len(made)}"
            file.touch()
            made.append(file)
    except OSError:
        return made


def disk_is_full(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """Nothing can be written until there is room again."""
    with (
        small_disk(folder / "disk") as disk,
        furnished(program, folder, readers, delivery=_RATE, limits={"disk_reserve": "1 KiB"}) as (instance, sink),
    ):
        shutil.move(instance.folder / "data", disk / "data")
        (instance.folder / "data").symlink_to(disk / "data")
        try:
            daemon = instance.start()
            edition = instance.send()["id"]
            await_taken(sink, readers // 4)
            filler = fill(disk)
            until(lambda: daemon.events("dispatch.database_unavailable"), 60.0)
            filler.unlink()
            await_end(instance, edition)
            return arrived(sink).outcome("full disk", instance, readers, bound=0, note="a tmpfs of 24 MiB")
        finally:
            instance.close()


def no_file_may_grow(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """The same by the largest file that the daemon may write, which needs no root."""
    with furnished(program, folder, readers, delivery=_RATE) as (instance, sink):
        daemon = instance.start()
        edition = instance.send()["id"]
        await_taken(sink, readers // 4)
        most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (4096, most))
        until(lambda: daemon.events("dispatch.database_unavailable"), 60.0)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, most))
        await_end(instance, edition)
        return arrived(sink).outcome("no file may grow", instance, readers, bound=0, note="RLIMIT_FSIZE of the daemon")


def database_is_locked(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """Another process holds the write lock: for two seconds, then for longer than the daemon waits at one go."""
    with furnished(program, folder, readers, delivery=_RATE) as (instance, sink):
        daemon = instance.start()
        edition = instance.send()["id"]
        for number, seconds in enumerate((2.0, 8.0)):
            await_taken(sink, readers * (number + 1) // 4)
            command = [sys.executable, "-c", _LOCK, str(instance.database), str(seconds)]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        await_end(instance, edition)
        given_up = len(daemon.events("dispatch.database_unavailable"))
        note = f"2 s and 8 s; the daemon gave up waiting and tried again {given_up} times"
        return arrived(sink).outcome("locked database", instance, readers, bound=0, note=note)
