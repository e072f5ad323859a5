"""Which installation data belong to: identified by the suppression key, which is made once and never rotated."""

from __future__ import annotations

from contextlib import closing, suppress

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import SUPPRESSIONS, fingerprint, read_fingerprints


def find_installation(data: DataDir) -> bytes | None:
    """The fingerprint of the suppression key that the data in this place belong to; None if there are none."""
    with suppress(BadConfiguration, Unavailable, data.database.dialect.errors):
        if data.database.exists():
            with closing(data.database.connect(readonly=True)) as connection:
                recorded, _ = connection.read(read_fingerprints)
            if SUPPRESSIONS in recorded:
                return recorded[SUPPRESSIONS]
    with suppress(OSError, ValueError):
        return fingerprint(bytes.fromhex((data.keys / "suppression").read_text(encoding="ascii").strip()))
    return None
