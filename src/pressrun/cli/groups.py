"""A verb that has verbs of its own, as `list` has `create`."""

from __future__ import annotations

import click

_LONGEST_SENTENCE = 200


class VerbGroup(click.Group):
    """Its help has what each verb does as a whole sentence, on several lines where the terminal is narrow."""

    group_class = type

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        verbs = [(name, self.commands[name].get_short_help_str(_LONGEST_SENTENCE)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(verbs)
