"""What a measurement was made on: the machine, and the versions of all that took part."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path

_PACKAGES = ("aiosqlite", "cryptography", "uvloop")
# Debian's name of each program, and how it tells its version.
_PROGRAMS = {
    "OpenSSL": ("openssl", "version"),
    "Postfix": ("/usr/sbin/postconf", "-dh", "mail_version"),
    "Mailman": ("mailman", "--version"),
    "mlmmj": ("mlmmj-send", "-V"),
}


def machine_facts() -> list[str]:
    """The machine, and what Pressrun ran on, a sentence each."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    packages = [f"{name} {metadata.version(name)}" for name in _PACKAGES if importlib.util.find_spec(name)]
    machine = f"{os.cpu_count()} × {model}, {memory / 2**20:.0f} GiB, Linux {platform.release().split('-')[0]}"
    software = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", *packages]
    return [
        f"Machine: {machine}. The sink and all clients ran on the same cores.",
        f"{', '.join(software)}.",
    ]


def program_versions() -> str:
    """Those of the programs beside us, as they tell them; what is not installed is left out."""
    versions = []
    for name, command in _PROGRAMS.items():
        if shutil.which(command[0]) is None:
            continue
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        number = next((word for word in (done.stdout + done.stderr).split() if word[:1].isdigit()), None)
        if number is not None:
            versions.append(f"{name} {number}")
    return ", ".join(versions)


def load() -> float:
    """Processes that wanted a core in the last minute."""
    return os.getloadavg()[0]


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()
