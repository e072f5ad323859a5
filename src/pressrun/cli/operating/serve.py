"""`serve`: the daemon, in the foreground."""

from __future__ import annotations

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.options import verb
from pressrun.cli.shared.owner import become_owner
from pressrun.daemon.serve import run


@verb("serve", has_json=False)
def serve(invocation: Invocation) -> None:
    settings = invocation.settings
    become_owner(settings.data_dir)
    run(settings)
