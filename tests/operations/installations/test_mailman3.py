"""Mailman 3 as a source: what becomes of each state there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.operations.installations.mailman3_database import (
    BY_BOUNCES,
    BY_MODERATOR,
    BY_USER,
    ENABLED,
    MODERATOR,
    NONMEMBER,
    OWNER,
    UNKNOWN,
    Mailman3Database,
)

from pressrun.core.addresses.old_links import OldKind, digest_of_address, digest_of_path
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.installation import OPEN_HERE
from pressrun.operations.installations.mailman3 import open_mailman3
from pressrun.operations.sources.member import MemberState


@pytest.mark.parametrize("by_user", [False, True])
def test_delivery_is_off_wherever_it_was_switched_off(tmp_path: Path, by_user: bool) -> None:
    """The preference of the member goes before that of the address, and that before the user's."""
    database = Mailman3Database(tmp_path / "mailman.db")
    off, on = {"delivery_status": BY_USER}, {"delivery_status": ENABLED}
    database.add("plain@x.example", by_user=by_user)
    database.add("member@x.example", by_user=by_user, of_member=off)
    database.add("address@x.example", by_user=by_user, of_address=off)
    database.add("user@x.example", by_user=by_user, of_user=off)
    database.add("back-on@x.example", by_user=by_user, of_member=on, of_address=off, of_user=off)
    for status in (BY_BOUNCES, BY_MODERATOR, UNKNOWN):
        database.add(f"status{status}@x.example", by_user=by_user, of_member={"delivery_status": status})
    assert {
        "plain@x.example": "active",
        "member@x.example": "suspended",
        "address@x.example": "suspended",
        "user@x.example": "suspended",
        "back-on@x.example": "active",
        "status3@x.example": "suspended",
        "status4@x.example": "suspended",
        "status5@x.example": "suspended",
    } == states(database)


def states(database: Mailman3Database) -> dict[str, str]:
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
        return {member.address: member.state.value for member in installation.members(old)}


def test_a_member_comes_as_they_were(tmp_path: Path) -> None:
    """With the spelling, name and language of their own, and since when the address is known."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("Ada@X.example", 'Lovelace, "Ada"', of_user={"preferred_language": "pt_BR", "delivery_mode": 2})
    database.add("guest@x.example", role=NONMEMBER)
    with closing(open_mailman3(str(database.path), None)) as installation:
        (member,) = installation.members(installation.lists()[0])
    assert ("Ada@X.example", 'Lovelace, "Ada"', "pt-BR") == (member.address, member.name, member.language)
    assert ("2019-03-01T12:00:00Z", "member with digests") == (member.subscribed_at, member.was)


def test_nobody_gets_email_whose_delivery_is_off_in_one_of_two_memberships(tmp_path: Path) -> None:
    """Mailman lets people subscribe their address, and also themselves with the same address."""
    database = Mailman3Database(tmp_path / "mailman.db")
    statuses = {"ada": (BY_USER, ENABLED), "bob": (ENABLED, BY_BOUNCES), "eve": (ENABLED, None)}
    for name, (of_user, of_address) in statuses.items():
        database.add(f"{name}@x.example", by_user=True, of_member={"delivery_status": of_user})
        database.run(
            "insert into member (role, list_id, address_id, preferences_id)"
            " select 1, 'news.lists.example', max(id), ? from address",
            database.preferences(delivery_status=of_address),
        )
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
        members = [(member.address, member.state.value) for member in installation.members(old)]
    assert [("ada@x.example", "suspended"), ("bob@x.example", "suspended"), ("eve@x.example", "active")] == members


def test_members_without_a_preferred_address_are_reported(tmp_path: Path) -> None:
    """Mailman has nothing that it could send to; each of them is refused and listed."""
    database = Mailman3Database(tmp_path / "mailman.db")
    for name in ("Ada", "Bob"):
        database.add(f"{name}@x.example", by_user=True)
        database.run("update user set display_name = ?, _preferred_address_id = null where display_name = ''", name)
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
        assert [("", "Ada"), ("", "Bob")] == [(member.address, member.name) for member in installation.members(old)]


def test_a_list_that_was_renamed_has_its_members_and_bans(tmp_path: Path) -> None:
    """They belong to its identifier, which stays."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("ada@x.example")
    database.ban("bob@x.example", "news.lists.example")
    database.run("update mailinglist set list_name = 'tides'")
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
        assert "tides@lists.example" == old.key
        assert ["ada@x.example"] == [member.address for member in installation.members(old)]
        assert ["bob@x.example"] == [ban.address for ban in installation.bans([old])]


def test_numbers_that_mailman_would_not_write_do_no_harm(tmp_path: Path) -> None:
    """Nobody is mailed by one, nothing is published, and nothing fails."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("ada@x.example", of_member={"delivery_status": "x", "delivery_mode": "x"})
    database.add("bob@x.example", of_member={"delivery_mode": "x"})
    database.run("update mailinglist set archive_policy = 'x'")
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
        assert "off" == old.settings["archive"]
        assert ["suspended", "active"] == [member.state.value for member in installation.members(old)]


@pytest.mark.parametrize("program", ["pg_dump", "mysqldump"])
@pytest.mark.parametrize("advertised", [0, 1])
def test_a_dump_says_the_same_as_the_database(tmp_path: Path, program: str, advertised: int) -> None:
    """There, all values are texts."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.run("update mailinglist set advertised = ?, subscription_policy = 3", advertised)
    database.add("olga@x.example", role=OWNER)
    database.add("guest@x.example", role=NONMEMBER)
    for number in range(11):
        database.add(f"r{number}@x.example", by_user=number % 2 == 0, of_member={"delivery_status": number % 6 or None})
    database.add("digest@x.example", of_user={"delivery_mode": 2})
    database.ban("bob@x.example", None)
    contents = []
    for path in (database.path, database.dump(program)):
        with closing(open_mailman3(str(path), None)) as installation:
            lists = installation.lists()
            contents.append((lists, list(installation.members(lists[0])), list(installation.bans(lists))))
    assert contents[0] == contents[1]
    assert 12 == len(contents[0][1])


def test_a_list_comes_with_its_settings_people_and_addresses(tmp_path: Path) -> None:
    """Owners and moderators may send editions; the first owner owns the list."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("olga@x.example", role=OWNER)
    database.add("mo@x.example", role=MODERATOR)
    (tmp_path / "news@lists.example.mbox").touch()
    with closing(open_mailman3(str(database.path), tmp_path)) as installation:
        (old,) = installation.lists()
    assert ("news@lists.example", "The News", ("olga@x.example", "mo@x.example")) == (old.key, old.title, old.editors)
    assert {
        "description": "Tides\n\nWeekly.",
        "language": "de",
        "archive": "members",
        "listed": "false",
        "owner": "olga@x.example",
    } == old.settings
    assert (digest_of_address("news-leave", "lists.example"), OldKind.UNSUBSCRIBE) in old.places
    assert (digest_of_path("/mailman3/postorius/lists/news.lists.example"), OldKind.PAGE) in old.places
    assert (tmp_path / "news@lists.example.mbox",) == old.archives


@pytest.mark.parametrize(("policy", "expected"), [(0, False), (1, False), (2, True), (3, True), (None, False)])
def test_a_list_that_approves_subscriptions_says_that_it_will_not(
    tmp_path: Path, policy: int | None, *, expected: bool
) -> None:
    database = Mailman3Database(tmp_path / "mailman.db")
    database.run("update mailinglist set subscription_policy = ?", policy)
    with closing(open_mailman3(str(database.path), tmp_path)) as installation:
        (old,) = installation.lists()
    assert expected == (OPEN_HERE in old.left_behind)


@pytest.mark.parametrize(("name", "domain"), [("../private/", "/mail"), ("../private/mail", "x/../../private/mail")])
def test_a_name_never_leads_out_of_the_folder_of_archives(tmp_path: Path, name: str, domain: str) -> None:
    """Somebody else's mail would become an archive that everybody can read."""
    database = Mailman3Database(tmp_path / "mailman.db")
    (tmp_path / "private" / "mail" / "new").mkdir(parents=True)
    (tmp_path / "archives").mkdir()
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute("update mailinglist set list_name = ?, mail_host = ?", (name, domain))
    with closing(open_mailman3(str(database.path), tmp_path / "archives")) as installation:
        assert () == installation.lists()[0].archives


def test_bans_are_those_of_the_lists_and_of_all(tmp_path: Path) -> None:
    """Those of lists that stay behind stay, too."""
    database = Mailman3Database(tmp_path / "mailman.db")
    for pattern, list_id in (
        ("a@x.example", "news.lists.example"),
        ("b@x.example", None),
        ("c@x.example", "else.lists.example"),
    ):
        database.ban(pattern, list_id)
    with closing(open_mailman3(str(database.path), None)) as installation:
        bans = list(installation.bans(installation.lists()))
    assert [("a@x.example", MemberState.SUPPRESSED), ("b@x.example", MemberState.SUPPRESSED)] == [
        (ban.address, ban.state) for ban in bans
    ]


def test_the_configuration_names_the_database(tmp_path: Path) -> None:
    """By the folders of its layout."""
    (tmp_path / "var/data").mkdir(parents=True)
    Mailman3Database(tmp_path / "var/data/mailman.db").add("ada@x.example")
    config = tmp_path / "mailman.cfg"
    config.write_text(
        f"[mailman]\nlayout: here\n[paths.here]\nvar_dir: {tmp_path}/var\n"
        "[database]\nurl: sqlite:///$DATA_DIR/mailman.db\n",
    )
    with closing(open_mailman3(str(config), None)) as installation:
        assert ["news@lists.example"] == [old.key for old in installation.lists()]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"SQLite format 3\0" + bytes(200), "mailman"),
        (b"[database]\nurl: mysql+pymysql://root@localhost/mailman\n", "mysqldump mailman3 > mailman3.sql"),
        (b"\x00\xff\x00 no configuration", "not a mailman.cfg"),
    ],
)
def test_what_is_no_mailman_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """With what was found."""
    source = tmp_path / "mailman.cfg"
    source.write_bytes(content)
    with pytest.raises((BadInput, NoInput), match=problem), closing(open_mailman3(str(source), None)) as installation:
        installation.lists()


def test_an_old_database_is_refused_with_the_column_that_it_lacks(tmp_path: Path) -> None:
    database = Mailman3Database(tmp_path / "mailman.db")
    database.run("alter table ban drop column list_id")
    with pytest.raises(BadInput, match="the table ban has no column list_id"):
        open_mailman3(str(database.path), None)


def test_owners_whom_mailman_cannot_reach_are_named(tmp_path: Path) -> None:
    """By their name, where they have no address at all."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("olga at x", role=MODERATOR)
    database.add("ada@x.example", role=OWNER, by_user=True)
    database.run("update user set display_name = 'Ada', _preferred_address_id = null where id = 2")
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
    assert () == old.editors
    assert {f"the owner or moderator {name!r}, which is not an email address" for name in ("Ada", "olga at x")} == {
        text for text in old.left_behind if "owner or" in text
    }


def test_members_of_a_list_that_is_gone_are_named(tmp_path: Path) -> None:
    """Each once. They are nobody's members, and would be missing without a word."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("ada@x.example")
    database.add("Bob@x.example")
    database.add("owner@x.example", role=OWNER)
    database.run("update member set list_id = 'gone.lists.example' where id > 1")
    again = "insert into member (role, list_id, address_id) select 1, ?, address_id from member where id = ?"
    database.run(again, "other.lists.example", 2)  # named once
    database.run(again, "gone.lists.example", 1)  # on a list that is there, too
    with closing(open_mailman3(str(database.path), None)) as installation:
        (old,) = installation.lists()
        members = [member.address for member in installation.members(old)]
        strays = [(person.line, person.address, person.was) for person in installation.people_without_list()]
    assert ["ada@x.example"] == members
    assert [(2, "Bob@x.example", "member of gone.lists.example, a list that is not there")] == strays
