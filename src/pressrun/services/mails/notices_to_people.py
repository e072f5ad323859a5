"""Notices to people who work here: editors, owners and operators. Those to readers are in services.readers."""

from __future__ import annotations

from collections.abc import Mapping

from pressrun.core.addresses.address import Address, parse_address
from pressrun.message.finding import Remark
from pressrun.services.context import ServiceContext
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers.subscribers import language_of
from pressrun.store.transaction import Transaction


def mail_person(
    tx: Transaction,
    kind: str,
    address: Address,
    payload: Mapping[str, object],
    context: ServiceContext,
    *,
    list_id: int,
    language: str,
) -> None:
    """Queue a notice from a list, in the language that the person chose as a reader, or else in `language`."""
    notice = NewNotice(
        kind=kind,
        address=address,
        message_secret=context.entropy(16),
        list_id=list_id,
        language=language_of(tx, address, language),
        payload=payload,
    )
    notices.insert_notice(tx, notice, context.now)


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
