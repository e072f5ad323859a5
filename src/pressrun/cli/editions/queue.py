"""`queue`: the email that waits to go out."""

from __future__ import annotations

import click

from pressrun.acts.arguments import QueueRetry
from pressrun.cli.shared.invocation import Invocation, reading_if_any
from pressrun.cli.shared.output import plain, print_answer, print_rows
from pressrun.cli.shared.verb import verb
from pressrun.cli.shared.write_verbs import execute
from pressrun.control.client import call_if_running
from pressrun.runtime.clock import utc_now
from pressrun.services.reports import queue_listing

_COLUMNS = ("domain", "queued", "claimed", "deferred", "next_attempt", "paused_until", "reason")


@verb("queue ls")
def list_queue(invocation: Invocation) -> None:
    with reading_if_any(invocation) as tx:
        rows = [] if tx is None else queue_listing.list_queue(tx, int(utc_now()))
        if any(row.reason is None for row in rows):
            relays = call_if_running(invocation.control_socket, "relay.statuses") or []
            rows = queue_listing.with_relays(rows, relays)
    print_rows(plain(rows), _COLUMNS, empty="the queue is empty", as_json=invocation.as_json)


@verb("queue retry")
@click.option("--domain", help="Only email to this domain.")
def retry(invocation: Invocation, *, domain: str | None) -> None:
    """The number counts email that was deferred, or whose destination was paused. Email that waits only for a failing
    relay is not counted: it goes out as soon as the relay works.
    """
    retried = execute(invocation, "queue.retry", QueueRetry(domain=domain))
    message = f"deferred or paused emails being retried now: {retried['retried']}"
    print_answer(retried, message, as_json=invocation.as_json)
