"""What every verb is made of: its declaration with the arguments that several share, its call, and what it reads."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property, update_wrapper
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from pressrun.cli.shared.general_options import named_config, with_general_options
from pressrun.cli.shared.output import plain, print_info
from pressrun.cli.shared.owner import acting_as_owner, find_owner, is_in_group_of
from pressrun.cli.verb_table import READING, VERBS
from pressrun.config import Settings, find_data_dir, find_group_socket, load_settings, locate_config
from pressrun.core.errors import NotFound, NotPermitted, PressrunError
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.location import open_current
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keys_of
from pressrun.store.upkeep.restore_switch import require_no_switch

if TYPE_CHECKING:
    _IntType = click.ParamType[int]
else:
    _IntType = click.ParamType  # not generic in click 8.1

F = TypeVar("F", bound=Callable[..., object])

LARGEST_ID = (1 << 63) - 1  # the largest row id in SQLite
_MOST_OFFERED = 50  # what a shell shows at once is to be read
_DIGITS = len(str(LARGEST_ID))
_NUMBER = re.compile(r"-?0*([0-9]+)", re.ASCII)

WHEN_HELP = "RFC 3339, 'YYYY-MM-DD HH:MM' in this machine's time zone, or +10m."


class Invocation:
    """The configuration that a call uses, read when first needed; `as_json` says that a program reads the output."""

    def __init__(self, config: str | None, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._config = config
        self.is_recorded = False  # what this call does has its row in the audit log
        self._group_socket: Path | None = None

    @property
    def config_path(self) -> Path:
        """The configuration file; raises NoInput, BadConfiguration, and NotPermitted for users without permission.

        Permission is checked first: to a user without it, the keys that they cannot read would seem to be missing.
        """
        return self._paths[0]

    @property
    def data_dir(self) -> Path | None:
        """The data_dir that the configuration names, whatever else is wrong with it; raises as `config_path` does."""
        return self._paths[1]

    def require_permission(self) -> None:
        """Raise NotPermitted for users without permission, before anything is said about their arguments."""
        _ = self._paths

    @cached_property
    def _paths(self) -> tuple[Path, Path | None]:
        path = locate_config(self._config, os.environ, _find_working_directory())
        data_dir = find_data_dir(path)
        if data_dir is not None:
            try:
                find_owner(data_dir)
            except NotPermitted:
                self._group_socket = find_group_socket(path)
                if self._group_socket is None or not is_in_group_of(data_dir):
                    raise
        return path, data_dir

    @property
    def group_socket(self) -> Path | None:
        """The socket of the group, for a user who is neither root nor the owner of the data; None for those two.

        The daemon also checks that the user is a member.
        """
        self.require_permission()
        return self._group_socket

    def require_owner(self) -> None:
        """Raise NotPermitted for a member of the group: the verb needs files that only root and the owner may read."""
        if self.group_socket is not None:
            raise NotPermitted(
                "this command needs files that only root and the owner of the data may read. Run pressrun with sudo"
            )

    @cached_property
    def settings(self) -> Settings:
        """All settings; raises BadConfiguration with every error, and NotPermitted for a member of the group."""
        self.require_owner()
        return load_settings(self.config_path)

    @property
    def data(self) -> DataDir:
        """The paths below data_dir."""
        return self.settings.data

    @property
    def control_socket(self) -> Path:
        """Where this user reaches the daemon."""
        return self.group_socket or self.data.control_socket


def invocation_of(ctx: click.Context, *, as_json: bool = False) -> Invocation:
    """The call that a context belongs to."""
    return Invocation(named_config(ctx), as_json=as_json)


def _find_working_directory() -> Path:
    """The working directory, or, if it has been removed, a relative path that leads nowhere."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


@contextmanager
def reading(invocation: Invocation) -> Iterator[Transaction]:
    """One snapshot of the database; raises NotFound where there is none yet."""
    with reading_if_any(invocation) as tx:
        if tx is None:
            raise NotFound(no_database(invocation))
        yield tx


@contextmanager
def reading_if_any(invocation: Invocation) -> Iterator[Transaction | None]:
    """The same for listings: None, after a line on stderr, where there is no database yet."""
    if invocation.group_socket is not None:
        # Imported by name: only members of the group need it.
        with import_module("pressrun.cli.shared.remote_reading").remote_reading(invocation.group_socket) as tx:
            yield tx
        return
    data = invocation.data
    with acting_as_owner(data.root):
        require_no_switch(data.root)
        if not data.database.exists():
            print_info(no_database(invocation))
            yield None
            return
        with open_current(data.database) as tx:
            keys_of(data, tx)  # raises where the keys are not those of this database
            yield tx


def read_rows(invocation: Invocation, query: Callable[..., Sequence[Any]], *args: object) -> list[dict[str, Any]]:
    """The rows that a query of the database gives; none where there is no database yet."""
    with reading_if_any(invocation) as tx:
        rows: list[dict[str, Any]] = [] if tx is None else plain(query(tx, *args))
    return rows


def no_database(invocation: Invocation) -> str:
    """The message where there is no database yet."""
    data = invocation.data
    missing = f"{data.root} has no database yet" if data.server is None else f"{data.server} has no tables yet"
    return (
        f"{missing}. Create {'it' if data.server is None else 'them'} with `pressrun list create` or `pressrun serve`"
    )


class Verb(click.Command):
    """A verb whose help ends with a list of `terms`, each with what it means."""

    terms: Sequence[tuple[str, str]] = ()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the terms below the options."""
        if self.terms:
            with formatter.section("Keys"):
                formatter.write_dl(self.terms)
        super().format_epilog(ctx, formatter)


def verb(
    path: str, *, has_json: bool = True, terms: Sequence[tuple[str, str]] = ()
) -> Callable[[Callable[..., object]], click.Command]:
    """Declare the function of a verb of `VERBS`, such as `list ls`.

    The function gets the Invocation and, by keyword, the arguments and options of the verb. `has_json` adds the option
    `--json`, whose value is in the Invocation. If the function returns an int, that is the exit code. `terms` explain
    the values of arguments.
    """

    def declare(function: Callable[..., object]) -> click.Command:
        @click.pass_context
        def call(ctx: click.Context, /, **options: Any) -> object:
            invocation = invocation_of(ctx, as_json=options.pop("as_json", False))
            if not gc.isenabled():  # since cli.main: what is loaded by now stays
                gc.freeze()
                gc.enable()
            with nullcontext() if path in READING else _recording(invocation, path):
                return function(invocation, **options)

        help_text = "\n\n".join(filter(None, (VERBS[path][1], cleandoc(function.__doc__ or ""))))
        command = click.command(path.rpartition(" ")[2], Verb, help=help_text)(update_wrapper(call, function))
        command.terms = terms
        if has_json:
            command.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document."))
        return with_general_options(command)

    return declare


def complete_lists(ctx: click.Context, _param: click.Parameter, prefix: str) -> list[str]:
    """The names of lists that begin with `prefix`; none if the configuration or the data cannot be read."""
    try:
        with reading(invocation_of(ctx)) as tx:
            return [target.name for target in lists.all_lists(tx) if target.name.startswith(prefix)]
    except (PressrunError, OSError):
        return []


def list_argument(name: str = "list_name", *, required: bool = True) -> Callable[[F], F]:
    """The name of a list; shells complete it."""
    metavar = "LIST" if required else "[LIST]"
    return click.argument(name, metavar=metavar, required=required, shell_complete=complete_lists)


def yes_option(function: F) -> F:
    """`--yes`, for every verb that asks for confirmation."""
    return click.option(
        "--yes", "is_agreed", is_flag=True, help="Do not ask for confirmation. Required when not on a terminal."
    )(function)


class RowId(_IntType):
    """The id of a row. A number too large for an id raises NotFound with the message `unknown`, the number for `{}`."""

    name = "id"

    def __init__(self, unknown: str) -> None:
        self._unknown = unknown

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = _NUMBER.fullmatch(str(value))
        if number is None:
            self.fail(f"invalid number {value!r}", param, ctx)
        if len(number[1]) > _DIGITS or abs(int(value)) > LARGEST_ID:
            raise NotFound(self._unknown.format(value))
        return int(value)


EDITION_ID = RowId("no such edition: {} (see `pressrun edition ls`)")
KEPT_MAIL_ID = RowId("no such kept mail: {} (see `pressrun inbound ls`)")
HELD_SIGN_UP_ID = RowId("no such held sign-up: {} (see `pressrun held ls`)")


def _complete_editions(ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
    """The newest editions whose id begins with `prefix`, with list and state; no subject, which may name people.

    None if the configuration or the data cannot be read.
    """
    try:
        with reading(invocation_of(ctx)) as tx:
            begun = [edition for edition in editions.all_editions(tx) if str(edition.id).startswith(prefix)]
    except (PressrunError, OSError):
        return []
    return [
        CompletionItem(str(edition.id), help=f"{edition.list_name} {edition.state}")
        for edition in begun[:_MOST_OFFERED]
    ]


edition_argument = click.argument("edition_id", metavar="ID", type=EDITION_ID, shell_complete=_complete_editions)
several_editions_argument = click.argument(
    "edition_ids", metavar="ID…", type=EDITION_ID, nargs=-1, required=True, shell_complete=_complete_editions
)


def _recording(invocation: Invocation, path: str) -> AbstractContextManager[None]:
    from pressrun.cli.shared.recording import recording  # noqa: PLC0415 - verbs that only read start without it

    return recording(invocation, path)
