"""The heads of both chains, which show whether a database lacks rows that it once had: it was set back then."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from pressrun.core.signing.chain import NO_ROWS, Head
from pressrun.store.people import audit
from pressrun.store.readers import consent
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import restored_access, restores


class Heads(Struct, frozen=True):
    """With which rows the evidence of consent and the audit log end."""

    consent: Head = NO_ROWS
    audit: Head = NO_ROWS


NO_HEADS = Heads()


def read_heads(tx: Transaction) -> Heads:
    """The heads that the database has now."""
    return Heads(consent.read_head(tx), audit.read_head(tx))


def lacks_rows(tx: Transaction, former: Heads) -> bool:
    """Whether the database lacks one of these rows, with which its chains once ended."""
    heads = read_heads(tx)
    return _lacks(heads.consent, former.consent, partial(restores.find_link, tx)) or _lacks(
        heads.audit, former.audit, partial(restored_access.find_link, tx)
    )


def _lacks(head: Head, former: Head, find_link: Callable[[int], bytes | None]) -> bool:
    """Whether a chain with this head never had the row `former`, or has another one with its number."""
    if former in (NO_ROWS, head):
        return False
    return head.number < former.number or find_link(former.number) not in (None, former.chain)
