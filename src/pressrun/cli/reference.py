"""Builds docs/cli.md: every verb with its help, from the verbs themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from pressrun.cli.verb_table import HELP_OPTIONS

_WIDTH = 100
_HEAD = """\
# The command line: every verb of pressrun

This page is written from the program's own `--help` by `make docs`; a test fails when it is stale.

Results go to stdout, progress and diagnostics to stderr. `--json` prints one JSON document; an error is then
`{"error": "…"}` with the same exit code. Every verb works whether or not the daemon is running. A writing verb is
carried out by the running daemon, which it reaches through `data_dir/control.sock`; without a daemon, it holds the data
itself. A reading verb opens the database read-only. A verb that root runs acts as the owner of `data_dir`; all other
users get 77, unless they are [members of its group](how-to/without-root.md). Every change is recorded in the
[audit log](how-to/audit.md).

Verbs that reach everybody or cannot be undone (`send`, `list close`, `list rm`, `subscriber erase`, `suppression rm`,
`edition cancel`, `held release`, `held rm`, `inbound rm`, `key rotate`, `key retire`) say what they are about to do and
ask on a terminal; elsewhere they need `--yes`.

`--config` and `--version` can come before or after any verb.

Shells complete verbs, options, the names of lists and the ids of editions. The Debian package installs what they need;
elsewhere copy the file of your shell from [packaging/completion](../packaging/completion), which says where to.
"""


def reference(root: click.Command) -> str:
    """The whole page, in Markdown."""
    contexts = walk(root, terminal_width=_WIDTH, max_content_width=_WIDTH)
    pages = [f"## `{ctx.command_path}`\n\n```\n{ctx.command.get_help(ctx)}\n```\n" for ctx in contexts]
    return "\n".join([_HEAD, *pages]).rstrip("\n") + "\n"


def walk(command: click.Command, parent: click.Context | None = None, **settings: Any) -> Iterator[click.Context]:
    """A context for a command and for each command below it, by name; `settings` are passed to every context."""
    ctx = click.Context(command, info_name=command.name, parent=parent, help_option_names=HELP_OPTIONS, **settings)
    yield ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None  # it is listed
            yield from walk(below, ctx, **settings)
