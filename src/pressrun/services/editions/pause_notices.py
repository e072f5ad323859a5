"""Emails about an edition that paused by itself, to the operator, who can do something about it, and the owner."""

from __future__ import annotations

from pressrun.core.addresses.address import parse_address
from pressrun.message.finding import Remark
from pressrun.services.context import ServiceContext
from pressrun.services.mails.notices_to_people import mail_person
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction


def queue_pause_notices(tx: Transaction, edition: Edition, cause: Remark | None, *, context: ServiceContext) -> None:
    """Queue the emails. `cause` is for people without a shell; if it is None, only a shell helps, and they get none."""
    target = lists.find_list_by_id(tx, edition.list_id)
    owner, operator = target.owner if target is not None else None, context.site.operator
    of_list = "en" if target is None else target.language
    people = {address.key: address for address in map(parse_address, filter(None, (owner, operator)))}
    key_of_operator = None if operator is None else parse_address(operator).key
    for key, address in people.items():
        has_shell = key_of_operator in (key, None)
        if cause is None and not has_shell:
            continue
        otherwise = "en" if key == key_of_operator else of_list
        payload = {
            "edition": edition.id,
            "edition_subject": edition.title,
            "reason": edition.pause_reason,
            "has_shell": has_shell,
            "cause": None if cause is None or has_shell else cause.plain(),
        }
        mail_person(tx, "edition_auto_paused", address, payload, context, list_id=edition.list_id, language=otherwise)
