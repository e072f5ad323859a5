"""Dumps of PostgreSQL and MySQL as text, sound and cut off, and the installations that are read from them."""

from __future__ import annotations

import gzip
import re
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from pressrun.core.addresses.old_links import OldKind, digest_of_campaign, digest_of_path, digest_of_person
from pressrun.core.errors import BadInput, NoInput, NoRoom
from pressrun.operations.installations import dumps
from pressrun.operations.installations.dumps import read_mysql_dump, read_postgresql_dump
from pressrun.operations.installations.installation import OPEN_HERE, Installation, open_installation
from pressrun.operations.installations.listmonk import open_listmonk
from pressrun.operations.installations.phplist import open_phplist
from pressrun.operations.installations.tables import Rows, copy_rows
from pressrun.services.suppression import SuppressionReason

ISSUE = "7d3c5f1e-33d1-4d2c-9c55-0a64c5a3ad11"
LISTMONK = rf"""--
-- PostgreSQL database dump
--

COPY public.bounces (id, subscriber_id, type) FROM stdin;
1	4	soft
2	4	hard
3	5	complaint
\.
COPY public.campaign_lists (id, campaign_id, list_id, list_name) FROM stdin;
1	1	1	Tides
\.
COPY public.campaigns (id, uuid, name) FROM stdin;
1	{ISSUE}	c
\.
COPY public.lists (id, uuid, name, type, optin, description) FROM stdin;
1	u1	Tides	public	double	Line\none
2	u2	Tides	private	single	\N
\.
COPY public.settings (key, value, updated_at) FROM stdin;
app.lang	"de"	\N
\.
COPY public.subscriber_lists (subscriber_id, list_id, meta, status, created_at) FROM stdin;
1	1	{{}}	confirmed	2020-05-01 14:00:00+02
2	1	{{}}	unconfirmed	2020-05-01 14:00:00+02
3	1	{{}}	unsubscribed	2020-05-01 14:00:00+02
4	1	{{}}	confirmed	2020-05-01 14:00:00+02
5	1	{{}}	unsubscribed	2020-05-01 14:00:00+02
6	1	{{}}	confirmed	2020-05-01 14:00:00+02
7	1	{{}}	strange	2020-05-01 14:00:00+02
\.
COPY public.subscribers (id, uuid, email, name, attribs, status, created_at, updated_at) FROM stdin;
1	s1	a1@x.example	Ada\tL	{{"city": "K\\u00f6ln", "n": 7, "deep": {{}}, "email": "x"}}	enabled	\N	\N
2	s2	a2@x.example	B	{{}}	enabled	\N	\N
3	s3	a3@x.example	C	{{}}	enabled	\N	\N
4	s4	a4@x.example	D	{{}}	blocklisted	\N	2021-01-01 00:00:00+00
5	s5	a5@x.example	E	{{}}	blocklisted	\N	2021-01-01 00:00:00+00
6	s6	a6@x.example	F	[]	disabled	\N	\N
7	s7	a7@x.example	G	nothing	enabled	\N	\N
\.

--
-- PostgreSQL database dump complete
--
"""
PHPLIST = r"""-- MariaDB dump 10.19
CREATE TABLE `pl_admin` (
  `id` int(11) NOT NULL,
  `email` varchar(255) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `pl_admin` VALUES (1,'olga@x.example');
CREATE TABLE `pl_list` (
  `id` int(11) NOT NULL,
  `name` varchar(255) NOT NULL,
  `description` text DEFAULT NULL,
  `active` tinyint(4) DEFAULT NULL,
  `owner` int(11) DEFAULT NULL
);
INSERT INTO `pl_list` VALUES
(3,'News; \'all\'','It''s \"ours\"',1,1),
(4,'Staff',NULL,0,0);
CREATE TABLE `pl_listuser` (
  `userid` int(11) NOT NULL,
  `listid` int(11) NOT NULL,
  `entered` datetime DEFAULT NULL
);
INSERT INTO `pl_listuser` VALUES (1,3,'2020-05-01 12:00:00'),
(2,3,NULL),(3,3,'0000-00-00 00:00:00'),(4,3,NULL),(5,3,NULL);
CREATE TABLE `pl_message` (
  `message` longtext
);
INSERT INTO `pl_message` VALUES ('\nINSERT INTO `pl_user_user` VALUES (9,\'evil@x.example\',1);');
CREATE TABLE `pl_user_attribute` (
  `id` int(11) NOT NULL,
  `name` varchar(255),
  `type` varchar(30)
);
INSERT INTO `pl_user_attribute` VALUES (1,'Name','textline'),(2,'Country','select'),(3,'City','textline');
CREATE TABLE `pl_user_blacklist` (
  `email` varchar(255),
  `added` datetime
);
INSERT INTO `pl_user_blacklist` VALUES ('a4@x.example',NULL),('gone@x.example','2018-01-01 00:00:00');
CREATE TABLE `pl_user_blacklist_data` (
  `email` varchar(255),
  `name` varchar(25),
  `data` text
);
INSERT INTO `pl_user_blacklist_data` VALUES ('a4@x.example','reason','Too many consecutive bounces');
CREATE TABLE `pl_user_user` (
  `id` int(11) NOT NULL,
  `email` varchar(255),
  `confirmed` tinyint(4),
  `blacklisted` tinyint(4),
  `disabled` tinyint(4),
  `entered` datetime,
  `uniqid` varchar(255),
  `uuid` varchar(36)
);
INSERT INTO `pl_user_user` VALUES (1,'a1@x.example',1,0,0,NULL,'0123456789abcdef',''),
(2,'a2@x.example',0,0,0,NULL,'u2',''),
(3,'a3@x.example',1,0,1,NULL,'u3',''),(4,'a4@x.example',1,0,0,NULL,'u4',''),(5,'a5@x.example',0,1,0,NULL,'u5','');
CREATE TABLE `pl_user_user_attribute` (
  `attributeid` int(11),
  `userid` int(11),
  `value` text
);
INSERT INTO `pl_user_user_attribute` VALUES (1,1,'=?utf-8?q?Zo=C3=AB?= O\'Brien \\'),
(2,1,'3'),(3,1,_binary 'K\xc3\xb6ln'),(3,2,0x4BC3B66C6E);
-- Dump completed on 2026-01-01
"""


def written(path: Path, text: str) -> str:
    path.write_bytes(text.encode().replace(rb"\xc3\xb6", "ö".encode()))
    return str(path)


def test_listmonk_says_of_each_who_may_be_mailed(tmp_path: Path) -> None:
    """Only those are active who are enabled and confirmed; a word that is not known makes nobody active."""
    with closing(open_listmonk(written(tmp_path / "dump.sql", LISTMONK), None)) as installation:
        tides, other = installation.lists()
        members = list(installation.members(tides))
        links = dict(installation.personal_links(tides))
        assert 2 == len(list(installation.bans([tides])))
    states = [member.state.value for member in members]
    assert ["active", "unconfirmed", "unsubscribed", "suppressed", "suppressed", "suspended", "unconfirmed"] == states
    assert (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT) == (members[3].reason, members[4].reason)
    assert ("Ada\tL", "2020-05-01T12:00:00Z") == (members[0].name, members[0].subscribed_at)
    assert {"city": "Köln", "n": "7", "_email": "x"} == members[0].fields
    assert ("Tides (1)", "Tides (2)", "Line\none") == (tides.key, other.key, tides.settings["description"])
    assert ("de", "public", "members") == (
        tides.settings["language"],
        tides.settings["archive"],
        other.settings["archive"],
    )
    assert ((digest_of_campaign(ISSUE), OldKind.CAMPAIGN),) == tides.places
    assert "a3@x.example" == links[digest_of_person("s3")]


@pytest.mark.parametrize(
    ("dump", "subscription", "opened"),
    [
        (LISTMONK, "1\t1\t{}\tconfirmed\t2020-05-01 14:00:00+02\n", open_listmonk),
        (PHPLIST, "(1,3,'2020-05-01 12:00:00'),\n", open_phplist),
        (
            PHPLIST.replace("'a1@x.example',1,0", "'a1@x.example',1,NULL"),
            "(1,3,'2020-05-01 12:00:00'),\n",
            open_phplist,
        ),
    ],
)
def test_people_on_no_list_are_named(
    tmp_path: Path, dump: str, subscription: str, opened: Callable[[str, None], Installation]
) -> None:
    """Unless they are blocked, and suppressed here; else they would be missing without a word."""
    assert subscription in dump
    for text, expected in ((dump, []), (dump.replace(subscription, ""), [(1, "a1@x.example", "on no list")])):
        with closing(opened(written(tmp_path / "dump.sql", text), None)) as installation:
            strays = [(person.line, person.address, person.was) for person in installation.people_without_list()]
        assert expected == strays


def test_listmonk_names_the_attributes_that_do_not_move(tmp_path: Path) -> None:
    dump = LISTMONK.replace("F\t[]", 'F\t{"deep": [1], "city": "x"}')
    with closing(open_listmonk(written(tmp_path / "dump.sql", dump), None)) as installation:
        tides, other = installation.lists()
    assert "the attribute 'deep' of 2 people, an array or object" == tides.left_behind[-1]
    assert (OPEN_HERE,) == other.left_behind


def test_listmonk_says_which_lists_are_closed_there(tmp_path: Path) -> None:
    """Since 6.0, archived lists are hidden; sign-ups to temporary lists, too, were for administrators only."""
    dump = LISTMONK.replace("type, optin,", "type, optin, status,").replace("double\t", "double\tarchived\t")
    dump = dump.replace("private\tsingle\t", "temporary\tsingle\tactive\t")
    with closing(open_listmonk(written(tmp_path / "dump.sql", dump), None)) as installation:
        archived, temporary = installation.lists()
    assert ("false", "false") == (archived.settings["listed"], temporary.settings["listed"])
    assert (True, False) == (archived.is_closed, temporary.is_closed)
    assert (OPEN_HERE,) == temporary.left_behind


def test_listmonk_of_an_old_release_is_read(tmp_path: Path) -> None:
    """It has no bounces, no settings, and no descriptions of lists."""
    old = re.sub(r"COPY public\.(?:bounces|settings) .*?\n\\\.\n", "", LISTMONK, flags=re.DOTALL)
    old = re.sub(r"(COPY public\.lists \(.*), description\)", r"\1, tags)", old)
    with closing(open_listmonk(written(tmp_path / "dump.sql", old), None)) as installation:
        tides, _ = installation.lists()
        members = list(installation.members(tides))
    states = [member.state.value for member in members]
    assert ["active", "unconfirmed", "unsubscribed", "suppressed", "suppressed", "suspended", "unconfirmed"] == states
    assert {SuppressionReason.OPERATOR} == {member.reason for member in members}
    assert {"description", "language"}.isdisjoint(tides.settings)
    broken = LISTMONK.replace("COPY public.subscribers (id, uuid, ", "COPY public.subscribers (id, uid, ")
    with pytest.raises(BadInput, match="subscribers has no column uuid"):
        open_listmonk(written(tmp_path / "broken.sql", broken), None)


def test_a_copy_of_a_dump_has_no_name(tmp_path: Path) -> None:
    """So a kill leaves no file with the data of subscribers."""
    wanted = {"lists": ("id", "name")}
    rows = read_postgresql_dump(Path(written(tmp_path / "dump.sql", LISTMONK)), wanted)
    with closing(copy_rows("the dump", wanted, rows)) as tables:
        assert ["Tides", "Tides"] == [row["name"] for row in tables.rows("select name from lists")]
        assert [""] == [row["file"] for row in tables.rows("pragma database_list")]


def test_a_copy_without_room_says_where_room_is_needed() -> None:
    def rows() -> Rows:
        yield "lists", ("id",), ()
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(NoRoom, match="Make room in TMPDIR"):
        copy_rows("the dump", {"lists": ("id",)}, rows())


@pytest.mark.parametrize("form", ["folder", "tar", "custom"])
def test_a_dump_in_a_binary_format_is_refused_with_the_remedy(tmp_path: Path, form: str) -> None:
    """An archive of tar contains a script with COPY blocks that are empty, and nobody would have moved."""
    path = tmp_path / "dump"
    if form == "folder":
        path.mkdir()
        (path / "toc.dat").write_bytes(b"PGDMP")
    elif form == "custom":
        path.write_bytes(b"PGDMP\1")
    else:
        with tarfile.open(path, "w") as archive:
            for name, content in (("toc.dat", b"PGDMP"), ("restore.sql", LISTMONK.encode())):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, BytesIO(content))
    with pytest.raises(BadInput, match=r"pg_restore -f dump\.sql dump"):
        open_listmonk(str(path), None)


@pytest.mark.parametrize(("dump", "opened"), [(LISTMONK, open_listmonk), (PHPLIST, open_phplist)])
def test_a_dump_of_several_databases_is_refused(
    tmp_path: Path, dump: str, opened: Callable[[str, None], Installation]
) -> None:
    """Else people of one would be on the lists of the other, whose numbers are the same."""
    with pytest.raises(BadInput, match="a second table"):
        opened(written(tmp_path / "all.sql", dump + dump), None)


def test_phplist_says_of_each_who_may_be_mailed(tmp_path: Path) -> None:
    """Whoever is blacklisted is suppressed, on a list or not; what stands in a message is no row of a table."""
    with closing(open_phplist(written(tmp_path / "dump.sql", PHPLIST), None)) as installation:
        news, _ = installation.lists()
        members = {member.address: member for member in installation.members(news)}
        bans = {ban.address: ban.reason for ban in installation.bans([news])}
        links = dict(installation.personal_links(news))
    assert {
        "a1@x.example": "active",
        "a2@x.example": "unconfirmed",
        "a3@x.example": "suspended",
        "a4@x.example": "suppressed",
        "a5@x.example": "suppressed",
    } == {address: member.state.value for address, member in members.items()}
    first = members["a1@x.example"]
    assert ("Zoë O'Brien \\", {"City": "Köln"}) == (first.name, first.fields)
    assert ("2020-05-01T12:00:00Z", "") == (first.subscribed_at, members["a3@x.example"].subscribed_at)
    assert {"City": "Köln"} == members["a2@x.example"].fields
    assert {"a4@x.example", "a5@x.example", "gone@x.example"} == bans.keys()
    assert SuppressionReason.HARD_BOUNCE is bans["a4@x.example"]
    assert ("News; 'all'", 'It\'s "ours"', ("olga@x.example",)) == (
        news.title,
        news.settings["description"],
        news.editors,
    )
    assert (digest_of_path("/lists", "?p=subscribe&id=3"), OldKind.PAGE) in news.places
    assert "a1@x.example" == links[digest_of_person("0123456789abcdef")]


@pytest.mark.parametrize("keeps", range(5, 100, 7))
def test_a_dump_that_is_cut_off_is_refused_wherever_the_cut_is(tmp_path: Path, keeps: int) -> None:
    """Else nobody could tell who is missing."""
    for name, text, opening in (("listmonk", LISTMONK, open_listmonk), ("phplist", PHPLIST, open_phplist)):
        path = tmp_path / f"{name}.sql"
        path.write_text(text[: len(text) * keeps // 100 - 60 * (keeps > 95)])
        with pytest.raises((BadInput, NoInput)):
            opening(str(path), None).close()


def test_without_comments_the_tables_themselves_must_be_whole(tmp_path: Path) -> None:
    """`mysqldump --compact` has no last line to look for; compressed dumps are read, too."""
    plain = "\n".join(line for line in PHPLIST.splitlines() if not line.startswith("--"))
    path = tmp_path / "dump.sql.gz"
    path.write_bytes(gzip.compress(plain.encode()))
    with closing(open_phplist(str(path), None)) as installation:
        assert 2 == len(installation.lists())
    path.write_bytes(gzip.compress(plain[: plain.rindex("(3,1")].encode()))
    with pytest.raises(BadInput, match=r"line \d+ does not end"):
        open_phplist(str(path), None)
    path.write_bytes(gzip.compress(plain.encode())[:-20])
    with pytest.raises((BadInput, NoInput), match=r"dump\.sql\.gz"):
        open_phplist(str(path), None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("COPY public.a (id, x) FROM stdin;\n1\t2\t3\n\\.\n", "line 2 has 3 fields"),
        ("INSERT INTO public.a VALUES (1);\n", "line 1: made with --inserts"),
        ("COPY public.a (id, x) FROM stdin;\n1\t2\n", "truncated in the table a, which begins at line 1"),
    ],
)
def test_a_dump_of_postgresql_that_cannot_be_read_names_the_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(text)
    with pytest.raises(BadInput, match=problem):
        list(read_postgresql_dump(path, {"a": ("id", "x")}))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("INSERT INTO `a` (`id`, `x`) VALUES (1,2,3);\n", "line 1: a row with 3 values, where a has 2 columns"),
        ("INSERT INTO `a` (`id`) VALUES (1);\nINSERT INTO `a` (`id`) VALUES nonsense;\n", "line 2: found b'nonsense"),
        ("INSERT INTO `a` (`id`) VALUES (1),\n('two", "line 1 does not end"),
        ("INSERT INTO `a` (`id`) VALUES ((select 1));\n", "line 1 does not end"),
    ],
)
def test_a_dump_of_mysql_that_cannot_be_read_names_the_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(text)
    with pytest.raises(BadInput, match=problem):
        list(read_mysql_dump(path, lambda name: name))


def test_a_column_may_have_any_octets(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    path.write_bytes(b"INSERT INTO `a` (`id`, `\xff`) VALUES (1,2);\n")
    assert [("a", ["id", "\ufffd"], ["1", "2"])] == list(read_mysql_dump(path, lambda name: name))


def test_a_row_without_end_takes_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile input is refused by size."""
    monkeypatch.setattr(dumps, "LONGEST_ROW", 10_000)
    path = tmp_path / "dump.sql"
    for text in ("INSERT INTO `a` (`id`) VALUES ('" + "x\n" * 20_000, "x" * 20_000):
        path.write_text(text)
        with pytest.raises(BadInput, match=r"too long|longer"):
            list(read_mysql_dump(path, lambda name: name))


def test_a_dump_in_the_format_of_pg_restore_says_how_to_read_it(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"PGDMP\x01\x0e")
    with pytest.raises(BadInput, match=r"pg_restore -f dump\.sql"):
        open_listmonk(str(path), None)


@pytest.mark.parametrize("program", ["listmonk", "mailman3", "phplist", "sympa"])
def test_a_directory_is_not_said_to_be_missing(program: str, tmp_path: Path) -> None:
    """A missing source is not called a directory either. Both errors say what the program can be read from."""
    for source, problem in ((tmp_path, "it is a directory"), (tmp_path / "gone", "no such file")):
        with pytest.raises(NoInput, match=f"{source}: {problem}. Give "):
            open_installation(program, str(source), None)
