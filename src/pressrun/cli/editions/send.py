"""`send`: an edition's file on its way to the subscribers of a list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pressrun.acts.arguments import EditionFiles, EditionSend, EditionTest
from pressrun.cli.editions.editions import print_edition
from pressrun.cli.editions.wait import wait_for_edition
from pressrun.cli.shared.files import read_beside, read_edition, read_input
from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import (
    confirm,
    counted,
    print_answer,
    print_info,
    print_warning,
    require_terminal_or_agreement,
)
from pressrun.cli.shared.verb import WHEN_HELP, list_argument, verb, yes_option
from pressrun.cli.shared.when import parse_when
from pressrun.cli.shared.write_verbs import execute, executing, is_daemon_running
from pressrun.core.errors import NoInput, PressrunError
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.timestamps import rfc3339
from pressrun.message.finding import Severity, read_finding
from pressrun.runtime.clock import utc_now
from pressrun.services.editions.build_orders import Manuscript, gather_references, require_no_errors

_NEXT = {  # what to run next, by the state of the edition
    EditionState.SCHEDULED: "change its time with `pressrun edition move {0} --at WHEN`, or stop it with "
    "`pressrun edition cancel {0}`",
    EditionState.FINISHED: "see how it went with `pressrun edition report {0}`",
    EditionState.PAUSED: "see how it went with `pressrun edition report {0}`, then send the rest with "
    "`pressrun edition resume {0}`",
}

format_option = click.option(
    "--format",
    "file_format",
    type=click.Choice(["md", "html", "txt", "eml"]),
    default="md",
    help="Format of stdin when FILE is - [default: md].",
)


class Percentage(click.FloatRange):
    """A percentage, with or without the sign."""

    name = "percentage"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            percent = float(value.removesuffix("%")) if isinstance(value, str) else float(value)
        except ValueError:
            percent = math.nan
        if math.isnan(percent):
            self.fail(f"{value!r} is not a percentage. Write a number, as in 5 or 2.5%", param, ctx)
        return float(super().convert(percent, param, ctx))


@verb("send")
@list_argument()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--at", "when", metavar="WHEN", help=f"Send at this time: {WHEN_HELP}")
@click.option("--test", "tests", metavar="ADDRESS", multiple=True, help="Send only a test copy, to this address.")
@click.option(
    "--canary",
    metavar="PERCENT",
    type=Percentage(0, 100, min_open=True),
    help="Send to this share of the subscribers first, then pause.",
)
@click.option("--wait", is_flag=True, help="Wait until the edition is finished (0) or cancelled (1).")
@click.option("--again", is_flag=True, help="Send even if the same file was sent before.")
@format_option
@yes_option
def send(  # noqa: PLR0913 - one for each option
    invocation: Invocation,
    *,
    list_name: str,
    file: Path,
    when: str | None,
    tests: tuple[str, ...],
    canary: float | None,
    file_format: str,
    wait: bool,
    again: bool,
    is_agreed: bool,
) -> int:
    """FILE is Markdown (.md), HTML (.html), text (.txt) or a complete message (.eml), with its keys between ---
    lines at the top; - reads stdin. Images and attachments beside it are included.
    """
    if tests and (when is not None or wait or canary is not None):
        raise click.UsageError("--test sends only test copies. Omit --at, --wait and --canary")
    files = _edition_files(list_name, read_manuscript(file, file_format))
    if tests:
        _send_tests(invocation, files, tests)
        return 0
    require_terminal_or_agreement(is_agreed=is_agreed)
    at = None if when is None else parse_when(when, utc_now(), hint=". Omit it to send now")
    inspected = _inspect(invocation, EditionFiles(**files), needs_daemon=wait)
    if inspected["audience"] == 0:
        print_warning(f"{list_name} has no active subscribers, so nobody would get this edition")
    alike = inspected["alike"]
    if alike is not None and not again:
        print_warning(f"edition {alike} of {list_name} has the same subject. With this one, readers get both")
    confirm(sending_question(inspected["subject"], inspected["audience"], list_name, at), is_agreed=is_agreed)
    edition = EditionSend(**files, scheduled_at=at, again=again, canary_percent=canary)
    with executing(invocation, needs_daemon=wait) as call:
        edition_id: int = call("edition.send", edition)["id"]
    is_finished = True
    if wait:
        is_finished = wait_for_edition(invocation, edition_id)
    else:
        _warn_without_daemon(invocation, "the edition will go out")
    state = print_edition(invocation, edition_id)
    if not invocation.as_json:
        print_info(_NEXT.get(state, "see how it goes with `pressrun edition report {0}`").format(edition_id))
    return 0 if is_finished else PressrunError.exit_code


def _send_tests(invocation: Invocation, files: dict[str, Any], tests: tuple[str, ...]) -> None:
    _inspect(invocation, EditionFiles(**files))
    queued = execute(invocation, "edition.test", EditionTest(**files, addresses=tests))
    print_answer(queued, f"test copies queued for {', '.join(queued['test'])}", as_json=invocation.as_json)
    _warn_without_daemon(invocation, "the test copies will go out")


def _inspect(invocation: Invocation, files: EditionFiles, *, needs_daemon: bool = False) -> Mapping[str, Any]:
    """The subject and the audience, after a line for each warning of preflight; raises PreflightFailed."""
    with executing(invocation, needs_daemon=needs_daemon) as call:
        inspected: Mapping[str, Any] = call.unrecorded("edition.inspect", files)
    findings = tuple(map(read_finding, inspected["findings"]))
    for finding in findings:
        if finding.severity is Severity.WARNING:
            print_warning(str(finding))
    require_no_errors(findings)
    return inspected


def sending_question(subject: str, audience: int, list_name: str, at: int | None) -> str:
    """The question before an edition goes out to everybody."""
    moment = "now" if at is None else f"at {rfc3339(at)}"
    return f"Send “{subject}” to {counted(audience, 'reader')} of {list_name} {moment}?"


def _warn_without_daemon(invocation: Invocation, what: str) -> None:
    if not is_daemon_running(invocation):
        print_info(f"no daemon is running: {what} once you start `pressrun serve`")


def _edition_files(list_name: str, manuscript: Manuscript) -> dict[str, Any]:
    return {
        "list": list_name,
        "source": manuscript.source,
        "source_name": manuscript.source_name,
        "assets": dict(manuscript.assets),
    }


def read_manuscript(file: Path, file_format: str) -> Manuscript:
    """The edition with the files that it includes, read as the caller; raises NoInput, EditionError, BadInput.

    Stdin (`-`) is read as if it were a file of that format in the working directory.
    """
    if str(file) != "-":
        try:
            source, assets = read_edition(file, lambda source: gather_references(source, file.name))
        except NoInput as problem:
            raise NoInput(f"{problem}{'' if file.suffix else '. LIST comes before FILE'}") from None
        return Manuscript(source=source, source_name=file.name, assets=assets)
    source, file = read_input("-"), Path(f"stdin.{file_format}")
    assets = read_beside(file, gather_references(source, file.name))
    return Manuscript(source=source, source_name=file.name, assets=assets)
