"""`suppression ls`: the addresses that get no mail, all of them, page by page, or one."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.store.paging import place_after, read_cursor
from pressrun.store.readers import suppressions
from pressrun.store.readers.suppressions import Suppression
from pressrun.store.transaction import Transaction


class SuppressionInfo(Struct, frozen=True, kw_only=True):
    """An address that has been getting no mail since a time (RFC 3339); the address is null if it was erased."""

    address: str | None
    reason: str
    since: str


def list_suppressions(tx: Transaction) -> list[SuppressionInfo]:
    """`suppression ls`: every suppression, oldest first; an erased address is None."""
    return [_plain(suppression) for suppression in suppressions.list_suppressions(tx)]


def page_of_suppressions(tx: Transaction, *, after: str, limit: int) -> tuple[list[SuppressionInfo], str | None]:
    """Suppressions, and where the next page begins; raises UsageError for an unknown cursor."""
    page = suppressions.page(tx, after=read_cursor(after, bytes.fromhex, b""), limit=limit)
    return [_plain(suppression) for suppression in page], place_after(page, limit, lambda last: last.digest.hex())


def show_suppression(tx: Transaction, keys: KeyRing, address: Address) -> SuppressionInfo:
    """Why an address gets no mail; raises NotFound."""
    suppression = suppressions.find(tx, digests_of(keys, address))
    if suppression is None:
        raise not_suppressed(address)
    return _plain(suppression)


def not_suppressed(address: Address) -> NotFound:
    """The error for an address that gets mail."""
    return NotFound(f"{address} is not suppressed")


def _plain(suppression: Suppression) -> SuppressionInfo:
    return SuppressionInfo(address=suppression.address, reason=suppression.reason, since=rfc3339(suppression.since))
