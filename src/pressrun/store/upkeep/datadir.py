"""The data directory: the paths below it, and the database that belongs to it.

data_dir/pressrun.sqlite3   the database            data_dir/lock           held by the one process that writes
data_dir/keys/link-N        link keys, hex           data_dir/control.sock   of the daemon, for the verbs
data_dir/keys/suppression   never rotated            data_dir/backups/       the database before each upgrade
data_dir/layouts/NAME.html  the operator's layouts data_dir/moving         locked while a command moves the database
data_dir/keys/consent-head  the last row of evidence, written a moment ago; keys/audit-head: that of the audit log
data_dir/handovers          the journal: mails that relays have accepted and the database may not know of
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

from pressrun.core.errors import NotPermitted
from pressrun.runtime.identity import account_name, folder_command, group_name
from pressrun.store.files import make_directory, sync_directory
from pressrun.store.location import Location
from pressrun.store.sqlite.location import SqliteFile

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOOT_VARIABLE = "PRESSRUN_BOOT_ID"


class DataDir(Struct, frozen=True):
    """The paths below data_dir, and the database that belongs to it: a file there, or one on a server."""

    root: Path
    server: Location | None = None

    @property
    def database(self) -> Location:
        return self.server or SqliteFile(self.root / "pressrun.sqlite3")

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def consent_head(self) -> Path:
        return self.head_of("consent")

    def head_of(self, chain: str) -> Path:
        """The file with the last row of a chain, `consent` or `audit`, as it was a moment ago."""
        return self.keys / f"{chain}-head"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def lock_identity(self) -> str:
        """Which file the lock is, since which boot of the machine: who holds it knows that nobody else does."""
        file = self.lock.stat()
        return f"{_read_boot_id()}:{file.st_dev}:{file.st_ino}"

    @property
    def move_lock(self) -> Path:
        return self.root / "moving"

    @property
    def journal(self) -> Path:
        return self.root / "handovers"

    @property
    def alert_history(self) -> Path:
        return self.root / "alerts"

    @property
    def control_socket(self) -> Path:
        return self.root / "control.sock"

    @property
    def layouts(self) -> Path:
        return self.root / "layouts"

    @property
    def backups(self) -> Path:
        return self.root / "backups"


def make_root(data: DataDir) -> None:
    """Make the folder of the data if it is missing; raises NotPermitted where this user cannot."""
    try:
        make_directory(data.root)
    except PermissionError:
        raise NotPermitted(
            f"{data.root} does not exist, and this user cannot create it. Correct data_dir, or run as root: "
            f"{command_to_make(data.root)}"
        ) from None


def command_to_make(folder: Path) -> str:
    """What root runs to make a folder that the user of this process alone can use."""
    return folder_command(folder, account_name(os.geteuid()), group_name(os.getegid()))


def _read_boot_id() -> str:
    """Which boot of which machine this is, in 32 hexadecimal digits.

    A service may not see the kernel's file (ProcSubset=pid in systemd.exec(5)): its unit passes it in BOOT_VARIABLE.
    Without either it is an id of its own: no session counts as one of this boot, and a start waits for its lease.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")
    except OSError:
        return os.environ.get(BOOT_VARIABLE) or uuid4().hex


def remove_old_backups(data: DataDir, before: float) -> list[str]:
    """Remove copies of the database from before schema changes that were made before this time; returns their names.

    Others in that folder stay, such as what a move has left.
    """
    old = [path for path in data.backups.glob("schema-*.sqlite3") if path.stat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    if old:
        sync_directory(data.backups)
    return sorted(path.name for path in old)
