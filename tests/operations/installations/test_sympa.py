"""Sympa as a source: its tables, the configuration of its lists, and its archives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pressrun.core.addresses.old_links import OldKind, digest_of_address, digest_of_path
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.sympa import open_sympa

# The columns that matter, as `Sympa::DatabaseDescription` of 6.2.76 has them.
SCHEMA = """
create table subscriber_table (user_subscriber text, list_subscriber text, robot_subscriber text,
    reception_subscriber text, suspend_subscriber integer, bounce_subscriber text, bounce_score_subscriber integer,
    date_epoch_subscriber integer, comment_subscriber text, custom_attribute_subscriber text);
create table user_table (email_user text, gecos_user text, password_user text, lang_user text);
create table admin_table (user_admin text, list_admin text, robot_admin text, role_admin text);
create table exclusion_table (list_exclusion text, robot_exclusion text, user_exclusion text, family_exclusion text,
    date_exclusion integer);
insert into admin_table values ('olga@x.example', 'news', 'lists.example', 'owner'),
    ('ed@x.example', 'news', 'lists.example', 'editor');
insert into user_table values ('plain@x.example', '=?utf-8?q?Zo=C3=AB?=', 'x', 'pt_BR');
insert into exclusion_table values ('news', 'lists.example', 'left@x.example', null, 1588334400);
"""
CONFIG = """subject The \u00e9news

visibility conceal

lang de

status open

archive
web_access public
period month

owner
email olga@x.example
profile privileged

include_file
name more
"""
STATES = {
    "plain": ((None, None, None), "active"),
    "digest": (("digest", 0, None), "active"),
    "summary": (("summary", 0, 0), "active"),
    "nomail": (("nomail", 0, None), "suspended"),
    "suspended": (("mail", 1, None), "suspended"),
    "bouncing": (("mail", 0, 90), "suspended"),
    "odd": (("teleport", 0, None), "suspended"),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A database with a member in each state, and the folder of the list beside it."""
    path = tmp_path / "sympa.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMA)
        for name, ((reception, suspend, score), _) in STATES.items():
            connection.execute(
                "insert into subscriber_table values (?, 'news', 'lists.example', ?, ?, '', ?, 1588334400, '', '')",
                (f"{name}@x.example", reception, suspend, score),
            )
    folder = tmp_path / "list_data" / "lists.example" / "news"
    (folder / "search_filters").mkdir(parents=True)
    (folder / "config").write_bytes(CONFIG.encode("latin-1"))
    (folder / "info").write_text("Tides.")
    (folder / "search_filters" / "blocklist.txt").write_text("# who\ntroll@x.example\n*@bad.example\n")
    (tmp_path / "arc" / "news@lists.example" / "2020-05" / "arctxt").mkdir(parents=True)
    return path


def test_every_state_has_its_equivalent(source: Path) -> None:
    """An unknown way of delivery makes nobody active; who left a list of included members has left."""
    with closing(open_sympa(str(source), source.parent)) as installation:
        (old,) = installation.lists()
        members = {member.address: member for member in installation.members(old)}
        bans = {ban.address: installation.is_pattern(ban.address) for ban in installation.bans([old])}
    wanted = {f"{name}@x.example": state for name, (_, state) in STATES.items()} | {"left@x.example": "unsubscribed"}
    assert wanted == {address: member.state.value for address, member in members.items()}
    plain = members["plain@x.example"]
    assert ("Zoë", "pt-BR", "2020-05-01T12:00:00Z") == (plain.name, plain.language, plain.subscribed_at)
    assert {"troll@x.example": False, "*@bad.example": True} == bans


def test_a_list_comes_with_what_its_configuration_says(source: Path) -> None:
    """In whatever encoding; what has no equivalent is named."""
    with closing(open_sympa(str(source), source.parent)) as installation:
        (old,) = installation.lists()
        server = installation.server_places
    assert ("news@lists.example", "The énews", ("olga@x.example", "ed@x.example")) == (old.key, old.title, old.editors)
    assert {
        "description": "Tides.",
        "language": "de",
        "owner": "olga@x.example",
        "listed": "false",
        "archive": "public",
    } == old.settings
    assert ("members from other sources, which are copied once",) == old.left_behind
    assert (source.parent / "arc" / "news@lists.example" / "2020-05" / "arctxt",) == old.archives
    assert (digest_of_address("news-unsubscribe", "lists.example"), OldKind.UNSUBSCRIBE) in old.places
    assert (digest_of_path("/sympa/signoff/news"), OldKind.LEAVING_PAGE) in old.places
    assert [(digest_of_address("sympa", "lists.example"), OldKind.COMMANDS)] == list(server)


def test_the_configuration_names_the_database_and_the_folders(source: Path) -> None:
    """One in MySQL is read from a dump, and the error says how."""
    config = source.parent / "sympa.conf"
    folder = source.parent
    config.write_text(f"db_type SQLite\ndb_name {source}\nhome {folder}/list_data\narc_path {folder}/arc\n")
    with closing(open_sympa(str(config), None)) as installation:
        assert installation.lists()[0].archives
    config.write_text("db_type MySQL\ndb_name sympa\n")
    with pytest.raises(BadInput, match="mysqldump sympa"):
        open_sympa(str(config), None)
    with pytest.raises(NoInput):
        open_sympa(str(folder / "nothing"), None)
