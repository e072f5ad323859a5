"""What editors do by mail, in the audit log: an editor is known there by the keyed digest of their address."""

from __future__ import annotations

from pressrun.core.address import Address
from pressrun.core.errors import BadInput
from pressrun.core.tokens import suppression_digest
from pressrun.services.context import ServiceContext
from pressrun.store import audit
from pressrun.store.audit import DONE, REFUSED, Actor, Entry
from pressrun.store.transaction import Transaction

BY_MAIL = Actor(who="editor", way="mail")
POST, RELEASE = "edition.post", "edition.release"


def record_post(
    tx: Transaction,
    context: ServiceContext,
    action: str,
    editor: Address,
    list_name: str,
    edition_id: int | None = None,
) -> None:
    """Append a row: that the mail of an editor became an edition, was released, or, without an edition, was refused."""
    is_refused = edition_id is None
    entry = Entry(
        at=context.now,
        actor=BY_MAIL,
        action=action,
        list=list_name,
        object=None if is_refused else f"edition {edition_id}",
        outcome=REFUSED if is_refused else DONE,
        code=BadInput.exit_code if is_refused else None,
        editor=suppression_digest(context.keys, editor.key),
        salt=context.entropy(16),
    )
    audit.append(tx, entry)
