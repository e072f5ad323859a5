"""`list`: create, look at, set, close and remove lists."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation, yes_option
from pressrun.cli.output import (
    ask,
    cell,
    note,
    print_fields,
    print_json,
    print_table,
    require_agreement_or_terminal,
    warn,
)

_COLUMNS = ("name", "title", "language", "family", "active", "pending", "suspended", "unsubscribed", "closed_at")


@click.group("list", cls=VerbGroup)
def group() -> None:
    """Lists: create, ls, show, set, close, rm."""


@group.command()
@click.argument("name")
@click.option("--title", required=True, help="Name shown to readers.")
@click.option("--from", "from_", metavar="MAILBOX", help='From field [default: "TITLE" <NAME@mail_domain>].')
@click.option("--owner", metavar="ADDRESS", help="List owner [default: the operator].")
@click.option("--description", help="A few sentences for the list's page.")
@click.option("--postal-address", help="Shown in every edition; many laws require it.")
@click.option("--language", metavar="TAG", help="Language of the list [default: en].")
@click.option("--archive", type=click.Choice(["public", "members", "off"]), help="Who may read past editions.")
@json_option
@pass_invocation
def create(invocation: Invocation, /, name: str, from_: str | None, *, as_json: bool, **options: str | None) -> None:
    """Create a list."""
    given = {"from": from_, **options}
    settings = {key: value for key, value in given.items() if value is not None}
    _change(invocation, "list.create", name, settings, as_json=as_json)


@group.command("ls")
@json_option
@pass_invocation
def list_lists(invocation: Invocation, *, as_json: bool) -> None:
    """List all lists with their subscriber counts."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        found = [] if tx is None else reporting.list_lists(tx)
    if as_json:
        print_json(found)
    else:
        print_table(found, _COLUMNS, empty="no lists yet. Create one with `pressrun list create`")


@group.command()
@list_argument("name")
@json_option
@pass_invocation
def show(invocation: Invocation, name: str, *, as_json: bool) -> None:
    """Show the settings and subscriber counts of a list."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking(invocation) as tx:
        found = reporting.show_list(tx, name)
    (print_json if as_json else print_fields)(found)
    _warn_of_owner(invocation, name)


@group.command("set")
@list_argument("name")
@click.argument("settings", metavar="KEY=VALUE…", nargs=-1, required=True)
@yes_option
@json_option
@pass_invocation
def set_(invocation: Invocation, name: str, settings: tuple[str, ...], *, is_agreed: bool, as_json: bool) -> None:
    """Change settings of a list. If one is invalid, none change.

    Keys: title, from, owner, description, postal_address, language, archive (public, members, off), reply_to, listed,
    closed, post_by_mail (approve, direct, off), require_postal_address, relay, hours (08:00-20:00: editions go out at
    those hours alone, notices at any) and their timezone (Europe/Berlin), leaving_note (true, false).

    family: lists of one family are one newsletter in several languages (family=villanueva on each of them). Each has
    its own language, and /villanueva leads to the visitor's.

    The list's page: front (full: the latest edition in full, teaser: its beginning), cadence (one line, such as
    "Every Thursday"), ask_name (true: the sign-up form asks for a name), typeface (sans, serif, mono).

    welcome: an edition file (welcome=welcome.md) that each new reader is mailed once, on confirming; off: none. What
    the file takes along is stored with it, and the mail follows later changes of these settings.

    How editions look: layout (see `layout ls`), colour (#1a56c4), logo (a PNG, JPEG or GIF file),
    footer (lines of plain text below every edition).
    """
    from pressrun.services.operating.list_settings import read_settings  # noqa: PLC0415

    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"{setting!r} is not KEY=VALUE")
        given[key] = value
    if read_settings(given).get("closed") is True:
        _agree_to_close(name, is_agreed=is_agreed)
    _change(invocation, "list.set", name, given, _files_of(given), as_json=as_json)


@group.command()
@list_argument("name")
@yes_option
@json_option
@pass_invocation
def close(invocation: Invocation, name: str, *, is_agreed: bool, as_json: bool) -> None:
    """Close a list. Sign-ups stop; pending requests and editions end; the archive and unsubscribe links stay."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import ListName  # noqa: PLC0415

    _agree_to_close(name, is_agreed=is_agreed)
    found = perform(invocation, "list.close", ListName(list=name))
    (print_json if as_json else print_fields)(found)


@group.command("rm")
@list_argument("name")
@yes_option
@json_option
@pass_invocation
def remove(invocation: Invocation, name: str, *, is_agreed: bool, as_json: bool) -> None:
    """Remove a closed list with its subscriptions, editions and archive."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import ListName  # noqa: PLC0415

    if not is_agreed:
        _ask_to_remove(invocation, name)
    perform(invocation, "list.rm", ListName(list=name))
    if as_json:
        print_json({"removed": name})


@dataclass(frozen=True, slots=True)
class _Files:
    """The content of each file that a setting names, by its key, and what the welcome mail takes along, by path."""

    named: dict[str, bytes] = field(default_factory=dict)
    assets: dict[str, bytes] = field(default_factory=dict)


def _files_of(given: dict[str, str]) -> _Files:
    """Read what the settings name, as whoever called; raises NoInput, BadInput, EditionError."""
    from pressrun.cli.files import read_edition, read_input  # noqa: PLC0415
    from pressrun.message.layouts.design import read_logo  # noqa: PLC0415
    from pressrun.services.editions.building import gather_references  # noqa: PLC0415
    from pressrun.services.operating.list_settings import read_settings  # noqa: PLC0415

    files = _Files()
    for key, path in given.items():
        plain = key.strip().lower()
        if plain == "logo" and path.strip():
            files.named["logo"] = read_input(path.strip())
            read_logo(path, files.named["logo"])  # said here, before it travels anywhere
        elif plain == "welcome" and read_settings({key: path})["welcome"] is not None:
            file = Path(path.strip())
            source, assets = read_edition(file, partial(gather_references, source_name=file.name))
            files.named["welcome"] = source
            files.assets.update(assets)
    return files


def _ask_to_remove(invocation: Invocation, name: str) -> None:
    """Say how much would be gone, and let the person decide."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    require_agreement_or_terminal(is_agreed=False)
    with looking(invocation) as tx:
        readers = reporting.count_readers(tx, name)
        editions = len(reporting.list_editions(tx, name, int(time.time())))
    what = f"{readers:,} subscriptions, {editions:,} editions and its archive"
    ask(f"Remove the list {name} with {what}? This cannot be undone.", is_agreed=False)


def _agree_to_close(name: str, *, is_agreed: bool) -> None:
    require_agreement_or_terminal(is_agreed=is_agreed)
    ask(f"Close the list {name}? Pending requests and unfinished editions will end.", is_agreed=is_agreed)


def _change(
    invocation: Invocation,
    verb: str,
    name: str,
    settings: dict[str, str],
    files: _Files | None = None,
    *,
    as_json: bool,
) -> None:
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import ListSettings  # noqa: PLC0415

    files = files or _Files()
    given = ListSettings(list=name, settings=settings, files=files.named, assets=files.assets)
    found = perform(invocation, verb, given)
    if as_json:
        print_json(found)
    elif verb == "list.create":
        note(f"created {name}. See its settings with `pressrun list show {name}`")
        print_fields({key: found[key] for key in ("name", "title", "from", "owner")})
    else:
        changed = [key.strip().lower().replace("-", "_") for key in settings]
        print_fields({key: cell(found.get("closed_at" if key == "closed" else key)) for key in changed})
    if "owner" in settings:
        _warn_of_owner(invocation, name)
    _warn_of_findings(found.get("findings", ()))


def _warn_of_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Say what preflight found in a welcome mail that is no reason not to take it."""
    from pressrun.message.finding import Severity, read_finding  # noqa: PLC0415

    for one in map(read_finding, findings):
        if one.severity is Severity.WARNING:
            warn(f"welcome: {one}")


def _warn_of_owner(invocation: Invocation, name: str) -> None:
    """Say when no mail may reach whoever answers for a list."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports.examining import examine_owner  # noqa: PLC0415
    from pressrun.services.reports.reporting import require_list  # noqa: PLC0415
    from pressrun.store.datadir import load_keys  # noqa: PLC0415

    with looking(invocation) as tx:
        warning = examine_owner(tx, require_list(tx, name), load_keys(invocation.data))
    if warning is not None:
        warn(warning)
