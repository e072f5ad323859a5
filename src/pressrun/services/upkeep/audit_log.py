"""Writes rows of the audit log that no other transaction has: what was refused, failed, or changes no table.

What is done in the meantime comes with the first transaction that does it (store.people.audit).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from pressrun.core.errors import PressrunError, Unavailable
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.store.people import audit
from pressrun.store.people.audit import BEGUN, FAILED, REFUSED, ActionInProgress, Actor, Entry
from pressrun.store.programs.events import CLOCK, MAIL, SHELL
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.audit")

_OVER_NETWORK = frozenset({"api", "page"})  # the ways of actors who need no account on this machine


class AuditLog:
    """The audit log of one open database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._database = context.database

    def entry(self, actor: Actor, action: str, **said: Any) -> Entry:
        """Begin a row: who does what now, a salt, and whatever else is known."""
        context = self._context
        return Entry(at=context.now, actor=actor, action=action, salt=context.entropy(16), **said)

    def acting(self, entry: Entry, require: Callable[[Transaction], None] = lambda _: None) -> audit.acting:
        """Inside the block, the transactions of this task belong to this action.

        If its first change comes more than a moment after its check, `require` checks again, and raises to refuse it.
        """

        def require_late(tx: Transaction) -> None:
            if self._context.now != entry.at:
                require(tx)

        return audit.acting(entry, require_late, _name_in_journal(entry.actor))

    async def begin(self, entry: Entry) -> None:
        """Record that an action begins: for one that changes files, which no transaction can cover."""
        await self._database.write(audit.append, replace(entry, outcome=BEGUN))

    async def finish(self, act: ActionInProgress, name: str | None = None) -> None:
        """Record an action that was done, unless a transaction did; `name` is the object if the row has none."""
        if not act.is_recorded:
            await self.append(replace(act.entry, object=act.entry.object or name))

    async def give_up(self, entry: Entry, problem: Exception) -> None:
        """Record an action that was refused or failed; on a nearly full disk, one over the network in the journal only.

        Whoever has any token can be refused as often as its rate allows, and these rows stay for ever.
        """
        is_refused = isinstance(problem, PressrunError) and not isinstance(problem, Unavailable)
        outcome = REFUSED if is_refused else FAILED
        ended = replace(entry, outcome=outcome, code=getattr(problem, "exit_code", None))
        if entry.actor.way in _OVER_NETWORK and not self._database.growth.is_allowed:
            _log_only(ended, "the disk is nearly full")
        else:
            await self.append(ended)

    async def append(self, entry: Entry) -> None:
        """Append a row. Where the database cannot take it the journal has it, and the action is not held up."""
        try:
            await self._database.write(audit.append, entry)
        except Unavailable as problem:
            _log_only(entry, str(problem))


def _log_only(entry: Entry, problem: str) -> None:
    """Have the journal in place of the audit log."""
    event(
        log,
        "audit.not_recorded",
        level=logging.ERROR,
        who=entry.actor.who,
        uid=entry.actor.uid,
        action=entry.action,
        outcome=entry.outcome,
        problem=problem,
    )


def _name_in_journal(actor: Actor) -> str:
    """Who acts, as the journal of events names them."""
    match actor.way:
        case "page" | "api":  # person:NAME, token:NAME, or an editor who has the link of a mail
            return actor.who if ":" in actor.who else MAIL
        case "mail" | "clock":
            return MAIL if actor.way == MAIL else CLOCK
        case _:
            return SHELL
