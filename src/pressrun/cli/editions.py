"""`edition`: what was sent, is being sent or will be, and the buttons to hold, resume, move, cancel and resend it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.ids import EDITION
from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation, yes_option
from pressrun.cli.output import ask, cell, echo, print_fields, print_json, print_table, require_agreement_or_terminal

_COLUMNS = ("id", "list", "state", "subject", "audience", "queued", "deferred", "delivered", "failed", "created_at")
_ALWAYS_SHOWN = ("id", "audience", "delivered")  # by `edition show`, also at 0; --json has every field


@click.group("edition", cls=VerbGroup)
def group() -> None:
    """Editions: ls, show, report, delivery, pause, resume, move, cancel, resend, link, unlink."""


@group.command("ls")
@list_argument(required=False)
@json_option
@pass_invocation
def list_editions(invocation: Invocation, list_name: str | None, *, as_json: bool) -> None:
    """List editions, newest first."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.core.errors import NotFound  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        if tx is None and list_name is not None:
            raise NotFound(f"no such list: {list_name!r} (see `pressrun list ls`)")
        found = [] if tx is None else reporting.list_editions(tx, list_name, int(time.time()))
    if as_json:
        print_json(found)
    else:
        print_table([with_subject(one) for one in found], _COLUMNS, empty="no editions yet")


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@json_option
@pass_invocation
def show(invocation: Invocation, edition_id: int, *, as_json: bool) -> None:
    """Show an edition and its copies by state."""
    print_edition(invocation, edition_id, as_json=as_json)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@click.option("--html", "page", metavar="FILE", help="Write an HTML page with charts instead. Never overwrites a file.")
@json_option
@pass_invocation
def report(invocation: Invocation, edition_id: int, page: str | None, *, as_json: bool) -> None:
    """Report on an edition: outcomes, domains, remote replies, unsubscribes and timing."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.cli.report import print_report  # noqa: PLC0415
    from pressrun.services.reports.edition_reports import report_edition  # noqa: PLC0415

    with looking(invocation) as tx:
        found = report_edition(tx, edition_id, int(time.time()))
    if page is not None:
        from pressrun.cli.files import new_file  # noqa: PLC0415
        from pressrun.web.editors.report import render_report  # noqa: PLC0415

        with new_file(Path(page)) as file:
            file.write(render_report(found).encode())
    if as_json:
        print_json(found.plain())
    elif page is None:
        print_report(found)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@click.argument("address")
@json_option
@pass_invocation
def delivery(invocation: Invocation, edition_id: int, address: str, *, as_json: bool) -> None:
    """Show whether a subscriber got an edition, when, and what the relay replied."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.core.address import parse_address  # noqa: PLC0415
    from pressrun.services.reports.tracing import trace_copy  # noqa: PLC0415

    wanted = parse_address(address)
    with looking(invocation) as tx:
        found = trace_copy(tx, edition_id, wanted, invocation.settings.site)
    if as_json:
        print_json(found)
    else:
        print_fields(found)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@json_option
@pass_invocation
def pause(invocation: Invocation, edition_id: int, *, as_json: bool) -> None:
    """Pause an edition. Copies already in flight still go out."""
    _press(invocation, "edition.pause", edition_id)
    print_edition(invocation, edition_id, as_json=as_json)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@json_option
@pass_invocation
def resume(invocation: Invocation, edition_id: int, *, as_json: bool) -> None:
    """Resume a paused edition."""
    _press(invocation, "edition.resume", edition_id)
    print_edition(invocation, edition_id, as_json=as_json)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@yes_option
@json_option
@pass_invocation
def cancel(invocation: Invocation, edition_id: int, *, is_agreed: bool, as_json: bool) -> None:
    """Cancel an edition for good. Copies not yet given to a relay are not sent."""
    if not is_agreed:
        _ask_to_cancel(invocation, edition_id)
    _press(invocation, "edition.cancel", edition_id)
    print_edition(invocation, edition_id, as_json=as_json)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@click.option(
    "--at",
    "when",
    metavar="WHEN",
    required=True,
    help="RFC 3339, 'YYYY-MM-DD HH:MM' in this machine's time zone, or +10m.",
)
@json_option
@pass_invocation
def move(invocation: Invocation, edition_id: int, when: str, *, as_json: bool) -> None:
    """Reschedule an edition. A paused edition stays paused."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.cli.when import parse_when  # noqa: PLC0415
    from pressrun.control.verbs import EditionMove  # noqa: PLC0415

    perform(invocation, "edition.move", EditionMove(id=edition_id, scheduled_at=parse_when(when, time.time())))
    print_edition(invocation, edition_id, as_json=as_json)


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@click.option("--failed", is_flag=True, required=True, help="Resend the failed copies.")
@json_option
@pass_invocation
def resend(invocation: Invocation, edition_id: int, *, failed: bool, as_json: bool) -> None:
    """Resend failed copies to subscribers who are still active and not suppressed."""
    if not failed:
        raise click.UsageError("say what to resend with --failed")
    found = _press(invocation, "edition.resend", edition_id)
    if as_json:
        print_json(found)
    else:
        waits = " once the edition is resumed" if found["state"] == "paused" and found["resent"] else ""
        why = " (no longer active, or suppressed)" if found["left_out"] else ""
        echo(f"copies to resend{waits}: {found['resent']}; left out: {found['left_out']}{why}")


@group.command()
@click.argument("edition_ids", metavar="ID…", type=EDITION, nargs=-1, required=True)
@json_option
@pass_invocation
def link(invocation: Invocation, edition_ids: tuple[int, ...], *, as_json: bool) -> None:
    """Link editions of a family as one issue, one in each language.

    Their pages then name each other, and subscribers who change the language get the issue once. The key `issue` in
    edition files does the same.
    """
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import EditionIds  # noqa: PLC0415

    issue = perform(invocation, "edition.link", EditionIds(ids=edition_ids))
    if as_json:
        print_json({"issue": issue, "editions": sorted(set(edition_ids))})
    else:
        echo(f"one issue, {issue}: editions {', '.join(str(number) for number in sorted(set(edition_ids)))}")


@group.command()
@click.argument("edition_id", metavar="ID", type=EDITION)
@json_option
@pass_invocation
def unlink(invocation: Invocation, edition_id: int, *, as_json: bool) -> None:
    """Take an edition out of its issue."""
    _press(invocation, "edition.unlink", edition_id)
    print_edition(invocation, edition_id, as_json=as_json)


def _ask_to_cancel(invocation: Invocation, edition_id: int) -> None:
    """Say how many readers would go without, and let the person decide."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.message.content.merge import at_defaults  # noqa: PLC0415
    from pressrun.services.editions.lifecycle import require_edition  # noqa: PLC0415
    from pressrun.store.deliveries import count_copies  # noqa: PLC0415

    require_agreement_or_terminal(is_agreed=False)
    with looking(invocation) as tx:
        edition, counts = require_edition(tx, edition_id), count_copies(tx, edition_id)
    waiting = counts["queued"] + counts["deferred"]
    readers = "1 reader has" if waiting == 1 else f"{waiting:,} readers have"
    ask(f"Cancel “{at_defaults(edition.subject)}” for good? {readers} not received it.", is_agreed=False)


def with_subject(found: Mapping[str, object]) -> dict[str, object]:
    """An edition as people read it: its subject with each field at its default; --json has it as it was written."""
    from pressrun.message.content.merge import at_defaults  # noqa: PLC0415

    return {**found, "subject": at_defaults(str(found["subject"]))}


def print_edition(invocation: Invocation, edition_id: int, *, as_json: bool) -> None:
    """One edition as `edition show` prints it."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking(invocation) as tx:
        found = reporting.show_edition(tx, edition_id, int(time.time()))
    if as_json:
        print_json(found)
    else:
        shown = with_subject(found)
        print_fields({name: cell(value) for name, value in shown.items() if value or name in _ALWAYS_SHOWN})


def _press(invocation: Invocation, verb: str, edition_id: int) -> Any:
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import EditionId  # noqa: PLC0415

    return perform(invocation, verb, EditionId(id=edition_id))
