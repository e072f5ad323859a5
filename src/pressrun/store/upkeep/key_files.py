"""The keys of a database, and the heads of its chains: files beside it that it cannot do without.

Links in mails already sent depend on the keys, so a database without its keys is an error, never a reason to create new
ones.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from msgspec.structs import asdict

from pressrun.core.errors import BadConfiguration, BadInput, Refused, Unavailable, reason_of
from pressrun.core.signing.chain import NO_ROWS, Head, parse_head
from pressrun.core.signing.keys import KEY_BYTES, LARGEST_KEY_NUMBER, KeyRing
from pressrun.core.signing.tokens import suppression_digest
from pressrun.runtime.clock import utc_now
from pressrun.store.disk_faults import SEE_CHECK
from pressrun.store.files import make_directory, replace_file, sync_directory
from pressrun.store.location import require_known
from pressrun.store.people import audit
from pressrun.store.people.audit import Entry
from pressrun.store.transaction import Row, Transaction
from pressrun.store.upkeep import keyring
from pressrun.store.upkeep.chain_heads import Heads
from pressrun.store.upkeep.datadir import DataDir

_LINK_KEY = re.compile(r"link-([1-9][0-9]{0,2})", re.ASCII)
SUPPRESSIONS = 0  # the number of the suppression key in the table keyring
_DRAFT = ".keys.new"
UNUSED = "unused"  # an empty file beside new keys, until a database exists


def load_keys(data: DataDir) -> KeyRing:
    """The keys of an existing database; raises BadConfiguration when one of them is missing, and as `check_version`."""
    with closing(data.database.connect(readonly=True)) as connection:
        version = require_known(data.database, data.database.version_in(connection.tables()))
        return connection.read(lambda tx: keys_of(data, tx, version))


def keys_of(data: DataDir, tx: Transaction, version: int = keyring.SINCE_VERSION) -> KeyRing:
    """The same for a caller who already reads a database of that version."""
    keys = read_keys(data)
    require_keys(data, keys, tx)
    if version >= keyring.SINCE_VERSION:
        for number, at in keyring.retirements(tx).items():
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
            "Restore the keys from a backup. Without them, links in emails already sent do not work"
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
    keys = read_keys(data)
    record_keys(data, keys)
    return keys


def adopt_link_keys(data: DataDir, former: DataDir) -> list[int]:
    """Add the link keys that only `former` has; returns the numbers of other keys. Raises BadConfiguration."""
    here, there = read_keys(data).link_keys, read_keys(former).link_keys
    for number in there.keys() - here.keys():
        _write_key(data.keys / f"link-{number}", there[number])
    return sorted(number for number in there.keys() & here.keys() if there[number] != here[number])


def make_keys(data: DataDir) -> None:
    """Make new keys, all or none; the caller has the lock of the data."""
    make_directory(data.root)
    drop_unfinished_keys(data)
    draft = data.root / _DRAFT
    draft.mkdir(mode=0o700)
    _write_key(draft / "link-1")
    _write_key(draft / "suppression")
    (draft / UNUSED).touch(mode=0o600)
    sync_directory(draft)
    draft.rename(data.keys)
    sync_directory(data.root)


def drop_unfinished_keys(data: DataDir) -> None:
    """Remove the keys that a killed start was making; nothing was signed with them. The lock of the data is held."""
    draft = data.root / _DRAFT
    if draft.is_dir():
        for path in draft.iterdir():
            path.unlink()
        draft.rmdir()


def record_keys(data: DataDir, keys: KeyRing) -> None:
    rows = [{"number": number, "fingerprint": fingerprint} for number, fingerprint in key_fingerprints(keys).items()]
    version = f"schema {data.database.newest_version}"
    with closing(data.database.connect()) as connection:
        connection.write(lambda tx: _record_use(tx, rows, version))


def read_keys(data: DataDir) -> KeyRing:
    restore = f"restore {data.keys} from a backup: the links in emails already sent depend on it"
    if data.keys.is_dir() and not os.access(data.keys, os.R_OK | os.X_OK, effective_ids=True):
        raise BadConfiguration(f"{data.keys} cannot be read by the owner of the data. {SEE_CHECK}")
    if not data.keys.is_dir():
        raise BadConfiguration(f"{data.keys} is missing, so {data.database} exists without its keys: {restore}")
    link_keys = {
        int(match[1]): _read_key(path, restore)
        for path in sorted(data.keys.glob("link-*"))
        if (match := _LINK_KEY.fullmatch(path.name)) is not None and int(match[1]) <= LARGEST_KEY_NUMBER
    }
    if not link_keys:
        raise BadConfiguration(f"{data.keys}/link-1 is missing, and no link key is beside it: {restore}")
    return KeyRing(link_keys, _read_key(data.keys / "suppression", restore))


def _write_key(path: Path, key: bytes | None = None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write((key or secrets.token_bytes(KEY_BYTES)).hex() + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def _read_key(path: Path, restore: str) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except PermissionError:
        raise BadConfiguration(f"{path} cannot be read by the owner of the data. {SEE_CHECK}") from None
    except FileNotFoundError:
        raise BadConfiguration(f"{path} is missing: {restore}") from None
    except OSError as problem:
        raise BadConfiguration(f"{path} cannot be read ({reason_of(problem)}): {restore}") from None
    except ValueError:
        raise BadConfiguration(f"{path} does not hold a key of {KEY_BYTES} octets: {restore}") from None
    if len(key) != KEY_BYTES:
        raise BadConfiguration(f"{path} does not hold a key of {KEY_BYTES} octets: {restore}")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadConfiguration(f"{path} can be read by others. Run chmod 600 {path}")
    return key


def _record_use(tx: Transaction, rows: Sequence[Mapping[str, object]], version: str) -> None:
    tx.run_many("keyring.record", rows)
    # Not by the step itself, before which there may be no log. The next process to open the data does what a kill
    # prevented.
    if audit.last_object(tx, "migrate") != version:
        actor = audit.process_actor("start")
        audit.append(tx, Entry(at=int(utc_now()), actor=actor, action="migrate", object=version))


def read_fingerprints(tx: Transaction) -> tuple[dict[int, bytes], Row | None]:
    """The fingerprints of the keys by number, and any reader: address_key and suppression_digest."""
    recorded = {row["number"]: row["fingerprint"] for row in tx.rows("keyring.fingerprints")}
    return recorded, tx.row("keyring.any_reader")


def key_fingerprints(keys: KeyRing) -> dict[int, bytes]:
    """What tells the keys of a ring from others, by number; 0 is the suppression key."""
    return {number: fingerprint(key) for number, key in {**keys.link_keys, SUPPRESSIONS: keys.suppression_key}.items()}


def fingerprint(key: bytes) -> bytes:
    """What tells a key from others."""
    return hashlib.sha256(key).digest()[:8]


def find_installation(data: DataDir) -> bytes | None:
    """The fingerprint of the suppression key that the data in this place belong to; None if there are none.

    It tells one installation from another, as that key is made once and never rotated.
    """
    with suppress(BadConfiguration, Unavailable, data.database.dialect.errors):
        if data.database.exists():
            with closing(data.database.connect(readonly=True)) as connection:
                recorded, _ = connection.read(read_fingerprints)
            if SUPPRESSIONS in recorded:
                return recorded[SUPPRESSIONS]
    with suppress(OSError, ValueError):
        return fingerprint(bytes.fromhex((data.keys / "suppression").read_text(encoding="ascii").strip()))
    return None


def keep_head(data: DataDir, chain: str, head: Head) -> None:
    """Write the head of a chain, `consent` or `audit`, to a file beside the keys, outside the database.

    A chain without rows has no such file.
    """
    if head == NO_ROWS:
        data.head_of(chain).unlink(missing_ok=True)
    else:
        replace_file(data.head_of(chain), f"{head}\n".encode("ascii"))


def keep_heads(data: DataDir, heads: Heads) -> None:
    """The same for both chains."""
    for chain, head in asdict(heads).items():
        keep_head(data, chain, head)


def load_head(data: DataDir, chain: str) -> Head:
    """What `keep_head` wrote last, or NO_ROWS; raises BadInput when it cannot be parsed."""
    try:
        text = data.head_of(chain).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return NO_ROWS
    return parse_head(text.strip())


def load_heads(data: DataDir) -> Heads:
    """The heads of both chains; NO_ROWS also where one cannot be read. Whoever verifies the chain hears of that."""
    return Heads(_try_to_load(data, "consent"), _try_to_load(data, "audit"))


def _try_to_load(data: DataDir, chain: str) -> Head:
    try:
        return load_head(data, chain)
    except (BadInput, OSError):
        return NO_ROWS


def load_consent_head(data: DataDir) -> Head:
    """The head of the evidence of consent, as `load_head`."""
    return load_head(data, "consent")
