"""Sympa: its sympa.conf, its SQLite file, a dump of its database, or a PostgreSQL server; with its folder of lists.

Each list has a `config` file of paragraphs, below list_data. Archives are the folders `arctxt`, with a file for each
message.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct

from pressrun.core.addresses.old_links import OldKind, Place, digest_of_address, digest_of_path
from pressrun.core.errors import BadInput
from pressrun.operations.installations.dumps import open_database, text_of
from pressrun.operations.installations.installation import (
    OPEN_HERE,
    OldList,
    TableInstallation,
    addresses_of,
    lost_people,
    source_file,
    valid_addresses,
)
from pressrun.operations.installations.tables import SourceTables, copy_rows, read_server, utc_of_epoch
from pressrun.operations.opened_files import is_source, open_source
from pressrun.operations.sources.lines import plain_name, sympa_fields, sympa_standing
from pressrun.operations.sources.member import MemberState, SourceMember, read_tag
from pressrun.runtime.clock import utc_now

WANTED = {
    "subscriber_table": (
        *("user_subscriber", "list_subscriber", "robot_subscriber", "reception_subscriber", "suspend_subscriber"),
        *("suspend_end_date_subscriber", "bounce_score_subscriber", "date_epoch_subscriber", "comment_subscriber"),
        "custom_attribute_subscriber",
    ),
    "user_table": ("email_user", "gecos_user", "lang_user"),
    "admin_table": ("user_admin", "list_admin", "robot_admin", "role_admin"),
    "exclusion_table": ("list_exclusion", "robot_exclusion", "user_exclusion", "date_exclusion"),
}
_PEOPLE = """
    select user_subscriber as address, reception_subscriber as reception, suspend_subscriber as suspend,
        suspend_end_date_subscriber as suspended_until, bounce_score_subscriber as bounce_score,
        date_epoch_subscriber as since,
        coalesce(nullif(comment_subscriber, ''), gecos_user, '') as name, coalesce(lang_user, '') as language,
        coalesce(custom_attribute_subscriber, '') as attributes
    from subscriber_table left join user_table on email_user = user_subscriber
    where list_subscriber = :name and robot_subscriber = :robot order by user_subscriber
"""
# Of the list, and of its family: there, `list_exclusion` begins with `family:`.
_EXCLUDED = """
    select user_exclusion as address, max(cast(coalesce(date_exclusion, 0) as integer)) as since from exclusion_table
    where list_exclusion in (:name, :family) and robot_exclusion = :robot group by user_exclusion order by 1
"""
_ADMINS = """
    select user_admin as address from admin_table
    where list_admin = :name and robot_admin = :robot and role_admin = :role order by user_admin
"""
_NAMES = """
    select list_subscriber as name, robot_subscriber as robot from subscriber_table
    union select list_admin, robot_admin from admin_table
"""
_ENDINGS = {
    "": OldKind.POST,
    "-subscribe": OldKind.SUBSCRIBE,
    "-unsubscribe": OldKind.UNSUBSCRIBE,
    "-request": OldKind.OWNER,  # Sympa's word for the owners
    "-owner": OldKind.OWNER,
    "-editor": OldKind.OWNER,
}
# Scenarios of `subscribe` in which an owner decides, or nobody can.
_NEEDS_OWNER = re.compile(r"owner|closed|listmaster")
_CLOSED = ("closed", "family_closed")
LARGEST_CONFIG = 1 << 20
DEFAULT_SITE = Path("/etc/sympa")


class Folders(Struct, frozen=True, kw_only=True):
    """Where Sympa has what is not in its database, as far as it is here: lists, archives, and the site's settings."""

    lists: tuple[Path, ...] = ()
    archives: tuple[Path, ...] = ()
    site: tuple[Path, ...] = ()

    def find_list(self, name: str, robot: str) -> Path | None:
        """The folder with the `config` of a list."""
        if "/" in name + robot:  # would lead out of the folder
            return None
        folders = [root / parent / name for root in self.lists for parent in (robot, ".")]
        return next((folder for folder in folders if is_source(folder / "config")), None)

    def all_lists(self) -> list[Path]:
        """The folders with the `config` of a list, each once; what may not be read need not be one."""
        configs = (path for root in self.lists for form in ("*/config", "*/*/config") for path in root.glob(form))
        folders = set()
        for path in configs:
            with suppress(PermissionError):
                folders |= {path.parent.resolve()} if is_source(path) else set()
        return sorted(folders)

    def find_archives(self, name: str, robot: str) -> Iterator[Path]:
        """The folders of messages of a list."""
        for root in self.archives:
            if "/" not in name + robot and (root / f"{name}@{robot}").is_dir():
                yield from sorted(path for path in (root / f"{name}@{robot}").glob("*/arctxt") if path.is_dir())
                return

    def find_blocklists(self, folder: Path | None, robot: str, family: str) -> Iterator[tuple[Path, str]]:
        """The blocklists that Sympa applies to a list, each with what it makes of an address in it."""
        own = [] if folder is None else [folder]
        for site in self.site:
            own += [site / parent / "families" / family for parent in (robot, ".") if family]
        everywhere = [site / parent for site in self.site for parent in (robot, ".") if "/" not in robot]
        for where, was in ((own, "blocklisted"), (everywhere, "blocklisted everywhere")):
            for parent in where:
                for file in ("blocklist.txt", "blacklist.txt"):
                    if is_source(path := parent / "search_filters" / file):
                        yield path, was


class Sympa(TableInstallation):
    """A Sympa installation."""

    bans_patterns = True

    def __init__(self, tables: SourceTables, folders: Folders, now: int) -> None:
        super().__init__(tables)
        self._folders = folders
        self._now = now
        names = [(row["name"], row["robot"]) for row in tables.rows(_NAMES)]
        self._lists = sorted({(str(name), str(robot)) for name, robot in names if name})
        self._robots_with = Counter(name for name, _ in self._lists)

    @property
    def server_places(self) -> Sequence[Place]:
        """The address of the server, at each of its domains."""
        return [
            (digest_of_address("sympa", robot), OldKind.COMMANDS)
            for robot in sorted({domain for _, domain in self._lists})
        ]

    @property
    def warnings(self) -> Sequence[str]:
        """The lists of which only the folder is left, as Sympa leaves them when it closes them."""
        moving = {folder.resolve() for name in self._lists if (folder := self._folders.find_list(*name)) is not None}
        return [
            f"{folder} is a list without members or owners in the database, as Sympa leaves one that is closed. "
            "It does not move, nor does its archive"
            for folder in self._folders.all_lists()
            if folder not in moving
        ]

    def lists(self) -> list[OldList]:
        """Every list, by its address."""
        return [self._list(name, robot) for name, robot in self._lists]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        """The members, and those who left a list that includes them; the later of the two counts."""
        name, _, robot = old.key.rpartition("@")
        family = self._config_of(name, robot).get("family_name", "")
        excluded = {
            row["address"]: int(row["since"])
            for row in self._tables.rows(_EXCLUDED, name=name, family=f"family:{family}", robot=robot)
        }
        number = 0
        for row in self._tables.rows(_PEOPLE, name=name, robot=robot):
            number += 1
            since = str(row["since"] or "")
            if row["address"] not in excluded or (since.isdecimal() and int(since) > excluded[row["address"]]):
                excluded.pop(row["address"], None)
                yield self._member(number, row)
        for address, left_at in excluded.items():
            number += 1
            yield SourceMember(
                line=number,
                address=address,
                state=MemberState.UNSUBSCRIBED,
                was="left a list of included members",
                subscribed_at=utc_of_epoch(left_at),
            )

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:
        """Who is in a blocklist of these lists, of their families, of their domains or of the whole site."""
        files: dict[Path, str] = {}
        for old in lists:
            name, _, robot = old.key.rpartition("@")
            family = self._config_of(name, robot).get("family_name", "")
            folder = self._folders.find_list(name, robot)
            files.update(self._folders.find_blocklists(folder, robot, "" if "/" in family else family))
        for path, was in files.items():
            yield from _blocked(path, was)

    def is_pattern(self, ban: str) -> bool:
        return "*" in ban

    def ban_expression(self, ban: str) -> str:
        """Only the first star stands for anything."""
        start, _, end = ban.partition("*")
        return rf"{re.escape(start)}.*{re.escape(end)}\Z"

    def _list(self, name: str, robot: str) -> OldList:
        folder = self._folders.find_list(name, robot)
        config = self._config_of(name, robot)
        people = [list(self._people(name, robot, role)) for role in ("owner", "editor", "listmaster")]
        owners, editors, masters = map(valid_addresses, people)
        owners += masters
        settings = {
            "description": "" if folder is None else _read_text(folder / "info"),
            "language": read_tag(config.get("lang", "")),
            "owner": owners[0] if owners else "",
            "listed": "false" if config.get("visibility", "conceal").startswith(("conceal", "secret")) else "true",
            "archive": _archive_of(config),
        }
        is_alone = self._robots_with[name] == 1
        return OldList(
            key=f"{name}@{robot}",
            name=name,
            title=config.get("subject", "").strip()[:200] or name,
            settings={key: value for key, value in settings.items() if value},
            editors=tuple(dict.fromkeys([*owners, *editors])),
            is_closed=config.get("status", "open") != "open",
            places=(*addresses_of(name, robot, _ENDINGS), *(_pages(name) if is_alone else ())),
            archives=tuple(self._folders.find_archives(name, robot)),
            left_behind=(
                *self._left_behind(config, has_folder=folder is not None, is_alone=is_alone),
                *lost_people(chain.from_iterable(people)),
            ),
        )

    def _left_behind(self, config: dict[str, str], *, has_folder: bool, is_alone: bool) -> Iterator[str]:
        status = config.get("status", "open")
        if status not in ("open", *_CLOSED):
            yield f"the status {status}, for which the list is closed here"
        if _NEEDS_OWNER.search(config.get("subscribe", "open")):
            yield OPEN_HERE
        if "include" in config:
            yield "members from other sources, which are copied once"
        if not is_alone:
            yield "old web pages, since another domain has a list of this name"
        if not has_folder:
            yield "its configuration, which --files DIR would find in list_data"
        if not self._folders.site:
            yield "blocklists of the whole site, which --files DIR would find in etc/search_filters"

    def _config_of(self, name: str, robot: str) -> dict[str, str]:
        folder = self._folders.find_list(name, robot)
        return {} if folder is None else _read_config(folder / "config")

    def _people(self, name: str, robot: str, role: str) -> Iterator[object]:
        return (row["address"] for row in self._tables.rows(_ADMINS, name=name, robot=robot, role=role))

    def _member(self, number: int, row: Any) -> SourceMember:
        values = {key: str(row[key]) for key in ("reception", "suspend", "bounce_score") if row[key] not in (None, "")}
        until = str(row["suspended_until"] or "")
        if until.isdecimal() and 0 < int(until) < self._now:
            values.pop("suspend", None)  # as Sympa does, once it has a message for them
        try:
            standing, was = sympa_standing(values)
            state = standing.state
        except BadInput as problem:  # a way of delivery of another version
            state, was = MemberState.SUSPENDED, str(problem)
        return SourceMember(
            line=number,
            address=row["address"],
            name=plain_name(row["name"]),
            language=read_tag(row["language"]),
            state=state,
            was=was,
            subscribed_at=utc_of_epoch(row["since"]),
            consent_source="Sympa",
            fields=sympa_fields(row["attributes"]),
        )


def _blocked(path: Path, was: str) -> Iterator[SourceMember]:
    """Whom a blocklist names, which may be long."""
    with open_source(path) as file:
        for number, line in enumerate(file, start=1):
            text = text_of(line)
            if text.strip() and not text.startswith(("#", ";")):
                yield SourceMember(line=number, address=text.strip(), state=MemberState.SUPPRESSED, was=was)


def _read_text(path: Path) -> str:
    """The text of a file, none without it."""
    if not is_source(path):
        return ""
    with open_source(path) as file:
        return text_of(file.read(LARGEST_CONFIG)).strip()


def _read_config(path: Path) -> dict[str, str]:
    """The first value of each key of a config; `archive.web_access` is one of a paragraph, and `include` any source."""
    config: dict[str, str] = {}
    paragraph = ""
    for line in _read_text(path).splitlines():
        key, _, value = line.strip().partition(" ")
        if not key or key.startswith("#"):
            paragraph = "" if not key else paragraph
            continue
        if not value:
            paragraph = key
        if key.startswith(("include_", "member_include")):
            config.setdefault("include", key)
        config.setdefault(f"{paragraph}.{key}" if paragraph and value else key, value.strip())
    return config


def _archive_of(config: dict[str, str]) -> str:
    """Who may read the archive; only owners in Sympa means nobody here."""
    access = config.get("archive.web_access", config.get("web_archive.access", config.get("archive.access", "private")))
    return {"public": "public", "closed": "off", "owner": "off", "listmaster": "off"}.get(access, "members")


def _pages(name: str) -> Iterator[Place]:
    for folder in ("/sympa", "/wws"):
        for page in ("info", "subscribe", "subrequest", "home"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.PAGE
        for page in ("signoff", "sigrequest", "auto_signoff", "unsubscribe", "oneclick"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.LEAVING_PAGE
        for page in ("arc", "arcsearch_form", "latest_arc"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.ARCHIVE


def open_sympa(source: str, files: Path | None) -> Sympa:
    """An installation by sympa.conf or its database; `files` has list_data, arc and etc. Raises BadInput, NoInput."""
    now = int(utc_now())
    if source.startswith(("postgres://", "postgresql://")):
        tables = copy_rows("the database of Sympa", WANTED, read_server(source, WANTED))
        return Sympa(tables, _folders_below(files), now)
    path = source_file(source, "sympa.conf, its SQLite file, a dump, or postgresql://…")
    if path.suffix == ".conf":
        return _open_config(path, files, now)
    return Sympa(open_database(path, WANTED), _folders_below(files), now)


def _folders_below(files: Path | None) -> Folders:
    """The folders of an installation without its sympa.conf; its settings may be where Debian has them."""
    if files is None:
        return Folders(site=_present([DEFAULT_SITE]))
    site = _present([files / "etc"]) or _present([DEFAULT_SITE])
    return Folders(lists=(files / "list_data", files), archives=(files / "arc",), site=site)


def _present(folders: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(folder for folder in folders if folder.is_dir())


def _open_config(path: Path, files: Path | None, now: int) -> Sympa:
    words = (re.split(r"\s+", line.strip(), maxsplit=1) for line in _read_text(path).splitlines())
    config = {pair[0]: pair[1] for pair in words if len(pair) == 2 and not pair[0].startswith("#")}
    folders = _folders_of(path, config, files)
    kind, name = config.get("db_type", "").lower(), config.get("db_name", "sympa")
    if kind == "sqlite":
        return Sympa(open_database(Path(name), WANTED), folders, now)
    if kind == "pg":
        parts = {"host": "db_host", "port": "db_port", "user": "db_user", "password": "db_passwd"}
        words_of = " ".join(f"{key}={_quoted(config[theirs])}" for key, theirs in parts.items() if config.get(theirs))
        rows = read_server(f"dbname={_quoted(name)} {words_of}", WANTED)
        return Sympa(copy_rows("the database of Sympa", WANTED, rows), folders, now)
    raise BadInput(
        f"{path}: cannot read a database of type {kind!r} directly. Make a dump: mysqldump {name} > sympa.sql"
    )


def _folders_of(path: Path, config: dict[str, str], files: Path | None) -> Folders:
    """The folders that sympa.conf names; the settings of the site are beside it, or in the folder above."""
    home = Path(config.get("home", "/var/lib/sympa/list_data"))
    lists = (home,) if files is None else (files / "list_data", files)
    archives = [Path(config["arc_path"])] if "arc_path" in config else []
    archives.append((home.parent if files is None else files) / "arc")
    above = [path.parent.parent] if path.parent.name == "sympa" else []
    site = [Path(config["etc"])] if "etc" in config else [path.parent, *above]
    return Folders(lists=lists, archives=tuple(archives), site=_present(site))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
