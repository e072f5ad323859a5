"""What shells need to complete verbs, options, lists and editions: click's own scripts, one for each shell."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

# Under the names by which the shells find them.
_SHELLS: dict[str, type[ShellComplete]] = {
    "pressrun": BashComplete,
    "_pressrun": ZshComplete,
    "pressrun.fish": FishComplete,
}


def scripts(root: click.Command) -> dict[str, str]:
    """The three scripts by the name of their file."""
    return {name: _script(shell(root, {}, "pressrun", "_PRESSRUN_COMPLETE")) for name, shell in _SHELLS.items()}


def _script(shell: ShellComplete) -> str:
    # Not `source()`, which for bash starts one to see how old it is.
    return (shell.source_template % shell.source_vars()).strip() + "\n"
