"""`queue`: what waits, and trying it again now."""

from __future__ import annotations

import time

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import echo, print_json, print_table


@click.group("queue", cls=VerbGroup)
def group() -> None:
    """Outgoing queue: ls, retry."""


@group.command("ls")
@json_option
@pass_invocation
def list_queue(invocation: Invocation, *, as_json: bool) -> None:
    """List waiting mail by recipient domain, with the reason."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.control.client import ask_if_running  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        found = [] if tx is None else reporting.list_queue(tx, int(time.time()))
        if any(row["reason"] is None for row in found):
            relays = ask_if_running(invocation.data.control_socket, "relay.statuses") or []
            found = reporting.with_relays(found, relays)
    if as_json:
        print_json(found)
    else:
        print_table(
            found,
            ("domain", "queued", "deferred", "next_attempt", "paused_until", "reason"),
            empty="the queue is empty",
        )


@group.command()
@click.option("--domain", help="Only mail to this domain.")
@json_option
@pass_invocation
def retry(invocation: Invocation, domain: str | None, *, as_json: bool) -> None:
    """Retry deferred mail now."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import QueueRetry  # noqa: PLC0415

    found = perform(invocation, "queue.retry", QueueRetry(domain=domain))
    if as_json:
        print_json(found)
    else:
        echo(f"mails being retried now: {found['retried']}")
