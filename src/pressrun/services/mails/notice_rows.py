"""The notices of queued rows; their links are made with the keys at the time of sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pressrun.core.access.login_codes import in_groups, mailed_code
from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import (
    AddressPurpose,
    AddressTokens,
    WebPurpose,
    WebTokens,
    digests_of,
    pack_digests,
)
from pressrun.core.site import Site
from pressrun.locales.catalogues import words_in
from pressrun.message.finding import read_finding, remark
from pressrun.message.notices import to_editors, to_readers
from pressrun.message.notices.notice import Notice
from pressrun.message.notices.to_operators import EditionAutoPaused, OperatorAlert, PolicyAlert, RelayAlert
from pressrun.message.notices.to_people import Invitation, LoginCode
from pressrun.services.settings import TokenSettings
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue.deliveries import ClaimedNotice

Payload = dict[str, Any]

_UNNAMED = "•••@•••"  # the new address in rows of a version that did not store it


class NoticeRows:
    """Builds notices from their rows, with a method for each kind that needs more than its payload."""

    def __init__(self, *, site: Site, keys: KeyRing, tokens: TokenSettings) -> None:
        self._site = site
        self._keys = keys
        self._web = WebTokens(keys)
        self._addresses = AddressTokens(keys)
        self._lifetimes = tokens
        self._linked: dict[str, Callable[[ClaimedNotice, MailingList, Payload], Notice]] = {
            "confirmation": self._confirmation,
            "already_subscribed": self._already_subscribed,
            "preferences_link": self._preferences_link,
            "unsubscribe_link": self._unsubscribe_link,
            "left": self._left,
            "paused": self._paused,
            "address_change": self._address_change,
            "address_moving": self._address_moving,
            "still_there": self._still_there,
            "edition_held": self._edition_held,
            "edition_needs_approval": self._edition_needs_approval,
            "login_code": self._login_code,
            "invitation": self._invitation,
        }

    def notice(self, row: ClaimedNotice, target: MailingList, payload: Payload) -> Notice:
        """The notice of a row; raises ValueError for an unknown kind."""
        kind = row.kind
        if kind in _PLAIN:
            return _PLAIN[kind](payload)
        if kind in self._linked:
            return self._linked[kind](row, target, payload)
        raise ValueError(f"there is no notice of kind {kind!r}")

    def _confirmation(self, row: ClaimedNotice, target: MailingList, payload: Payload) -> Notice:
        number = payload["confirmation"]
        return to_readers.ConfirmationRequest(
            link=self._confirm_link(payload),
            lifetime_seconds=payload["expires_at"] - row.created_at,
            never_again=self._never_again(row, target),
            address_token=self._addresses.make(AddressPurpose.CONFIRM, target.name, number),
            also=tuple(payload.get("also", ())),
        )

    def _already_subscribed(self, row: ClaimedNotice, target: MailingList, payload: Payload) -> Notice:
        return to_readers.AlreadySubscribed(
            preferences_url=self._preferences(row, target, 0),
            also=tuple(payload.get("also", ())),
            paused_until=payload.get("paused_until"),
        )

    def _preferences_link(self, row: ClaimedNotice, target: MailingList, _payload: Payload) -> Notice:
        lifetime = self._lifetimes.preferences_lifetime_seconds
        return to_readers.PreferencesLink(
            link=self._preferences(row, target, int(row.created_at + lifetime)),
            lifetime_seconds=lifetime,
        )

    def _unsubscribe_link(self, _row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        token = self._web.make(WebPurpose.UNSUBSCRIBE, payload["subscription"], 0)
        return to_readers.UnsubscribeLink(link=self._site.url("unsubscribe", token))

    def _left(self, row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        expires_at = payload["expires_at"]
        token = self._web.make(WebPurpose.UNDO_UNSUBSCRIBE, payload["unsubscribe"], expires_at)
        return to_readers.UnsubscribedNote(
            link=self._site.url("confirm", token), lifetime_seconds=expires_at - row.created_at
        )

    def _paused(self, row: ClaimedNotice, target: MailingList, payload: Payload) -> Notice:
        url = self._preferences(row, target, 0)
        return to_readers.PauseNote(preferences_url=url, until=payload["until"], also=tuple(payload["also"]))

    def _address_change(self, row: ClaimedNotice, target: MailingList, payload: Payload) -> Notice:
        token = self._web.make(WebPurpose.CHANGE, payload["change"], payload["expires_at"])
        return to_readers.AddressChangeRequested(
            link=self._site.url("confirm", token),
            lifetime_seconds=payload["expires_at"] - row.created_at,
            never_again=self._never_again(row, target),
        )

    def _address_moving(self, row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        token = self._web.make(WebPurpose.UNDO_CHANGE, payload["change"], payload["expires_at"])
        lifetime = payload["expires_at"] - row.created_at
        link = self._site.url("confirm", token)
        new = payload.get("new", _UNNAMED)
        return to_readers.AddressMoving(link=link, new=new, lifetime_seconds=lifetime, is_done=payload["is_done"])

    def _still_there(self, row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        return to_readers.StillThere(
            link=self._confirm_link(payload),
            lifetime_seconds=payload["expires_at"] - row.created_at,
            missed=tuple((title, self._site.url(name, "archive", slug)) for title, name, slug in payload["missed"]),
        )

    def _edition_needs_approval(self, row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        about = dict(payload["about"])
        return to_editors.EditionNeedsApproval(lifetime_days=_days_left(row, about.pop("expires_at")), **_frozen(about))

    def _edition_held(self, row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        about = dict(payload["about"])
        expires_at = about.pop("expires_at")
        token = self._web.make(WebPurpose.APPROVE, about["edition"], expires_at)
        return to_editors.EditionHeld(
            **_frozen(about),
            link=self._site.url("approve", token),
            lifetime_days=_days_left(row, expires_at),
        )

    def _login_code(self, _row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        return LoginCode(code=in_groups(mailed_code(self._keys, bytes.fromhex(payload["asker"]))))

    def _invitation(self, row: ClaimedNotice, _target: MailingList, payload: Payload) -> Notice:
        expires_at = payload["expires_at"]
        token = self._web.make(WebPurpose.ENTER, payload["link"], expires_at)
        return Invitation(link=self._site.admin_url("enter", token), lifetime_seconds=expires_at - row.created_at)

    def _confirm_link(self, payload: Payload) -> str:
        token = self._web.make(WebPurpose.CONFIRM, payload["confirmation"], payload["expires_at"])
        return self._site.url("confirm", token)

    def _never_again(self, row: ClaimedNotice, target: MailingList) -> str:
        digests = dict.fromkeys(digests_of(self._keys, parse_address(row.address)))  # only one when they are equal
        token = self._web.make(WebPurpose.NEVER_AGAIN, row.subscriber_id or 0, *pack_digests(*digests))
        # The page knows neither list nor reader, so the link names the language of the mail.
        return self._site.url_in(words_in(row.language, target.language).language, "unsubscribe", "never-again", token)

    def _preferences(self, row: ClaimedNotice, target: MailingList, expires_at: int) -> str:
        assert row.subscriber_id is not None  # the link is for them
        assert row.epoch is not None
        token = self._web.make(WebPurpose.PREFERENCES, row.subscriber_id, row.epoch, expires_at)
        return self._site.preferences_url(token, target.name)


def _days_left(row: ClaimedNotice, expires_at: int) -> int:
    created_at = row.created_at
    return max(1, round((expires_at - created_at) / 86400))


def _frozen(about: Payload) -> Payload:
    """A payload with tuples in place of the lists of JSON."""
    payload = {name: tuple(value) if isinstance(value, list) else value for name, value in about.items()}
    if "problems" in payload:  # in older rows
        payload["findings"] = tuple(["error", None, message] for message in payload.pop("problems"))
    if "findings" in payload:
        payload["findings"] = tuple(map(read_finding, payload["findings"]))
    return payload


def _with_cause(payload: Payload) -> Payload:
    cause = payload.get("cause")
    return payload | {"cause": None if cause is None else remark(cause["code"], **cause["values"])}


_PLAIN: dict[str, Callable[[Payload], Notice]] = {
    "command_help": lambda payload: to_readers.CommandHelp(is_unknown=payload.get("is_unknown", False)),
    "list_of_lists": lambda payload: to_readers.ListOfLists(
        lists=tuple((title, address) for title, address in payload["lists"])
    ),
    "not_confirmed": lambda _: to_readers.NotConfirmed(),
    "list_closed": lambda _: to_readers.ListClosed(),
    "edition_auto_paused": lambda payload: EditionAutoPaused(**_with_cause(payload)),
    "policy_alert": lambda payload: PolicyAlert(**payload),
    "operator_alert": lambda payload: OperatorAlert(**payload),
    "relay_alert": lambda payload: RelayAlert(**payload),
    "edition_released": lambda payload: to_editors.EditionReleased(**_frozen(payload["about"])),
    "edition_not_taken": lambda payload: to_editors.EditionRejected(**_frozen(payload["about"])),
    "edition_known": lambda payload: to_editors.EditionAlreadyReceived(**_frozen(payload["about"])),
    "edition_submitted": lambda payload: to_editors.EditionSubmitted(**payload["about"]),
    "edition_returned": lambda payload: to_editors.EditionReturned(**payload["about"]),
}
