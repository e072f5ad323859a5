"""Mails readers their own links, when somebody enters their address and asks for one.

The answer is the same for every address, and only readers get mail. The caller wakes the dispatcher.
"""

from __future__ import annotations

from pressrun.core.addresses.address import Address
from pressrun.services.readers.requests import ReaderRequest
from pressrun.services.readers.subscription_records import choose_list_of_mail
from pressrun.services.suppression import find_reason
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import language_switch, subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber


def mail_preferences_link(request: ReaderRequest, address: Address, list_name: str, *meters: Meter) -> None:
    """Mail a reader their own link. For anybody else, and over the limit, nothing happens and nothing shows.

    It goes out in the name of that list if they read it, or did, else of the first one that they read. `meters` are
    further limits.
    """
    person = _person_to_mail(request, address, *meters)
    target = None if person is None else choose_list_of_mail(request.tx, person, list_name)
    if person is not None and target is not None:
        request.mail("preferences_link", target, person, {})


def mail_unsubscribe_link(request: ReaderRequest, address: Address, target: MailingList) -> None:
    """Mail a member the link to leave a list, under the same limit; for others nothing happens."""
    person = _person_to_mail(request, address)
    if person is None:
        return
    subscription = subscriptions.find_subscription(request.tx, list_id=target.id, subscriber_id=person.id)
    if subscription is not None:  # somebody who reads another language now unsubscribes from the newsletter, too
        led_to = language_switch.follow(request.tx, [subscription.id]).get(subscription.id, 0)
        subscription = subscriptions.find_subscription_by_id(request.tx, led_to)
    if subscription is not None and subscription.is_live:
        request.mail("unsubscribe_link", target, person, {"subscription": subscription.id})


def _person_to_mail(request: ReaderRequest, address: Address, *meters: Meter) -> Subscriber | None:
    """The person to mail a link to; None over the limit (counted for every address), if unknown or suppressed."""
    person = subscribers.find_subscriber(request.tx, address)
    counted = [request.context.meter_of("preference_links_per_address", address), *meters]
    if not limits.spend(request.tx, counted, request.context.clock()):
        return None
    return None if person is None or find_reason(request.tx, person.digests) is not None else person
