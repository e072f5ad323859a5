"""The verbs that change a list, `list create`, `set`, `close` and `rm`; and `layout ls`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from pressrun.acts.arguments import ListName, ListSettings
from pressrun.cli.lists.lists import warn_of_owner
from pressrun.cli.shared.files import read_edition, read_input
from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.options import list_argument, verb, yes_option
from pressrun.cli.shared.output import (
    cell,
    confirm,
    print_fields,
    print_info,
    print_json,
    print_rows,
    print_warning,
    require_terminal_or_agreement,
)
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.read_only import reading
from pressrun.cli.shared.write_verbs import execute
from pressrun.message.finding import Severity, read_finding
from pressrun.message.layouts.design import read_logo
from pressrun.runtime.clock import utc_now
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions import own_layouts
from pressrun.services.editions.edition_build import gather_references
from pressrun.services.lists.list_settings import plain_key, read_settings
from pressrun.services.reports import edition_descriptions, ledger_reports
from pressrun.store.editions import editions

_IN_COPIES = frozenset(
    "title description from owner reply_to postal_address language archive layout colour logo typeface footer".split()
)
"""Settings that an edition takes over when it is built."""


@verb("list create")
@click.argument("name")
@click.option("--title", required=True, help="Name shown to readers.")
@click.option("--from", metavar="MAILBOX", help='From field [default: "TITLE" <NAME@mail_domain>].')
@click.option("--owner", metavar="ADDRESS", help="List owner [default: the operator].")
@click.option("--description", help="A few sentences for the list's page.")
@click.option("--postal-address", help="Shown in every edition; many laws require it.")
@click.option("--language", metavar="TAG", help="Language of the list [default: en].")
@click.option("--archive", type=click.Choice(["public", "members", "off"]), help="Who may read past editions.")
def create(invocation: Invocation, *, name: str, as_json: bool, **options: str | None) -> None:
    settings = {key: value for key, value in options.items() if value is not None}
    created = _execute_and_print(invocation, "list.create", ListSettings(list=name, settings=settings), as_json=as_json)
    if not as_json:
        print_info(f"created {name}. See its settings with `pressrun list show {name}`")
        print_fields({key: created[key] for key in ("name", "title", "from", "owner")})
    _warn(invocation, name, settings, created)


@verb("list set")
@list_argument("name")
@click.argument("settings", metavar="KEY=VALUE…", nargs=-1, required=True)
@yes_option
def set_(invocation: Invocation, *, name: str, settings: tuple[str, ...], is_agreed: bool, as_json: bool) -> None:
    """Keys: title, from, owner, description, postal_address, language, archive (public, members, off), reply_to,
    listed, closed, post_by_mail (approve, direct, off), require_postal_address, relay, hours (08:00-20:00: editions are
    sent only during those hours, notices at any time) and their timezone (Europe/Berlin), leaving_note (true, false).

    approval: second-person lets an edition go only once somebody who did not write it has approved it; none: whoever
    may send it sends it.

    family: lists of one family are one newsletter in several languages (family=villanueva on each of them). Each has
    its own language, and /villanueva leads to the list in the visitor's language.

    The list's page: front (full: the latest edition in full, teaser: its beginning), cadence (one line, such as
    "Every Thursday"), ask_name (true: the sign-up form asks for a name), typeface (sans, serif, mono).

    welcome: an edition file (welcome=welcome.md) that every new reader gets once, on confirming; off: none. The images
    and attachments of the file are stored with it, and the email follows later changes of these settings.

    How editions look: layout (see `layout ls`), colour (#1a56c4), logo (a PNG, JPEG or GIF file),
    footer (lines of plain text below every edition).
    """
    values = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"{setting!r} is not KEY=VALUE")
        values[key] = value
    if read_settings(values).get("closed") is True:
        _confirm_close(name, is_agreed=is_agreed)
    changed = _execute_and_print(invocation, "list.set", _with_files(name, values), as_json=as_json)
    if not as_json:
        keys = [key.strip().lower().replace("-", "_") for key in values]
        print_fields({key: cell(changed.get("closed_at" if key == "closed" else key)) for key in keys})
    _warn(invocation, name, values, changed)


@verb("list close")
@list_argument("name")
@yes_option
def close(invocation: Invocation, *, name: str, is_agreed: bool, as_json: bool) -> None:
    _confirm_close(name, is_agreed=is_agreed)
    closed = execute(invocation, "list.close", ListName(list=name))
    print_fields(closed, as_json=as_json)


@verb("list rm")
@list_argument("name")
@yes_option
def remove(invocation: Invocation, *, name: str, is_agreed: bool, as_json: bool) -> None:
    if not is_agreed:
        _confirm_remove(invocation, name)
    execute(invocation, "list.rm", ListName(list=name))
    if as_json:
        print_json({"removed": name})


def _with_files(name: str, values: dict[str, str]) -> ListSettings:
    """The settings and the files that they name, read with the caller's rights.

    Raises NoInput, BadInput and EditionError.
    """
    arguments = ListSettings(list=name, settings=values)
    for key, value in values.items():
        setting, path = key.strip().lower(), value.strip()
        if setting == "logo" and path:
            logo = read_input(path)
            read_logo(path, logo)  # a bad file is refused before it is sent to the daemon
            arguments.files["logo"] = logo
        elif setting == "welcome" and read_settings({key: value})["welcome"] is not None:
            file = Path(path)
            source, assets = read_edition(file, partial(gather_references, source_name=file.name))
            arguments.files["welcome"] = source
            arguments.assets.update(assets)
    return arguments


def _execute_and_print(
    invocation: Invocation, verb_name: str, arguments: msgspec.Struct, *, as_json: bool
) -> dict[str, Any]:
    """Run a verb and return its result; with `as_json`, print it too."""
    changed: dict[str, Any] = execute(invocation, verb_name, arguments)
    if as_json:
        print_json(changed)
    return changed


def _warn(invocation: Invocation, name: str, settings: Mapping[str, str], changed: Mapping[str, Any]) -> None:
    """Warn if email may not reach a new owner, of what keeps the former settings, and of a welcome email's faults."""
    if "owner" in settings:
        warn_of_owner(invocation, name)
    for finding in map(read_finding, changed.get("findings", ())):
        if finding.severity is Severity.WARNING:
            print_warning(f"welcome: {finding}")
    _warn_of_scheduled(invocation, name, settings)


def _warn_of_scheduled(invocation: Invocation, name: str, settings: Mapping[str, str]) -> None:
    """Name the editions that were built with the former settings and have not started."""
    if not _IN_COPIES & set(map(plain_key, settings)):
        return
    with reading(invocation) as tx:
        waiting = [*editions.live_editions(tx), *editions.paused_editions(tx)]
    for edition in waiting:
        if edition.list_name == name and edition.started_at is None:
            print_warning(
                f"edition {edition.id} keeps the settings that it was checked with. To send it with the new ones, "
                "cancel it and send it once more with --again"
            )


def _confirm_remove(invocation: Invocation, name: str) -> None:
    """Ask for confirmation, with the number of subscriptions and editions that would be deleted."""
    require_terminal_or_agreement(is_agreed=False)
    with reading(invocation) as tx:
        readers = ledger_reports.count_readers(tx, name)
        past = len(edition_descriptions.list_editions(tx, name, int(utc_now())))
    contents = f"{readers:,} subscriptions, {past:,} editions and its archive"
    confirm(f"Remove the list {name} with {contents}? This cannot be undone.", is_agreed=False)


def _confirm_close(name: str, *, is_agreed: bool) -> None:
    """Ask for confirmation before a list is closed."""
    confirm(f"Close the list {name}? Pending requests and unfinished editions will end.", is_agreed=is_agreed)


@verb("layout ls")
def list_layouts(invocation: Invocation, *, as_json: bool) -> None:
    with acting_as_owner(invocation.data.root):
        rows = own_layouts.list_layouts(OwnLayouts(invocation.data.layouts))
    print_rows(rows, ("name", "kind", "summary"), empty="no layouts", as_json=as_json)
