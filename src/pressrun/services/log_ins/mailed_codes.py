"""Mails the codes that browsers have asked for, to those who may log in by one.

The person who asks must not learn whether an address has an account, not even by timing. So the request is stored for
any address, and examined here a random moment later. The mail derives its code from the row (core.access.login_codes).
"""

from __future__ import annotations

import asyncio

from pressrun.core.addresses.address import parse_address
from pressrun.services.background import BackgroundLoop, draw_wait
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.log_in import code_meter, person_for_code, requested_at
from pressrun.store import limits
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import log_ins, people
from pressrun.store.people.log_ins import CodeRequest
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.transaction import Transaction

LOGIN_CODE = "login_code"  # the kind of the notice


class MailedCodes(BackgroundLoop):
    """Processes requests as they come."""

    name = "login codes"
    unavailable = "login.database_unavailable"

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context.clock)
        self._context = context
        self._asked = asyncio.Event()
        self.wake()  # for requests that a dead process left behind

    def wake(self) -> None:
        """There may be a request."""
        self._asked.set()

    async def step(self) -> bool:
        """Wait for a request, and process all there are."""
        await self._asked.wait()
        self._asked.clear()
        await asyncio.sleep(draw_wait(self._context.entropy))
        try:
            await self.carry_out()
        except BaseException:
            self.wake()  # for requests that are left
            raise
        return True

    async def carry_out(self) -> None:
        """Process all requests so far."""
        while await self._context.database.record(self._process_batch):
            self._context.wake()

    def _process_batch(self, tx: Transaction) -> int:
        waiting = log_ins.waiting_codes(tx)
        taken = log_ins.claim_codes(tx, [request.id for request in waiting]) if waiting else set()
        for request in waiting:
            if request.id in taken and request.expires_at > self._context.now:
                self._mail(tx, request)
        return len(waiting)

    def _mail(self, tx: Transaction, request: CodeRequest) -> None:
        person = person_for_code(tx, parse_address(request.address))
        target = None if person is None else _list_of(tx, person.id)
        if person is None or person.address is None or target is None:
            return
        if not limits.spend(tx, [code_meter(self._context, request.address)], requested_at(request.expires_at)):
            return
        notice = NewNotice(
            kind=LOGIN_CODE,
            address=parse_address(person.address),
            message_secret=self._context.entropy(16),
            list_id=target.id,
            language=request.language,
            payload={"asker": request.asker.hex(), "expires_at": request.expires_at},
        )
        notices.insert_notice(tx, notice, self._context.now)


def _list_of(tx: Transaction, person_id: int) -> MailingList | None:
    """In whose name the mail goes out: the first list on which the person may do something."""
    names = [permission.list for permission in people.permissions_of(tx, person_id)[person_id]]
    return lists.find_list(tx, names[0]) if names else None
