"""The verbs that change a list, `list create`, `set`, `close` and `rm`; and `layout ls`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from pressrun.acts.arguments import ListName, ListSettings
from pressrun.cli.lists.lists import warn_of_owner
from pressrun.cli.shared.files import read_edition, read_input
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.output import (
    cell,
    confirm,
    counted,
    print_answer,
    print_fields,
    print_info,
    print_rows,
    print_warning,
)
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.verb import list_argument, verb, yes_option
from pressrun.cli.shared.write_verbs import execute
from pressrun.message.finding import Severity, read_finding
from pressrun.message.layouts.design import read_logo
from pressrun.runtime.clock import utc_now
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.editions import own_layouts
from pressrun.services.editions.build_orders import gather_references
from pressrun.services.lists.list_settings import LIST_SETTINGS, plain_key, read_settings
from pressrun.services.reports import edition_descriptions
from pressrun.services.reports.members import count_members
from pressrun.store.editions import editions

F = TypeVar("F", bound=Callable[..., object])

_ADDRESS_KEYS = {"postal_address", "require_postal_address"}
_HELP = [(f"{key}={setting.kind.form}", setting.help) for key, setting in LIST_SETTINGS.items()]


def _settings_options(*keys: str) -> Callable[[F], F]:
    """An option for each of these settings; a title is required."""

    def decorate(function: F) -> F:
        for key in reversed(keys):
            setting = LIST_SETTINGS[key]
            words = click.Choice(setting.kind.words) if setting.kind.words else None
            function = click.option(
                f"--{key.replace('_', '-')}",
                type=words,
                metavar=None if words else setting.kind.form,
                required=key == "title",
                help=setting.help,
            )(function)
        return function

    return decorate


@verb("list create")
@click.argument("name")
@_settings_options("title", "from", "owner", "description", "postal_address", "language", "archive")
def create(invocation: Invocation, *, name: str, **options: str | None) -> None:
    settings = {key: value for key, value in options.items() if value is not None}
    created = _execute_and_print(invocation, "list.create", ListSettings(list=name, settings=settings))
    if not invocation.as_json:
        print_info(f"created {name}. See its settings with `pressrun list show {name}`")
        print_fields({key: created[key] for key in ("name", "title", "from", "owner")})
    _warn(invocation, name, settings, created)
    _warn_of_missing(invocation, name, {*_ADDRESS_KEYS, "owner"}, created)


@verb("list set", terms=_HELP)
@list_argument("name")
@click.argument("settings", metavar="KEY=VALUE…", nargs=-1, required=True)
@yes_option
def set_(invocation: Invocation, *, name: str, settings: tuple[str, ...], is_agreed: bool) -> None:
    values = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"{setting!r} is not KEY=VALUE")
        values[key] = value
    if read_settings(values).get("closed") is True:
        _confirm_close(name, is_agreed=is_agreed)
    changed = _execute_and_print(invocation, "list.set", _with_files(name, values))
    if not invocation.as_json:
        keys = map(plain_key, values)
        print_fields({key: cell(changed.get("closed_at" if key == "closed" else key)) for key in keys})
    _warn(invocation, name, values, changed)
    _warn_of_missing(invocation, name, set(map(plain_key, values)), changed)


@verb("list close")
@list_argument("name")
@yes_option
def close(invocation: Invocation, *, name: str, is_agreed: bool) -> None:
    _confirm_close(name, is_agreed=is_agreed)
    closed = execute(invocation, "list.close", ListName(list=name))
    print_fields(closed, as_json=invocation.as_json)


@verb("list rm")
@list_argument("name")
@yes_option
def remove(invocation: Invocation, *, name: str, is_agreed: bool) -> None:
    """People who are on no other list stay in the database, with the evidence of their consent, until you erase them
    with `pressrun subscriber erase`.
    """
    confirm(lambda: _remove_question(invocation, name), is_agreed=is_agreed)
    execute(invocation, "list.rm", ListName(list=name))
    print_answer({"removed": name}, as_json=invocation.as_json)


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


def _execute_and_print(invocation: Invocation, verb_name: str, arguments: msgspec.Struct) -> dict[str, Any]:
    """Run a verb and return its result, which is also printed if a program reads the output."""
    changed: dict[str, Any] = execute(invocation, verb_name, arguments)
    print_answer(changed, as_json=invocation.as_json)
    return changed


def _warn(invocation: Invocation, name: str, settings: Mapping[str, str], changed: Mapping[str, Any]) -> None:
    """Warn if email may not reach a new owner, if editions keep former settings, and of a welcome email's faults."""
    if "owner" in settings:
        with reading(invocation) as tx:
            warn_of_owner(invocation, tx, name)
    for finding in map(read_finding, changed.get("findings", ())):
        if finding.severity is Severity.WARNING:
            print_warning(f"welcome: {finding}")
    _warn_of_scheduled(invocation, name, settings)


def _warn_of_missing(invocation: Invocation, name: str, settings: Set[str], now: Mapping[str, Any]) -> None:
    """Warn of what a list lacks `now`, as far as these settings are concerned.

    Warn of a missing owner only if the configuration (with `operator`) is readable.
    """
    if _ADDRESS_KEYS & settings and now["require_postal_address"] and not now["postal_address"]:
        print_warning(
            f"{name} has no postal address, which bulk email must show by law, so no edition goes out yet. Set one "
            f"with `pressrun list set {name} postal_address='…'`"
        )
    is_about_owner = "owner" in settings and not now["owner"]
    if is_about_owner and invocation.group_socket is None and invocation.settings.site.operator is None:
        print_warning(
            f"nobody gets the mail that readers write to {name}. Set an owner with `pressrun list set {name} owner=…`, "
            "or `operator` in config.toml"
        )


def _warn_of_scheduled(invocation: Invocation, name: str, settings: Mapping[str, str]) -> None:
    """Name the editions that were built with the former settings and have not started."""
    if not any(LIST_SETTINGS[plain_key(name)].is_built_in for name in settings):
        return
    with reading(invocation) as tx:
        waiting = [*editions.live_editions(tx), *editions.paused_editions(tx)]
    for edition in waiting:
        if edition.list_name == name and edition.started_at is None:
            print_warning(
                f"edition {edition.id} keeps the settings that it was checked with. To send it with the new ones, "
                "cancel it and send it once more with --again"
            )


def _remove_question(invocation: Invocation, name: str) -> str:
    """The question, with the number of subscriptions and editions that would be deleted."""
    with reading(invocation) as tx:
        readers = count_members(tx, name)
        past = len(edition_descriptions.list_editions(tx, name, int(utc_now())))
    contents = f"{counted(readers, 'subscription')}, {counted(past, 'edition')} and its archive"
    return f"Remove the list {name} with {contents}? This cannot be undone."


def _confirm_close(name: str, *, is_agreed: bool) -> None:
    """Ask for confirmation before a list is closed."""
    confirm(f"Close the list {name}? Pending requests and unfinished editions will end.", is_agreed=is_agreed)


@verb("layout ls")
def list_layouts(invocation: Invocation) -> None:
    with acting_as_owner(invocation.data.root):
        rows = own_layouts.list_layouts(OwnLayouts(invocation.data.layouts))
    print_rows(rows, ("name", "kind", "summary"), empty="no layouts", as_json=invocation.as_json)
