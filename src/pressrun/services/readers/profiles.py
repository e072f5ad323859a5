"""Who a preferences link belongs to, and what its page shows of them.

A link is valid until it expires, and only while its epoch is the person's. The lasting link in an edition may be
forwarded with it, so anything that would reveal more than the edition requires the link that expires within the
hour, which goes only to the reader's mailbox.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.services.readers.language_switch import FamilyChoice, find_choices
from pressrun.services.readers.subscription_records import list_subscriptions
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import consent, subscribers
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import SubscriptionDetails
from pressrun.store.transaction import Transaction


class PreferenceLink(Struct, frozen=True, kw_only=True):
    """What a preferences link says; `expires_at` is 0 for the lasting link of an edition.

    `list_name` is the list whose mail had the link. It is not signed, so it decides the colours and language of the
    page and the list that mails are sent for, but never what may be seen or done.
    """

    subscriber_id: int
    epoch: int
    expires_at: int = 0
    list_name: str = ""

    @property
    def is_own(self) -> bool:
        """Whether only the reader can have it, because it was mailed to them within the last hour."""
        return self.expires_at > 0


class Profile(Struct, frozen=True, kw_only=True):
    """What a preferences page shows; `offered` are public lists that the person is not on.

    `families` are newsletters in several languages, by the name of the first of their lists that the person is on.
    Their other languages are not among `offered`, since the page has a choice for them.
    `about` is the list that the page is styled for: the one that the link names, or else the only list there is.
    `history` is the evidence of consent, oldest first, for a link that only the reader can have; `titles` are those of
    the lists it names, by name, as far as they still exist.
    """

    link: PreferenceLink
    person: Subscriber
    memberships: tuple[SubscriptionDetails, ...]
    offered: tuple[MailingList, ...]
    families: Mapping[str, FamilyChoice] = field(default_factory=dict)
    about: MailingList | None = None
    history: tuple[Mapping[str, object], ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def list_names(self) -> frozenset[str]:
        """The names of the lists that the person is on."""
        return frozenset(item.list.name for item in self.memberships)

    def limited_to(self, names: Collection[str]) -> Profile:
        """The same person with only these memberships; without names, with all of them."""
        if not names:
            return self
        return replace(self, memberships=tuple(item for item in self.memberships if item.list.name in names))


def find_profile(tx: Transaction, link: PreferenceLink, now: int) -> Profile | None:
    """What the page of a link shows; None for one that is no longer valid."""
    if link.expires_at and link.expires_at <= now:
        return None
    person = subscribers.find_subscriber_by_id(tx, link.subscriber_id)
    if person is None or person.epoch != link.epoch:
        return None
    memberships = tuple(
        details
        for details in list_subscriptions(tx, person)
        if details.subscription.state is not SubscriptionState.UNSUBSCRIBED
    )
    listed = lists.all_lists(tx, listed_only=True)
    families = find_choices([item.list for item in memberships if item.subscription.is_live], listed)
    known = {item.list.id for item in memberships}
    read = {choice.name for choice in families.values()}
    about = lists.find_list(tx, link.list_name) if link.list_name else None
    if about is None and len(memberships) == 1:
        about = memberships[0].list
    history = tuple(consent.consent_of(tx, person.id)) if link.is_own else ()
    return Profile(
        link=link,
        person=person,
        memberships=memberships,
        offered=tuple(target for target in listed if target.id not in known and target.family not in read),
        families=families,
        about=about,
        history=history,
        titles=_titles(tx, {str(item["list"]) for item in history}),
    )


def _titles(tx: Transaction, names: Collection[str]) -> dict[str, str]:
    targets = [lists.find_list(tx, name) for name in names if name]
    return {target.name: target.title for target in targets if target is not None}
