"""Notices to people who work here: editors, owners and operators. Those to readers are in services.readers."""

from __future__ import annotations

from collections.abc import Mapping

from pressrun.core.addresses.address import Address
from pressrun.services.context import ServiceContext
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
