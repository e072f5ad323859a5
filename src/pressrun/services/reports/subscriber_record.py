"""`subscriber show`: everything stored about an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer, fields_of, picked
from pressrun.services.evidence import ASKED, CONFIRMATION
from pressrun.services.suppression import find_reason
from pressrun.store.readers import consent, subscribers, subscriptions, suppressions
from pressrun.store.transaction import Transaction


def show_subscriber(tx: Transaction, keys: KeyRing, address: Address) -> Answer:
    """`subscriber show`: everything stored about an address; raises NotFound for an unknown one."""
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        return _show_stranger(tx, digests_of(keys, address), address)
    return {
        "address": person.address,
        "suppressed": find_reason(tx, digests_of(keys, address)),
        "lists": [
            {
                "name": subscription.list_name,
                "state": subscription.state,
                "since": rfc3339(subscription.since),
                **fields_of(subscription, "source", "suspended_for"),
            }
            for subscription in subscriptions.subscriptions_of(tx, person.id)
        ],
        "consent": _evidence(consent.consent_of(tx, person.id)),
        "deliveries": [
            {**picked(row, "edition", "list", "state", "code"), "at": rfc3339(row["at"])}
            for row in subscribers.list_deliveries(tx, person.id)
        ],
        "name": person.name,
        "language": person.language,
        "format": "text" if person.text_only else "html",
        "attributes": dict(person.attributes),
    }


def _show_stranger(tx: Transaction, digests: Digests, address: Address) -> Answer:
    """The same for an address that is only suppressed; raises NotFound for an erased one, or any other."""
    suppression = suppressions.find(tx, digests)
    if suppression is None or suppression.address is None:
        raise NotFound(f"unknown address {address}")
    return {
        "address": str(address),
        "suppressed": suppression.reason,
        "lists": [],
        "consent": [],
        "deliveries": [],
        "name": "",
        "language": "",
        "format": "html",
        "attributes": {},
    }


def _evidence(events: Iterable[Mapping[str, object]]) -> list[Answer]:
    """The evidence as it is shown: the mail that asked for a confirmation belongs to its request."""
    shown: list[Answer] = []
    for event in events:
        entry = {name: event.get(name) for name in ("list", "event")} | {"at": _time(event["at"])}
        mail = {name: event.get(name) for name in ("mail", "message_id")}
        if (event["event"], event.get("text")) == (ASKED, CONFIRMATION):
            request = _request_without_mail(shown, event.get("list"))
            if request is not None:
                request["asked"] = {"at": entry["at"], **mail}
                continue
        told = entry | {name: event.get(name) for name in ("ip", "source", "text", "language")} | mail
        if event.get("url"):
            told["url"] = event["url"]
        if event.get("given_at"):
            told["given_at"] = _time(event["given_at"])
        carried = event.get("carried")
        if isinstance(carried, list):
            told["carried"] = [row | {"at": _time(row["at"])} for row in carried]
        shown.append(told)
    return shown


def _request_without_mail(shown: Sequence[Answer], list_name: object) -> Answer | None:
    """The oldest request for a list without a mail yet, because mails are sent in the order of the requests."""
    waiting = (entry for entry in shown if entry["event"] == "requested" and entry["list"] == list_name)
    return next((entry for entry in waiting if "asked" not in entry), None)


def _time(at: object) -> str | None:
    return rfc3339(at) if isinstance(at, int) else None
