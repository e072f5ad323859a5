"""Every verb of the command line: its group and name, the function that carries it out, and its help.

The module of a verb is imported when the verb is called or its own help is shown, so `--version`, the listings of
`--help` and the verbs that only read start quickly.
"""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

HELP_OPTIONS = ["-h", "--help"]

GROUPS = {
    "archive": "The archive of a list",
    "audit": "The audit log",
    "backup": "Backups",
    "config": "The configuration",
    "consent": "Evidence of consent",
    "dkim": "DKIM keys",
    "edition": "Editions",
    "editor": "Editors who may post editions by email",
    "held": "Sign-ups on hold after an unusual surge",
    "inbound": "Inbound email that could not be processed",
    "key": "Link-signing keys",
    "layout": "Edition layouts",
    "list": "Lists",
    "queue": "Outgoing queue",
    "subscriber": "Subscribers",
    "suppression": "Suppressed addresses",
    "token": "API tokens of programs",
    "user": "People who may log in",
}
"""What the verbs of each group are about."""

VERBS = {
    "audit ls": (
        "operating.audit:list_rows",
        "List who changed what, newest first. The log contains neither addresses nor values.",
    ),
    "audit verify": (
        "operating.audit:verify",
        "Verify the chain of the audit log. Exits with 1 if a row was changed, moved, inserted or deleted.",
    ),
    "backup": (
        "operating.backup:backup",
        "Back up database, keys, layouts and configuration while the service runs.",
    ),
    "check": ("operating.check:check", "Check configuration, database, keys and permissions, and report every error."),
    "demo": (
        "operating.demo:demo",
        "Try everything on this machine. It needs no configuration, and no email leaves it.",
    ),
    "doctor": (
        "operating.doctor:doctor",
        ("Check DNS, relays, bounces, web pages, clock, disk, database and backups. Prints a remedy for each problem."),
    ),
    "init": ("operating.installation:init", "Write a commented config.toml. Never overwrites a file."),
    "migrate": (
        "operating.installation:migrate",
        "Upgrade the database schema; `serve` does this too. Keeps a copy from before each step.",
    ),
    "migrate-from": (
        "operating.migrate_from:migrate_from",
        "Move whole lists from another program: settings, members, bans, archives and old links.",
    ),
    "move-to": (
        "operating.move_to:move_to",
        "Move all data to an empty database: a PostgreSQL server, or a file. The service stops for a moment.",
    ),
    "preview": (
        "editions.preview:preview",
        "Show an edition as a subscriber would get it, with preflight findings. Sends nothing.",
    ),
    "reload": (
        "operating.installation:reload",
        "Make the running daemon apply a changed configuration, or reject all of it and list every error (78).",
    ),
    "restore": (
        "operating.restore:restore",
        "Restore a backup. Verifies it first, and asks before it replaces anything.",
    ),
    "send": ("editions.send:send", "Send the edition in FILE to the subscribers of LIST."),
    "serve": ("operating.serve:serve", "Run the service: web pages, email and deliveries, until SIGTERM or SIGINT."),
    "backup verify": (
        "operating.backup_verify:verify",
        "Verify a backup: digests, database, evidence of consent and keys. Changes nothing.",
    ),
    "archive export": (
        "lists.archive:export",
        (
            "Export a list's editions, with images and attachments, to a new folder or file. Personal fields are "
            "left blank."
        ),
    ),
    "config show": (
        "operating.config:show",
        "Show every setting with its value and where it is set. Secrets are left out.",
    ),
    "consent verify": (
        "operating.consent:verify",
        "Verify the chain of consent evidence. Exits 1 if a row was changed, moved, inserted or deleted.",
    ),
    "dkim create": ("operating.keys:create", "Create a key and print its DNS record. Never overwrites a file."),
    "dkim show": ("operating.keys:show", "Print the DNS record of each key in the configuration."),
    "edition ls": ("editions.editions:list_editions", "List editions, newest first."),
    "edition show": ("editions.editions:show", "Show an edition and its copies by state."),
    "edition report": (
        "editions.edition_report:report",
        "Report on an edition: outcomes, domains, remote replies, unsubscribes and timing.",
    ),
    "edition delivery": (
        "editions.edition_report:delivery",
        "Show whether a subscriber got an edition, when, and what the relay replied.",
    ),
    "edition draft": ("editions.drafts:draft", "Make a draft of FILE, to be worked on and sent later."),
    "edition test": ("editions.drafts:send_test", "Send test copies of a draft."),
    "edition submit": ("editions.drafts:submit", "Say that a draft is ready to be released."),
    "edition approve": ("editions.drafts:approve", "Approve a draft that somebody else has written, as it is now."),
    "edition return": ("editions.drafts:give_back", "Return a draft to its authors, which also ends an approval."),
    "edition send": ("editions.drafts:send", "Send a draft to the subscribers of its list."),
    "edition pause": ("editions.edition_changes:pause", "Pause an edition. Copies already in flight still go out."),
    "edition resume": ("editions.edition_changes:resume", "Resume a paused edition."),
    "edition move": ("editions.edition_changes:move", "Reschedule an edition. A paused edition stays paused."),
    "edition cancel": (
        "editions.edition_changes:cancel",
        "Cancel an edition for good. Copies not yet given to a relay are not sent.",
    ),
    "edition resend": (
        "editions.edition_changes:resend",
        "Resend failed copies to subscribers who are still active and not suppressed.",
    ),
    "edition link": ("editions.edition_changes:link", "Link editions of a family as one issue, one in each language."),
    "edition unlink": ("editions.edition_changes:unlink", "Remove an edition from its issue."),
    "editor add": ("people.editors:add", "Allow an address to post editions by email."),
    "editor rm": ("people.editors:remove", "Remove an editor and cancel their editions that await approval."),
    "editor ls": ("people.editors:list_editors", "List the editors of a list."),
    "held ls": ("readers.held:list_held", "List sign-ups on hold, oldest first, and until when."),
    "held release": (
        "readers.held:release",
        "Send the confirmation emails of held sign-ups: all, or those named. Each is sent once.",
    ),
    "held rm": ("readers.held:remove", "Delete held sign-ups: all, or those named. No email is sent."),
    "inbound ls": ("operating.inbound:list_kept", "List email kept for review, newest first, with the reason."),
    "inbound show": (
        "operating.inbound:show",
        "Print a kept email unchanged. On a terminal, control characters are escaped.",
    ),
    "inbound retry": ("operating.inbound:retry", "Process a kept email again, as if it had just arrived."),
    "inbound rm": ("operating.inbound:remove", "Delete a kept email."),
    "key ls": ("operating.keys:list_keys", "List the keys that sign links, with the time at which a key retires."),
    "key retire": (
        "operating.keys:retire",
        "Retire a link key that may have leaked. Its links stop working, except those to unsubscribe.",
    ),
    "key rotate": (
        "operating.keys:rotate",
        "Sign new links with a new key. Links in emails already sent keep working.",
    ),
    "layout ls": (
        "lists.list_changes:list_layouts",
        "List the available layouts: the built-in ones, then each NAME.html in data_dir/layouts.",
    ),
    "list create": ("lists.list_changes:create", "Create a list."),
    "list ls": ("lists.lists:list_lists", "List all lists with their subscriber counts."),
    "list show": ("lists.lists:show", "Show the settings and subscriber counts of a list."),
    "list set": ("lists.list_changes:set_", "Change settings of a list. If one is invalid, none change."),
    "list close": (
        "lists.list_changes:close",
        "Close a list. Sign-ups stop; pending requests and editions end; the archive and unsubscribe links stay.",
    ),
    "list rm": ("lists.list_changes:remove", "Remove a closed list with its subscriptions, editions and archive."),
    "queue ls": ("editions.queue:list_queue", "List waiting email by recipient domain, with the reason."),
    "queue retry": ("editions.queue:retry", "Retry deferred email now."),
    "subscriber add": (
        "readers.subscribers:add",
        "Subscribe an address at once. You are responsible for their consent.",
    ),
    "subscriber rm": ("readers.subscribers:remove", "End a subscription and cancel its waiting copies."),
    "subscriber ls": ("readers.subscribers:list_subscribers", "List the subscribers of a list."),
    "subscriber show": (
        "readers.subscribers:show",
        "Show everything stored about an address: lists, consent, deliveries.",
    ),
    "subscriber erase": (
        "readers.subscribers:erase",
        "Erase a person everywhere, for good. Only a keyed hash remains, so that nobody adds them again.",
    ),
    "subscriber import": (
        "readers.member_import:import_subscribers",
        "Import subscribers from a CSV file or an export of another program; FILE may be - for stdin.",
    ),
    "subscriber sync": (
        "readers.member_sync:sync",
        "Keep a list in step with a roster, a CSV file of all its members; FILE may be - for stdin.",
    ),
    "subscriber export": (
        "readers.subscribers:export",
        "Export the subscribers of a list to stdout. `import` reads the CSV back unchanged.",
    ),
    "suppression add": ("readers.suppressions:add", "Suppress an address and cancel its waiting copies."),
    "suppression rm": ("readers.suppressions:remove", "Lift a suppression, so that the address can be mailed again."),
    "suppression ls": (
        "readers.suppressions:list_suppressions",
        "List all suppressions. An erased address is shown as none.",
    ),
    "suppression import": (
        "readers.suppressions:import_suppressions",
        "Import suppressions from CSV (address,reason,since) or a plain list of addresses; FILE may be - for stdin.",
    ),
    "suppression export": (
        "readers.suppressions:export",
        "Export suppressions to stdout as CSV, except those of erased addresses.",
    ),
    "token create": ("people.tokens:create", "Create an API token for a program."),
    "token ls": ("people.tokens:list_all", "List the API tokens, with the day on which each was last used."),
    "token revoke": ("people.tokens:revoke", "Revoke an API token. It stops working at once."),
    "user add": ("people.people:add", "Add a person who may log in, and print a link for that."),
    "user invite": ("people.people:invite", "Give somebody a role on a list, and mail them a link to log in."),
    "user grant": ("people.people:grant", "Let a person do more, on a list or everywhere."),
    "user revoke": ("people.people:revoke", "Let a person do less, on a list or everywhere."),
    "user link": ("people.people:link", "Print a new link for a person to log in with."),
    "user reset": (
        "people.people:reset",
        "Remove a person's ways to log in, end their sessions, revoke their tokens, and print a login link.",
    ),
    "user rm": ("people.people:remove", "Remove a person with their tokens."),
    "user ls": ("people.people:list_people", "List the people who may log in or post editions by email."),
}
"""Of each verb, `MODULE:FUNCTION` (a module of this package), and the first paragraph of the help, which begins with
the sentence that listings show. The docstring of the function adds further paragraphs."""


READING = frozenset({
    "archive export", "audit ls", "audit verify", "backup verify", "check", "config show", "consent verify",
    "demo", "dkim show", "doctor", "edition delivery", "edition ls", "edition report", "edition show", "editor ls",
    "held ls", "inbound ls", "inbound show", "init", "key ls", "layout ls", "list ls", "list show", "preview",
    "queue ls", "serve", "subscriber export", "subscriber ls", "subscriber show", "suppression export",
    "suppression ls", "token ls", "user ls",
})  # fmt: skip
"""The verbs that change none of the data, and `serve`, which records its own start. All others leave a row in the audit
log: where they are carried out, or else cli.shared.recording does it."""


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
        return super().resolve_command(ctx, args)

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
