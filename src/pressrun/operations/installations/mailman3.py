"""Mailman 3: its mailman.cfg, or its database: a SQLite file, a PostgreSQL server, or a dump of it or of MySQL.

A member's preference takes precedence over that of the address, and that over the user's. Archives are the mbox files
of the prototype archiver and of HyperKitty's export in the folder that `files` names.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pressrun.core.addresses.old_links import OldKind, Place, digest_of_path
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.dumps import open_database
from pressrun.operations.installations.installation import (
    OPEN_HERE,
    OldList,
    TableInstallation,
    addresses_of,
    lost_people,
    source_file,
    valid_addresses,
)
from pressrun.operations.installations.tables import SourceTables, copy_rows, open_file, read_server, utc_of
from pressrun.operations.opened_files import is_source, open_source
from pressrun.operations.sources.member import MemberState, SourceMember, read_tag

WANTED = {
    "mailinglist": (
        *("id", "list_name", "mail_host", "list_id", "display_name", "description", "info", "advertised"),
        *("archive_policy", "preferred_language", "subject_prefix", "subscription_policy"),
    ),
    "member": ("id", "role", "list_id", "address_id", "preferences_id", "user_id"),
    "address": (
        "id",
        "email",
        "_original",
        "display_name",
        "verified_on",
        "registered_on",
        "user_id",
        "preferences_id",
    ),
    "user": ("id", "display_name", "_preferred_address_id", "preferences_id"),
    "preferences": ("id", "preferred_language", "delivery_mode", "delivery_status"),
    "ban": ("id", "email", "list_id"),
}
_MEMBER, _OWNER, _MODERATOR = 1, 2, 3
_MODERATE, _CONFIRM_THEN_MODERATE = "2", "3"  # policies of subscription
_ENABLED, _BY_USER, _BY_BOUNCES, _BY_MODERATOR = 1, 2, 3, 4
_OFF = {
    _BY_USER: "delivery off by the member",
    _BY_BOUNCES: "delivery off for bounces",
    _BY_MODERATOR: "delivery off by a moderator",
}
_ARCHIVES = {"0": "off", "1": "members", "2": "public"}
ENDINGS = {
    "": OldKind.POST,
    "-join": OldKind.SUBSCRIBE,
    "-subscribe": OldKind.SUBSCRIBE,
    "-leave": OldKind.UNSUBSCRIBE,
    "-unsubscribe": OldKind.UNSUBSCRIBE,
    "-request": OldKind.REQUEST,
    "-owner": OldKind.OWNER,
}
# Each address once. Where it has several memberships, delivery that is off counts: SQLite takes the row of the maximum.
# A member has no address where it is that of a user without a preferred one.
_PEOPLE = """
    select cast(member.id as integer) as number, coalesce(address._original, address.email, '') as address,
        coalesce(nullif(address.display_name, ''), person.display_name, '') as name,
        coalesce(address.verified_on, address.registered_on) as since,
        max(cast(coalesce(own.delivery_status, of_address.delivery_status, of_user.delivery_status, 1) as integer))
            as status,
        cast(coalesce(own.delivery_mode, of_address.delivery_mode, of_user.delivery_mode, 1) as integer) as mode,
        coalesce(own.preferred_language, of_address.preferred_language, of_user.preferred_language, '') as language
    from member
    left join user as person on person.id = member.user_id
    left join address on address.id = coalesce(member.address_id, person._preferred_address_id)
    left join user as owner on owner.id = address.user_id
    left join preferences as own on own.id = member.preferences_id
    left join preferences as of_address on of_address.id = address.preferences_id
    left join preferences as of_user on of_user.id = owner.preferences_id
    where member.list_id = :list_id and cast(member.role as integer) = :role
    group by coalesce(address.id, 'member ' || member.id) order by number
"""
# Each address once that is only on lists that are gone. SQLite takes the list of the row of the minimum.
_STRAY = """
    select min(cast(member.id as integer)) as number, coalesce(address._original, address.email, '') as address,
        member.list_id as list_id
    from member
    left join user as person on person.id = member.user_id
    left join address on address.id = coalesce(member.address_id, person._preferred_address_id)
    left join mailinglist on mailinglist.list_id = member.list_id
    where cast(member.role as integer) = :role
    group by coalesce(address.id, 'member ' || member.id) having count(mailinglist.list_id) = 0 order by number
"""


class Mailman3(TableInstallation):
    """A Mailman 3 installation."""

    bans_patterns = True

    def __init__(self, tables: SourceTables, archives: Path | None) -> None:
        super().__init__(tables)
        self._archives = archives

    def lists(self) -> list[OldList]:
        """Every list, by its address."""
        return [self._list(dict(row)) for row in self._tables.rows("select * from mailinglist order by list_id")]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        for row in self._tables.rows(_PEOPLE, list_id=self._ids[old.key], role=_MEMBER):
            status = row["status"]
            was = _OFF.get(status, "delivery off") if status != _ENABLED else "member"
            if status == _ENABLED and row["mode"] > 1:
                was = "member with digests"
            yield SourceMember(
                line=row["number"],
                address=row["address"],
                name=row["name"],
                language=read_tag(row["language"]),
                state=MemberState.ACTIVE if status == _ENABLED else MemberState.SUSPENDED,
                was=was,
                subscribed_at=utc_of(row["since"]),
                consent_source="Mailman 3",
            )

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:
        ids = {self._ids[old.key] for old in lists}
        for row in self._tables.rows("select cast(id as integer) as number, email, list_id from ban order by number"):
            if row["list_id"] in ids or not row["list_id"]:
                where = "everywhere" if not row["list_id"] else "on a list"
                yield SourceMember(
                    line=row["number"], address=row["email"], state=MemberState.SUPPRESSED, was=f"banned {where}"
                )

    def people_without_list(self) -> Iterator[SourceMember]:
        for row in self._tables.rows(_STRAY, role=_MEMBER):
            was = f"member of {row['list_id']}, a list that is not there"
            yield SourceMember(line=row["number"], address=row["address"], was=was)

    def is_pattern(self, ban: str) -> bool:
        return ban.startswith("^")

    def _list(self, row: dict[str, object]) -> OldList:
        name, domain = str(row["list_name"]), str(row["mail_host"])
        self._ids[f"{name}@{domain}"] = str(row["list_id"])
        people = [list(self._people(str(row["list_id"]), role)) for role in (_OWNER, _MODERATOR)]
        owners, moderators = map(valid_addresses, people)
        description = "\n\n".join(str(row[key]).strip() for key in ("description", "info") if row[key])
        settings = {
            "description": description,
            "language": read_tag(str(row["preferred_language"] or "")),
            "archive": _ARCHIVES.get(str(row["archive_policy"]), "off"),
            "listed": "true" if str(row["advertised"]) in ("1", "t") else "false",
            "owner": owners[0] if owners else "",
        }
        left = [f"subject prefix {row['subject_prefix']!r}"] if row["subject_prefix"] else []
        left += [OPEN_HERE] if str(row["subscription_policy"]) in (_MODERATE, _CONFIRM_THEN_MODERATE) else []
        left += ["the role of further owners, who become editors"] if len(owners) > 1 else []
        left += lost_people(chain.from_iterable(people))
        return OldList(
            key=f"{name}@{domain}",
            name=name,
            title=str(row["display_name"] or name),
            settings={key: value for key, value in settings.items() if value},
            editors=tuple(dict.fromkeys([*owners, *moderators])),
            places=(*addresses_of(name, domain, ENDINGS), *_pages(name, domain)),
            archives=tuple(self._find_archives(name, domain)),
            left_behind=tuple(left),
        )

    def _people(self, list_id: str, role: int) -> Iterator[object]:
        return (row["address"] or row["name"] for row in self._tables.rows(_PEOPLE, list_id=list_id, role=role))

    def _find_archives(self, name: str, domain: str) -> Iterator[Path]:
        """mbox files and folders of messages that are named as the list is."""
        if self._archives is None:
            return
        for stem in (f"{name}@{domain}", f"{name}.{domain}"):
            if "/" in stem:  # would lead out of the folder, to mail that is not an archive
                continue
            for path in (self._archives / "prototype" / stem / "new", self._archives / stem / "new"):
                if path.is_dir():
                    yield path
            for ending in (".mbox", ".mbox.gz"):
                if is_source(self._archives / f"{stem}{ending}"):
                    yield self._archives / f"{stem}{ending}"


def _pages(name: str, domain: str) -> Iterator[Place]:
    """Those of Postorius and HyperKitty, below the usual folders."""
    for folder in ("", "/mailman3", "/postorius"):
        yield digest_of_path(f"{folder}/lists/{name}.{domain}"), OldKind.PAGE
        yield digest_of_path(f"{folder}/postorius/lists/{name}.{domain}"), OldKind.PAGE
    for folder in ("", "/mailman3", "/archives"):
        yield digest_of_path(f"{folder}/hyperkitty/list/{name}@{domain}"), OldKind.ARCHIVE
        yield digest_of_path(f"{folder}/list/{name}@{domain}"), OldKind.ARCHIVE


def open_mailman3(source: str, files: Path | None) -> Mailman3:
    """An installation by its mailman.cfg, database file, dump or server's address. Raises BadInput, NoInput."""
    if "://" in source:
        return Mailman3(_open_url(source), files)
    path = source_file(source, "mailman.cfg, mailman.db, a dump, or postgresql://…")
    if path.suffix != ".cfg":
        return Mailman3(open_database(path, WANTED), files)
    url, archives = _read_config(path)
    return Mailman3(_open_url(url), files or archives)


def _open_url(url: str) -> SourceTables:
    scheme, _, rest = url.partition("://")
    if scheme.startswith("sqlite"):
        path = Path(rest.removeprefix("/").partition("?")[0])
        if not path.is_file():
            raise NoInput(f"{path}: no such file, though mailman.cfg names it as the database")
        return open_file(path, WANTED)
    if scheme.partition("+")[0] in ("postgres", "postgresql"):
        return copy_rows("the database of Mailman", WANTED, read_server(f"postgresql://{rest}", WANTED))
    raise BadInput(
        f"cannot read a database of type {scheme!r} directly. Make a dump, and give that instead of mailman.cfg: "
        "mysqldump mailman3 > mailman3.sql"
    )


def _read_config(path: Path) -> tuple[str, Path | None]:
    """The database and the folder of archives that a mailman.cfg names."""
    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        with open_source(path) as file:
            config.read_string(file.read().decode("utf-8", "replace"))
    except configparser.Error as problem:
        raise BadInput(f"{path} is not a mailman.cfg: {' '.join(str(problem).split())}") from None
    layout = config.get("mailman", "layout", fallback="debian")
    paths = dict(config.items(f"paths.{layout}")) if config.has_section(f"paths.{layout}") else {}
    var = paths.get("var_dir", "/var/lib/mailman3").replace("$cwd", str(path.parent))
    known = {"var_dir": var, "data_dir": paths.get("data_dir", f"{var}/data"), "DATA_DIR": f"{var}/data"}
    known["data_dir"] = known["DATA_DIR"] = _fill(known["data_dir"], known)
    url = _fill(config.get("database", "url", fallback="sqlite:///$DATA_DIR/mailman.db"), known)
    return url, Path(_fill(paths.get("archive_dir", f"{var}/archives"), known))


def _fill(text: str, known: dict[str, str]) -> str:
    """The text with the folders that it names by `$name`."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], match[0]), text)
