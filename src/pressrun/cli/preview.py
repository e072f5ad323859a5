"""`preview`: an edition as a subscriber would get it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from msgspec.structs import replace

from pressrun.cli.files import write_new
from pressrun.cli.invocation import Invocation
from pressrun.cli.options import list_argument, verb
from pressrun.cli.output import echo, print_info, print_json
from pressrun.cli.read_only import reading
from pressrun.cli.send import format_option, read_manuscript
from pressrun.core.address import parse_address
from pressrun.core.current import Holder
from pressrun.core.errors import BadInput
from pressrun.daemon.sender_check import build_sender_check
from pressrun.message.finding import errors_of, in_order
from pressrun.runtime.clock import utc_now
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions.edition_build import Manuscript, load_build_context
from pressrun.services.editions.edition_preview import Preview, preview_edition
from pressrun.services.editions.welcome_edition import require_welcome
from pressrun.store.datadir import load_keys
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
    as_json: bool,
) -> int:
    """Without FILE, show the list's welcome email.

    Exits with 65 if a finding would stop the send.
    """
    manuscript = None if file is None else read_manuscript(file, file_format)
    shown = _preview(invocation, list_name, manuscript, subscriber, is_welcome=is_welcome)
    if out is not None:
        files = {"message.eml": shown.message, "message.txt": shown.parts.text.encode()}
        if shown.parts.html is not None:
            files["message.html"] = shown.parts.html.encode()
        files["index.html"] = render_preview(shown).encode()
        for path in write_new(out, files):
            print_info(f"wrote {path}")
    if as_json:
        findings = [finding.plain() for finding in shown.findings]
        print_json({"findings": findings, "subject": shown.subject, "text": shown.parts.text, "html": shown.parts.html})
    else:
        for finding in shown.findings:
            print_info(f"{finding.severity.value}: {finding}")
        if out is None:
            echo(f"Subject: {shown.subject}\n\n{shown.parts.text}")
    return BadInput.exit_code if errors_of(shown.findings) else 0


def _preview(
    invocation: Invocation, list_name: str, manuscript: Manuscript | None, subscriber: str | None, *, is_welcome: bool
) -> Preview:
    address = None if subscriber is None else parse_address(subscriber)
    with reading(invocation) as tx:
        if manuscript is None or is_welcome:
            order = require_welcome(tx, list_name, manuscript)
            manuscript, context = order.manuscript, order.context
        else:
            context = load_build_context(tx, list_name, manuscript.parse())
        shown = preview_edition(
            tx,
            keys=load_keys(invocation.data),
            site=invocation.settings.site,
            layouts=OwnLayouts(invocation.data.layouts),
            context=context,
            manuscript=manuscript,
            as_address=address,
            now=int(utc_now()),
        )
    sender_check = build_sender_check(Holder(invocation.settings))
    sender_findings = asyncio.run(sender_check.check(context.list, manuscript.parse().keys.from_))
    return replace(shown, findings=in_order([*shown.findings, *sender_findings]))
