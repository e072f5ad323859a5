"""Sympa: its sympa.conf, its SQLite file, a dump of its database, or a PostgreSQL server; with its folder of lists.

Each list has a `config` file of paragraphs, below list_data. Archives are the folders `arctxt`, with a file for each
message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pressrun.core.addresses.old_links import OldKind, digest_of_address, digest_of_path
from pressrun.core.errors import BadInput
from pressrun.operations.installations.dumps import (
    is_postgresql_dump,
    read_mysql_dump,
    read_postgresql_dump,
    text_of,
)
from pressrun.operations.installations.installation import (
    OldList,
    Place,
    TableInstallation,
    addresses_of,
    source_file,
    valid_addresses,
)
from pressrun.operations.installations.tables import SourceTables, copy_rows, open_file, read_server, utc_of_epoch
from pressrun.operations.opened_files import open_source
from pressrun.operations.sources.lines import plain_name, sympa_fields, sympa_standing
from pressrun.operations.sources.member import MemberState, SourceMember, read_tag

WANTED = {
    "subscriber_table": (
        *("user_subscriber", "list_subscriber", "robot_subscriber", "reception_subscriber", "suspend_subscriber"),
        *("bounce_score_subscriber", "date_epoch_subscriber", "comment_subscriber", "custom_attribute_subscriber"),
    ),
    "user_table": ("email_user", "gecos_user", "lang_user"),
    "admin_table": ("user_admin", "list_admin", "robot_admin", "role_admin"),
    "exclusion_table": ("list_exclusion", "robot_exclusion", "user_exclusion", "date_exclusion"),
}
_PEOPLE = """
    select user_subscriber as address, reception_subscriber as reception, suspend_subscriber as suspend,
        bounce_score_subscriber as bounce_score, date_epoch_subscriber as since,
        coalesce(nullif(comment_subscriber, ''), gecos_user, '') as name, coalesce(lang_user, '') as language,
        coalesce(custom_attribute_subscriber, '') as attributes
    from subscriber_table left join user_table on email_user = user_subscriber
    where list_subscriber = :name and robot_subscriber = :robot order by user_subscriber
"""
_EXCLUDED = """
    select user_exclusion as address, date_exclusion as since from exclusion_table
    where list_exclusion = :name and robot_exclusion = :robot order by user_exclusion
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
LARGEST_CONFIG = 1 << 20


class Sympa(TableInstallation):
    """A Sympa installation."""

    def __init__(self, tables: SourceTables, data: Path | None, archives: Path | None) -> None:
        super().__init__(tables)
        self._data = data
        self._archives = archives
        names = [(row["name"], row["robot"]) for row in tables.rows(_NAMES)]
        self._lists = sorted({(str(name), str(robot)) for name, robot in names if name})

    @property
    def server_places(self) -> Sequence[Place]:
        """The address of the server, at each of its domains."""
        return [
            (digest_of_address("sympa", robot), OldKind.COMMANDS)
            for robot in sorted({domain for _, domain in self._lists})
        ]

    def lists(self) -> list[OldList]:
        """Every list, by its address."""
        return [self._list(name, robot) for name, robot in self._lists]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        name, _, robot = old.key.rpartition("@")
        number = 0
        for row in self._tables.rows(_PEOPLE, name=name, robot=robot):
            number += 1
            yield _member(number, row)
        for row in self._tables.rows(_EXCLUDED, name=name, robot=robot):
            number += 1
            yield SourceMember(
                line=number,
                address=row["address"],
                state=MemberState.UNSUBSCRIBED,
                was="left a list of included members",
                subscribed_at=utc_of_epoch(row["since"]),
            )

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:
        for old in lists:
            folder = self._folder_of(*old.key.rsplit("@", 1))
            for file in ("blocklist.txt", "blacklist.txt"):
                yield from _blocked(None if folder is None else folder / "search_filters" / file)

    def is_pattern(self, ban: str) -> bool:
        return "*" in ban

    def _list(self, name: str, robot: str) -> OldList:
        folder = self._folder_of(name, robot)
        config = {} if folder is None else _read_config(folder / "config")
        owners, editors = (self._people(name, robot, role) for role in ("owner", "editor"))
        owners = [*owners, *self._people(name, robot, "listmaster")]
        status = config.get("status", "open")
        settings = {
            "description": "" if folder is None else _read_text(folder / "info"),
            "language": read_tag(config.get("lang", "")),
            "owner": owners[0] if owners else "",
            "listed": "false" if config.get("visibility", "conceal").startswith(("conceal", "secret")) else "true",
            "archive": _archive_of(config),
        }
        left = [f"the status {status}: it is open here"] if status != "open" else []
        left += ["members from other sources, which are copied once"] if "include" in config else []
        left += ["its configuration, which --files DIR would find in list_data"] if folder is None else []
        return OldList(
            key=f"{name}@{robot}",
            name=name,
            title=config.get("subject", "").strip()[:200] or name,
            settings={key: value for key, value in settings.items() if value},
            editors=tuple(dict.fromkeys([*owners, *editors])),
            places=(*addresses_of(name, robot, _ENDINGS), *_pages(name)),
            archives=tuple(self._find_archives(name, robot)),
            left_behind=tuple(left),
        )

    def _people(self, name: str, robot: str, role: str) -> list[str]:
        return valid_addresses(row["address"] for row in self._tables.rows(_ADMINS, name=name, robot=robot, role=role))

    def _folder_of(self, name: str, robot: str) -> Path | None:
        if self._data is None or "/" in name + robot:  # would lead out of the folder
            return None
        roots = (self._data / "list_data", self._data)
        folders = [root / parent / name for root in roots for parent in (robot, ".")]
        return next((folder for folder in folders if (folder / "config").is_file()), None)

    def _find_archives(self, name: str, robot: str) -> Iterator[Path]:
        for root in (self._archives, None if self._data is None else self._data / "arc"):
            if root is not None and "/" not in name + robot and (root / f"{name}@{robot}").is_dir():
                yield from sorted(path for path in (root / f"{name}@{robot}").glob("*/arctxt") if path.is_dir())
                return


def _member(number: int, row: Any) -> SourceMember:
    values = {key: str(row[key]) for key in ("reception", "suspend", "bounce_score") if row[key] not in (None, "")}
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


def _blocked(path: Path | None) -> Iterator[SourceMember]:
    if path is None or not path.is_file():
        return
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield SourceMember(line=number, address=line.strip(), state=MemberState.SUPPRESSED, was="blocklisted")


def _read_text(path: Path) -> str:
    """The text of a file, none without it."""
    if not path.is_file():
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
    access = config.get("archive.web_access", config.get("web_archive.access", config.get("archive.access", "private")))
    return {"public": "public", "closed": "off"}.get(access, "members")


def _pages(name: str) -> Iterator[Place]:
    for folder in ("/sympa", "/wws"):
        for page in ("info", "subscribe", "subrequest", "home"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.PAGE
        for page in ("signoff", "sigrequest", "auto_signoff", "unsubscribe"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.LEAVING_PAGE
        for page in ("arc", "arcsearch_form", "latest_arc"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.ARCHIVE


def open_sympa(source: str, files: Path | None) -> Sympa:
    """An installation by sympa.conf or its database; `files` has list_data and arc. Raises BadInput, NoInput."""
    if source.startswith(("postgres://", "postgresql://")):
        return Sympa(copy_rows("the database of Sympa", WANTED, read_server(source, WANTED)), files, None)
    path = source_file(source, "sympa.conf, its SQLite file, a dump, or postgresql://…")
    if path.suffix == ".conf":
        return _open_config(path, files)
    return Sympa(_open_database(path), files, None)


def _open_database(path: Path) -> SourceTables:
    with open_source(path) as file:
        if file.read(16).startswith(b"SQLite format 3"):
            return open_file(path, WANTED)
    if is_postgresql_dump(path):
        return copy_rows(str(path), WANTED, read_postgresql_dump(path, WANTED))
    return copy_rows(str(path), WANTED, read_mysql_dump(path, lambda name: name if name in WANTED else None))


def _open_config(path: Path, files: Path | None) -> Sympa:
    words = (re.split(r"\s+", line.strip(), maxsplit=1) for line in _read_text(path).splitlines())
    config = {pair[0]: pair[1] for pair in words if len(pair) == 2 and not pair[0].startswith("#")}
    home = Path(config["home"]).parent if "home" in config else Path("/var/lib/sympa")
    archives = Path(config["arc_path"]) if "arc_path" in config else None
    kind, name = config.get("db_type", "").lower(), config.get("db_name", "sympa")
    if kind == "sqlite":
        return Sympa(_open_database(Path(name)), files or home, archives)
    if kind == "pg":
        parts = {"host": "db_host", "port": "db_port", "user": "db_user", "password": "db_passwd"}
        words_of = " ".join(f"{key}={_quoted(config[theirs])}" for key, theirs in parts.items() if config.get(theirs))
        rows = read_server(f"dbname={_quoted(name)} {words_of}", WANTED)
        return Sympa(copy_rows("the database of Sympa", WANTED, rows), files or home, archives)
    raise BadInput(
        f"{path}: cannot read a database of type {kind!r} directly. Make a dump: mysqldump {name} > sympa.sql"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
