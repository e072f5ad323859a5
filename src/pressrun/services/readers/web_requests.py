"""What anybody may request on the web for an address: to sign up, or to be mailed a link to preferences or to leave.

The requester must not learn what the address is to a list, not even by timing. So the answer waits for one row that is
the same for every address. The request is carried out a moment later, after a random delay, together with others that
have come in. Readers are notified of an unsubscribe in the same way, because very many may leave at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from pressrun.core.abuse.sign_up import FORM_USED, FORM_USES, Trust
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import Unavailable
from pressrun.core.network.peers import Peers
from pressrun.core.quantities import RateExceeded
from pressrun.core.upkeep.resources import is_out_of_resources
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, draw_wait, until_next
from pressrun.services.context import ServiceContext
from pressrun.services.readers.double_clicks import meter_of_requests
from pressrun.services.readers.mailed_links import mail_preferences_link, mail_unsubscribe_link
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer, SignUps
from pressrun.services.readers.unsubscribes import notify_unsubscribers
from pressrun.services.suppression import PROGRAM
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.programs.events import READER, acted_by, token
from pressrun.store.readers import pending_requests
from pressrun.store.readers.pending_requests import PendingRequest, RequestKind
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.readers")

_FORM_BYTES = 6  # of a token; one copy in a thousand million has the number of another one by chance
POLL_SECONDS = 1.0  # between two checks whether an attack is over
PAUSE_SECONDS = 0.03  # between two batches, so that others get to the database,
BUSY_PAUSE_SECONDS = 0.15  # longer while somebody waits for an answer, as when many leave at once


class WebRequests(BackgroundLoop):
    """Accepts requests, and carries them out in the background."""

    name = "requests"
    unavailable = "subscription.database_unavailable"

    def __init__(self, context: ServiceContext, *, sign_ups: SignUps) -> None:
        super().__init__(context.clock)
        self._context = context
        self._sign_ups = sign_ups
        self._asked = asyncio.Event()
        self.wake()  # for requests that a dead process left behind

    def wake(self) -> None:
        """There may be a request, or a notice of an unsubscribe to queue."""
        self._asked.set()

    @property
    def form_seconds(self) -> float:
        """The shortest time in which a person fills in our form."""
        return self._context.limits.form_seconds

    @property
    def work_bits(self) -> int | None:
        """How much work our own form asks for now, if any."""
        asks = self._sign_ups.abuse_limits.requires_work(self._context.clock())
        return self._context.limits.proof_of_work_bits if asks else None

    def draw_form(self) -> int:
        """The number of a new copy of our form."""
        return int.from_bytes(self._context.entropy(_FORM_BYTES), "big")

    async def sign_up(
        self, names: Sequence[str], applicant: Applicant, network: str | None, form: int | None = None
    ) -> SignUpAnswer | RateExceeded:
        """Accept a sign-up to these lists, except closed ones; the mail is about the first, and asks to confirm all.

        `sign_ups_per_ip` counts by `network`; None means that this limit does not apply. It does not apply either if
        the address in the origin is that of a trusted server, which signs up others. `form` is the number of the copy
        of our form that was sent. A copy that was used before proves nothing.
        """
        ip = applicant.origin.ip
        if ip is not None and ip in Peers(self._context.limits.trusted_sign_up_addresses):
            network = None
        answer = await self._context.database.share(self._accept_sign_up, names, _pending(applicant), network, form)
        self.wake()
        return answer

    async def preferences_link(
        self,
        address: Address,
        origin: Origin,
        *,
        network: str | None,
        form: int | str | None = None,
        about: MailingList | None = None,
    ) -> None:
        """Mail a reader their own link. For anybody else, and over a limit, nothing happens and nothing shows.

        `about` is the list that they came from, and `form` the number of the copy of our form that they sent, or
        their network if copies of that form have no number.
        """
        request = _pending(Applicant(address, origin), RequestKind.PREFERENCES)
        await self._request_link(request if about is None else replace(request, list_id=about.id), network, form)

    async def unsubscribe_link(
        self, target: MailingList, address: Address, origin: Origin, *, network: str | None, form: int | None = None
    ) -> None:
        """Mail a member the link to leave a list. For anybody else, and over a limit, nothing happens and nothing
        shows. `form` is the number of the copy of our form that they sent.
        """
        request = _pending(Applicant(address, origin), RequestKind.UNSUBSCRIBE)
        await self._request_link(replace(request, list_id=target.id), network, form)

    async def _request_link(self, request: PendingRequest, network: str | None, form: int | str | None) -> None:
        await self._context.database.share(self._accept_link_request, request, network, form)
        self.wake()

    async def step(self) -> bool:
        """Wait for a request, and carry out all there are."""
        try:
            async with asyncio.timeout(until_next(POLL_SECONDS)):
                await self._asked.wait()
        except TimeoutError:
            self._sign_ups.abuse_limits.poll(self._context.clock())
        else:
            self._asked.clear()
            await asyncio.sleep(draw_wait(self._context.entropy))
        await self.carry_out()
        return True

    async def carry_out(self) -> None:
        """Carry out all requests so far."""
        database = self._context.database
        # A power cut undoes the effects together with the removal of the requests, so nothing is done twice.
        while await database.read(pending_requests.is_work_pending):
            try:
                with acted_by(READER):
                    await database.record(self._carry_out_batch)
            except Unavailable:
                raise
            except Exception as problem:  # noqa: BLE001 - one request is to blame, or the machine: that shows now
                await self._carry_out_each(problem)
            self._context.wake()
            await asyncio.sleep(BUSY_PAUSE_SECONDS if database.is_syncing else PAUSE_SECONDS)

    # ------------------------------------------------------------------ within one transaction

    def _accept_sign_up(
        self, tx: Transaction, names: Sequence[str], request: PendingRequest, network: str | None, form: int | None
    ) -> SignUpAnswer | RateExceeded:
        now = self._context.clock()
        sent = None if form is None else self._meter_of(request, form, *names)
        targets = self._sign_ups.choose_lists(tx, names, network)
        if isinstance(targets, RateExceeded) and sent is not None and limits.opens_at(tx, [sent], now) is not None:
            return SignUpAnswer.ACCEPTED  # the second click on a form that was the last of its network
        if isinstance(targets, SignUpAnswer | RateExceeded):
            return targets
        first, *others = [target.id for target in targets]
        request = replace(request, list_id=first, also=tuple(others))
        if form is not None and sent is not None:
            use = Meter(FORM_USED, form.to_bytes(_FORM_BYTES, "big"), FORM_USES)
            if not limits.spend(tx, [use, sent], now):  # this copy was used before
                if not limits.spend(tx, [sent], now):
                    return SignUpAnswer.ACCEPTED
                if request.trust is Trust.PROVEN:
                    # A corrected address or an old copy of the page is not abuse, but proves no more than another
                    # site's form.
                    request = replace(request, trust=Trust.UNPROVEN)
        pending_requests.insert_pending_request(tx, request)
        return SignUpAnswer.ACCEPTED

    def _accept_link_request(
        self, tx: Transaction, request: PendingRequest, network: str | None, form: int | str | None
    ) -> None:
        meters = [] if form is None else [self._meter_of(request, form, request.list_id)]
        if network is not None:
            rate = self._context.limits.preference_links_per_ip
            meters.append(Meter("preference_links_per_ip", network.encode(), rate))
        if not meters or limits.spend(tx, meters, self._context.clock()):
            pending_requests.insert_pending_request(tx, request)

    def _meter_of(self, request: PendingRequest, form: int | str, *lists: object) -> Meter:
        wanted = (request.trust, request.kind, request.address, request.name, request.language, *lists)
        return meter_of_requests(self._context, form, *wanted)

    def _carry_out_batch(self, tx: Transaction) -> None:
        notify_unsubscribers(tx, self._context)
        for request in pending_requests.claim_pending_requests(tx):
            with acted_by(_actor_of(request)):
                self._carry_out(tx, request)

    def _carry_out(self, tx: Transaction, request: PendingRequest) -> None:
        address = parse_address(request.address)
        origin = msgspec.convert(request, Origin, from_attributes=True)
        target = None if request.list_id is None else lists.hold_list(tx, request.list_id)
        asked = ReaderRequest(tx, origin, self._context)
        match request.kind:
            case RequestKind.PREFERENCES:
                mail_preferences_link(asked, address, "" if target is None else target.name)
            case RequestKind.UNSUBSCRIBE if target is not None:
                mail_unsubscribe_link(asked, address, target)
            case RequestKind.SIGN_UP:
                requested = [target, *(lists.hold_list(tx, number) for number in request.also)]
                targets = [target for target in requested if target is not None and target.closed_at is None]
                if targets:
                    applicant = Applicant(address, origin, request.name, request.trust, request.attributes)
                    self._sign_ups.sign_up(tx, targets, applicant)

    async def _carry_out_each(self, problem: Exception) -> None:
        """Carry out each request on its own, and set aside those that fail; raises `problem` when none does."""
        with acted_by(READER):
            faults = await self._context.database.record(self._try_each)
        if not faults:
            raise problem
        for number, fault in faults:
            event(log, "subscription.set_aside", level=logging.ERROR, exc_info=fault, request=number)

    def _try_each(self, tx: Transaction) -> list[tuple[int, Exception]]:
        faults = []
        for number in pending_requests.list_pending_requests(tx):
            problem = tx.attempt(partial(self._try_one, tx, number))
            if problem is None:
                continue
            if is_out_of_resources(problem):
                raise problem
            pending_requests.set_request_aside(tx, number, self._context.now)
            faults.append((number, problem))
        return faults

    def _try_one(self, tx: Transaction, number: int) -> None:
        request = pending_requests.claim_pending_request(tx, number)
        if request is not None:
            with acted_by(_actor_of(request)):
                self._carry_out(tx, request)


def _actor_of(request: PendingRequest) -> str:
    """Who asks: the reader, or the program that the request came by."""
    is_by_program = request.source.startswith(PROGRAM)
    return token(request.source.removeprefix(PROGRAM)) if is_by_program else READER


def _pending(applicant: Applicant, kind: RequestKind = RequestKind.SIGN_UP) -> PendingRequest:
    origin = applicant.origin
    return PendingRequest(
        kind=kind,
        address=applicant.address.typed,
        name=applicant.name,
        language=origin.language,
        ip=origin.ip,
        words=origin.words,
        words_language=origin.words_language,
        trust=applicant.trust,
        source=origin.source,
        attributes=applicant.attributes,
        url=origin.url,
        given_at=origin.given_at,
    )
