"""Composing notices from the database when they are sent: mails to one person."""

from __future__ import annotations

import json
from typing import Any

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.addresses.mail_routes import OF_NO_LIST
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens
from pressrun.core.site import Site
from pressrun.locales.catalogues import words_in
from pressrun.message.layouts.design import Logo
from pressrun.message.notices.build import AutoSubmitted, NoticeCopy, build_notice
from pressrun.services.evidence import sent_mail
from pressrun.services.mails.copy_composer import message_id, return_path
from pressrun.services.mails.forwards import FORWARD
from pressrun.services.mails.list_profile import profile_of
from pressrun.services.mails.notice_rows import NoticeRows
from pressrun.services.settings import TokenSettings
from pressrun.smtp.handover import Outgoing
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue.deliveries import Claimed, ClaimedNotice, SentMail


def is_passed_on(row: Claimed) -> bool:
    """Whether a claimed row forwards somebody's mail, which stays unchanged and is never signed."""
    return isinstance(row, ClaimedNotice) and row.kind == FORWARD


class NoticeComposer:
    """Composes the mails of claimed notices."""

    def __init__(self, *, site: Site, keys: KeyRing, tokens: TokenSettings) -> None:
        self._site = site
        self._addresses = AddressTokens(keys)
        self._rows = NoticeRows(site=site, keys=keys, tokens=tokens)

    def compose(self, row: ClaimedNotice, target: MailingList | None, now: int, logo: Logo | None = None) -> Outgoing:
        """The mail of a claimed notice, with the same Date and Message-ID on every retry. `logo` is the list's."""
        address = parse_address(row.address)
        payload = json.loads(row.payload)
        if row.kind == FORWARD:
            return self._forward(row, target, payload, address)
        replies = payload.get("answers") == "mail"
        content = row.content
        if content is None:
            assert target is not None  # only forwards have no list
            notice, profile = self._rows.notice(row, target, payload), profile_of(target, self._site, logo)
            words = words_in(row.language, target.language)
            copy = NoticeCopy(
                to=address,
                message_id=message_id(row.message_secret, row.notice_id, self._site),
                date_at=row.first_attempt_at or now,
                auto_submitted=AutoSubmitted.REPLIED if replies else AutoSubmitted.GENERATED,
                in_reply_to=payload.get("in_reply_to"),
                language=words.language,
            )
            content = build_notice(notice, copy, words=words, site=self._site, profile=profile)
        token = "" if target is None else self._addresses.make(AddressPurpose.BOUNCES, target.name, row.id)
        return Outgoing(
            row.id,
            "" if replies else return_path(self._site, target, token),  # RFC 3834 §3.3
            address.wire,
            content,
            eight_bit=address.needs_smtputf8,
            utf8=address.needs_smtputf8,
        )

    def sent(self, row: ClaimedNotice, outgoing: Outgoing) -> SentMail | None:
        """What the evidence of consent stores of a notice that a relay has accepted."""
        return sent_mail(row, message_id(row.message_secret, row.notice_id, self._site), outgoing.content)

    def _forward(
        self, row: ClaimedNotice, target: MailingList | None, payload: dict[str, Any], address: Address
    ) -> Outgoing:
        """A forwarded mail: unchanged, from a signed return path, or from the null sender if it came so."""
        name = OF_NO_LIST if target is None else target.name
        token = self._addresses.make(AddressPurpose.BOUNCES, name, row.id)
        content = row.content or b""
        return Outgoing(
            row.id,
            "" if payload["null_sender"] else self._site.list_address(name, "bounces", token),
            address.wire,
            content,
            eight_bit=not content.isascii(),
            utf8=payload["utf8"] or address.needs_smtputf8,
        )
