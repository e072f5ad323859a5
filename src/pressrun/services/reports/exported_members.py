"""The subscribers of a list in the columns that `subscriber import` reads back, for the shell and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from pressrun.core.timestamps import rfc3339
from pressrun.services.reports.subscriber_listing import SubscriberSelection, part_of_listing
from pressrun.store.lists import lists
from pressrun.store.readers import enrolment
from pressrun.store.readers.subscriptions import LIVE
from pressrun.store.transaction import Row, Transaction

KNOWN_COLUMNS = ("email", "name", "language", "subscribed_at", "consent_source", "consent_ip", "state")


class MemberTable(Struct, frozen=True, kw_only=True):
    """Some subscribers, each with a text for every column that they have; `columns` are those of the whole list."""

    columns: Sequence[str]
    members: list[dict[str, str]]
    following: str | None


def exported(row: Row, evidence: Row) -> dict[str, Any]:
    """A subscriber as files have them; `evidence` has the last proof of their consent."""
    consent = json.loads(evidence["consent"] or "{}")
    # Readers who came over from another language agreed to the newsletter there, from a network address of that time.
    carried = consent.get("carried")
    source = carried[-1]["source"] if carried else consent.get("source")
    return {
        "email": row["address"],
        "name": row["name"],
        "language": row["language"],
        "subscribed_at": rfc3339(_subscribed_at(row, evidence)),
        "consent_source": source or row["source"],
        "consent_ip": None if carried else evidence["consent_ip"],
        "state": row["state"],
        "attributes": json.loads(row["attributes"]),
    }


def _subscribed_at(row: Row, evidence: Row) -> int:
    """Since when they have been subscribed; a suspension, by a pause or for bounces, does not change it."""
    since, consented_at = row["since"], evidence["consented_at"]
    is_subscribed = row["state"] in LIVE
    return int(since if consented_at is None or not is_subscribed else min(since, consented_at))


def columns_of(tx: Transaction, list_id: int) -> list[str]:
    """The columns of a table of subscribers. Columns of their own named like a known one are left out."""
    own = enrolment.list_columns(tx, list_id)
    return [*KNOWN_COLUMNS, *(column for column in own if column not in KNOWN_COLUMNS)]


def texts_of(member: dict[str, Any]) -> dict[str, str]:
    """A subscriber as a row of a table: text by column, without the columns that they lack."""
    known = {name: member[name] or "" for name in KNOWN_COLUMNS}
    return {**member["attributes"], **known}


def table_of_members(tx: Transaction, list_name: str, selection: SubscriberSelection) -> MemberTable:
    """The chosen subscribers; columns alone with the first of them. Raises as `page_of_members`."""
    target = lists.get_list(tx, list_name)
    part = part_of_listing(tx, list_name, selection)
    proofs = enrolment.evidence_of(tx, target.id, [row["subscriber_id"] for row in part.rows])
    return MemberTable(
        columns=() if selection.after else columns_of(tx, target.id),
        members=[texts_of(exported(row, proofs[row["subscriber_id"]])) for row in part.rows],
        following=part.following,
    )
