"""Mails readers their own links, when somebody enters their address and asks for one.

The answer is the same for every address, and only readers get mail. The caller wakes the dispatcher.
"""

from __future__ import annotations

from pressrun.core.addresses.address import Address
from pressrun.services.context import ServiceContext
from pressrun.services.readers.reader_notices import mail_to_reader, may_mail
from pressrun.services.readers.subscription_records import Origin, choose_list_of_mail
from pressrun.services.suppression import find_reason
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import language_switch, subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction


def mail_preferences_link(
    tx: Transaction, address: Address, origin: Origin, list_name: str, context: ServiceContext
) -> None:
    """Mail a reader their own link. For anybody else, and over the limit, nothing happens and nothing shows.

    It goes out in the name of that list if they read it, or did, else of the first one that they read.
    """
    person = _person_to_mail(tx, address, context)
    target = None if person is None else choose_list_of_mail(tx, person, list_name)
    if person is not None and target is not None:
        mail_to_reader(tx, "preferences_link", target, person, origin, {}, context)


def mail_unsubscribe_link(
    tx: Transaction, target: MailingList, address: Address, origin: Origin, context: ServiceContext
) -> None:
    """Mail a member the link to leave a list, under the same limit; for others nothing happens."""
    person = _person_to_mail(tx, address, context)
    if person is None:
        return
    subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
    if subscription is not None:  # somebody who reads another language now unsubscribes from the newsletter, too
        led_to = language_switch.follow(tx, [subscription.id]).get(subscription.id, 0)
        subscription = subscriptions.find_subscription_by_id(tx, led_to)
    if subscription is not None and subscription.is_live:
        payload = {"subscription": subscription.id}
        mail_to_reader(tx, "unsubscribe_link", target, person, origin, payload, context)


def _person_to_mail(tx: Transaction, address: Address, context: ServiceContext) -> Subscriber | None:
    """The person to mail a link to; None over the limit (counted for every address), if unknown or suppressed."""
    person = subscribers.find_subscriber(tx, address)
    if not may_mail(tx, "preference_links_per_address", address, context):
        return None
    return None if person is None or find_reason(tx, person.digests) is not None else person
