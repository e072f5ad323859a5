"""What every verb is made of: its declaration, and the arguments that several share."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import update_wrapper
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from pressrun.cli.shared.general_options import with_general_options
from pressrun.cli.shared.invocation import Invocation, invocation_of, reading
from pressrun.cli.verb_table import READING, VERBS
from pressrun.core.errors import NotFound, PressrunError
from pressrun.store.editions import editions
from pressrun.store.lists import lists

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


_EDITION_ID = RowId("no such edition: {} (see `pressrun edition ls`)")


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


edition_argument = click.argument("edition_id", metavar="ID", type=_EDITION_ID, shell_complete=_complete_editions)
several_editions_argument = click.argument(
    "edition_ids", metavar="ID…", type=_EDITION_ID, nargs=-1, required=True, shell_complete=_complete_editions
)


def _recording(invocation: Invocation, path: str) -> AbstractContextManager[None]:
    from pressrun.cli.shared.recording import recording  # noqa: PLC0415 - verbs that only read start without it

    return recording(invocation, path)
