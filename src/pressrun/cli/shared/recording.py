"""The row of the audit log for what a verb does in this process: writing a key file, moving the database.

What is carried out by the daemon, or in its place, is recorded there (acts.door).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pressrun.acts.arguments import NOTE, AuditNote
from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import Declined, print_warning
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.write_verbs import execute_unrecorded
from pressrun.core.errors import BadConfiguration, NoInput, NotPermitted, PressrunError, TryAgain, UsageError

# Nothing was begun, or nothing can be written.
_UNHEARD = (UsageError, Declined, NoInput, NotPermitted, TryAgain, BadConfiguration)


@contextmanager
def recording(invocation: Invocation, path: str) -> Iterator[None]:
    """Record what the block does as the verb of that name, unless it was recorded where it was carried out."""
    action = path.replace(" ", ".")
    try:
        yield
    except PressrunError as problem:
        if not isinstance(problem, _UNHEARD) and not invocation.is_recorded:
            note(invocation, action, "refused", problem.exit_code)
        raise
    if not invocation.is_recorded:
        note(invocation, action, "done")


def note(
    invocation: Invocation, action: str, outcome: str, code: int | None = None, *, name: str | None = None
) -> bool:
    """Append a row if the data are of this version. False if none was written; that does not stop the command.

    Data of an older version stay as they are, because `backup` comes before `migrate`.
    """
    try:
        if invocation.group_socket is not None or not _has_log(invocation):
            return False
        execute_unrecorded(invocation, NOTE, AuditNote(action=action, outcome=outcome, code=code, object=name))
    except (PressrunError, OSError) as problem:  # such as a data_dir that a unit lets nobody write to
        print_warning(f"this is not in the audit log: {problem}")
        return False
    return True


def _has_log(invocation: Invocation) -> bool:
    database = invocation.data.database
    with acting_as_owner(invocation.data.root):
        return database.exists() and database.version() == database.newest_version
