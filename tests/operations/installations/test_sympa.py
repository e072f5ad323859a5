"""Sympa as a source: its tables, the configuration of its lists, and its archives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.operations.installations.locked import lock

from pressrun.core.addresses.old_links import OldKind, digest_of_address, digest_of_path
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations import sympa
from pressrun.operations.installations.installation import OPEN_HERE
from pressrun.operations.installations.sympa import open_sympa

# The columns that matter, as `Sympa::DatabaseDescription` of 6.2.76 has them.
SCHEMA = """
create table subscriber_table (user_subscriber text, list_subscriber text, robot_subscriber text,
    reception_subscriber text, suspend_subscriber integer, suspend_start_date_subscriber integer,
    suspend_end_date_subscriber integer, bounce_subscriber text, bounce_score_subscriber integer,
    date_epoch_subscriber integer, comment_subscriber text, custom_attribute_subscriber text);
create table user_table (email_user text, gecos_user text, password_user text, lang_user text);
create table admin_table (user_admin text, list_admin text, robot_admin text, role_admin text);
create table exclusion_table (list_exclusion text, robot_exclusion text, user_exclusion text, family_exclusion text,
    date_exclusion integer);
insert into admin_table values ('olga@x.example', 'news', 'lists.example', 'owner'),
    ('ed@x.example', 'news', 'lists.example', 'editor');
insert into user_table values ('plain@x.example', '=?utf-8?q?Zo=C3=AB?=', 'x', 'pt_BR');
insert into exclusion_table values ('news', 'lists.example', 'left@x.example', null, 1588334400),
    ('family:tides', 'lists.example', 'relative@x.example', 'tides', 1588334400),
    ('family:other', 'lists.example', 'other@x.example', 'other', 1588334400),
    ('news', 'other.example', 'elsewhere@x.example', null, 1588334400),
    ('news', 'lists.example', 'nomail@x.example', null, 1588334399),
    ('family:tides', 'lists.example', 'digest@x.example', 'tides', 1588334401);
"""
CONFIG = """subject The \u00e9news

visibility conceal

lang de

status open

subscribe auth_owner

family_name tides

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
    "plain": ((None, None, None, None), "active"),
    "digest": (("digest", 0, None, None), "unsubscribed"),  # from the family, later than they subscribed
    "summary": (("summary", 0, None, 0), "active"),
    "nomail": (("nomail", 0, None, None), "suspended"),  # excluded earlier than they subscribed
    "suspended": (("mail", 1, None, None), "suspended"),
    "away": (("mail", 1, 4102444800, None), "suspended"),
    "back": (("mail", 1, 1588334400, None), "active"),
    "bouncing": (("mail", 1, 1588334400, 90), "suspended"),
    "odd": (("teleport", 0, None, None), "suspended"),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A database with a member in each state, and the folder of the list beside it."""
    path = tmp_path / "sympa.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMA)
        for name, ((reception, suspend, until, score), _) in STATES.items():
            connection.execute(
                "insert into subscriber_table"
                " values (?, 'news', 'lists.example', ?, ?, 1588334400, ?, '', ?, 1588334400, '', '')",
                (f"{name}@x.example", reception, suspend, until, score),
            )
    folder = tmp_path / "list_data" / "lists.example" / "news"
    (folder / "search_filters").mkdir(parents=True)
    (folder / "config").write_bytes(CONFIG.encode("latin-1"))
    (folder / "info").write_text("Tides.")
    block(folder, "# who\n; why\ntroll@x.example\n*@bad.example\n")
    (tmp_path / "arc" / "news@lists.example" / "2020-05" / "arctxt").mkdir(parents=True)
    return path


def block(folder: Path, text: str, name: str = "blocklist.txt") -> None:
    """Write the blocklist of a folder."""
    (folder / "search_filters").mkdir(parents=True, exist_ok=True)
    (folder / "search_filters" / name).write_text(text)


def test_every_state_has_its_equivalent(source: Path) -> None:
    """An unknown way of delivery makes nobody active; who left a list of included members has left."""
    with closing(open_sympa(str(source), source.parent)) as installation:
        (old,) = installation.lists()
        members = {member.address: member for member in installation.members(old)}
        bans = {ban.address: installation.is_pattern(ban.address) for ban in installation.bans([old])}
    wanted = {f"{name}@x.example": state for name, (_, state) in STATES.items()}
    wanted |= {"left@x.example": "unsubscribed", "relative@x.example": "unsubscribed"}
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
    assert (
        OPEN_HERE,
        "members from other sources, which are copied once",
    ) == old.left_behind[:2]
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


def test_blocklists_are_those_of_the_list_its_family_its_domain_and_the_site(source: Path) -> None:
    """As Sympa searches them, under their old names, too; those of other lists and domains are not read."""
    etc = source.parent / "etc"
    block(etc, "site@x.example\n*@site.example\n", "blacklist.txt")
    block(etc / "lists.example", "domain@x.example\n")
    block(etc / "families" / "tides", "family@x.example\n")
    block(etc / "lists.example" / "families" / "tides", "kin@x.example\n")
    block(etc / "families" / "other", "no@x.example\n")
    block(etc / "other.example", "no@x.example\n")
    with closing(open_sympa(str(source), source.parent)) as installation:
        lists = installation.lists()
        bans = [(ban.address, ban.was) for ban in installation.bans([*lists, *lists])]
    assert {
        ("troll@x.example", "blocklisted"),
        ("*@bad.example", "blocklisted"),
        ("family@x.example", "blocklisted"),
        ("kin@x.example", "blocklisted"),
        ("domain@x.example", "blocklisted everywhere"),
        ("site@x.example", "blocklisted everywhere"),
        ("*@site.example", "blocklisted everywhere"),
    } == set(bans)
    assert len(bans) == len(set(bans))


def test_a_blocklist_may_be_long(source: Path) -> None:
    """What is beyond a mebibyte counts, too."""
    folder = source.parent / "list_data" / "lists.example" / "news"
    block(folder, "# a comment\n" * 100_000 + "last@x.example\n")
    with closing(open_sympa(str(source), source.parent)) as installation:
        bans = [(ban.line, ban.address) for ban in installation.bans(installation.lists())]
    assert [(100_001, "last@x.example")] == bans


@pytest.mark.parametrize("where", ["sympa/sympa.conf", "sympa.conf", "elsewhere/sympa.conf"])
def test_the_folders_are_where_the_configuration_says(source: Path, where: str) -> None:
    """`etc`, or the folder of sympa.conf, or the one above; `home` under any name."""
    etc = source.parent / "etc"
    block(etc, "site@x.example\n")
    (source.parent / "list_data").rename(source.parent / "expl")
    config = etc / where
    config.parent.mkdir(exist_ok=True)
    named = f"etc {etc}\n" if "elsewhere" in where else ""
    config.write_text(f"db_type SQLite\ndb_name {source}\nhome {source.parent}/expl\n{named}")
    with closing(open_sympa(str(config), None)) as installation:
        (old,) = installation.lists()
        bans = {ban.address for ban in installation.bans([old])}
    assert {"troll@x.example", "*@bad.example", "site@x.example"} == bans
    assert "The énews" == old.title
    assert old.archives


def test_without_the_settings_of_the_site_the_operator_hears_so(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else people whom it blocks would be mailed without a word."""
    monkeypatch.setattr(sympa, "DEFAULT_SITE", source.parent / "nothing")
    with closing(open_sympa(str(source), source.parent)) as installation:
        (old,) = installation.lists()
    assert "blocklists of the whole site, which --files DIR would find in etc/search_filters" in old.left_behind


def test_a_blocklist_that_cannot_be_read_stops_the_move(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_sympa(str(source), source.parent)) as installation:
        lists = installation.lists()
        lock(source.parent / "list_data/lists.example/news/search_filters", monkeypatch)
        with pytest.raises(PermissionError, match=r"search_filters"):
            list(installation.bans(lists))


def test_pages_of_lists_with_one_name_lead_nowhere(source: Path) -> None:
    """They do not say the domain, so one list would answer for the other."""
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("insert into admin_table values ('olga@x.example', 'news', 'other.example', 'owner')")
    with closing(open_sympa(str(source), source.parent)) as installation:
        lists = installation.lists()
    page = (digest_of_path("/sympa/signoff/news"), OldKind.LEAVING_PAGE)
    assert [False, False] == [page in old.places for old in lists]
    assert all("old web pages, since another domain has a list of this name" in old.left_behind for old in lists)


@pytest.mark.parametrize("access", ["owner", "listmaster", "closed"])
def test_an_archive_for_owners_alone_is_not_shown_to_members(source: Path, access: str) -> None:
    config = source.parent / "list_data" / "lists.example" / "news" / "config"
    config.write_text(f"status pending\n\narchive\nweb_access {access}\n")
    with closing(open_sympa(str(source), source.parent)) as installation:
        (old,) = installation.lists()
    assert ("off", True) == (old.settings["archive"], old.is_closed)
    assert "the status pending, for which the list is closed here" in old.left_behind


@pytest.mark.parametrize("status", ["closed", "family_closed"])
def test_a_closed_list_is_closed(source: Path, status: str) -> None:
    """That is no loss, so it is not named."""
    config = source.parent / "list_data" / "lists.example" / "news" / "config"
    config.write_text(f"status {status}\n")
    with closing(open_sympa(str(source), source.parent)) as installation:
        (old,) = installation.lists()
    assert (True, False) == (old.is_closed, any("status" in text for text in old.left_behind))


def test_a_list_of_which_only_the_folder_is_left_is_named(source: Path) -> None:
    """When Sympa closes a list, it removes its people from the database."""
    closed = source.parent / "list_data" / "lists.example" / "old"
    closed.mkdir()
    (closed / "config").write_text("status closed\n")
    with closing(open_sympa(str(source), source.parent)) as installation:
        assert ["news@lists.example"] == [old.key for old in installation.lists()]
        (warning,) = installation.warnings
    assert warning.startswith(f"{closed} is a list without members")
