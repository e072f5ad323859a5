"""`reload`: the running daemon rereads its configuration, and says what it thinks of it."""

from __future__ import annotations

import os
import signal

import click

from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import echo, print_json, warn
from pressrun.cli.owner import acting_as_owner
from pressrun.control.client import ControlClient
from pressrun.core.errors import TryAgain
from pressrun.store.datadir import DataDir


@click.command()
@json_option
@pass_invocation
def reload(invocation: Invocation, *, as_json: bool) -> None:
    """Make the running daemon apply a changed configuration, or reject all of it and list every error (78)."""
    data_dir = invocation.data_dir
    client = None
    if data_dir is not None:
        with acting_as_owner(data_dir):
            client = ControlClient.connect(DataDir(data_dir).control_socket)
    if client is None:
        _signal_main_process()
        data_dir = invocation.settings.data_dir  # or raises with all that is wrong with the file
        raise TryAgain(f"no daemon is using {data_dir}. Start it, or restart it if data_dir has changed")
    try:
        needs_restart = client.ask("reload", {}, lambda _: None)["needs_restart"]
    finally:
        client.close()
    if as_json:
        print_json({"needs_restart": needs_restart})
        return
    for key in needs_restart:
        warn(f"{key} has changed. Restart the daemon to apply it")
    echo("configuration reloaded")


def _signal_main_process() -> None:
    """In ExecReload=, of a daemon that the file does not lead to: it shall see for itself, and show, that it is bad."""
    main_process = os.environ.get("MAINPID", "")
    if main_process.isdecimal():
        os.kill(int(main_process), signal.SIGHUP)
