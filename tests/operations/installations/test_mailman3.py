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
        (b"[database]\nurl: mysql+pymysql://root@localhost/mailman\n", "mysql"),
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
