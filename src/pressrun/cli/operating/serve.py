"""`serve`: the daemon, in the foreground."""

from __future__ import annotations

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.owner import become_owner, make_socket_folder
from pressrun.cli.shared.verb import verb
from pressrun.daemon import serve as daemon
from pressrun.runtime.event_loop import run_loop


@verb("serve", has_json=False)
def serve(invocation: Invocation) -> None:
    settings = invocation.settings
    if settings.control.group:
        make_socket_folder(settings.control.socket.parent, settings.data_dir)
    become_owner(settings.data_dir)
    run_loop(daemon.serve(settings))
