"""A database as Mailman 3.3.10 has it: the tables that say who is on a list, with all columns that matter to that.

Also dumps of it, as servers write them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

SCHEMA = """
create table mailinglist (id integer primary key, list_name varchar, mail_host varchar, list_id varchar,
    advertised boolean, archive_policy integer, description varchar, info text, display_name varchar,
    preferred_language varchar, subject_prefix varchar, reply_goes_to_list integer, reply_to_address varchar,
    subscription_policy integer);
create table member (id integer primary key, _member_id char(32), role integer, list_id varchar,
    moderation_action integer, address_id integer, preferences_id integer, user_id integer, bounce_score integer);
create table address (id integer primary key, email varchar, _original varchar, display_name varchar,
    verified_on datetime, registered_on datetime, user_id integer, preferences_id integer);
create table user (id integer primary key, display_name varchar, _user_id char(32), _preferred_address_id integer,
    preferences_id integer);
create table preferences (id integer primary key, acknowledge_posts boolean, hide_address boolean,
    preferred_language varchar, delivery_mode integer, delivery_status integer);
create table ban (id integer primary key, email varchar, list_id varchar);
insert into mailinglist values (1, 'news', 'lists.example', 'news.lists.example', 0, 1, 'Tides', 'Weekly.', 'The News',
    'de', '[News] ', 0, '', 1);
"""
NEWS = "news.lists.example"
MEMBER, OWNER, MODERATOR, NONMEMBER = 1, 2, 3, 4
ENABLED, BY_USER, BY_BOUNCES, BY_MODERATOR, UNKNOWN = 1, 2, 3, 4, 5


class Mailman3Database:
    """Builds one row after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SCHEMA)

    def run(self, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return int(connection.execute(statement, values).lastrowid or 0)

    def preferences(self, **values: object) -> int:
        columns = ["delivery_status", "delivery_mode", "preferred_language"]
        return self.run(f"insert into preferences ({', '.join(columns)}) values (?, ?, ?)", *map(values.get, columns))

    def add(
        self,
        address: str,
        name: str = "",
        *,
        role: int = MEMBER,
        by_user: bool = False,
        of_member: Mapping[str, object] | None = None,
        of_address: Mapping[str, object] | None = None,
        of_user: Mapping[str, object] | None = None,
    ) -> None:
        """A person, subscribed by address, or by their user, whose preferred address it is."""
        person = self.run(
            "insert into user (display_name, preferences_id) values ('', ?)", self.preferences(**(of_user or {}))
        )
        number = self.run(
            "insert into address (email, _original, display_name, verified_on, registered_on, user_id, preferences_id)"
            " values (lower(?), nullif(?, lower(?)), ?, '2019-03-01 12:00:00.000000', '2019-02-28 12:00:00', ?, ?)",
            *(address, address, address, name, person, self.preferences(**(of_address or {}))),
        )
        self.run("update user set _preferred_address_id = ? where id = ?", number, person)
        self.run(
            "insert into member (role, list_id, address_id, user_id, preferences_id) values (?, ?, ?, ?, ?)",
            *(role, NEWS, None if by_user else number, person if by_user else None),
            self.preferences(**(of_member or {})),
        )

    def ban(self, pattern: str, list_id: str | None) -> None:
        self.run("insert into ban (email, list_id) values (?, ?)", pattern, list_id)

    def dump(self, program: str) -> Path:
        """The same tables as `pg_dump` or `mysqldump` writes them."""
        path = self.path.with_name(f"{program}.sql")
        write = _copied if program == "pg_dump" else _inserted
        with closing(sqlite3.connect(self.path)) as connection:
            for table in ("mailinglist", "member", "address", "user", "preferences", "ban"):
                rows = connection.execute(f"select * from {table}")
                columns = [column for column, *_ in rows.description]
                with path.open("a") as file:
                    file.write(write(table, columns, rows.fetchall()))
        return path


Row = Sequence[object]


def _copied(table: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    place = columns.index("advertised") if "advertised" in columns else -1
    texts = [["\\N" if cell is None else str(cell) for cell in row] for row in rows]
    for text in texts if place >= 0 else ():
        text[place] = {"0": "f", "1": "t"}[text[place]]
    lines = "".join("\t".join(text) + "\n" for text in texts)
    names = ", ".join(f'"{name}"' if name.startswith("_") else name for name in columns)
    return f'COPY public."{table}" ({names}) FROM stdin;\n{lines}\\.\n\n'


def _inserted(table: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    created = "".join(f"  `{name}` int(11),\n" for name in columns)
    texts = ("(" + ",".join("NULL" if cell is None else f"'{cell}'" for cell in row) + ")" for row in rows)
    filled = f"INSERT INTO `{table}` VALUES\n{','.join(texts)};\n" if rows else ""
    return f"CREATE TABLE `{table}` (\n{created}) ENGINE=InnoDB;\n{filled}"
