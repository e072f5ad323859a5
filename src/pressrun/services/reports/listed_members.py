"""The subscribers of a list as programs see them: a page of them, or one, with the same members."""

from __future__ import annotations

import msgspec

from pressrun.core.timestamps import rfc3339
from pressrun.services.reports.subscriber_listing import SubscriberSelection, part_of_listing
from pressrun.store.lists import lists
from pressrun.store.transaction import Row, Transaction


class ListedMember(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber of a list. `suppressed` is why they get no mail at all; times are RFC 3339."""

    email: str
    name: str
    language: str
    fields: msgspec.Raw
    state: str
    since: str
    source: str
    suppressed: str | None
    paused_until: str | None


def page_of_members(
    tx: Transaction, list_name: str, selection: SubscriberSelection
) -> tuple[list[ListedMember], str | None]:
    """The chosen members, and the place after which others may follow, None where none can.

    Raises NotFound for an unknown list, and BadInput for a domain that is none.
    """
    part = part_of_listing(tx, list_name, selection)
    return [_listed(row) for row in part.rows], part.following


def count_members(tx: Transaction, list_name: str, state: str | None) -> int:
    """How many are on a list, in one state or in all; raises NotFound."""
    counts = lists.count_subscriptions(tx, lists.get_list(tx, list_name).id)
    return sum(counts.values()) if state is None else counts.get(state, 0)


def _listed(row: Row) -> ListedMember:
    """The columns of a person are stored as JSON, which goes out as it is."""
    return ListedMember(
        email=row["address"],
        name=row["name"],
        language=row["language"],
        fields=msgspec.Raw(row["attributes"].encode()),
        state=row["state"],
        since=rfc3339(row["since"]) or "",
        source=row["source"],
        suppressed=row["suppressed"],
        paused_until=rfc3339(row["paused_until"]),
    )
