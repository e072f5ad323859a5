"""`doctor`: what the world sees of this installation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import click

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import ProgressLine, counted, echo, echo_drawing, painted, plain, print_json
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.config import Settings
from pressrun.core.errors import UsageError
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.setting import BadValue
from pressrun.core.setting_kinds import name_server
from pressrun.core.timestamps import rfc3339
from pressrun.doctor.installation import build_subject, build_world
from pressrun.doctor.subject import DoctorFinding, DoctorSeverity
from pressrun.doctor.table import count_findings, exit_code, run_checks
from pressrun.runtime.clock import utc_now

_COLOURS = {DoctorSeverity.PASS: "green", DoctorSeverity.WARN: "yellow", DoctorSeverity.FAIL: "red"}
_CHECK_WIDTH = 15
_INDENT = " " * (6 + _CHECK_WIDTH + 1)


@verb("doctor")
@list_argument(required=False)
@click.option(
    "--resolver",
    metavar="ADDRESS[:PORT]",
    help="Ask this DNS server [default: that of [dns] in the configuration, or the system's].",
)
def doctor(invocation: Invocation, *, list_name: str | None, resolver: str | None) -> int:
    """With LIST, only the From address and return path of this list are checked. It changes nothing and mails no
    reader. It sends one test bounce through each relay, to a bounce address of Pressrun's own.

    Exits with 0 if all is well, 1 with warnings, 2 with failures.
    """
    settings, server = invocation.settings, _parse_resolver(resolver)
    with ProgressLine() as progress, acting_as_owner(settings.data_dir):
        progress("checking; a test bounce may take a minute to come back")
        findings = asyncio.run(_examine(settings, server, list_name))
    if invocation.as_json:
        print_json(_document(findings))
    else:
        _print(findings)
    return exit_code(findings)


async def _examine(settings: Settings, server: TcpEndpoint | None, list_name: str | None) -> list[DoctorFinding]:
    world = build_world(settings, server)
    return await run_checks(await asyncio.to_thread(build_subject, settings, world, list_name))


def _parse_resolver(text: str | None) -> TcpEndpoint | None:
    try:
        return None if text is None else name_server().read(text)
    except BadValue as problem:
        raise UsageError(f"--resolver: found {text!r}, expected {problem.expected}") from None


def _document(findings: Sequence[DoctorFinding]) -> dict[str, Any]:
    counts = plain(count_findings(findings))
    return {"checked_at": rfc3339(int(utc_now())), "counts": counts, "findings": plain(findings)}


def _print(findings: Sequence[DoctorFinding]) -> None:
    for each in findings:
        echo_drawing(painted(each.severity.value.ljust(6), _COLOURS[each.severity]), nl=False)
        echo(f"{each.check.ljust(_CHECK_WIDTH)} {each.message}")
        if each.remedy:
            echo(f"{_INDENT}{each.remedy}")
    counts = count_findings(findings)
    words = [counted(counts[DoctorSeverity.WARN], "warning"), counted(counts[DoctorSeverity.FAIL], "failure")]
    echo(f"\n{counts[DoctorSeverity.PASS]} passed, {', '.join(words)}")
