"""The program: its options, and what it does on each error.

A verb that fails says why on stderr and, with --json, as `{"error": …}` on stdout too; the exit code is the same.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

import click

from pressrun import __version__
from pressrun.cli.shared.general_options import VERSION_LINE, general_options, with_general_options
from pressrun.cli.shared.output import echo, plain, print_error, print_json
from pressrun.cli.verb_table import HELP_OPTIONS, NoVerb, VerbGroup, build_groups
from pressrun.core.errors import IncompleteAnswer, NotPermitted, PressrunError, UsageError, reason_of

INTERRUPTED = 130
_COMPLETE = "_PRESSRUN_COMPLETE"
_WIDTH = 100
_EXIT_CODES = """\b
Exit codes:
   0  done                         69  relay or database unavailable
   1  failed; stderr says why      73  output already exists
  64  usage                        75  try again: database in use, or no daemon running
  65  bad input data               77  not permitted
  66  no such input file           78  bad configuration
"""


@click.group(
    cls=VerbGroup,
    params=[*general_options()],
    context_settings={"help_option_names": HELP_OPTIONS, "max_content_width": _WIDTH},
    epilog=_EXIT_CODES,
)
def pressrun() -> None:
    """Announcement mailing lists: sign-up, confirmation, and an edition in every reader's inbox."""


@pressrun.command("help")
@click.argument("words", metavar="[VERB]…", nargs=-1)
def show_help(words: tuple[str, ...]) -> None:
    """Show the help of a verb, as `VERB --help` does."""
    pressrun.main(args=[*words, "--help"], prog_name="pressrun", standalone_mode=False)


@pressrun.command("version")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show_version(*, as_json: bool) -> None:
    """Print the version."""
    print_json({"version": __version__}) if as_json else echo(VERSION_LINE)


for group in [show_version, *build_groups()]:
    pressrun.add_command(with_general_options(group))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one call and end the process with its exit code."""
    _open_closed_streams()
    _escape_what_cannot_be_written()
    gc.disable()  # while the verb is being loaded: collecting garbage in modules takes a seventh of that time
    if _COMPLETE in os.environ:
        # A shell asks while somebody types: what goes wrong must not be written into their line.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    command_line = sys.argv[1:] if arguments is None else list(arguments)
    if _is_service(command_line):
        import_module("pressrun.runtime.held_signals").hold()  # by name: no other verb needs it
    code = run(command_line)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed, or nobody reads it
            stream.flush()
    # Python would first take every module apart, which is a fifth of the time of a verb that reads. All that must be
    # closed is closed by now, and no thread of ours goes on.
    os._exit(code)


def _is_service(arguments: Sequence[str]) -> bool:
    """Whether these arguments run `serve`, which obeys signals once it has loaded what it needs for that."""
    words = iter(arguments)
    for word in words:
        if word == "--config":
            next(words, None)
        elif not word.startswith("-"):
            return word == "serve"
    return False


def _open_closed_streams() -> None:
    """Connect each standard stream that the caller has closed to an empty file.

    Otherwise the next opened file, perhaps the database, would get the stream's number and what is written to it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _escape_what_cannot_be_written() -> None:
    """Names of folders need not be UTF-8, and PYTHONIOENCODING may ask for a character set that lacks something."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run(arguments: Sequence[str]) -> int:
    """Run one call; returns its exit code."""
    as_json = "--json" in arguments[: arguments.index("--")] if "--" in arguments else "--json" in arguments
    try:
        _require_utf8(arguments)
        code = pressrun.main(args=list(arguments), prog_name="pressrun", standalone_mode=False)
        sys.stdout.flush()
    except IncompleteAnswer as problem:
        if not as_json:  # it may be the only place of a link or a token
            print_json(plain(problem.members["answer"]))
        return _fail(str(problem), problem.exit_code, as_json=as_json)
    except PressrunError as problem:
        return _fail(str(problem), problem.exit_code, as_json=as_json)
    except NoVerb as no_verb:
        echo(no_verb.format_message(), err=True)
        return UsageError.exit_code
    except click.UsageError as problem:
        return _fail(_usage(problem), UsageError.exit_code, as_json=as_json)
    except click.ClickException as problem:
        return _fail(problem.format_message(), PressrunError.exit_code, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads our results now, and Python must not write the rest of them when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PressrunError.exit_code
    except OSError as problem:
        return _fail(*_describe(problem), as_json=as_json)
    return code if isinstance(code, int) else 0


def _require_utf8(arguments: Sequence[str]) -> None:
    """Raise UsageError for octets that are not UTF-8: no stored name, address or title may contain them."""
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise UsageError(f"{argument!a} is not UTF-8")


def _usage(problem: click.UsageError) -> str:
    message = problem.format_message()
    if problem.ctx is None:
        return message
    return f"{message}\n{problem.ctx.get_usage()}\nTry '{problem.ctx.command_path} --help'."


def _describe(problem: OSError) -> tuple[str, int]:
    """The message and the exit code of a system error that no verb foresaw."""
    why = reason_of(problem)
    message = f"{problem.filename}: {why}" if isinstance(problem.filename, str) else why
    if not isinstance(problem, PermissionError):
        return message, PressrunError.exit_code
    return message if os.getuid() == 0 else f"{message}. Run pressrun with sudo", NotPermitted.exit_code


def _fail(message: str, code: int, *, as_json: bool) -> int:
    print_error(message)
    if as_json:
        with suppress(OSError):  # the exit code says it, too
            print_json({"error": message})
    return code
