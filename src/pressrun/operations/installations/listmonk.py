"""listmonk: its PostgreSQL database, or a dump of it by pg_dump as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pressrun.core.addresses.old_links import OldKind, digest_of_campaign, digest_of_path, digest_of_person
from pressrun.core.errors import BadInput
from pressrun.core.text.charsets import storable
from pressrun.operations.installations.dumps import is_dump_folder, is_postgresql_dump, read_postgresql_dump
from pressrun.operations.installations.installation import (
    ON_NO_LIST,
    OPEN_HERE,
    OldList,
    PersonalLink,
    TableInstallation,
    source_file,
)
from pressrun.operations.installations.tables import copy_rows, read_server, utc_of
from pressrun.operations.sources.columns import field_name
from pressrun.operations.sources.member import MemberState, SourceMember, read_tag
from pressrun.operations.sources.states import ACTIVE, SUSPENDED, UNCONFIRMED, UNSUBSCRIBED, Standing
from pressrun.services.suppression import SuppressionReason

WANTED = {
    "subscribers": ("id", "uuid", "email", "name", "attribs", "status", "updated_at"),
    "lists": ("id", "uuid", "name", "type", "optin", "status", "description"),
    "subscriber_lists": ("subscriber_id", "list_id", "status", "created_at"),
    "campaigns": ("id", "uuid"),
    "campaign_lists": ("campaign_id", "list_id"),
    "bounces": ("subscriber_id", "type"),
    "settings": ("key", "value"),
}
# What releases before 0.7, 2.0, 2.3 and 6.0 do not have.
OPTIONAL = ("settings", "bounces", "lists.description", "lists.status")
_PEOPLE = """
    select subscribers.id as number, email, name, attribs, subscribers.status as status,
        subscriber_lists.status as subscription, subscriber_lists.created_at as since,
        (select min(type) from bounces where subscriber_id = subscribers.id and type in ('complaint', 'hard')) as bounce
    from subscriber_lists join subscribers on subscribers.id = subscriber_lists.subscriber_id
    where subscriber_lists.list_id = :id order by cast(subscribers.id as integer)
"""
_BLOCKED = """
    select id as number, email, '' as name, '{}' as attribs, status, 'confirmed' as subscription, updated_at as since,
        (select min(type) from bounces where subscriber_id = subscribers.id and type in ('complaint', 'hard')) as bounce
    from subscribers where status = 'blocklisted' order by cast(id as integer)
"""
# A merge field is one text.
_COMPOUND = """
    select key, count(*) as people from subscriber_lists
    join subscribers on subscribers.id = subscriber_lists.subscriber_id,
        json_each(case when json_valid(attribs) and json_type(attribs) = 'object' then attribs else '{}' end)
        as attribute
    where subscriber_lists.list_id = :id and attribute.type in ('array', 'object')
    group by key order by people desc, key limit 10
"""
_STRAY = """
    select cast(id as integer) as number, email from subscribers
    where status <> 'blocklisted' and not exists (
        select 1 from subscriber_lists join lists on lists.id = list_id where subscriber_id = subscribers.id
    ) order by number
"""
_REASONS = {"complaint": SuppressionReason.COMPLAINT, "hard": SuppressionReason.HARD_BOUNCE}


class Listmonk(TableInstallation):
    """A listmonk installation."""

    server_places = tuple((digest_of_path(path), OldKind.PAGE) for path in ("/subscription/form", "/archive"))

    def lists(self) -> list[OldList]:
        language = next(
            (row["value"] for row in self._tables.rows("select value from settings where key='app.lang'")), ""
        )
        named = self._named_lists("select * from lists order by cast(id as integer)")
        return [self._list(key, row, read_tag(language.strip('"'))) for key, row in named]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        return map(_member, self._tables.rows(_PEOPLE, id=self._ids[old.key]))

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:  # noqa: ARG002 - they are of no list
        return map(_member, self._tables.rows(_BLOCKED))

    def people_without_list(self) -> Iterator[SourceMember]:
        for row in self._tables.rows(_STRAY):
            yield SourceMember(line=row["number"], address=row["email"], was=ON_NO_LIST)

    def personal_links(self, old: OldList) -> Iterator[PersonalLink]:
        query = """
            select uuid, email from subscriber_lists join subscribers on subscribers.id = subscriber_lists.subscriber_id
            where subscriber_lists.list_id = :id
        """
        return (
            (digest_of_person(row["uuid"]), row["email"]) for row in self._tables.rows(query, id=self._ids[old.key])
        )

    def _compound_attributes(self, list_id: str) -> Iterator[str]:
        """What is left behind of attributes that are arrays or objects, the most frequent first."""
        for attribute in self._tables.rows(_COMPOUND, id=list_id):
            yield f"the attribute {attribute['key']!r} of {attribute['people']:,} people, an array or object"

    def _list(self, key: str, row: dict[str, Any], language: str) -> OldList:
        query = "select uuid from campaigns join campaign_lists on campaign_id = campaigns.id where list_id = :id"
        issues = [
            (digest_of_campaign(campaign["uuid"]), OldKind.CAMPAIGN)
            for campaign in self._tables.rows(query, id=row["id"])
        ]
        is_public, is_archived = row["type"] == "public", row["status"] == "archived"
        settings = {
            "description": row["description"] or "",
            "language": language,
            "listed": "true" if is_public and not is_archived else "false",
            "archive": "public" if is_public else "members",
        }
        return OldList(
            key=key,
            name=key,
            title=row["name"].strip() or key,
            settings={name: value for name, value in settings.items() if value},
            is_closed=is_archived,
            places=tuple(issues),
            left_behind=(
                *(("campaigns, which are not an archive of messages",) if issues else ()),
                *(() if is_public else (OPEN_HERE,)),
                *self._compound_attributes(row["id"]),
            ),
        )


def _member(row: Any) -> SourceMember:
    standing, was = _standing(row)
    return SourceMember(
        line=int(row["number"]),
        address=row["email"],
        name=row["name"],
        state=standing.state,
        was=was,
        reason=standing.reason,
        subscribed_at=utc_of(row["since"]),
        consent_source="listmonk",
        fields=_fields(row["attribs"]),
    )


def _standing(row: Any) -> tuple[Standing, str]:
    """The state of the person takes precedence over that of the subscription, unless they left."""
    status, subscription = row["status"], row["subscription"]
    if status == "blocklisted":
        return Standing(MemberState.SUPPRESSED, _REASONS.get(row["bounce"], SuppressionReason.OPERATOR)), "blocklisted"
    if subscription == "unsubscribed":
        return UNSUBSCRIBED, "unsubscribed"
    if subscription != "confirmed":
        return UNCONFIRMED, "unconfirmed"
    return (ACTIVE, "confirmed") if status == "enabled" else (SUSPENDED, "disabled")


def _fields(text: str) -> dict[str, str]:
    """The attributes that are texts, numbers or yes and no."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {
        field_name(key): storable(value if isinstance(value, str) else json.dumps(value))
        for key, value in values.items()
        if isinstance(value, str | int | float) and field_name(key)
    }


def open_listmonk(source: str, files: Path | None) -> Listmonk:  # noqa: ARG001 - all is in its database
    """An installation by the address of its server or a dump. Raises BadInput, NoInput."""
    if source.startswith(("postgres://", "postgresql://")):
        rows = read_server(source, WANTED)
        return Listmonk(copy_rows("the database of listmonk", WANTED, rows, optional=OPTIONAL))
    folder = Path(source)
    path = folder if is_dump_folder(folder) else source_file(source, "a dump by pg_dump, or postgresql://…")
    if not is_postgresql_dump(path):
        raise BadInput(f"{path} is not a dump by pg_dump")
    return Listmonk(copy_rows(str(path), WANTED, read_postgresql_dump(path, WANTED), optional=OPTIONAL))
