"""`preview`: an edition as a subscriber would get it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from msgspec.structs import replace

from pressrun.cli.editions.send import format_option, read_manuscript
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.new_files import PRIVATE, PUBLIC, write_new
from pressrun.cli.shared.output import echo, print_info, print_json
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Holder
from pressrun.core.errors import BadInput
from pressrun.daemon.wiring.sender_check import build_sender_check
from pressrun.message.editions.read_back import show_message
from pressrun.message.finding import errors_of, in_order
from pressrun.runtime.clock import utc_now
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions.build_orders import Manuscript, load_build_context
from pressrun.services.editions.edition_preview import Preview, SampleCopy, copy_of_edition
from pressrun.services.editions.edition_storage import Samples
from pressrun.services.editions.welcome_edition import require_welcome
from pressrun.store.upkeep.key_files import keys_of
from pressrun.web.editors.preview import render_preview


@verb("preview")
@list_argument()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--welcome", "is_welcome", is_flag=True, help="Show FILE as the list's welcome email.")
@click.option(
    "--as",
    "subscriber",
    metavar="ADDRESS",
    help="Render for this subscriber [default: merge fields at their defaults].",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write message.eml, .txt, .html and a preview page to this folder.",
)
@format_option
def preview(
    invocation: Invocation,
    *,
    list_name: str,
    file: Path | None,
    subscriber: str | None,
    out: Path | None,
    file_format: str,
    is_welcome: bool,
) -> int:
    """Without FILE, show the list's welcome email.

    Exits with 65 if a finding would stop the send.
    """
    manuscript = None if file is None else read_manuscript(file, file_format)
    copy = _copy(invocation, list_name, manuscript, subscriber, is_welcome=is_welcome)
    shown = show_message(copy.message)
    if out is not None:
        files = {"message.eml": copy.message, "message.txt": shown.text.encode()}
        if shown.html is not None:
            files["message.html"] = shown.html.encode()
        files["index.html"] = render_preview(Preview(copy=copy, shown=shown)).encode()
        for path in write_new(out, files, PUBLIC if subscriber is None else PRIVATE):
            print_info(f"wrote {path}")
    if invocation.as_json:
        findings = [finding.plain() for finding in copy.findings]
        print_json({"findings": findings, "subject": copy.subject, "text": shown.text, "html": shown.html})
    else:
        for finding in copy.findings:
            print_info(f"{finding.severity.value}: {finding}")
        if out is None:
            echo(f"Subject: {copy.subject}\n\n{shown.text}")
    return BadInput.exit_code if errors_of(copy.findings) else 0


def _copy(
    invocation: Invocation, list_name: str, manuscript: Manuscript | None, subscriber: str | None, *, is_welcome: bool
) -> SampleCopy:
    address = None if subscriber is None else parse_address(subscriber)
    with reading(invocation) as tx:
        if manuscript is None or is_welcome:
            order = require_welcome(tx, list_name, manuscript)
            manuscript, context = order.manuscript, order.context
        else:
            context = load_build_context(tx, list_name, manuscript.parse())
        samples = Samples(keys=keys_of(invocation.data, tx), site=invocation.settings.site, now=int(utc_now()))
        layouts = OwnLayouts(invocation.data.layouts)
        copy = copy_of_edition(tx, samples, manuscript, context, layouts, address)
    sender_check = build_sender_check(Holder(invocation.settings))
    sender_findings = asyncio.run(sender_check.check(context.list, manuscript.parse().keys.from_))
    return replace(copy, findings=in_order([*copy.findings, *sender_findings]))
