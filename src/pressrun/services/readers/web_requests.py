"""What anybody may ask for on the web by an address: to sign up, or to be mailed a link to preferences or to leave.

Whoever asks must not learn what the address is to a list, not even by a stopwatch. So an answer waits for one row that
is the same for every address; what comes of it is done a moment later, after a wait that nobody can foresee, together
with what others asked for meanwhile. So are readers told that they left: very many may leave at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pressrun.core.address import Address, parse_address
from pressrun.core.errors import Unavailable
from pressrun.core.peers import Peers
from pressrun.core.resources import is_out_of_resources
from pressrun.core.sign_up import FORM_USED, FORM_USES, Trust
from pressrun.services.background import BackgroundLoop
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import Origin, SignUpAnswer, SignUps
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.waiting import draw_wait
from pressrun.services.throttled import Throttled
from pressrun.store import limits, lists, pending_requests, unsubscribes
from pressrun.store.lists import MailingList
from pressrun.store.pending_requests import PendingRequest, RequestKind
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.readers")

_FORM_BYTES = 6  # of what a token holds; by chance, a copy in a thousand million has the number of another one
LOOK_SECONDS = 1.0  # between two looks at whether an attack is over
PAUSE_SECONDS = 0.03  # between some and some more, so that those who ask meanwhile are not held up,
BUSY_PAUSE_SECONDS = 0.15  # while somebody waits for an answer, as when many leave at once: then those come first


class WebRequests(BackgroundLoop):
    """Takes requests, and carries them out."""

    name = "requests"
    unavailable = "subscription.database_unavailable"

    def __init__(
        self, context: ReaderContext, *, sign_ups: SignUps, preferences: Preferences, unsubscribes: Unsubscribes
    ) -> None:
        super().__init__(context.clock)
        self._context = context
        self._sign_ups = sign_ups
        self._preferences = preferences
        self._unsubscribes = unsubscribes
        self._asked = context.asked
        self._asked.set()  # what a dead process left

    @property
    def form_seconds(self) -> float:
        """How long a person takes to fill in our form, at least."""
        return self._context.limits.form_seconds

    @property
    def work_bits(self) -> int | None:
        """How much work our own form asks for now; None: none."""
        abuse_limits = self._sign_ups.abuse_limits
        return self._context.limits.proof_of_work_bits if abuse_limits.asks_for_work(self._context.clock()) else None

    async def sign_up(
        self,
        list_name: str,
        address: Address,
        origin: Origin,
        *,
        network: str | None,
        name: str = "",
        trust: Trust = Trust.UNPROVEN,
        form: int | None = None,
        also: Sequence[str] = (),
    ) -> SignUpAnswer | Throttled:
        """Take a sign-up; `network` is what `sign_ups_per_ip` counts by, None when it does not apply.

        It does not apply to a trusted server, whose address `origin` has: it signs up others.

        `also` are the names of further lists, which the same mail asks to confirm; those that are closed are left out.
        `form` is the number of the copy of our form that it came from; one that was used already proves nothing.
        """
        if origin.ip is not None and origin.ip in Peers(self._context.limits.trusted_sign_up_addresses):
            network = None
        request = _pending_request(RequestKind.SIGN_UP, address, origin, name=name, trust=trust)
        answer = await self._context.database.share(self._take_sign_up, (list_name, *also), request, network, form)
        self._asked.set()
        return answer

    async def preferences_link(
        self, address: Address, origin: Origin, *, network: str | None, about: MailingList | None = None
    ) -> None:
        """Mail a reader their own link; for everybody else, and over a limit, nothing happens, and nothing shows.

        `about` is the list that they came from.
        """
        request = _pending_request(RequestKind.PREFERENCES, address, origin)
        if about is not None:
            request = replace(request, list_id=about.id)
        await self._context.database.share(self._take_link, request, network)
        self._asked.set()

    async def unsubscribe_link(
        self, target: MailingList, address: Address, origin: Origin, *, network: str | None
    ) -> None:
        """Mail a member the link to leave a list; for everybody else, and over a limit, nothing happens, nor shows."""
        request = replace(_pending_request(RequestKind.UNSUBSCRIBE, address, origin), list_id=target.id)
        await self._context.database.share(self._take_link, request, network)
        self._asked.set()

    async def step(self) -> bool:
        """Wait until something is asked for, and carry it out."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._asked.wait()
        except TimeoutError:
            self._sign_ups.abuse_limits.look(self._context.clock())
        else:
            self._asked.clear()
            await asyncio.sleep(draw_wait(self._context.entropy))
        await self.carry_out()
        return True

    async def carry_out(self) -> None:
        """Do all that was asked for so far."""
        # A power cut takes back what came of it together with the note that it is done: it is done again, not twice.
        while await self._context.database.read(_is_anything_waiting):
            try:
                await self._context.database.record(self._carry_out)
            except Unavailable:
                raise
            except Exception as problem:  # noqa: BLE001 - one of them is to blame, or the machine: that shows now
                await self._carry_out_each(problem)
            self._context.wake()
            is_busy = self._context.database.is_syncing
            await asyncio.sleep(BUSY_PAUSE_SECONDS if is_busy else PAUSE_SECONDS)

    def draw_form(self) -> int:
        """The number of a new copy of our form."""
        return int.from_bytes(self._context.entropy(_FORM_BYTES), "big")

    def _take_sign_up(
        self, tx: Transaction, names: Sequence[str], request: PendingRequest, network: str | None, form: int | None
    ) -> SignUpAnswer | Throttled:
        targets = [found for name in dict.fromkeys(names) if (found := lists.find_list(tx, name)) is not None]
        if not targets:
            return SignUpAnswer.UNKNOWN_LIST
        numbers = [found.id for found in targets if found.closed_at is None]
        if not numbers:
            return SignUpAnswer.CLOSED
        if network is not None:
            retry_at = self._sign_ups.abuse_limits.throttle(tx, network, self._context.clock())
            if retry_at is not None:
                return Throttled(retry_at)
        if form is not None and not self._is_first_use(tx, form) and request.trust is Trust.PROVEN:
            # A second click or an old copy of the page: not the reader's fault, and worth no more than another site.
            request = replace(request, trust=Trust.UNPROVEN)
        pending_requests.insert_pending_request(tx, replace(request, list_id=numbers[0], also=tuple(numbers[1:])))
        return SignUpAnswer.TAKEN

    def _is_first_use(self, tx: Transaction, form: int) -> bool:
        return limits.spend(tx, FORM_USED, form.to_bytes(_FORM_BYTES, "big"), FORM_USES, self._context.clock())

    def _take_link(self, tx: Transaction, request: PendingRequest, network: str | None) -> None:
        rate = self._context.limits.preference_links_per_ip
        if network is None or limits.spend(
            tx, "preference_links_per_ip", network.encode(), rate, self._context.clock()
        ):
            pending_requests.insert_pending_request(tx, request)

    def _carry_out(self, tx: Transaction) -> None:
        self._unsubscribes.note_within(tx)
        for request in pending_requests.claim_pending_requests(tx):
            self._carry_out_one(tx, request)

    def _carry_out_one(self, tx: Transaction, request: PendingRequest) -> None:
        address = parse_address(request.address)
        origin = Origin(
            source="web",
            ip=request.ip,
            language=request.language,
            words=request.words,
            words_language=request.words_language,
        )
        target = None if request.list_id is None else lists.get_list(tx, request.list_id)
        if request.kind is RequestKind.PREFERENCES:
            self._preferences.request_link_within(tx, address, origin, "" if target is None else target.name)
            return
        if request.kind is RequestKind.UNSUBSCRIBE:
            if target is not None:
                self._preferences.unsubscribe_link_within(tx, target, address, origin)
            return
        wanted = [target, *(lists.get_list(tx, number) for number in request.also)]
        still = [found for found in wanted if found is not None and found.closed_at is None]
        if still:
            self._sign_ups.take_within(
                tx, still[0], address, origin, name=request.name, trust=request.trust, also=still[1:]
            )

    async def _carry_out_each(self, problem: Exception) -> None:
        """Carry out each on its own, and set aside what cannot be; raises what is not for one of them to answer for."""
        faults = await self._context.database.record(self._try_each)
        if not faults:
            raise problem
        for number, fault in faults:
            log.error("subscription.set_aside", exc_info=fault, extra={"fields": {"request": number}})

    def _try_each(self, tx: Transaction) -> list[tuple[int, Exception]]:
        faults = []
        for number in pending_requests.list_pending_requests(tx):
            problem = tx.attempt(partial(self._try_one, tx, number))
            if problem is None:
                continue
            if is_out_of_resources(problem):
                raise problem
            pending_requests.set_request_aside(tx, number, int(self._context.clock()))
            faults.append((number, problem))
        return faults

    def _try_one(self, tx: Transaction, number: int) -> None:
        request = pending_requests.claim_pending_request(tx, number)
        if request is not None:
            self._carry_out_one(tx, request)


def _is_anything_waiting(tx: Transaction) -> bool:
    return pending_requests.is_any_request_pending(tx) or unsubscribes.is_any_notice_due(tx)


def _pending_request(
    kind: RequestKind, address: Address, origin: Origin, *, name: str = "", trust: Trust = Trust.UNPROVEN
) -> PendingRequest:
    return PendingRequest(
        kind=kind,
        address=address.typed,
        name=name,
        language=origin.language,
        ip=origin.ip,
        words=origin.words,
        words_language=origin.words_language,
        trust=trust,
    )
