"""phpList: a dump of its MySQL or MariaDB database, read without a server.

Its tables have a prefix, by default `phplist_`, and those about people another one, `phplist_user_`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pressrun.core.addresses.old_links import OldKind, digest_of_path, digest_of_person
from pressrun.core.errors import BadInput
from pressrun.operations.installations.dumps import mysql_tables, read_mysql_dump
from pressrun.operations.installations.installation import (
    ON_NO_LIST,
    OldList,
    PersonalLink,
    TableInstallation,
    lost_people,
    source_file,
    valid_addresses,
)
from pressrun.operations.installations.tables import copy_rows, utc_of
from pressrun.operations.sources.columns import field_name
from pressrun.operations.sources.lines import plain_name
from pressrun.operations.sources.member import SourceMember
from pressrun.operations.sources.states import ACTIVE, BLOCKED, BOUNCED, SUSPENDED, UNCONFIRMED, Standing

WANTED = {
    "list": ("id", "name", "description", "active", "owner"),
    "listuser": ("userid", "listid", "entered"),
    "admin": ("id", "email"),
    "user_user": ("id", "email", "confirmed", "blacklisted", "disabled", "entered", "uniqid", "uuid"),
    "user_attribute": ("id", "name", "type"),
    "user_user_attribute": ("attributeid", "userid", "value"),
    "user_blacklist": ("email", "added"),
    "user_blacklist_data": ("email", "name", "data"),
}
_OPTIONAL = ("admin", "user_blacklist", "user_blacklist_data", "user_attribute", "user_user_attribute")
_TEXTS = "'textline', 'textarea', 'hidden', 'date'"
_WHY = """(select data from user_blacklist_data where user_blacklist_data.email = {0} and name = 'reason' limit 1)"""
_PEOPLE = f"""
    select person.id as number, person.email, person.confirmed, person.disabled, listuser.entered as since,
        person.blacklisted + 0 > 0 or exists (select 1 from user_blacklist where email = person.email) as is_blocked,
        {_WHY.format("person.email")} as why,
        (
            select json_group_object(attribute.name, own.value)
            from user_user_attribute as own join user_attribute as attribute on attribute.id = own.attributeid
            where own.userid = person.id and own.value <> '' and attribute.type in ({_TEXTS})
        ) as attributes
    from listuser join user_user as person on person.id = listuser.userid
    where listuser.listid = :id order by cast(person.id as integer)
"""
_BLOCKED = f"""
    select coalesce(person.id, 0) as number, blocked.email, blocked.added as since,
        {_WHY.format("blocked.email")} as why
    from (
        select email, added from user_blacklist
        union select email, entered from user_user
        where blacklisted + 0 > 0 and email not in (select email from user_blacklist)
    ) as blocked left join user_user as person on person.email = blocked.email
    order by blocked.email
"""
_STRAY = """
    select cast(id as integer) as number, email from user_user
    where coalesce(blacklisted, 0) + 0 = 0 and email not in (select email from user_blacklist) and not exists (
        select 1 from listuser join list on list.id = listid where userid = user_user.id
    ) order by number
"""
_NAMES = ("name", "full name", "fullname")


class PhpList(TableInstallation):
    """A phpList installation."""

    server_places = ((digest_of_path("/lists"), OldKind.PAGE),)

    def lists(self) -> list[OldList]:
        query = """
            select list.*, (select email from admin where admin.id = list.owner) as owner_address
            from list order by cast(id as integer)
        """
        return [_list(key, row) for key, row in self._named_lists(query)]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        return map(_member, self._tables.rows(_PEOPLE, id=self._ids[old.key]))

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:  # noqa: ARG002 - they are of no list
        for row in self._tables.rows(_BLOCKED):
            standing = _blocked(row["why"])
            yield SourceMember(
                line=int(row["number"]),
                address=row["email"],
                state=standing.state,
                was="blacklisted",
                reason=standing.reason,
                subscribed_at=utc_of(row["since"]),
            )

    def people_without_list(self) -> Iterator[SourceMember]:
        for row in self._tables.rows(_STRAY):
            yield SourceMember(line=row["number"], address=row["email"], was=ON_NO_LIST)

    def personal_links(self, old: OldList) -> Iterator[PersonalLink]:
        query = """
            select email, uniqid, uuid from listuser join user_user on user_user.id = listuser.userid
            where listuser.listid = :id
        """
        for row in self._tables.rows(query, id=self._ids[old.key]):
            yield from ((digest_of_person(token), row["email"]) for token in (row["uniqid"], row["uuid"]) if token)


def _list(key: str, row: dict[str, Any]) -> OldList:
    is_shown = str(row["active"] or "0") != "0"
    settings = {"description": row["description"] or "", "listed": "true" if is_shown else "false"}
    owners = valid_addresses([row["owner_address"]])
    return OldList(
        key=key,
        name=key,
        title=row["name"].strip() or key,
        settings={name: value for name, value in {**settings, "owner": "".join(owners)}.items() if value},
        editors=tuple(owners),
        places=((digest_of_path("/lists", f"?p=subscribe&id={row['id']}"), OldKind.PAGE),),
        left_behind=tuple(lost_people([row["owner_address"]])),
    )


def _member(row: Any) -> SourceMember:
    standing, was = _standing(row)
    attributes = {key: value for key, value in json.loads(row["attributes"] or "{}").items() if value}
    name = next((attributes.pop(key) for key in list(attributes) if key.lower() in _NAMES), "")
    return SourceMember(
        line=int(row["number"]),
        address=row["email"],
        name=plain_name(name),
        state=standing.state,
        was=was,
        reason=standing.reason,
        subscribed_at=utc_of(row["since"]),
        consent_source="phpList",
        fields={field_name(key): value for key, value in attributes.items() if field_name(key)},
    )


def _standing(row: Any) -> tuple[Standing, str]:
    if row["is_blocked"]:
        return _blocked(row["why"]), "blacklisted"
    if str(row["confirmed"] or "0") == "0":
        return UNCONFIRMED, "unconfirmed"
    return (SUSPENDED, "disabled") if str(row["disabled"] or "0") != "0" else (ACTIVE, "confirmed")


def _blocked(why: str | None) -> Standing:
    return BOUNCED if "bounce" in (why or "").lower() else BLOCKED


def open_phplist(source: str, files: Path | None) -> PhpList:  # noqa: ARG001 - all is in its database
    """An installation by a dump of its database. Raises BadInput, NoInput."""
    path = source_file(source, "a dump: mysqldump --default-character-set=utf8mb4 phplist > dump.sql")
    rows = read_mysql_dump(path, _namer(mysql_tables(path), path))
    return PhpList(copy_rows(str(path), WANTED, rows, optional=_OPTIONAL))


def _namer(tables: set[str], path: Path) -> Callable[[str], str | None]:
    """Our names for the tables of a dump, whatever prefixes they have."""
    prefix = next((name.removesuffix("listuser") for name in sorted(tables) if name.endswith("listuser")), None)
    of_people = next((name.removesuffix("blacklist") for name in sorted(tables) if name.endswith("_blacklist")), None)
    if prefix is None:
        raise BadInput(f"{path} has no table that ends in listuser, so it is not a dump of phpList")
    of_people = of_people or f"{prefix}user_"
    known = {f"{prefix}{name}": name for name in ("list", "listuser", "admin")}
    for name in WANTED:
        if name.startswith("user_"):
            known[of_people + name.removeprefix("user_")] = name
    return known.get
