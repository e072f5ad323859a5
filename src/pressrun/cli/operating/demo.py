"""`demo`: the whole service with no configuration, and a mailbox page in place of the world."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import echo, print_json, print_table
from pressrun.cli.shared.verb import verb
from pressrun.daemon.demo import DemoOutcome, Guide, Places, run_demo


@verb("demo")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8480,
    show_default=True,
    help="Port of the web pages; 0 picks any free port.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the data in this folder [default: a temporary one].",
)
@click.option("--once", is_flag=True, help="Stop after the tour instead of serving.")
def demo(invocation: Invocation, *, port: int, directory: Path | None, once: bool) -> None:

    def ready(places: Places) -> None:
        if invocation.as_json:
            print_json({"url": places.url, "mailbox": places.mailbox, "smtp": places.smtp})
            return
        echo(f"The list's page  {places.list}")
        echo(f"The mailbox      {places.mailbox}")
        echo(f"Inbound mail     {places.smtp} for @{places.mail_domain}\n")

    def told(sentence: str) -> None:
        echo(f"  {sentence}", err=invocation.as_json)

    def done(lines: Sequence[DemoOutcome]) -> None:
        if invocation.as_json:
            return
        echo("\nDeliveries of the sample edition:\n")
        print_table(lines, ["address", "outcome", "reply"], empty="no deliveries")
        if not once:
            echo("\nNow sign up yourself and look at the mailbox. Press Ctrl-C to end the demo.")

    run_demo(port=port, directory=directory, guide=Guide(ready=ready, told=told, done=done, once=once))
