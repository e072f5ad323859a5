"""`send` and `preview`: an edition's file on its way to the readers, or to the editor's eyes alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation, yes_option
from pressrun.cli.output import ask, echo, note, print_json, require_agreement_or_terminal, warn

if TYPE_CHECKING:
    from pressrun.control.verbs import EditionTake
    from pressrun.services.editions.building import Manuscript
    from pressrun.services.editions.previewing import Preview


_format = click.option(
    "--format",
    "file_format",
    type=click.Choice(["md", "html", "txt", "eml"]),
    default="md",
    help="Format of stdin when FILE is - [default: md].",
)


@click.command()
@list_argument()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--at",
    "when",
    metavar="WHEN",
    help="Send at this time: RFC 3339, 'YYYY-MM-DD HH:MM' in this machine's time zone, or +10m.",
)
@click.option("--test", "tests", metavar="ADDRESS", multiple=True, help="Send only a test copy, to this address.")
@click.option(
    "--canary",
    metavar="PERCENT",
    type=click.FloatRange(0, 100, min_open=True),
    help="Send to this share of the subscribers first, then pause.",
)
@click.option("--wait", is_flag=True, help="Wait until the edition is finished (0) or cancelled (1).")
@click.option("--again", is_flag=True, help="Send even if the same file was sent before.")
@_format
@yes_option
@json_option
@pass_invocation
@click.pass_context
def send(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    invocation: Invocation,
    list_name: str,
    file: Path,
    when: str | None,
    tests: tuple[str, ...],
    canary: float | None,
    file_format: str,
    *,
    wait: bool,
    again: bool,
    is_agreed: bool,
    as_json: bool,
) -> None:
    """Send the edition in FILE to the subscribers of LIST.

    FILE is Markdown (.md), HTML (.html), text (.txt) or a complete message (.eml), with its keys between ---
    lines at the top; - reads stdin. Images and attachments beside it are included.
    """
    from pressrun.cli.when import parse_when  # noqa: PLC0415

    if tests:
        _refuse_with_test(when=when, wait=wait, canary=canary)
        _send_tests(invocation, list_name, _read(file, file_format), tests, as_json=as_json)
        return
    manuscript = _read(file, file_format)
    require_agreement_or_terminal(is_agreed=is_agreed)
    at = None if when is None else parse_when(when, time.time(), instead=". Omit it to send now")
    found = _inspect(invocation, list_name, manuscript, needs_daemon=wait)
    if found["audience"] == 0:
        warn(f"{list_name} has no active subscribers, so this edition would go to nobody")
    if not is_agreed:
        _ask(found, list_name, at)
    from pressrun.control.verbs import EditionTake  # noqa: PLC0415

    edition_id = _take(
        invocation,
        EditionTake(
            list=list_name,
            source=manuscript.source,
            source_name=manuscript.source_name,
            assets=dict(manuscript.assets),
            scheduled_at=at,
            again=again,
            canary_percent=canary,
        ),
        wait=wait,
    )
    _finish(ctx, invocation, edition_id, wait=wait, as_json=as_json)


def _refuse_with_test(*, when: str | None, wait: bool, canary: float | None) -> None:
    if when is not None or wait or canary is not None:
        raise click.UsageError("--test sends only test copies. Omit --at, --wait and --canary")


def _inspect(
    invocation: Invocation, list_name: str, manuscript: Manuscript, *, needs_daemon: bool = False
) -> Mapping[str, Any]:
    """Tell what preflight warns of; raises PreflightFailed with every error at once."""
    from pressrun.cli.acting import acting  # noqa: PLC0415
    from pressrun.control.verbs import EditionFiles  # noqa: PLC0415
    from pressrun.message.finding import Severity, read_finding  # noqa: PLC0415
    from pressrun.services.editions.building import require_no_errors  # noqa: PLC0415

    arguments = EditionFiles(
        list=list_name,
        source=manuscript.source,
        source_name=manuscript.source_name,
        assets=dict(manuscript.assets),
    )
    with acting(invocation, needs_daemon=needs_daemon) as carry_out:
        found: Mapping[str, Any] = carry_out("edition.inspect", arguments)
    findings = tuple(map(read_finding, found["findings"]))
    for finding in findings:
        if finding.severity is Severity.WARNING:
            warn(str(finding))
    require_no_errors(findings)
    return found


def _take(invocation: Invocation, arguments: EditionTake, *, wait: bool) -> int:
    from pressrun.cli.acting import acting  # noqa: PLC0415

    with acting(invocation, needs_daemon=wait) as carry_out:
        found = carry_out("edition.take", arguments)
    if not wait:
        _tell_without_daemon(invocation, "the edition will go out")
    edition_id = found["id"]
    assert isinstance(edition_id, int)
    return edition_id


def _tell_without_daemon(invocation: Invocation, what: str) -> None:
    """Say so where nobody is there to send what was queued."""
    from pressrun.cli.acting import is_daemon_running  # noqa: PLC0415
    from pressrun.cli.owner import acting_as_owner  # noqa: PLC0415

    with acting_as_owner(invocation.settings.data_dir):
        is_running = is_daemon_running(invocation)
    if not is_running:
        note(f"no daemon is running: {what} once you start `pressrun serve`")


def _finish(ctx: click.Context, invocation: Invocation, edition_id: int, *, wait: bool, as_json: bool) -> None:
    from pressrun.cli.editions import print_edition  # noqa: PLC0415

    is_good = True
    if wait:
        from pressrun.cli.waiting import wait_for_edition  # noqa: PLC0415

        is_good = wait_for_edition(invocation, edition_id)
    print_edition(invocation, edition_id, as_json=as_json)
    if not as_json:
        note(f"see how it went with `pressrun edition report {edition_id}`")
    if not is_good:
        ctx.exit(1)


def _ask(found: Mapping[str, Any], list_name: str, at: int | None) -> None:
    """Name list, subject and audience, and let the person decide."""
    from pressrun.core.timestamps import rfc3339  # noqa: PLC0415

    readers = "1 reader" if found["audience"] == 1 else f"{found['audience']:,} readers"
    moment = "now" if at is None else f"at {rfc3339(at)}"
    ask(f"Send “{found['subject']}” to {readers} of {list_name} {moment}?", is_agreed=False)


def _send_tests(
    invocation: Invocation, list_name: str, files: Manuscript, tests: tuple[str, ...], *, as_json: bool
) -> None:
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import EditionTest  # noqa: PLC0415

    _inspect(invocation, list_name, files)
    found = perform(
        invocation,
        "edition.test",
        EditionTest(
            list=list_name,
            source=files.source,
            source_name=files.source_name,
            assets=dict(files.assets),
            addresses=tests,
        ),
    )
    if as_json:
        print_json(found)
    else:
        echo(f"test copies queued for {', '.join(found['test'])}")
    _tell_without_daemon(invocation, "the test copies will go out")


@click.command()
@list_argument()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--welcome", "is_welcome", is_flag=True, help="Show FILE as the list's welcome email.")
@click.option(
    "--as", "as_", metavar="ADDRESS", help="Render for this subscriber [default: merge fields at their defaults]."
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write message.eml, .txt, .html and a preview page to this folder.",
)
@_format
@json_option
@pass_invocation
def preview(
    invocation: Invocation,
    list_name: str,
    file: Path | None,
    as_: str | None,
    out: Path | None,
    file_format: str,
    *,
    is_welcome: bool,
    as_json: bool,
) -> None:
    """Show an edition as a subscriber would get it, with preflight findings. Sends nothing.

    Without FILE, show the list's welcome email.

    Exits with 65 if a finding would stop the send.
    """
    from pressrun.cli.files import write_new  # noqa: PLC0415
    from pressrun.core.errors import BadInput  # noqa: PLC0415
    from pressrun.message.finding import errors_of  # noqa: PLC0415

    manuscript = None if file is None else _read(file, file_format)
    found = _preview(invocation, list_name, manuscript, as_, is_welcome=is_welcome)
    if out is not None:
        from pressrun.web.editors.preview import render_preview  # noqa: PLC0415

        files = {"message.eml": found.message, "message.txt": found.parts.text.encode()}
        if found.parts.html is not None:
            files["message.html"] = found.parts.html.encode()
        files["index.html"] = render_preview(found).encode()
        for path in write_new(out, files):
            note(f"wrote {path}")
    if as_json:
        findings = [finding.plain() for finding in found.findings]
        print_json({"findings": findings, "subject": found.subject, "text": found.parts.text, "html": found.parts.html})
    else:
        for finding in found.findings:
            note(f"{finding.severity.value}: {finding}")
        if out is None:
            echo(f"Subject: {found.subject}\n\n{found.parts.text}")
    if errors_of(found.findings):
        click.get_current_context().exit(BadInput.exit_code)


def _preview(
    invocation: Invocation, list_name: str, files: Manuscript | None, as_address: str | None, *, is_welcome: bool
) -> Preview:
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.core.address import parse_address  # noqa: PLC0415
    from pressrun.daemon.vetting import build_vetting  # noqa: PLC0415
    from pressrun.message.finding import in_order  # noqa: PLC0415
    from pressrun.sandbox.layouts import OwnLayouts  # noqa: PLC0415
    from pressrun.services.editions.building import lay_out  # noqa: PLC0415
    from pressrun.services.editions.previewing import preview_edition  # noqa: PLC0415
    from pressrun.services.editions.welcoming import require_welcome  # noqa: PLC0415
    from pressrun.store.datadir import load_keys  # noqa: PLC0415

    reader = None if as_address is None else parse_address(as_address)
    with looking(invocation) as tx:
        if files is None or is_welcome:
            order = require_welcome(tx, list_name, files)
            files, desk = order.manuscript, order.desk
        else:
            desk = lay_out(tx, list_name, files.parse())
        found = preview_edition(
            tx,
            keys=load_keys(invocation.data),
            site=invocation.settings.site,
            layouts=OwnLayouts(invocation.data.layouts),
            desk=desk,
            manuscript=files,
            as_address=reader,
            now=int(time.time()),
        )
    vetted = asyncio.run(build_vetting(invocation.settings).check(desk.list, files.parse().keys.from_))
    return replace(found, findings=in_order([*found.findings, *vetted]))


def _read(file: Path, file_format: str) -> Manuscript:
    """The edition and what it takes along, read as whoever called; raises NoInput, EditionError, BadInput.

    From stdin (`-`) it is read as if it were a file of that format in the working directory.
    """
    from pressrun.cli.files import read_beside, read_edition, read_input  # noqa: PLC0415
    from pressrun.services.editions.editing import Manuscript, gather_references  # noqa: PLC0415

    if str(file) != "-":
        source, assets = read_edition(file, lambda source: gather_references(source, file.name))
        return Manuscript(source=source, source_name=file.name, assets=assets)
    source, file = read_input("-"), Path(f"stdin.{file_format}")
    return Manuscript(
        source=source,
        source_name=file.name,
        assets=read_beside(file, gather_references(source, file.name)),
    )
