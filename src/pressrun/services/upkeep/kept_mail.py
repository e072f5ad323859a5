"""What operators do with email that is kept for a person: list and read it, have it processed again, or delete it."""

from __future__ import annotations

import logging

from pressrun.core.errors import BadInput, NotFound
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.ports import Waker
from pressrun.store.paging import AFTER_ALL
from pressrun.store.queue import inbound
from pressrun.store.queue.inbound import InboundState, KeptMailInfo
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.inbound")

KEPT_STATES = (InboundState.KEPT, InboundState.UNREADABLE, InboundState.FAILED)


class KeptMail:
    """The use cases around kept email, over one database; `accepted` wakes whatever processes email."""

    def __init__(self, context: ServiceContext, accepted: Waker = lambda: None) -> None:
        self._context = context
        self._database = context.database
        self._accepted = accepted

    async def retry(self, number: int) -> None:
        """Have a kept email processed again, as if it had just arrived; raises NotFound."""
        await self._database.write(_process_again, number)
        event(log, "inbound.retried", mail=number)
        self._accepted()

    async def drop(self, number: int) -> None:
        """Delete a kept email; raises NotFound."""
        await self._database.write(_drop, number, self._context.now)
        event(log, "inbound.dropped", number=1)


def _process_again(tx: Transaction, number: int) -> None:
    if not inbound.process_again(tx, number):
        raise _unknown(number)


def _drop(tx: Transaction, number: int, now: int) -> None:
    if not inbound.drop_mail(tx, number, now):
        raise _unknown(number)


def list_kept(
    tx: Transaction, state: str | None, *, before: int = AFTER_ALL, limit: int = AFTER_ALL
) -> list[KeptMailInfo]:
    """`inbound ls`: kept email with lower ids than `before`, newest first.

    Raises BadInput for a state that is not one of KEPT_STATES.
    """
    if state is not None and state not in KEPT_STATES:
        raise BadInput(f"{state!r} is not a state of kept mail; use one of {', '.join(KEPT_STATES)}")
    return inbound.kept_mail(tx, state, before=before, limit=limit)


def show_kept(tx: Transaction, number: int) -> bytes:
    """`inbound show`: a kept email, unchanged; raises NotFound."""
    content = inbound.kept_content(tx, number)
    if content is None:
        raise _unknown(number)
    return content


def _unknown(number: int) -> NotFound:
    return NotFound(f"no such kept mail: {number}", see="inbound ls")
