"""`backup verify`: whether an installation could live on from a backup."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import ProgressLine, echo, print_fields, print_json
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.verb import verb
from pressrun.core.errors import BadConfiguration, BadInput
from pressrun.operations.backup.encodings import open_backup
from pressrun.operations.backup.rehearsal import Rehearsal, rehearse, require_same_installation
from pressrun.operations.backup.write_backup import large_temporary_files, scratch_folder

SHOWN_ROWS = ("list", "subscriber", "subscription", "suppression", "edition", "delivery", "consent")

identity_option = click.option(
    "--identity", type=click.Path(path_type=Path), help="File with the private key, if the backup is encrypted."
)


@verb("backup verify")
@click.argument("file", type=click.Path(path_type=Path))
@identity_option
def verify(invocation: Invocation, *, file: Path, identity: Path | None) -> None:
    """The backup is unpacked into a temporary folder (in TMPDIR, or /var/tmp). This works on any machine. If the
    machine has an installation with data, the backup must be of that installation.
    """
    with (
        ProgressLine() as progress,
        open_backup(file, identity) as backup,
        scratch_folder(large_temporary_files(os.environ)) as folder,
    ):
        rehearsal = rehearse(backup, folder, progress)
        _require_ours(invocation, rehearsal)
        require_sound_evidence(file, rehearsal)
    if invocation.as_json:
        print_json({"ok": True, "file": str(file), **summary(rehearsal), "rows": rehearsal.manifest.rows})
    else:
        print_fields(summary(rehearsal))
        echo("Backup OK")


def require_sound_evidence(file: Path, rehearsal: Rehearsal) -> None:
    """Raise BadInput where the evidence of consent was tampered with, before or after the backup."""
    audit = rehearsal.audit
    if audit.problems:
        raise BadInput(
            f"{file}: the evidence of consent in it was tampered with ({audit.problem_count} problems): "
            + "; ".join(audit.problems[:3])
        )


def summary(rehearsal: Rehearsal) -> dict[str, object]:
    """What people want to know of a backup."""
    manifest = rehearsal.manifest
    return {
        "created_at": manifest.created_at,
        "installation": manifest.installation,
        "program": manifest.program,
        "schema": manifest.schema,
        "engine": manifest.engine,
        "consent_head": manifest.consent_head,
        **{f"{name}_rows": manifest.rows[name] for name in SHOWN_ROWS if name in manifest.rows},
    }


def _require_ours(invocation: Invocation, rehearsal: Rehearsal) -> None:
    with suppress(BadConfiguration):  # there is no installation here
        data = invocation.data
        with acting_as_owner(data.root):
            require_same_installation(rehearsal.manifest, data)
