"""A verb that has verbs of its own, as `list` has `create`."""

from __future__ import annotations

import click

HELP_OPTIONS = ["-h", "--help"]
_LONGEST_SENTENCE = 200


class NoVerb(click.UsageError):
    """Nothing follows the verb; the message is its help. Older releases of click end well here, newer ones do not."""


class VerbGroup(click.Group):
    """Its help has what each verb does as a whole sentence, on several lines where the terminal is narrow."""

    group_class = type

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise NoVerb(ctx.get_help(), ctx)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        verbs = [(name, self.commands[name].get_short_help_str(_LONGEST_SENTENCE)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(verbs)
