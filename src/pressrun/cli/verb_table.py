"""Every verb of the command line, as verbs.toml lists them: its name, the function that carries it out, and its help.

The module of a verb is imported when the verb is called or its own help is shown, so `--version`, the listings of
`--help` and the verbs that only read start quickly.
"""

from __future__ import annotations

import pkgutil
import tomllib
from importlib import import_module

import click
from click.shell_completion import CompletionItem

HELP_OPTIONS = ["-h", "--help"]

_CONTENT = pkgutil.get_data(__name__, "verbs.toml")
assert _CONTENT is not None  # the loader of this package can read files
_TABLES = tomllib.loads(_CONTENT.decode())
GROUPS: dict[str, str] = _TABLES["groups"]
VERBS: dict[str, tuple[str, str]] = {name: (verb["run"], verb["help"]) for name, verb in _TABLES["verbs"].items()}
READING = frozenset(name for name, verb in _TABLES["verbs"].items() if verb.get("reads"))

# What other programs call some of them; below a group its own verb, else a whole path.
_CALLED_ELSEWHERE = {
    "delete": "rm",
    "edit": "set",
    "find": "show",
    "flush": "retry",
    "mailq": "queue ls",
    "remove": "rm",
    "search": "show",
    "status": "doctor",
    "stop": "pause",
    "subscribe": "subscriber add",
    "unsubscribe": "subscriber rm",
    "update": "set",
}


class NoVerb(click.UsageError):
    """A group was called without a verb; the message is its help. Some releases of click would exit with 0 here."""


class VerbGroup(click.Group):
    """The program, or one of its groups; imports the module of a verb only when the verb is needed.

    Its help shows whole sentences, wrapped where click would cut them off.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        return sorted({*self.commands, *verbs_of(self.name)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in verbs_of(self.name):
            self.add_command(_import_verb(_path(self.name, cmd_name)))
        return super().get_command(ctx, cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise NoVerb(ctx.get_help(), ctx)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._summary(name)) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        own = self._own_verb()
        if own is not None and args[0] not in self.list_commands(ctx):
            return "", own, args
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"No such command '{args[0]}'.{self._hint(ctx, args[0])}")
        return super().resolve_command(ctx, args)

    def _hint(self, ctx: click.Context, word: str) -> str:
        """Which commands somebody may have meant: those of that name in a group, or the one that is spelled alike."""
        known = _CALLED_ELSEWHERE.get(word, "")
        meant = [path for path in VERBS if path.endswith(f" {word}")] if ctx.parent is None else []
        meant = meant or [path for path in (verbs_of(self.name) if ctx.parent else VERBS) if path == known]
        meant = meant or import_module("difflib").get_close_matches(word, self.list_commands(ctx), n=1)
        if not meant:
            return ""
        prefix = ctx.command_path if ctx.parent is not None else "pressrun"
        return f" Did you mean {' or '.join(f'`{prefix} {path}`' for path in meant)}?"

    def _own_verb(self) -> click.Command | None:
        """The verb that has the name of this group, for calls that name no verb of it."""
        if self.name not in GROUPS or self.name not in VERBS:
            return None
        return _import_verb(self.name)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = self._own_verb()
        click.Group.format_usage(self, ctx, formatter) if own is None else own.format_usage(ctx, formatter)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = self._own_verb()
        click.Group.format_help_text(self, ctx, formatter) if own is None else own.format_help_text(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = self._own_verb()
        if own is None:
            super().format_options(ctx, formatter)
        else:
            own.format_options(ctx, formatter)
            self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=self._summary(name)) for name in names), *options]

    def _summary(self, name: str) -> str:
        """The first sentence of a verb's help."""
        path = _path(self.name, name)
        text = VERBS[path][1] if path in VERBS else self.commands[name].help or ""
        return text.partition(". ")[0].removesuffix(".") + "."


def verbs_of(group: str | None) -> list[str]:
    """The verbs of a group in the order of the table; for any other name, the verbs that have no group."""
    paths = (path.rpartition(" ") for path in VERBS)
    return [name for parent, _, name in paths if parent == (group if group in GROUPS else "")]


def build_groups() -> list[VerbGroup]:
    """A click group for each of `GROUPS`; its help lists its verbs."""
    return [
        VerbGroup(
            name,
            help=f"{subject}: {', '.join(verbs_of(name))}.",
            context_settings={"ignore_unknown_options": name in VERBS},  # they are for the verb of the same name
        )
        for name, subject in GROUPS.items()
    ]


def _import_verb(path: str) -> click.Command:
    module, _, function = VERBS[path][0].partition(":")
    command: click.Command = getattr(import_module(f"pressrun.cli.{module}"), function)
    return command


def _path(group: str | None, name: str) -> str:
    return f"{group} {name}" if group in GROUPS else name
