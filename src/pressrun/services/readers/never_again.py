"""Never again: people who got a confirmation request that they did not ask for stop all mail of this server for good.

The link needs no account and no subscription. It works long after the request was forgotten, because it holds only the
keyed hashes that the address is suppressed under. The suppression covers every spelling of the mailbox.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import Digests, unpack_digests
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.readers.requests import Origin, ReaderRequest, carry_out
from pressrun.services.readers.subscription_records import list_subscriptions
from pressrun.services.suppression import NewSuppression, SuppressionReason, suppress
from pressrun.store.readers import enrolment, subscribers, suppressions
from pressrun.store.readers.subscribers import Subscriber

log = logging.getLogger("pressrun.readers")


class NeverAgain:
    """The service behind the link that stops all mail."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def refuse(self, subscriber_id: int, digests: Sequence[int], origin: Origin) -> None:
        """Suppress an address for good; `digests` are the numbers of its token. A second time changes nothing."""
        await carry_out(self._context, origin, _refuse, subscriber_id, unpack_digests(digests))
        event(log, "suppression.added", reason=SuppressionReason.NEVER_AGAIN)


def _refuse(request: ReaderRequest, subscriber_id: int, packed: tuple[bytes, ...]) -> None:
    digests = Digests(packed[0], packed[-1])  # the token has only one if both are the same
    people = subscribers.of_mailbox(request.tx, digests.mailbox)
    for person in people:
        end_everything(request, person)
    people.sort(key=lambda person: person.id != subscriber_id)  # show the address that was asked, if it still exists
    earlier = suppressions.find_suppression(request.tx, digests.mailbox)
    known = earlier.address if earlier is not None else next((person.address for person in people), None)
    suppress(request.tx, [NewSuppression(digests, SuppressionReason.NEVER_AGAIN, known, request.now)], request.now)


def end_everything(request: ReaderRequest, person: Subscriber) -> None:
    """Unsubscribe a person from every list, and cancel what waits for them."""
    for details in list_subscriptions(request.tx, person):
        if details.subscription.state is not SubscriptionState.UNSUBSCRIBED:
            request.end(details)
    enrolment.cancel_everything(request.tx, person.id, now=request.now)
