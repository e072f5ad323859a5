"""Composing notices: one mail to one person, made when its turn comes, from what the database holds of it."""

from __future__ import annotations

import json
from typing import Any

from pressrun.core.address import Address, parse_address
from pressrun.core.keys import KeyRing
from pressrun.core.mail_routes import OF_NO_LIST
from pressrun.core.site import Site
from pressrun.core.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.message.notices.building import AutoSubmitted, NoticeCopy, build_notice
from pressrun.message.notices.kinds import (
    AlreadySubscribed,
    CommandHelp,
    Confirmation,
    FinishedReport,
    ListClosed,
    ListOfLists,
    NotConfirmed,
    Notice,
    PreferencesLink,
    UnsubscribeLink,
)
from pressrun.message.profile import Words, untranslated
from pressrun.services.composing import EditionPlate, message_id, return_path
from pressrun.services.profiles import profile_of
from pressrun.services.settings import TokenSettings
from pressrun.smtp.handover import Outgoing
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Row

FORWARD = "forward"  # the kind of a notice that is somebody's mail, passed on


def is_passed_on(row: Row, plate: EditionPlate | None) -> bool:
    """Whether a claimed row is somebody else's mail, which goes on as it came and is never signed."""
    return plate is None and row["kind"] == FORWARD


class NoticeComposer:
    """Makes the mail of a claimed notice."""

    def __init__(self, *, site: Site, keys: KeyRing, tokens: TokenSettings, words: Words = untranslated) -> None:
        self._site = site
        self._web = WebTokens(keys)
        self._addresses = AddressTokens(keys)
        self.tokens = tokens
        self._words = words

    def compose(self, row: Row, target: MailingList | None, now: int) -> Outgoing:
        """The mail of a claimed notice; its Date and Message-ID are the same on every retry."""
        address = parse_address(row["address"])
        payload = json.loads(row["payload"])
        if row["kind"] == FORWARD:
            return self._forward(row, target, payload, address)
        replies = payload.get("answers") == "mail"
        content = row["content"]
        if content is None:
            assert target is not None  # only composed notices stand without a list
            copy = NoticeCopy(
                to=address,
                message_id=message_id(row["message_secret"], row["notice_id"], self._site),
                date_at=row["first_attempt_at"] or now,
                auto_submitted=AutoSubmitted.REPLIED if replies else AutoSubmitted.GENERATED,
                in_reply_to=payload.get("in_reply_to"),
            )
            notice, profile = self._notice(row, target, payload), profile_of(target, self._site)
            content = build_notice(notice, copy, words=self._words, site=self._site, profile=profile)
        token = "" if target is None else self._addresses.make(AddressPurpose.BOUNCES, target.name, row["id"])
        return Outgoing(
            row["id"],
            "" if replies else return_path(self._site, target, token),  # RFC 3834 §3.3
            address.wire,
            content,
            eight_bit=address.needs_smtputf8,
            utf8=address.needs_smtputf8,
        )

    def _forward(self, row: Row, target: MailingList | None, payload: dict[str, Any], address: Address) -> Outgoing:
        """A mail passed on untouched, so never signed: from a signed return path, or the null one if it came so."""
        name = OF_NO_LIST if target is None else target.name
        token = self._addresses.make(AddressPurpose.BOUNCES, name, row["id"])
        content: bytes = row["content"]
        return Outgoing(
            row["id"],
            "" if payload["null_sender"] else self._site.list_address(name, "bounces", token),
            address.wire,
            content,
            eight_bit=not content.isascii(),
            utf8=payload["utf8"] or address.needs_smtputf8,
        )

    def _notice(self, row: Row, target: MailingList, payload: dict[str, Any]) -> Notice:
        match row["kind"]:
            case "confirmation":
                number, expires_at = payload["confirmation"], payload["expires_at"]
                return Confirmation(
                    link=self._link("confirm", self._web.make(WebPurpose.CONFIRM, number, expires_at)),
                    lifetime_days=max(1, round((expires_at - row["created_at"]) / 86400)),
                    address_token=self._addresses.make(AddressPurpose.CONFIRM, target.name, number),
                )
            case "already_subscribed":
                return AlreadySubscribed(preferences_url=self._preferences(row, 0))
            case "preferences_link":
                lifetime = self.tokens.preferences_lifetime_seconds
                return PreferencesLink(
                    link=self._preferences(row, int(row["created_at"] + lifetime)),
                    lifetime_minutes=max(1, round(lifetime / 60)),
                )
            case "finished_report":
                return FinishedReport(**payload["report"])
            case "command_help":
                return CommandHelp()
            case "list_of_lists":
                return ListOfLists(lists=tuple((title, address) for title, address in payload["lists"]))
            case "unsubscribe_link":
                token = self._web.make(WebPurpose.UNSUBSCRIBE, payload["subscription"], 0)
                return UnsubscribeLink(link=self._link("unsubscribe", token))
            case "not_confirmed":
                return NotConfirmed()
            case "list_closed":
                return ListClosed()
            case unknown:
                raise ValueError(f"there is no notice of kind {unknown!r}")

    def _preferences(self, row: Row, expires_at: int) -> str:
        token = self._web.make(WebPurpose.PREFERENCES, row["subscriber_id"], row["epoch"], expires_at)
        return self._link("preferences", token)

    def _link(self, segment: str, token: str) -> str:
        return f"{self._site.base_url}/{segment}/{token}"
