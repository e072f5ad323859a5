"""Composing the copy of a claimed row: the links and values of its reader, spliced into the skeleton."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from msgspec import Struct

from pressrun.core.addresses.address import Address, parse_address, restore_address
from pressrun.core.signing.encodings import base32_of
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.mac import Mac
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.core.site import Site
from pressrun.locales.catalogues import words_in
from pressrun.message.signatures.dkim import KnownHashes
from pressrun.message.wire.skeleton import CopyValues, Skeleton
from pressrun.runtime.time_zones import find_time_zone
from pressrun.smtp.handover import Outgoing
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue.deliveries import ClaimedCopy

_ID_DIGITS = 24  # 120 bits of a Message-ID
_ONE_DAY_SECONDS = 900  # in no time zone does a day begin between quarters of an hour of UTC
_NO_COLUMNS: dict[str, str] = {}


class CompiledEdition(Struct, frozen=True, kw_only=True):
    """What the copies of one edition have in common, ready to be spliced; `text_skeleton` has no HTML part.

    `slug` is empty if the edition has no page; `language` is that of its text.
    """

    edition_id: int
    slug: str
    list: MailingList
    language: str
    skeleton: Skeleton
    text_skeleton: Skeleton
    message_secret: bytes

    def skeleton_for(self, row: ClaimedCopy) -> Skeleton:
        """The skeleton for a reader, who may have chosen plain text."""
        return self.text_skeleton if row.text_only else self.skeleton


def message_id(secret: bytes, number: int, site: Site) -> str:
    """The Message-ID of one copy, without brackets: the same on every retry, without revealing the number."""
    digest = _message_id_mac(secret).digest(b"%d" % number)
    return f"{base32_of(digest[:_ID_DIGITS])}@{site.mail_domain}"


@lru_cache(maxsize=256)
def _message_id_mac(secret: bytes) -> Mac:
    return Mac(secret, b"message-id\0")


def archive_url(site: Site, target: MailingList, slug: str, token: Callable[[], str]) -> str:
    """The web page of an edition for one reader: the public page, a reader's link, or the page of the list.

    An edition without a slug has no page, so this is the archive instead.
    """
    place = f"archive/{quote(slug)}" if slug else "archive"
    match target.archive:
        case "public":
            return f"{site.base_url}/{target.name}/{place}"
        case "members":
            return f"{site.base_url}/read/{token()}/{place}"
        case _:
            return f"{site.base_url}/{target.name}"


def latest_url(site: Site, target: MailingList, token: Callable[[], str]) -> str:
    """The link that always leads one reader to the latest edition."""
    place = f"read/{token()}" if target.archive == "members" else target.name
    return f"{site.base_url}/{place}/latest"


def day_of(at: int, target: MailingList, language: str) -> str:
    """The date of a time as a letter writes it: in the time zone of the list and the language of the edition."""
    return _day(at - at % _ONE_DAY_SECONDS, target.timezone, language, target.language)


@lru_cache(maxsize=256)
def _day(at: int, timezone: str, *languages: str) -> str:
    zone = find_time_zone(timezone) or UTC  # the zone was known when it was set, and no copy should fail because of it
    there = datetime.fromtimestamp(at, zone).replace(tzinfo=UTC)
    return words_in(*languages).day(int(there.timestamp()))


def return_path(site: Site, target: MailingList | None, token: str) -> str:
    """The envelope sender: the signed bounce address, or a person's address if Pressrun receives no mail."""
    if target is not None and site.receives_mail:
        return site.list_address(target.name, "bounces", token)
    return _person_path(site, None if target is None else target.owner)


@lru_cache(maxsize=256)  # the same for every copy of a list
def _person_path(site: Site, owner: str | None) -> str:
    person = site.person_for(parse_address(owner) if owner else None)
    return f"postmaster@{site.mail_domain}" if person is None else person.wire


class _Makers:
    """The makers of tokens for copies of one list, with the newest key."""

    __slots__ = ("bounces", "leave", "preferences", "read", "unsubscribe")

    def __init__(self, keys: KeyRing, list_name: str) -> None:
        web, addresses = WebTokens(keys), AddressTokens(keys)
        self.bounces = addresses.maker(AddressPurpose.BOUNCES, list_name)
        self.leave = addresses.maker(AddressPurpose.UNSUBSCRIBE, list_name)
        self.unsubscribe = web.maker(WebPurpose.UNSUBSCRIBE, 2)
        self.preferences = web.maker(WebPurpose.PREFERENCES, 3)
        self.read = web.maker(WebPurpose.READ, 3)


class CopyComposer:
    """Composes the copies of editions."""

    def __init__(self, *, site: Site, keys: KeyRing) -> None:
        self._site = site
        self._keys = keys
        self._makers: dict[tuple[str, int], _Makers] = {}

    def compose(self, plate: CompiledEdition, row: ClaimedCopy, now: int) -> Outgoing:
        """The copy of a claimed row; its Date is that of the first attempt."""
        return self._compose(plate, row, now)[0]

    def compose_known(self, plate: CompiledEdition, row: ClaimedCopy, now: int) -> tuple[Outgoing, KnownHashes]:
        """The copy to be signed, with what is known about its content."""
        outgoing, parts = self._compose(plate, row, now)
        return outgoing, plate.skeleton_for(row).known(parts)

    def _compose(self, plate: CompiledEdition, row: ClaimedCopy, now: int) -> tuple[Outgoing, list[bytes]]:
        makers = self._makers_for(plate.list.name)
        address = restore_address(row.address, row.domain)
        needs_utf8 = address.needs_smtputf8
        copy_token = makers.bounces(row.id)
        parts = plate.skeleton_for(row).parts(self._values(plate, makers, address, row, copy_token, now))
        outgoing = Outgoing(
            row.id,
            return_path(self._site, plate.list, copy_token),
            address.wire,
            b"".join(parts),
            eight_bit=needs_utf8,
            utf8=needs_utf8,
            is_ours=True,
        )
        return outgoing, parts

    def _values(
        self, plate: CompiledEdition, makers: _Makers, address: Address, row: ClaimedCopy, copy_token: str, now: int
    ) -> CopyValues:
        site, subscription_id, date_at = self._site, row.subscription_id, row.first_attempt_at or now

        def read() -> str:
            return makers.read(subscription_id, row.epoch, row.round)

        return CopyValues(
            to=address,
            name=row.name,
            columns=json.loads(row.attributes) if row.attributes != "{}" else _NO_COLUMNS,
            unsubscribe_url=f"{site.base_url}/unsubscribe/{makers.unsubscribe(subscription_id, plate.edition_id)}",
            preferences_url=site.preferences_url(makers.preferences(row.subscriber_id, row.epoch, 0), plate.list.name),
            archive_url=archive_url(site, plate.list, plate.slug, read),
            latest_url=latest_url(site, plate.list, read),
            copy_token=copy_token,
            unsubscribe_mailto_token=makers.leave(subscription_id) if site.receives_mail else None,
            message_id=message_id(plate.message_secret, row.id, site),
            date_at=date_at,
            day=day_of(date_at, plate.list, plate.language),
        )

    def _makers_for(self, list_name: str) -> _Makers:
        place = list_name, self._keys.newest
        makers = self._makers.get(place)
        if makers is None:
            makers = self._makers[place] = _Makers(self._keys, list_name)
        return makers
