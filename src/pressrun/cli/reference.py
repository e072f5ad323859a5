"""docs/cli.md: every verb with its help, written from the program itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pressrun.cli.groups import HELP_OPTIONS

_WIDTH = 100
_HEAD = """\
# The command line: every verb of pressrun

This page is written from the program's own `--help` by `make docs`; a test fails when it is stale.

Results go to stdout, progress and diagnostics to stderr. `--json` prints one JSON document; an error is then
`{"error": "…"}` with the same exit code. Every verb works whether or not the daemon runs: a writing verb asks the
running daemon over `data_dir/control.sock`, or holds the data itself while none runs; a reading verb opens the database
read-only. A verb that root runs acts as the owner of `data_dir`; any other user gets 77.

Verbs that reach everybody or cannot be undone (`send`, `list close`, `list rm`, `subscriber erase`, `suppression rm`,
`edition cancel`, `held release`, `held rm`, `inbound rm`, `key rotate`) name what they are about to do and ask on a
terminal; elsewhere they need `--yes`.

For completion of verbs and options in bash: `eval "$(_PRESSRUN_COMPLETE=bash_source pressrun)"`; `zsh_source` and
`fish_source` do the same for those shells.
"""


def reference(root: click.Command) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_pages(root, "pressrun")]).rstrip("\n") + "\n"


def _pages(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[str]:
    ctx = click.Context(
        command,
        info_name=command.name,
        parent=parent,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=HELP_OPTIONS,
    )
    yield f"## `{path}`\n\n```\n{command.get_help(ctx)}\n```\n"
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _pages(command.commands[name], f"{path} {name}", ctx)
