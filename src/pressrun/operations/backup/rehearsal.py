"""Unpacks a backup into a folder and finds out whether an installation could live on from it.

Nothing in a backup is believed: the manifest limits names and sizes before anything is written, and every digest is
compared. What is unpacked looks like a data_dir.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, BadInput, Refused, Unavailable
from pressrun.core.signing.chain import Audit, Head, parse_head
from pressrun.core.signing.keys import KeyRing
from pressrun.operations.backup import manifest as manifests
from pressrun.operations.backup.encodings import OpenedBackup, decoded
from pressrun.operations.backup.manifest import Manifest, fingerprints, parse_manifest
from pressrun.operations.backup.newer_database import NewerDatabase, adopt_newer
from pressrun.operations.backup.tar_stream import TarMember, read_members
from pressrun.operations.row_copies import Progress
from pressrun.services import evidence
from pressrun.store.files import new_private_file
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.own_schema import find_strange
from pressrun.store.table_store import is_copied
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import find_installation, key_fingerprints, load_consent_head, load_keys

_SHOWN = 100  # characters of a name


class Rehearsal(Struct, frozen=True, kw_only=True):
    """A backup that could be used: its manifest, its data with the newest schema, and what its evidence says.

    `rows` are those of the database, by table, before its schema was brought up to date.
    """

    manifest: Manifest
    rows: Mapping[str, int]
    data: DataDir
    keys: KeyRing
    audit: Audit


def rehearse(backup: OpenedBackup, folder: Path, progress: Progress, newer: NewerDatabase | None = None) -> Rehearsal:
    """Unpack a backup into an empty folder, verify it, and bring its schema up to date.

    `newer` takes the place of its database. Raises BadInput for whatever is wrong with either, and Refused where there
    is no room for it.
    """
    progress("unpacking")
    with _about(backup.path, folder):
        manifest = unpack(backup, folder)
        data = DataDir(folder)
        progress("checking the database")
        _require_intact(data, manifest)
        keys = load_keys(data)
        if fingerprints(key_fingerprints(keys)) != manifest.keys:
            raise BadInput("its keys differ from those in its manifest")
        is_migrated = _migrate(data, keys, progress)
    rows = manifest.rows if newer is None else adopt_newer(newer, data, keys)
    with _about(backup.path if newer is None else newer.path, folder):
        _require_own_schema(data)
        progress("verifying the evidence of consent")
        audit = _verify_evidence(data, manifest, is_migrated)
        return Rehearsal(manifest=manifest, rows=rows, data=data, keys=keys, audit=audit)


@contextmanager
def _about(path: Path, folder: Path) -> Iterator[None]:
    """Errors of what was unpacked into the folder are about the backup, and name files as they are called in it."""
    try:
        yield
    except (BadConfiguration, Unavailable, BadInput) as problem:
        told = str(problem).replace(f"{folder}/", "")
        raise BadInput(f"{path} cannot be used: {told}") from problem


def unpack(backup: OpenedBackup, folder: Path) -> Manifest:
    """Write the files of a backup into an empty folder, each with the digest that the manifest names."""
    with decoded(backup) as archive:
        members = read_members(archive)
        manifest = _read_manifest(members)
        _require_room(manifest, folder)
        missing = {file.path: file for file in manifest.files}
        for member in members:
            file = missing.pop(member.name, None)
            if file is None or file.size != member.size:
                raise BadInput(f"it contains {member.name!a} with {member.size} octets, which is not in its manifest")
            if _write(member, folder / file.path) != file.sha256:
                raise BadInput(f"{file.path} in it was altered: its SHA-256 differs from that in the manifest")
        if missing:
            raise BadInput(f"{', '.join(missing)} is missing")
    return manifest


def _read_manifest(members: Iterator[TarMember]) -> Manifest:
    first = next(members, None)
    if first is None or first.name != manifests.NAME or first.size > manifests.LARGEST:
        raise BadInput("it is not a backup of Pressrun")
    return parse_manifest(b"".join(first.chunks))


def _require_room(manifest: Manifest, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if manifest.size > free:
        raise Refused(f"there is not enough disk space: it needs {manifest.size:,} octets, and {folder} has {free:,}")


def _write(member: TarMember, path: Path) -> str:
    """Write a member to a new file; returns its SHA-256."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    with new_private_file(path) as out:
        for chunk in member.chunks:
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _require_intact(data: DataDir, manifest: Manifest) -> None:
    """Raise BadInput unless the database is whole, of a schema that we know, and has as many rows as it should."""
    file = SqliteFile(data.root / manifests.DATABASE)
    version = file.version()
    if version > file.newest_version:
        raise BadInput(
            f"its database has schema {version}, but this version of Pressrun only knows up to {file.newest_version}. "
            f"Install Pressrun {manifest.program} or newer"
        )
    if version != manifest.schema:
        raise BadInput(f"its database has schema {version}, and its manifest says {manifest.schema}")
    damage = file.find_damage(is_thorough=True)
    if damage is not None:
        raise BadInput(f"its database is damaged ({damage.words})")
    with closing(file.connect(readonly=True)) as connection:
        rows = connection.tables().count_all()
    told = {name: number for name, number in manifest.rows.items() if is_copied(name)}
    if rows != told:
        other = sorted(name for name in {*rows, *told} if rows.get(name) != told.get(name))
        raise BadInput(f"the row counts of its database differ from those in its manifest: {', '.join(other)}")


def _migrate(data: DataDir, keys: KeyRing, progress: Progress) -> bool:
    """Bring an older schema up to date; False if it is."""
    if data.database.version() == data.database.newest_version:
        return False
    progress("migrating the schema")
    data.database.migrate(backups=data.backups, keys=keys)
    shutil.rmtree(data.backups)
    return True


def _require_own_schema(data: DataDir) -> None:
    """Raise BadInput for a database that would do more than what our statements say."""
    path = data.root / manifests.DATABASE
    with closing(SqliteFile(path).connect()) as connection:  # a backup may have been made while a move was running
        connection.with_tables(lambda tables: tables.untrack_changes())
    strange = find_strange(path)
    if strange is not None:
        raise BadInput(f"its database is not as Pressrun makes it: {strange[:_SHOWN]!a} is missing, changed or added")


def _verify_evidence(data: DataDir, manifest: Manifest, is_migrated: bool) -> Audit:
    witnesses: list[tuple[str, Head]] = []
    if manifest.consent_head is not None:
        witnesses.append(("in the manifest", parse_head(manifest.consent_head)))
    with suppress(BadInput):  # what was kept was damaged before
        witnesses.append(("in keys/consent-head", load_consent_head(data)))
    if is_migrated and manifest.consent_head is None:
        witnesses = []  # a step may have made the evidence anew
    with closing(data.database.connect(readonly=True)) as connection:
        return connection.read(lambda tx: evidence.verify(tx, witnesses))


def require_same_installation(manifest: Manifest, data: DataDir) -> None:
    """Raise BadInput where data_dir has the data of another installation."""
    here = find_installation(data)
    if here is not None and here.hex() != manifest.installation:
        raise BadInput(
            f"it is a backup of another installation ({manifest.installation}; {data.root} is {here.hex()}). "
            "Use another data_dir, or move the existing data away"
        )
