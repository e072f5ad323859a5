"""What readers decide by a link of theirs: name, language, format, lists, a pause, and the end of it all.

A link says who; it is valid while its epoch is that of the person and until it expires. The lasting link of an edition
may be passed on with it. So whatever would show or take more than the edition needs the link that expires within the
hour, which goes to the reader's mailbox only. Requesting one by address reveals nothing: the answer is the same for
every address, and only a reader is mailed a link. Each change is one transaction with its evidence of consent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.observe.log import event
from pressrun.services.answers import Answer
from pressrun.services.context import ServiceContext
from pressrun.services.readers.erasure import erase
from pressrun.services.readers.language_switch import FamilyChoice, LanguageSwitch, find_choices, switch_language
from pressrun.services.readers.mailed_links import mail_preferences_link
from pressrun.services.readers.pauses import pause, pause_subscription, resume
from pressrun.services.readers.personal_data import export_personal_data
from pressrun.services.readers.subscription_records import (
    Origin,
    SubscriptionDetails,
    list_subscriptions,
)
from pressrun.services.readers.unsubscribes import UnsubscribeRequest, unsubscribe
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import consent, subscribers
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction

_log = logging.getLogger(__name__)


class PreferenceLink(Struct, frozen=True, kw_only=True):
    """What a preferences link says; `expires_at` is 0 for the lasting link of an edition.

    `list_name` is the list whose mail held the link. It is not signed. It decides the colours and language of the page,
    and the list that mails are sent for, but never what may be seen or done.
    """

    subscriber_id: int
    epoch: int
    expires_at: int = 0
    list_name: str = ""

    @property
    def is_own(self) -> bool:
        """Whether only the reader can have it, because it was mailed to them within the hour."""
        return self.expires_at > 0


class Profile(Struct, frozen=True, kw_only=True):
    """What a preferences page shows; `offered` are public lists that the person is not on.

    `families` are newsletters in several languages, by the name of the first of their lists that the person is on. No
    other language of these is among `offered`, since the page has a choice for it.
    `about` is the list that the page is styled for: the one that its link names, else the only one there is.
    `history` is the evidence of consent, oldest first, for a link that only the reader can have; `titles` are those of
    the lists it names, by name, as far as they still exist.
    """

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
        """The same person with these memberships alone; no name stands for all of them."""
        if not names:
            return self
        return replace(self, memberships=tuple(item for item in self.memberships if item.list.name in names))


class PreferenceChanges(Struct, frozen=True, kw_only=True):
    """What a reader saves; None leaves a setting as it is. `lists` are the names of the lists to keep.

    `families` has for some families the name of the one list that the reader wants, or "" for none. `lists` says
    nothing about these.
    """

    name: str | None = None
    language: str | None = None
    lists: Collection[str] | None = None
    families: Mapping[str, str] = field(default_factory=dict)
    text_only: bool | None = None


class Preferences:
    """The services behind the preferences page. They return None for a link that is no longer valid."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def find(self, link: PreferenceLink) -> Profile | None:
        """What the page of a link shows."""
        return await self._context.database.read(self._find, link)

    async def save(self, link: PreferenceLink, changes: PreferenceChanges, origin: Origin) -> Profile | None:
        """Save name, language and format, leave the lists that are not to be kept, and switch to the chosen languages.

        A family or list that does not exist for this person changes nothing.
        """
        return await self._change(link, lambda tx, profile: self._save(tx, profile, link, changes, origin))

    async def pause(
        self, link: PreferenceLink, days: int, origin: Origin, *, names: Collection[str] = ()
    ) -> Profile | None:
        """Pause these lists, or all without names, for 1 to 365 days; copies that are not claimed are cancelled."""
        context = self._context

        def change(tx: Transaction, profile: Profile) -> None:
            pause(tx, profile.limited_to(names).memberships, days, origin, context, about=profile.about)

        return await self._change(link, change)

    async def pause_one(self, subscription_id: int, days: int, origin: Origin) -> SubscriptionDetails | None:
        """Pause one subscription, whatever link names it; None when it no longer exists."""
        context = self._context
        details = await context.database.share(pause_subscription, subscription_id, days, origin, context)
        context.wake()
        return details

    async def resume(self, link: PreferenceLink, origin: Origin, *, names: Collection[str] = ()) -> Profile | None:
        """End the pause of these lists now, or of all without names."""
        context = self._context
        return await self._change(
            link, lambda tx, profile: resume(tx, profile.limited_to(names).memberships, origin, context)
        )

    async def unsubscribe(self, link: PreferenceLink, names: Collection[str], origin: Origin) -> Profile | None:
        """Leave these lists."""
        return await self._change(
            link, lambda tx, profile: self._leave(tx, profile, link, profile.list_names - frozenset(names), origin)
        )

    async def unsubscribe_all(self, link: PreferenceLink, origin: Origin) -> Profile | None:
        """Leave every list."""
        return await self._change(link, lambda tx, profile: self._leave(tx, profile, link, frozenset(), origin))

    async def mail_link(self, link: PreferenceLink, origin: Origin) -> Profile | None:
        """Mail a private link to the reader whose lasting link this is, under the limit of `mail_preferences_link`."""
        context = self._context
        profile = await self.find(link)
        if profile is not None:
            address = parse_address(profile.person.address)
            await context.database.share(mail_preferences_link, address, origin, link.list_name, context)
            context.wake()
        return profile

    async def download(self, link: PreferenceLink) -> Answer | None:
        """All data about the person; None for a lasting link, too."""
        return await self._context.database.read(self._export, link)

    async def erase(self, link: PreferenceLink) -> bool:
        """Erase the person everywhere; False when the link is lasting or no longer valid. Raises Refused."""
        context = self._context
        profile = await self.find(link) if link.is_own else None
        if profile is None:
            return False
        erased = await erase(
            context.database,
            parse_address(profile.person.address),
            context.keys,
            context.entropy,
            context.now,
            unless=lambda tx: self._find(tx, link) is None,
            files=context.job_files,
        )
        if erased is None:
            return False
        event(_log, "subscriber.erased")
        context.wake()
        return True

    def _find(self, tx: Transaction, link: PreferenceLink) -> Profile | None:
        if link.expires_at and link.expires_at <= self._context.clock():
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
            person=person,
            memberships=memberships,
            offered=tuple(target for target in listed if target.id not in known and target.family not in read),
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

    def _export(self, tx: Transaction, link: PreferenceLink) -> Answer | None:
        profile = self._find(tx, link) if link.is_own else None
        return (
            None if profile is None else export_personal_data(tx, self._context.keys, profile.person, self._context.now)
        )

    # ------------------------------------------------------------------ changes

    def _save(
        self, tx: Transaction, profile: Profile, link: PreferenceLink, changes: PreferenceChanges, origin: Origin
    ) -> None:
        person = profile.person
        changed = replace(
            person,
            name=person.name if changes.name is None else changes.name,
            language=person.language if changes.language is None else changes.language,
            text_only=person.text_only if changes.text_only is None else changes.text_only,
        )
        if changed != person:
            subscribers.update_profile(tx, person, changed, how=origin.source)
        for choice in profile.families.values():
            if choice.name in changes.families:
                self._choose(tx, profile, link, choice, changes.families[choice.name], origin)
        if changes.lists is not None:
            chosen = {item.list.name for item in profile.memberships if item.list.family in changes.families}
            self._leave(tx, profile, link, frozenset(changes.lists) | chosen, origin)

    def _choose(
        self,
        tx: Transaction,
        profile: Profile,
        link: PreferenceLink,
        choice: FamilyChoice,
        name: str,
        origin: Origin,
    ) -> None:
        """Let the person read a newsletter in the language of this list alone, or in none without a name."""
        mine = [item for item in profile.memberships if item.list.family == choice.name]
        if not name:
            self._leave(tx, profile, link, profile.list_names - {item.list.name for item in mine}, origin)
        wanted = next((target for target in choice.lists if target.name == name), None)
        replaced = [
            (item.subscription, item.list) for item in mine if item.subscription.is_live and item.list.name != name
        ]
        if wanted is not None and replaced:
            change = LanguageSwitch(person=profile.person, replaced=replaced, wanted=wanted, origin=origin)
            switch_language(tx, change, self._context)

    def _leave(
        self, tx: Transaction, profile: Profile, link: PreferenceLink, kept: frozenset[str], origin: Origin
    ) -> None:
        """Leave all lists but the kept ones. With their own link it certainly was the reader, who needs no notice."""
        requests = [
            UnsubscribeRequest(item.subscription.id, origin, is_notified=not link.is_own, is_followed=False)
            for item in profile.memberships
            if item.list.name not in kept
        ]
        unsubscribe(tx, requests, self._context)


def _titles(tx: Transaction, names: Collection[str]) -> dict[str, str]:
    targets = [lists.find_list(tx, name) for name in names if name]
    return {target.name: target.title for target in targets if target is not None}
