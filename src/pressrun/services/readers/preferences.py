"""What readers decide about themselves by a link: name, language, format, lists, a pause, and the end of it all.

A link says who; it is good while its epoch is that of the person and its end has not come. The lasting link of an
edition may be passed on with it, so what would tell or take more than the edition itself needs the link that ends
within the hour, which only the reader's mailbox gets. Whoever asks for one by address learns nothing: the answer is the
same for every address, and only a reader is mailed one. Each change is one transaction with its evidence of consent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from pressrun.core.address import Address, parse_address
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.tokens import suppression_digest
from pressrun.observe.log import event
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.erasure import erase
from pressrun.services.readers.language_switch import LIVE, FamilyChoice, Switch, find_choices, switch
from pressrun.services.readers.personal_data import disclose
from pressrun.services.readers.sign_ups import Origin, SubscriptionDetails, find_subscription_details, record_consent
from pressrun.services.readers.suspension import restored
from pressrun.services.readers.unsubscribes import UnsubscribeRequest, unsubscribe
from pressrun.services.reports.ledger_reports import Answer
from pressrun.services.suppression import find_reason
from pressrun.store import consent, language_switch, limits, lists, notices, subscribers, subscriptions
from pressrun.store.lists import MailingList
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import Subscription
from pressrun.store.transaction import Transaction

_log = logging.getLogger(__name__)

LONGEST_PAUSE_DAYS = 365
PAUSE_LIMIT = "pause_notes_per_address"
_DAY_SECONDS = 86400
_PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceLink:
    """What a preferences link says; `expires_at` 0 is the lasting link of an edition.

    `list_name` is the list whose mail held the link. It is not signed: it decides in whose colours and language the
    page is, and in whose name it mails, never what may be seen or done.
    """

    subscriber_id: int
    epoch: int
    expires_at: int = 0
    list_name: str = ""

    @property
    def is_own(self) -> bool:
        """Whether only the reader can have it, since it was mailed to them a moment ago."""
        return self.expires_at > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One list that a person is subscribed to, waits for, or is suspended on."""

    list: MailingList
    subscription: Subscription

    @property
    def is_paused(self) -> bool:
        """Whether the reader asked for silence, rather than bounces."""
        return self.subscription.suspended_for == _PAUSED

    @property
    def can_pause(self) -> bool:
        """Whether there is something to pause."""
        return self.subscription.state is SubscriptionState.ACTIVE

    @property
    def is_live(self) -> bool:
        """Whether it is more than a request that nobody has confirmed."""
        return self.subscription.state in LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a preferences page shows; `offered` are public lists that the person is not on.

    `families` are newsletters of several languages, each under the name of the first list of it that they are on: of
    these no other language is offered, since there is a choice.
    `about` is the list that the page is dressed for: the one that its link names, else the only one there is.
    `history` is the evidence of consent, oldest first, for a link that only the reader can have, and `titles` are those
    of the lists that it names, by name, as far as they are still there.
    """

    person: Subscriber
    memberships: tuple[Membership, ...]
    offered: tuple[MailingList, ...]
    families: Mapping[str, FamilyChoice] = field(default_factory=dict)
    about: MailingList | None = None
    history: tuple[Mapping[str, object], ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceChanges:
    """What a reader saves; None leaves a thing as it is. `lists` are the names that are to stay.

    `families` has for some families the name of the one list that is wanted, or nothing; of those lists `lists` says
    nothing.
    """

    name: str | None = None
    language: str | None = None
    lists: Collection[str] | None = None
    families: Mapping[str, str] = field(default_factory=dict)
    text_only: bool | None = None


class Preferences:
    """The use cases of the preferences page, over one database."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    async def request_link(self, address: Address, origin: Origin, *, list_name: str = "") -> None:
        """Mail a reader their own link; for everybody else, and over the limit, nothing happens, and nothing shows.

        It goes out in the name of that list where they read it, or did, else of the first one that they read.
        """
        await self._context.database.share(self._request_link, address, origin, list_name)
        self._context.wake()

    async def find(self, link: PreferenceLink) -> Profile | None:
        """What the page of a link shows; None when the link is not good any more."""
        return await self._context.database.read(self._find, link)

    async def save(self, link: PreferenceLink, wishes: PreferenceChanges, origin: Origin) -> Profile | None:
        """Take over name, language and format, leave the lists that are not among the wished ones, and change over to
        the wished languages; a family or list that is not there for this person changes nothing.
        """
        return await self._change(link, lambda tx, p: self._save(tx, p, link, wishes, origin))

    async def pause(
        self, link: PreferenceLink, days: int, origin: Origin, *, names: Collection[str] = ()
    ) -> Profile | None:
        """Silence for so many days (1 to 365), from now; copies that are not claimed are cancelled.

        `names` are the lists concerned; none stands for every list.
        """
        if not 1 <= days <= LONGEST_PAUSE_DAYS:
            raise ValueError("a pause lasts 1 to 365 days")
        return await self._change(link, lambda tx, p: self._pause(tx, _only(p, names), days, origin))

    async def pause_one(self, subscription_id: int, days: int, origin: Origin) -> SubscriptionDetails | None:
        """The same for one subscription, by whatever link names it; None when it is there no more."""
        standing = await self._context.database.share(self._pause_one, subscription_id, days, origin)
        self._context.wake()
        return standing

    async def resume(self, link: PreferenceLink, origin: Origin, *, names: Collection[str] = ()) -> Profile | None:
        """End the pause of these lists now; no name stands for every list."""
        return await self._change(link, lambda tx, p: self._resume(tx, _only(p, names), origin))

    async def leave(self, link: PreferenceLink, names: Collection[str], origin: Origin) -> Profile | None:
        """Leave these lists."""
        return await self._change(link, lambda tx, p: self._leave(tx, p, link, _names(p) - frozenset(names), origin))

    async def leave_all(self, link: PreferenceLink, origin: Origin) -> Profile | None:
        """Leave every list."""
        return await self._change(link, lambda tx, p: self._leave(tx, p, link, frozenset(), origin))

    async def mail_link(self, link: PreferenceLink, origin: Origin) -> Profile | None:
        """Mail the reader whose lasting link this is one of their own, under the limit of `request_link`."""
        profile = await self.find(link)
        if profile is not None:
            await self.request_link(parse_address(profile.person.address), origin, list_name=link.list_name)
        return profile

    async def download(self, link: PreferenceLink) -> Answer | None:
        """All that is held about the person; None when the link is not good any more, or lasting."""
        return await self._context.database.read(self._disclose, link)

    async def erase(self, link: PreferenceLink) -> bool:
        """Forget the person everywhere; False when the link is not good any more, or lasting. Raises Refused."""
        context = self._context
        profile = await self.find(link) if link.is_own else None
        if profile is None:
            return False
        address = parse_address(profile.person.address)
        erased = await erase(
            context.database,
            address,
            context.keys,
            context.entropy,
            int(context.clock()),
            unless=lambda tx: self._find(tx, link) is None,
        )
        if erased is None:
            return False
        event(_log, "subscriber.erased")
        context.wake()
        return True

    def request_link_within(self, tx: Transaction, address: Address, origin: Origin, list_name: str) -> None:
        """`request_link` as a part of somebody else's transaction, who then wakes the dispatcher."""
        self._request_link(tx, address, origin, list_name)

    def unsubscribe_link_within(self, tx: Transaction, target: MailingList, address: Address, origin: Origin) -> None:
        """Mail a member the link to leave a list, under the limit of `request_link`; for all others nothing happens."""
        person = self._person_to_mail(tx, address)
        if person is None:
            return
        subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
        if subscription is not None:  # who changed to another language unsubscribes from the newsletter all the same
            led_to = language_switch.follow(tx, [subscription.id]).get(subscription.id, 0)
            subscription = subscriptions.get_subscription(tx, led_to)
        if subscription is not None and subscription.state in LIVE:
            payload = {"answers": origin.source, "subscription": subscription.id}
            self._mail(tx, "unsubscribe_link", target, person, origin, payload)

    # ------------------------------------------------------------------ links

    def _request_link(self, tx: Transaction, address: Address, origin: Origin, list_name: str) -> None:
        person = self._person_to_mail(tx, address)
        target = None if person is None else self._list_that_writes(tx, person, list_name)
        if person is not None and target is not None:
            self._mail(tx, "preferences_link", target, person, origin, {"answers": origin.source})

    def _person_to_mail(self, tx: Transaction, address: Address) -> Subscriber | None:
        """The person of an address, if one more link may be mailed to it."""
        # Counted for every address alike, under the keyed hash: no address is kept that we do not know.
        fold = suppression_digest(self._context.keys, address.fold)
        rate = self._context.limits.preference_links_per_address
        if not limits.spend(tx, "preference_links_per_address", fold, rate, self._context.clock()):
            return None
        person = subscribers.find_subscriber(tx, address)
        return None if person is None or find_reason(tx, person.digests) is not None else person

    def _mail(
        self,
        tx: Transaction,
        kind: str,
        target: MailingList,
        person: Subscriber,
        origin: Origin,
        payload: dict[str, object],
    ) -> None:
        notice = NewNotice(
            kind=kind,
            address=parse_address(person.address),
            message_secret=self._context.entropy(16),
            list_id=target.id,
            subscriber_id=person.id,
            language=person.language or origin.language or target.language,
            payload=payload,
        )
        notices.insert_notice(tx, notice, int(self._context.clock()))

    @staticmethod
    def _list_that_writes(tx: Transaction, person: Subscriber, preferred: str) -> MailingList | None:
        """In whose name the link goes out; None for somebody who never proved to own the address."""
        order = [SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED, SubscriptionState.UNSUBSCRIBED]
        rows = [row for row in subscriptions.subscriptions_of(tx, person.id) if row["state"] in order]
        if not rows:
            return None
        named = lists.find_list(tx, preferred) if preferred else None
        if named is not None and any(row["list_id"] == named.id for row in rows):
            return named
        return lists.get_list(tx, min(rows, key=lambda row: order.index(row["state"]))["list_id"])

    def _find(self, tx: Transaction, link: PreferenceLink) -> Profile | None:
        if link.expires_at and link.expires_at <= self._context.clock():
            return None
        person = subscribers.get_subscriber(tx, link.subscriber_id)
        if person is None or person.epoch != link.epoch:
            return None
        memberships = tuple(_memberships(tx, person))
        listed = lists.all_lists(tx, listed_only=True)
        families = find_choices([item.list for item in memberships if item.is_live], listed)
        known = {item.list.id for item in memberships}
        read = {choice.name for choice in families.values()}
        offered = tuple(target for target in listed if target.id not in known and target.family not in read)
        about = lists.find_list(tx, link.list_name) if link.list_name else None
        if about is None and len(memberships) == 1:
            about = memberships[0].list
        history = tuple(consent.consent_of(tx, person.id)) if link.is_own else ()
        return Profile(
            person=person,
            memberships=memberships,
            offered=offered,
            families=families,
            about=about,
            history=history,
            titles=_titles(tx, {str(item["list"]) for item in history}),
        )

    async def _change(self, link: PreferenceLink, change: Callable[[Transaction, Profile], None]) -> Profile | None:
        def work(tx: Transaction) -> Profile | None:
            profile = self._find(tx, link)
            if profile is None:
                return None
            change(tx, profile)
            return self._find(tx, link)

        changed = await self._context.database.share(work)
        self._context.wake()
        return changed

    def _disclose(self, tx: Transaction, link: PreferenceLink) -> Answer | None:
        profile = self._find(tx, link) if link.is_own else None
        return None if profile is None else disclose(tx, self._context.keys, profile.person, int(self._context.clock()))

    # ------------------------------------------------------------------ changes

    def _save(
        self, tx: Transaction, profile: Profile, link: PreferenceLink, wishes: PreferenceChanges, origin: Origin
    ) -> None:
        person = profile.person
        changed = replace(
            person,
            name=person.name if wishes.name is None else wishes.name,
            language=person.language if wishes.language is None else wishes.language,
            text_only=person.text_only if wishes.text_only is None else wishes.text_only,
        )
        if changed != person:
            subscribers.update_profile(tx, changed)
        for choice in profile.families.values():
            if choice.name in wishes.families:
                self._choose(tx, profile, link, choice, wishes.families[choice.name], origin)
        if wishes.lists is not None:
            chosen = {item.list.name for item in profile.memberships if item.list.family in wishes.families}
            self._leave(tx, profile, link, frozenset(wishes.lists) | chosen, origin)

    def _choose(
        self,
        tx: Transaction,
        profile: Profile,
        link: PreferenceLink,
        choice: FamilyChoice,
        name: str,
        origin: Origin,
    ) -> None:
        """Read a newsletter in the language of this list alone; no name: in none."""
        mine = [item for item in profile.memberships if item.list.family == choice.name]
        if not name:
            self._leave(tx, profile, link, _names(profile) - {item.list.name for item in mine}, origin)
        wanted = next((target for target in choice.lists if target.name == name), None)
        given = [(item.subscription, item.list) for item in mine if item.is_live and item.list.name != name]
        if wanted is not None and given:
            switch(tx, Switch(person=profile.person, given=given, wanted=wanted, origin=origin), self._context)

    def _leave(
        self, tx: Transaction, profile: Profile, link: PreferenceLink, kept: frozenset[str], origin: Origin
    ) -> None:
        """Leave all lists but the kept ones. By their own link it was the reader, who need not be told."""
        departures = [
            UnsubscribeRequest(item.subscription.id, origin, is_told=not link.is_own, is_followed=False)
            for item in profile.memberships
            if item.list.name not in kept
        ]
        unsubscribe(tx, departures, self._context)

    def _pause(self, tx: Transaction, profile: Profile, days: int, origin: Origin) -> None:
        now = int(self._context.clock())
        until, started = now + days * _DAY_SECONDS, []
        for item in profile.memberships:
            state = move(item.subscription.state, SubscriptionEvent.PAUSE)
            # Who is suspended for bounces stays so: the end of a pause must not bring them back.
            if state is None or item.subscription.suspended_for == "bounces":
                continue
            paused = replace(
                item.subscription,
                state=state,
                suspended_for=_PAUSED,
                paused_until=until,
                since=now if item.subscription.state is SubscriptionState.ACTIVE else item.subscription.since,
            )
            subscriptions.record_subscription(tx, paused)
            subscriptions.cancel_copies(tx, [paused.id], now)
            record_consent(tx, item.list, profile.person, "paused", origin, now=now, salt=self._context.entropy(16))
            if item.can_pause and item.list.leaving_note:
                started.append(item.list)
        if started:
            self._note_pause(tx, profile, started, until, origin)

    def _note_pause(
        self, tx: Transaction, profile: Profile, started: list[MailingList], until: int, origin: Origin
    ) -> None:
        """Tell the reader, once for all lists, that a pause has started; over the limit they are not told."""
        address = parse_address(profile.person.address)
        fold = suppression_digest(self._context.keys, address.fold)
        if not limits.spend(tx, PAUSE_LIMIT, fold, self._context.limits.pause_notes_per_address, self._context.clock()):
            return
        target = next((one for one in started if one == profile.about), started[0])
        also = [one.title for one in started if one.id != target.id]
        self._mail(tx, "paused", target, profile.person, origin, {"until": until, "also": also})

    def _pause_one(
        self, tx: Transaction, subscription_id: int, days: int, origin: Origin
    ) -> SubscriptionDetails | None:
        standing = find_subscription_details(tx, subscription_id)
        if standing is None:
            return None
        only = Membership(list=standing.list, subscription=standing.subscription)
        self._pause(tx, Profile(person=standing.person, memberships=(only,), offered=()), days, origin)
        return find_subscription_details(tx, subscription_id)

    def _resume(self, tx: Transaction, profile: Profile, origin: Origin) -> None:
        now = int(self._context.clock())
        for item in profile.memberships:
            state = move(item.subscription.state, SubscriptionEvent.RESUME)
            if state is None or not item.is_paused:
                continue
            resumed = replace(item.subscription, state=state, suspended_for=None, paused_until=None, since=now)
            subscriptions.record_subscription(tx, restored(tx, resumed, now))
            record_consent(tx, item.list, profile.person, "resumed", origin, now=now, salt=self._context.entropy(16))


def _names(profile: Profile) -> frozenset[str]:
    return frozenset(item.list.name for item in profile.memberships)


def _only(profile: Profile, names: Collection[str]) -> Profile:
    """The same person with the memberships of these names alone; no name stands for all of them."""
    if not names:
        return profile
    return replace(profile, memberships=tuple(item for item in profile.memberships if item.list.name in names))


def _titles(tx: Transaction, names: Collection[str]) -> dict[str, str]:
    found = [lists.find_list(tx, name) for name in names if name]
    return {target.name: target.title for target in found if target is not None}


def _memberships(tx: Transaction, person: Subscriber) -> list[Membership]:
    found = []
    for row in subscriptions.subscriptions_of(tx, person.id):
        if row["state"] == SubscriptionState.UNSUBSCRIBED:
            continue
        target = lists.get_list(tx, row["list_id"])
        subscription = subscriptions.get_subscription(tx, row["id"])
        if target is not None and subscription is not None:
            found.append(Membership(list=target, subscription=subscription))
    return found
