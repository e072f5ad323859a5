"""What readers decide with their own link: name, language, format, lists, pausing, and leaving everything.

A link identifies the reader (profiles). Anything that would reveal or delete more than a link in an edition allows
requires the link that expires within the hour, which goes only to the reader's mailbox. Requesting one by address
reveals nothing: the answer is the same for every address, and only a reader is mailed a link. Each change is one
transaction with its evidence of consent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.addresses.address import parse_address
from pressrun.services.answers import Answer
from pressrun.services.context import ServiceContext
from pressrun.services.readers.double_clicks import by_link, meter_of_requests
from pressrun.services.readers.erasure import erase_reader
from pressrun.services.readers.language_switch import FamilyChoice, switch_language
from pressrun.services.readers.mailed_links import mail_preferences_link
from pressrun.services.readers.pauses import pause, pause_subscription, resume
from pressrun.services.readers.profiles import PreferenceLink, Profile, find_profile
from pressrun.services.readers.requests import Origin, ReaderRequest, carry_out
from pressrun.services.readers.unsubscribes import UnsubscribeRequest, UsedLink, unsubscribe
from pressrun.services.reports.subscriber_record import export_personal_data
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.readers import subscribers
from pressrun.store.readers.subscriptions import SubscriptionDetails
from pressrun.store.transaction import Transaction


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
        return await self._context.database.read(find_profile, link, self._context.now)

    async def save(self, link: PreferenceLink, changes: PreferenceChanges, origin: Origin) -> Profile | None:
        """Save name, language and format, leave the lists that are not to be kept, and switch to the chosen languages.

        A family or list that does not exist for this person changes nothing.
        """
        return await self._change(link, origin, lambda request, profile: _save(request, profile, changes))

    async def pause(
        self, link: PreferenceLink, days: int, origin: Origin, *, names: Collection[str] = ()
    ) -> Profile | None:
        """Pause these lists, or all without names, for 1 to 365 days; copies that are not claimed are cancelled."""
        return await self._change(
            link,
            origin,
            lambda request, profile: pause(request, profile.limited_to(names).memberships, days, about=profile.about),
        )

    async def pause_one(self, subscription_id: int, days: int, origin: Origin) -> SubscriptionDetails | None:
        """Pause one subscription, whatever link names it; None when it no longer exists."""
        return await carry_out(self._context, origin, pause_subscription, subscription_id, days)

    async def resume(self, link: PreferenceLink, origin: Origin, *, names: Collection[str] = ()) -> Profile | None:
        """End the pause of these lists now, or of all without names."""
        return await self._change(
            link, origin, lambda request, profile: resume(request, profile.limited_to(names).memberships)
        )

    async def unsubscribe(self, link: PreferenceLink, names: Collection[str], origin: Origin) -> Profile | None:
        """Leave these lists."""
        return await self._change(
            link, origin, lambda request, profile: _leave(request, profile, profile.list_names.intersection(names))
        )

    async def unsubscribe_all(self, link: PreferenceLink, origin: Origin) -> Profile | None:
        """Leave every list."""
        return await self._change(link, origin, lambda request, profile: _leave(request, profile, profile.list_names))

    async def mail_link(self, link: PreferenceLink, action: str, origin: Origin) -> Profile | None:
        """Mail a private link to the reader whose lasting link this is, under the limit of `mail_preferences_link`.

        `action` is what they want to do with it.
        """
        profile = await self.find(link)
        if profile is not None:
            address = parse_address(profile.person.address)
            sent = meter_of_requests(self._context, by_link(profile.person.id), "link", action)
            await carry_out(self._context, origin, mail_preferences_link, address, link.list_name, sent)
        return profile

    async def download(self, link: PreferenceLink) -> Answer | None:
        """All data about the person; None for a lasting link, too."""
        return await self._context.database.read(self._export, link)

    async def erase(self, link: PreferenceLink) -> bool:
        """Erase the person everywhere; False when the link is lasting or no longer valid. Raises Refused.

        A second click finds nobody any more, which is what it asks for.
        """
        profile = await self.find(link) if link.is_own else None
        erased = meter_of_requests(self._context, by_link(link.subscriber_id), "erase")

        def is_over(tx: Transaction) -> bool:
            if find_profile(tx, link, self._context.now) is None:
                return True
            limits.spend(tx, [erased], self._context.clock())
            return False

        if profile is not None:
            address = parse_address(profile.person.address)
            if await erase_reader(self._context, address, unless=is_over) is not None:
                return True
        return link.is_own and await self._context.database.read(self._has_just_come, erased)

    def _has_just_come(self, tx: Transaction, requests: Meter) -> bool:
        return limits.opens_at(tx, [requests], self._context.clock()) is not None

    async def _change(
        self, link: PreferenceLink, origin: Origin, change: Callable[[ReaderRequest, Profile], None]
    ) -> Profile | None:
        """Carry out a change by the owner of a link; returns what the page shows afterwards."""

        def work(request: ReaderRequest) -> Profile | None:
            profile = find_profile(request.tx, link, request.now)
            if profile is None:
                return None
            change(request, profile)
            return find_profile(request.tx, link, request.now)

        return await carry_out(self._context, origin, work)

    def _export(self, tx: Transaction, link: PreferenceLink) -> Answer | None:
        profile = find_profile(tx, link, self._context.now) if link.is_own else None
        if profile is None:
            return None
        return export_personal_data(tx, self._context.keys, profile.person, self._context.now)


def _save(request: ReaderRequest, profile: Profile, changes: PreferenceChanges) -> None:
    person = profile.person
    changed = replace(
        person,
        name=person.name if changes.name is None else changes.name,
        language=person.language if changes.language is None else changes.language,
        text_only=person.text_only if changes.text_only is None else changes.text_only,
    )
    if changed != person:
        subscribers.update_profile(request.tx, person, changed, how=request.origin.source)
    for choice in profile.families.values():
        if choice.name in changes.families:
            _choose(request, profile, choice, changes.families[choice.name])
    if changes.lists is not None:
        chosen = {item.list.name for item in profile.memberships if item.list.family in changes.families}
        _leave(request, profile, profile.list_names - chosen.union(changes.lists))


def _choose(request: ReaderRequest, profile: Profile, choice: FamilyChoice, name: str) -> None:
    """Let the person read a newsletter only in the language of this list, or in no language if no list is named."""
    mine = [item for item in profile.memberships if item.list.family == choice.name]
    if not name:
        _leave(request, profile, {item.list.name for item in mine})
    wanted = next((target for target in choice.lists if target.name == name), None)
    replaced = [item for item in mine if item.subscription.is_live and item.list.name != name]
    if wanted is not None and replaced:
        switch_language(request, replaced, wanted)


def _leave(request: ReaderRequest, profile: Profile, names: Collection[str]) -> None:
    """Leave these lists."""
    link = UsedLink.OWN if profile.link.is_own else UsedLink.LASTING
    requests = [
        UnsubscribeRequest(item.subscription.id, request.origin, link=link)
        for item in profile.memberships
        if item.list.name in names
    ]
    unsubscribe(request.tx, requests, request.context)
