"""Never again: whoever got a confirmation that they did not ask for stops all mail of this server, for ever.

The link needs no account and no subscription, and works long after the request was forgotten, since it holds nothing
but the keyed hashes under which the address is kept out. It is kept out under every spelling of its mailbox.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pressrun.core.subscription import SubscriptionState
from pressrun.core.tokens import Digests, unpack_digests
from pressrun.observe.log import event
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.readers.sign_ups import Origin, end_subscription, record_consent
from pressrun.services.suppression import SuppressionReason, suppress
from pressrun.store import enrolment, lists, subscribers, subscriptions, suppressions
from pressrun.store.database import Database
from pressrun.store.subscribers import Subscriber
from pressrun.store.transaction import Transaction

_log = logging.getLogger(__name__)


class NeverAgain:
    """The use case of whoever wants no mail at all."""

    def __init__(self, *, database: Database, clock: Clock, entropy: Entropy, wake: Waker) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._wake = wake

    async def refuse(self, subscriber_id: int, digests: Sequence[int], origin: Origin) -> None:
        """Keep an address out for ever; `digests` are the numbers of its token. Doing it twice is as good as once."""
        await self._database.write(self._refuse, subscriber_id, unpack_digests(digests), origin)
        event(_log, "suppression.added", reason=SuppressionReason.NEVER_AGAIN)
        self._wake()

    def _refuse(self, tx: Transaction, subscriber_id: int, found: tuple[bytes, ...], origin: Origin) -> None:
        now = int(self._clock())
        digests = Digests(found[0], found[-1])  # one where they are the same
        people = subscribers.of_mailbox(tx, digests.mailbox)
        for person in people:
            end_everything(tx, person, origin, self._entropy, now)
        people.sort(key=lambda person: person.id != subscriber_id)  # who was asked is shown, where they are there still
        row = suppressions.get_suppression(tx, digests.mailbox)
        known = row["address"] if row is not None else next((person.address for person in people), None)
        suppress(tx, digests, SuppressionReason.NEVER_AGAIN, address=known, now=now)


def end_everything(tx: Transaction, person: Subscriber, origin: Origin, entropy: Entropy, now: int) -> None:
    """Unsubscribe a person from every list, and cancel what waits for them."""
    for row in subscriptions.subscriptions_of(tx, person.id):
        subscription = subscriptions.get_subscription(tx, row["id"])
        target = lists.get_list(tx, row["list_id"])
        assert subscription is not None
        assert target is not None
        if subscription.state is SubscriptionState.UNSUBSCRIBED:
            continue
        end_subscription(tx, subscription, origin.source, now)
        record_consent(tx, target, person, "withdrawn", origin, now=now, salt=entropy(16))
    enrolment.cancel_everything(tx, person.id, now)
