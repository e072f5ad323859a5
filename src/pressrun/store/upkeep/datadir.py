"""The data directory: its paths, its lock, and the keys that belong to its database.

    data_dir/pressrun.sqlite3   the database            data_dir/lock           held by the one process that writes
    data_dir/keys/link-N        link keys, hex           data_dir/control.sock   of the daemon, for the verbs
    data_dir/keys/suppression   never rotated            data_dir/backups/       the database before each schema step
    data_dir/layouts/NAME.html  the operator's layouts data_dir/moving         locked while a command moves the database
    data_dir/keys/consent-head  the last row of evidence, written a moment ago; keys/audit-head: that of the audit log
    data_dir/handovers          the journal: mails that relays have accepted and the database may not know of

Keys are created only together with a new database. Links in mails already sent depend on them, so a database without
its keys is an error, never a reason to create new ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self
from uuid import uuid4

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, Refused, TryAgain
from pressrun.core.signing.chain import NO_ROWS, Head, parse_head
from pressrun.core.signing.keys import KEY_BYTES, LARGEST_KEY_NUMBER, KeyRing
from pressrun.core.signing.tokens import suppression_digest
from pressrun.runtime.clock import utc_now
from pressrun.runtime.identity import claimed_user, process_user
from pressrun.store.files import replace_file, sync_directory
from pressrun.store.location import Location, check_version
from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, Entry
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Row, Transaction
from pressrun.store.upkeep import keyring, restore_switch, sessions

_LINK_KEY = re.compile(r"link-([1-9][0-9]{0,2})", re.ASCII)
SUPPRESSIONS = 0  # the number of the suppression key in the table keyring
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOOT_VARIABLE = "PRESSRUN_BOOT_ID"
LOOKS, LOOK_SECONDS = 20, 0.05  # for a lock that somebody holds for a moment to see whether anybody does
_UNUSED = "unused"  # an empty file beside new keys, until a database exists


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


def _read_boot_id() -> str:
    """Which boot of which machine this is, in 32 hexadecimal digits.

    A service may not see the kernel's file (ProcSubset=pid in systemd.exec(5)): its unit passes it in BOOT_VARIABLE.
    Without either it is an id of its own: no session counts as one of this boot, and a start waits for its lease.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")
    except OSError:
        return os.environ.get(BOOT_VARIABLE) or uuid4().hex


class DataLock:
    """The lock of the one process that writes; the kernel releases it when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, data: DataDir) -> Self:
        """Acquire the lock, or raise TryAgain nearly at once."""
        lock = cls.find_free(data.lock)
        if lock is None:
            time.sleep(LOOK_SECONDS)  # another process may have held it only to see whether it is free
            lock = cls.find_free(data.lock)
        if lock is None:
            raise TryAgain(describe_user(data))
        try:
            restore_switch.finish_restore(data.root, data.server)
        except BaseException:
            lock.release()
            raise
        return lock

    @classmethod
    def acquire_for_move(cls, data: DataDir) -> Self:
        """Acquire the lock of the one command that moves the database; raises TryAgain."""
        for _ in range(LOOKS):
            lock = cls.find_free(data.move_lock)
            if lock is not None:
                return lock
            time.sleep(LOOK_SECONDS)
        raise TryAgain(f"another command is moving the database of {data.root}. Wait for it, or stop it")

    @classmethod
    def find_free(cls, path: Path) -> Self | None:
        """Lock this file, or return None at once."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


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


def is_moving(data: DataDir) -> bool:
    """Whether a command that moves the database is running."""
    return _is_locked(data.move_lock)


def is_used(data: DataDir) -> bool:
    """Whether a process writes to the data: a daemon, or a verb without one."""
    return _is_locked(data.lock)


def describe_user(data: DataDir) -> str:
    """What to do about the process that writes to the data and does not answer. A daemon is deaf without its socket."""
    deaf = "" if data.control_socket.exists() else ". If it is the service, its control.sock is gone: restart it"
    return f"another process is using {data.root}. Wait for it, or stop it{deaf}"


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = DataLock.find_free(path)
    if lock is not None:
        lock.release()
    return lock is None


def prepare(data: DataDir) -> KeyRing:
    """With the lock held: create missing data, migrate the schema, and load the keys."""
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if data.database.exists():
        keys, _ = migrate_schema(data)
        _end_abandoned_move(data)
        (data.keys / _UNUSED).unlink(missing_ok=True)  # the start that created both was killed
        return keys
    if not data.keys.exists():
        _make_keys(data)
    _require_unused(data)
    data.database.create()
    keys = _read_keys(data)
    _record_keys(data, keys)
    (data.keys / _UNUSED).unlink()
    return keys


def _end_abandoned_move(data: DataDir) -> None:
    """Remove what a move that was killed has left in its source."""
    if is_moving(data):
        return
    with closing(data.database.connect()) as connection:
        if connection.tables().is_tracking():
            connection.with_tables(lambda tables: tables.untrack_changes())


def migrate_schema(data: DataDir) -> tuple[KeyRing, list[int]]:
    """With the lock held: migrate a database to the newest schema; returns its keys and the versions reached.

    Raises TryAgain while a process on another machine uses the database.
    """
    check(data)
    keys = load_keys(data)
    if not data.database.is_exclusive and data.database.version() < data.database.newest_version:
        require_free(data)
    reached = data.database.migrate(backups=data.backups, keys=keys)
    _record_keys(data, keys)  # of a killed rotation, or of an earlier version
    return keys, reached


def require_free(data: DataDir) -> None:
    """Raise TryAgain while a process on another machine uses the database."""
    with closing(data.database.connect(readonly=True)) as connection:
        holder = connection.read(lambda tx: sessions.find_holder(tx, data.lock_identity))
    if holder is not None:
        raise holder.refusal(data.database)


def check(data: DataDir) -> None:
    """Raise BadConfiguration when the schema, the keys or their permissions make the database unusable."""
    if not data.database.exists():
        if data.keys.exists():
            _require_unused(data)
        return
    check_version(data.database)
    load_keys(data)


def _require_unused(data: DataDir) -> None:
    """Refuse keys of a lost database: the ids of a new one start again, so old links would mean other people."""
    if not (data.keys / _UNUSED).exists():
        raise BadConfiguration(
            f"{data.keys} exists without {data.database}. Restore the database from a backup, or move the keys away "
            "to start afresh (links in mails already sent will then stop working)"
        )


def load_keys(data: DataDir) -> KeyRing:
    """The keys of an existing database; raises BadConfiguration when one of its keys is missing."""
    keys = _read_keys(data)
    with closing(data.database.connect(readonly=True)) as connection:
        connection.read(lambda tx: require_keys(data, keys, tx))
        if data.database.version() >= keyring.SINCE_VERSION:
            for number, at in connection.read(keyring.retirements).items():
                keys.retire(number, at)
    keys.retire_due(utc_now())
    return keys


def find_other_key(keys: KeyRing, tx: Transaction) -> int | None:
    """The number of a link key that a database was used with and these keys lack, or SUPPRESSIONS; None if there is
    none.
    """
    recorded, reader = read_fingerprints(tx)
    # A database of a version that did not record the suppression key identifies it by its readers.
    if reader is not None and suppression_digest(keys, reader[0]) != reader[1]:
        return SUPPRESSIONS
    own = key_fingerprints(keys)
    return next((number for number, wanted in recorded.items() if own.get(number) != wanted), None)


def require_keys(data: DataDir, keys: KeyRing, tx: Transaction) -> None:
    """Raise BadConfiguration unless these are the keys that a database was used with."""
    other = find_other_key(keys, tx)
    if other == SUPPRESSIONS:
        raise BadConfiguration(
            f"{data.keys}/suppression is not the key that {data.database} was used with. Restore it from the backup. "
            "With this one, suppressed and erased addresses would not be recognised, and all would be mailed again"
        )
    if other is not None:
        raise BadConfiguration(
            f"{data.keys}/link-{other} is missing or not the one that {data.database} was used with. "
            "Restore the keys from a backup. Without them, links in mails already sent do not work"
        )


def rotate_link_key(data: DataDir) -> KeyRing:
    """Add a link key that signs from now on; the old ones still verify."""
    number = load_keys(data).newest + 1
    if number > LARGEST_KEY_NUMBER:
        raise Refused(f"there can be at most {LARGEST_KEY_NUMBER} link keys")
    draft = data.keys / f".link-{number}.new"  # complete, or not there at all
    draft.unlink(missing_ok=True)
    _write_key(draft)
    draft.rename(data.keys / f"link-{number}")
    sync_directory(data.keys)
    keys = _read_keys(data)
    _record_keys(data, keys)
    return keys


def adopt_link_keys(data: DataDir, former: DataDir) -> list[int]:
    """Add the link keys that only `former` has; returns the numbers of other keys. Raises BadConfiguration."""
    here, there = _read_keys(data).link_keys, _read_keys(former).link_keys
    for number in there.keys() - here.keys():
        _write_key(data.keys / f"link-{number}", there[number])
    return sorted(number for number in there.keys() & here.keys() if there[number] != here[number])


def keep_head(data: DataDir, chain: str, head: Head) -> None:
    """Write the head of a chain, `consent` or `audit`, to a file beside the keys, outside the database."""
    replace_file(data.head_of(chain), f"{head}\n".encode("ascii"))


def load_head(data: DataDir, chain: str) -> Head:
    """What `keep_head` wrote last, or NO_ROWS; raises BadInput when it cannot be parsed."""
    try:
        text = data.head_of(chain).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return NO_ROWS
    return parse_head(text.strip())


def load_consent_head(data: DataDir) -> Head:
    """The head of the evidence of consent, as `load_head`."""
    return load_head(data, "consent")


def _make_keys(data: DataDir) -> None:
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = data.root / f".keys-{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    _write_key(draft / "link-1")
    _write_key(draft / "suppression")
    (draft / _UNUSED).touch(mode=0o600)
    sync_directory(draft)
    draft.rename(data.keys)
    sync_directory(data.root)


def _write_key(path: Path, key: bytes | None = None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write((key or secrets.token_bytes(KEY_BYTES)).hex() + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def _read_keys(data: DataDir) -> KeyRing:
    restore = f"restore {data.keys} from a backup: the links in mails already sent depend on it"
    if data.keys.is_dir() and not os.access(data.keys, os.R_OK | os.X_OK, effective_ids=True):
        raise BadConfiguration(f"{data.keys} cannot be read by the owner of the data. chown it to that user")
    if not data.keys.is_dir():
        raise BadConfiguration(f"{data.database} exists without its keys: {restore}")
    link_keys = {
        int(match[1]): _read_key(path, restore)
        for path in sorted(data.keys.glob("link-*"))
        if (match := _LINK_KEY.fullmatch(path.name)) is not None and int(match[1]) <= LARGEST_KEY_NUMBER
    }
    if not link_keys:
        raise BadConfiguration(f"{data.keys} has no link key: {restore}")
    return KeyRing(link_keys, _read_key(data.keys / "suppression", restore))


def _read_key(path: Path, restore: str) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except PermissionError:
        raise BadConfiguration(f"{path} cannot be read by the owner of the data. chown it to that user") from None
    except FileNotFoundError:
        raise BadConfiguration(f"{path} is missing: {restore}") from None
    except OSError as problem:
        raise BadConfiguration(
            f"{path} cannot be read ({(problem.strerror or 'an error').lower()}): {restore}"
        ) from None
    except ValueError:
        raise BadConfiguration(f"{path} does not hold a key of {KEY_BYTES} octets: {restore}") from None
    if len(key) != KEY_BYTES:
        raise BadConfiguration(f"{path} does not hold a key of {KEY_BYTES} octets: {restore}")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadConfiguration(f"{path} can be read by others. Run chmod 600 {path}")
    return key


def read_fingerprints(tx: Transaction) -> tuple[dict[int, bytes], Row | None]:
    """The fingerprints of the keys by number, and any reader: address_key and suppression_digest."""
    recorded = {row["number"]: row["fingerprint"] for row in tx.rows("keyring.fingerprints")}
    return recorded, tx.row("keyring.any_reader")


def _record_keys(data: DataDir, keys: KeyRing) -> None:
    rows = [{"number": number, "fingerprint": fingerprint} for number, fingerprint in key_fingerprints(keys).items()]
    version = f"schema {data.database.newest_version}"
    with closing(data.database.connect()) as connection:
        connection.write(lambda tx: _record_use(tx, rows, version))


def _record_use(tx: Transaction, rows: Sequence[Mapping[str, object]], version: str) -> None:
    tx.run_many("keyring.record", rows)
    # Not by the step itself, before which there may be no log. Whoever opens the data next does what a kill prevented.
    if audit.last_object(tx, "migrate") != version:
        user = process_user()
        actor = Actor(who=user.name, uid=user.uid, claimed=claimed_user(os.environ), way="start")
        audit.append(tx, Entry(at=int(utc_now()), actor=actor, action="migrate", object=version))


def key_fingerprints(keys: KeyRing) -> dict[int, bytes]:
    """What tells the keys of a ring from others, by number; 0 is the suppression key."""
    return {number: fingerprint(key) for number, key in {**keys.link_keys, SUPPRESSIONS: keys.suppression_key}.items()}


def fingerprint(key: bytes) -> bytes:
    """What tells a key from others."""
    return hashlib.sha256(key).digest()[:8]
