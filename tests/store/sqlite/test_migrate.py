"""The life of the schema: fresh and stepped-up databases are the same, and a kill leaves one of the two, whole."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from pressrun.core.errors import BadConfiguration, Refused, Unavailable
from pressrun.core.signing.chain import ChainRow, content_digest, ip_digest, link, split_salt
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import suppression_digest
from pressrun.operations.row_copies import complete_mark
from pressrun.services import evidence
from pressrun.store.editions import drafts
from pressrun.store.location import check_version, open_for_reading
from pressrun.store.readers import consent
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.migrate import APPLICATION_ID

KEYS = KeyRing({1: b"l" * 32}, b"s" * 32)
FIRST = (Path(__file__).parent / "schemas" / "1.sql").read_text(encoding="utf-8")
STEPS = {
    2: "create table extra (id integer primary key, word text) strict;",
    3: "insert into extra (word) values ('three');\nalter table extra add column more text",
}


def first_version(path: Path) -> Path:
    migrate.create(path, FIRST, 1)
    return path


def shape(path: Path) -> list[tuple[object, ...]]:
    """Tables with columns and checks, indexes and triggers; without comments and blanks, which may differ."""
    with closing(sqlite3.connect(path)) as connection:
        entries = connection.execute(
            "select type, name, tbl_name, sql from sqlite_master order by type, name"
        ).fetchall()
        shapes: list[tuple[object, ...]] = []
        for kind, name, table, sql in entries:
            plain = "".join(re.sub(r"--[^\n]*", "", sql or "").split())
            # A column that a step adds is written behind the others: compare them as a set.
            parts = sorted(re.split(r",(?![^()]*\))", plain.partition("(")[2])) if kind == "table" else plain
            shapes.append((kind, name, table, "".join(parts).replace(")", "").replace("(", "")))
            columns = connection.execute(
                f"select name, type, [notnull], dflt_value, pk from pragma_table_info('{name}')"
            )
            shapes += [(name, *column) for column in sorted(columns.fetchall())]
        return shapes


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        number: int = connection.execute("pragma user_version").fetchone()[0]
        return number


def test_a_new_database_is_whole_and_ours(tmp_path: Path) -> None:
    path = tmp_path / "db"
    migrate.create(path, migrate.package_schema(), 7)
    with closing(sqlite3.connect(path)) as connection:
        application = connection.execute("pragma application_id").fetchone()[0]
        assert (APPLICATION_ID, 7, "ok") == (
            application,
            migrate.version_of(path),
            connection.execute("pragma integrity_check").fetchone()[0],
        )
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_a_disk_that_takes_no_new_database_is_named(tmp_path: Path) -> None:
    """And the next start makes one, whatever is left of it."""
    path = tmp_path / "db"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(Unavailable, match=f"the database {path} cannot be created .*disk quota"):
            migrate.create(path, migrate.package_schema(), 7)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not path.exists()
    migrate.create(path, migrate.package_schema(), 7)
    assert [path] == list(tmp_path.iterdir())


def journal_mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        mode: str = connection.execute("pragma journal_mode").fetchone()[0]
        return mode


def test_a_new_database_need_not_be_changed_before_it_is_used(tmp_path: Path) -> None:
    """A kill in the middle of that would leave it so that a process that only reads cannot open it."""
    path, moved = tmp_path / "db", tmp_path / "moved"
    migrate.create(path, migrate.package_schema(), 7)
    with closing(SqliteFile(moved).open_target()) as target:
        target.prepare(complete_mark(""))
        target.publish(complete_mark(""))
    assert ["wal", "wal"] == [journal_mode(path), journal_mode(moved)]


def test_every_step_leads_from_the_first_schema_to_the_fresh_one(tmp_path: Path) -> None:
    old, fresh = first_version(tmp_path / "old"), tmp_path / "fresh"
    steps = migrate.package_steps()
    migrate.create(fresh, migrate.package_schema(), migrate.newest_version())
    assert list(steps) == migrate.migrate(old, steps, backups=tmp_path / "backups", keys=KEYS)
    assert shape(fresh) == shape(old)
    assert migrate.newest_version() == version(old)


def test_a_stepped_database_keeps_what_it_held(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "insert into list (name, title, from_address, created_at) values ('news', 'N', 'n@x.example', 1)"
        )
        connection.commit()
    migrate.migrate(path, migrate.package_steps(), backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        assert [("news",)] == connection.execute("select name from list").fetchall()


def test_readers_of_before_get_the_digest_of_their_mailbox(tmp_path: Path) -> None:
    """And "never again" reaches the whole mailbox, whichever spelling it was written down under."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    before = {number: step for number, step in steps.items() if number < 18}
    migrate.migrate(path, before, backups=tmp_path / "backups", keys=KEYS)
    typed = ["Ada+x@Reader.example", "a.d.a@gmail.com", "EVA@bücher.example", "taken once@odd.example"]
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, address in enumerate(typed, 5):
            local = address.partition("@")[0].lower()
            domain = "xn--bcher-kva.example" if "bücher" in address else address.partition("@")[2].lower()
            connection.execute(
                "insert into subscriber (id, address, address_key, domain, suppression_digest, created_at)"
                " values (?, ?, ?, ?, ?, 1)",
                (
                    number,
                    address,
                    address.lower(),
                    domain,
                    suppression_digest(KEYS, f"{local}@{domain}"),
                ),
            )
        connection.execute("insert into suppression values (x'0a', 'bob+x@reader.example', 'never-again', 7)")
        connection.execute("insert into suppression values (x'0b', 'cy+x@reader.example', 'complaint', 7)")
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        digests = connection.execute("select mailbox_digest from subscriber order by id").fetchall()
        silenced = connection.execute("select digest from suppression where address like 'bob%'").fetchall()
        assert [(8,)] == connection.execute("select seq from sqlite_sequence where name = 'subscriber'").fetchall()
        assert [(1,)] == connection.execute("select count(*) from suppression where address like 'cy%'").fetchall()
    same = (None,)
    expected = [(suppression_digest(KEYS, fold),) for fold in ("ada@reader.example", "ada@gmail.com")]
    assert [*expected, same, same] == digests
    assert {(b"\x0a",), (suppression_digest(KEYS, "bob@reader.example"),)} == set(silenced)


def test_evidence_of_before_becomes_a_chain_whose_network_addresses_can_age(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    with closing(sqlite3.connect(path)) as connection:
        for number, (person, content) in enumerate([(7, '{"ip": "192.0.2.7", "list": "n"}'), (8, '{"ip": null}')], 1):
            connection.execute(
                "insert into consent values (?, ?, 3, 'requested', 5, ?, ?, x'11', x'22')",
                (number, person, b"s" * 16, content),
            )
        connection.execute("insert into consent values (3, null, 3, 'added', 5, null, null, x'11', x'22')")
        connection.commit()
    migrate.migrate(path, migrate.package_steps(), backups=tmp_path / "backups", keys=KEYS)
    with open_for_reading(SqliteFile(path)) as tx:
        audit = evidence.verify(tx, [])
        shown = [(row.event, row.ip, row.content) for row in consent.chain_rows(tx)]
    assert (4, 1, []) == (audit.rows, audit.erased, audit.problems)
    assert [
        ("requested", "192.0.2.7", '{"list":"n"}'),
        ("requested", None, "{}"),
        ("added", None, None),
        ("erased", None, '{"rows":[[3,3]]}'),
    ] == shown


def chained(path: Path, number: int) -> None:
    """A row of evidence as earlier versions wrote it."""
    salt, ip_salt = split_salt(bytes(16))
    digest = content_digest(salt, 7, "{}")
    of_ip = ip_digest(ip_salt, "192.0.2.7")
    with closing(sqlite3.connect(path)) as connection:
        last = connection.execute("select chain from consent order by id desc limit 1").fetchone()
        row = ChainRow(number, 7, 3, "requested", 5, salt, "{}", digest, "192.0.2.7", ip_salt, of_ip, b"")
        row = row._replace(chain=link(last[0] if last else b"", row))
        connection.execute(
            "insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, ip, ip_salt,"
            " ip_digest, chain) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        connection.commit()


@pytest.mark.parametrize(("rows", "lost", "problems"), [(0, 0, []), (3, 0, []), (3, 1, ["rows 3 to 3 are missing"])])
def test_evidence_keeps_its_numbers_and_its_chain(tmp_path: Path, rows: int, lost: int, problems: list[str]) -> None:
    """Rows that somebody had taken away at the end are missing still."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    before = {number: step for number, step in steps.items() if number < 34}
    migrate.migrate(path, before, backups=tmp_path / "backups", keys=KEYS)
    for number in range(1, rows + 1):
        chained(path, number)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("drop trigger consent_is_kept")
        connection.execute("delete from consent where id > ?", (rows - lost,))
        connection.execute("create trigger consent_is_kept before delete on consent begin select 1; end")
        kept = connection.execute("select id, content, ip, chain from consent order by id").fetchall()
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with open_for_reading(SqliteFile(path)) as tx:
        assert kept == [(row.number, row.content, row.ip, row.chain) for row in consent.chain_rows(tx)]
        assert problems == evidence.verify(tx, []).problems
        assert rows == consent.read_head(tx).number


def test_sign_ups_that_wait_during_an_upgrade_are_still_carried_out(tmp_path: Path) -> None:
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    before = {number: step for number, step in steps.items() if number < 14}
    migrate.migrate(path, before, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "insert into list (id, name, title, from_address, created_at) values (3, 'news', 'N', 'n@x.example', 1)"
        )
        connection.execute(
            "insert into errand values (7, 'sign-up', 3, 'Ada@x.example', 'Ada', 'de', '192.0.2.7', 'Words', 'proven')"
        )
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        waiting = connection.execute("select * from pending_request").fetchall()
    assert [
        (
            7,
            "sign-up",
            3,
            "Ada@x.example",
            "Ada",
            "de",
            "192.0.2.7",
            "Words",
            "proven",
            None,
            "[]",
            "",
            "web",
            "{}",
            "",
            None,
        )
    ] == waiting


def test_what_is_under_way_during_an_upgrade_goes_on_under_the_new_names(tmp_path: Path) -> None:
    """A mail whose stored form nobody can read holds no upgrade up."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    before = {number: step for number, step in steps.items() if number < 54}
    migrate.migrate(path, before, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "insert into list (id, name, title, from_address, created_at) values (3, 'news', 'N', 'n@x.example', 1)"
        )
        connection.execute(
            "insert into edition (id, list_id, slug, state, subject, title, language, source_name, source_digest,"
            " message_secret, created_at) values (4, 3, 's', 'sending', 's', 's', 'en', 'x', x'', x'', 1)"
        )
        connection.execute("insert into bulk_change values (7, 'relane', 4, 1, 2, 3), (9, 'audience', 4, 1, 2, 3)")
        connection.execute("insert into pace values ('lane x.example', '{}'), ('relay lane 1', '{}')")
        paused = '{"cause": {"code": "%s-refused"}}'
        for kind, payload in (
            ("left", '{"leaving": 5, "expires_at": 9}'),
            ("left", '{"link": "leaving"}'),
            ("left", "no JSON"),
            ("edition_braked", paused % "braked"),
        ):
            connection.execute(
                "insert into notice (kind, list_id, address, language, payload, message_secret, created_at)"
                " values (?, 3, 'Eve@x.example', 'en', ?, x'', 1)",
                (kind, payload),
            )
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        changes = connection.execute("select id, kind, last_id from bulk_change order by id").fetchall()
        scopes = [row[0] for row in connection.execute("select scope from pace order by scope")]
        kinds, payloads = zip(*connection.execute("select kind, payload from notice order by id"), strict=True)
    assert [(7, "reassign", 3), (9, "audience", 3)] == changes
    assert ["destination x.example", "relay lane 1"] == scopes
    assert {"unsubscribe": 5, "expires_at": 9} == json.loads(payloads[0])
    assert ('{"link": "leaving"}', "no JSON", paused % "paused") == payloads[1:]
    assert ("left", "left", "left", "edition_auto_paused") == kinds


def test_editors_become_people_with_names_of_their_own(tmp_path: Path) -> None:
    """What stands before the @ is the name, unless another has it or a name cannot be so; none of them can log in."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    migrate.migrate(
        path, {number: step for number, step in steps.items() if number < 44}, backups=tmp_path / "backups", keys=KEYS
    )
    with closing(sqlite3.connect(path)) as connection:
        for number, name in enumerate(("news", "tides"), 1):
            connection.execute(
                "insert into list (id, name, title, from_address, created_at) values (?, ?, 'N', 'n@x.example', 1)",
                (number, name),
            )
        for number, address in ((1, "Eve@a.example"), (2, "eve@a.example"), (1, "eve@b.example"), (1, "ö@a.example")):
            connection.execute("insert into editor values (?, ?, ?)", (number, address, address.lower()))
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        people = connection.execute(
            "select name, address, is_operator, enrolled_at from person order by name"
        ).fetchall()
        rights = connection.execute(
            "select person.name, permission.list_id, permission.role, permission.readers"
            " from permission join person on person.id = permission.person_id order by 1, 2"
        ).fetchall()
    others = [("editor-2", "eve@b.example", 0, None), ("editor-3", "ö@a.example", 0, None)]
    assert [*others, ("eve", "Eve@a.example", 0, None)] == people
    held = [("editor-2", 1), ("editor-3", 1), ("eve", 1), ("eve", 2)]
    assert [(*pair, "editor", "none") for pair in held] == rights


def test_drafts_that_wait_during_an_upgrade_belong_to_who_sent_them(tmp_path: Path) -> None:
    """What an editor sent who has been removed finds one too few, and what nobody is known of finds none."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    migrate.migrate(
        path, {number: step for number, step in steps.items() if number < 17}, backups=tmp_path / "backups", keys=KEYS
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "insert into list (id, name, title, from_address, created_at) values (3, 'news', 'N', 'n@x.example', 1)"
        )
        connection.execute("insert into editor values (3, 'Eve@x.example', 'eve@x.example')")
        for number, senders in enumerate([["Eve@x.example"], ["Eve@x.example", "gone@x.example"], []], 1):
            connection.execute(
                "insert into edition (id, list_id, slug, state, subject, title, language, source_name, source_digest,"
                " message_secret, created_at) values (?, 3, ?, 'draft', 's', 's', 'en', 'x', x'', x'', 1)",
                (number, f"s{number}"),
            )
            connection.execute("insert into draft values (?, '[]', 9)", (number,))
            for sender in senders * 2:
                connection.execute(
                    "insert into notice (kind, list_id, address, language, payload, message_secret, created_at)"
                    " values ('edition_held', 3, ?, 'en', ?, x'', 1)",
                    (sender, f'{{"about": {{"edition": {number}}}}}'),
                )
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with open_for_reading(SqliteFile(path)) as tx:
        assert [True, False, False] == [drafts.has_its_editors(tx, number) for number in (1, 2, 3)]
        kept = [drafts.find_draft(tx, number) for number in (1, 2, 3)]
    # They are as old as their editions, so that whatever is mailed after the upgrade counts as newer.
    assert [drafts.DraftVersion(written_at=1, mail_id=0, is_proven=False)] * 3 == [
        draft.version for draft in kept if draft
    ]


def test_portuguese_of_before_stays_that_of_its_country(tmp_path: Path) -> None:
    """There was one Portuguese, the Brazilian one: lists of Brazil keep it, and so do their readers."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    before = {number: step for number, step in steps.items() if number < 25}
    migrate.migrate(path, before, backups=tmp_path / "backups", keys=KEYS)
    lists = [
        ("rio", "PT", "America/Sao_Paulo", "rio@x.example"),
        ("serra", "pt", "UTC", '"Serra" <serra@prefeitura.EXAMPLE.BR>'),
        ("lisboa", "pt", "Europe/Lisbon", '"Lisboa br" <lisboa@x.example>'),
        ("madrid", "es", "Brazil/East", "madrid@x.example"),
    ]
    with closing(sqlite3.connect(path)) as connection:
        for number, (name, tag, zone, sender) in enumerate(lists, start=1):
            connection.execute(
                "insert into list (id, name, title, language, timezone, from_address, created_at) "
                "values (?, ?, 'T', ?, ?, ?, 1)",
                (number, name, tag, zone, sender),
            )
        for number, (tag, known) in enumerate([("pt", [1, 3]), ("pt", [3, 4]), ("", [1]), ("pt", [])], start=1):
            connection.execute(
                "insert into subscriber (id, address, address_key, domain, suppression_digest, language, created_at) "
                "values (?, ?, ?, 'x.example', ?, ?, 1)",
                (number, f"{number}@x.example", str(number), bytes([number]), tag),
            )
            connection.executemany(
                "insert into subscription (list_id, subscriber_id, state, source, since) "
                "values (?, ?, 'active', 'web', 1)",
                [(known_list, number) for known_list in known],
            )
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        of_lists = connection.execute("select language from list order by id").fetchall()
        of_readers = connection.execute("select language from subscriber order by id").fetchall()
    assert ["pt-BR", "pt-BR", "pt", "es"] == [tag for (tag,) in of_lists]
    assert ["pt-BR", "pt-PT", "", "pt-PT"] == [tag for (tag,) in of_readers]


def test_editions_of_one_content_stay_and_count_as_repeats(tmp_path: Path) -> None:
    """Of each list all but the first, which may be a cancelled one's successor; then no third one comes by mistake."""
    path, steps = first_version(tmp_path / "db"), migrate.package_steps()
    before = {number: step for number, step in steps.items() if number < 36}
    migrate.migrate(path, before, backups=tmp_path / "backups", keys=KEYS)
    insert = (
        "insert into edition (list_id, slug, state, subject, title, language, source_name, source_digest,"
        " message_secret, created_at, is_welcome) values (?, ?, ?, 's', 's', 'en', 'x', ?, x'', 1, ?)"
    )
    rows = [
        (3, "cancelled", b"a", 0),
        (3, "finished", b"a", 0),
        (3, "finished", b"a", 0),
        (3, "finished", b"b", 0),
        (4, "sending", b"a", 0),
        (3, "finished", b"w", 1),
        (3, "finished", b"w", 1),
    ]
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "insert into list (id, name, title, from_address, created_at) values (?, ?, 'N', 'n@x.example', 1)",
            [(3, "news"), (4, "other")],
        )
        connection.executemany(insert, [(number, f"s{place}", *values) for place, (number, *values) in enumerate(rows)])
        connection.commit()
    migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        repeats = connection.execute("select is_repeat from edition order by id").fetchall()
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(insert, (3, "more", "sending", b"b", 0))
    assert [0, 0, 1, 0, 0, 0, 0] == [number for (number,) in repeats]


def test_one_copy_is_kept_of_the_schema_that_an_upgrade_leaves(tmp_path: Path) -> None:
    """However many steps there are: each copy takes as much room as the database."""
    path, backups = first_version(tmp_path / "db"), tmp_path / "backups"
    assert [2, 3] == migrate.migrate(path, STEPS, backups=backups, keys=KEYS)
    kept = {entry.name: version(entry) for entry in backups.iterdir()}
    assert {"schema-1.sqlite3": 1} == kept
    assert {0o600} == {entry.stat().st_mode & 0o777 for entry in backups.iterdir()}
    assert 0o700 == backups.stat().st_mode & 0o777


def test_an_upgrade_that_goes_on_after_an_interruption_keeps_no_other_copy(tmp_path: Path) -> None:
    """Nobody goes back to a schema halfway. The next upgrade keeps a copy again."""
    path, backups = first_version(tmp_path / "db"), tmp_path / "backups"
    broken = {**STEPS, 3: "insert into nowhere values (1)"}
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        migrate.migrate(path, broken, backups=backups, keys=KEYS)
    assert [3] == migrate.migrate(path, STEPS, backups=backups, keys=KEYS)
    assert {"schema-1.sqlite3": 1} == {entry.name: version(entry) for entry in backups.iterdir()}
    assert "upgrade_begun" not in str(shape(path))
    assert [4] == migrate.migrate(path, {4: "drop table extra"}, backups=backups, keys=KEYS)
    assert {"schema-1.sqlite3", "schema-3.sqlite3"} == {entry.name for entry in backups.iterdir()}


def test_data_that_changed_halfway_through_an_upgrade_are_copied_before_it_goes_on(tmp_path: Path) -> None:
    """A version whose schema was reached has run in between, so the copy from before lacks what it stored."""
    path, backups = first_version(tmp_path / "db"), tmp_path / "backups"
    broken = {**STEPS, 3: "insert into nowhere values (1)"}
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        migrate.migrate(path, broken, backups=backups, keys=KEYS)
    assert [] == migrate.migrate(path, {2: STEPS[2]}, backups=backups, keys=KEYS)
    assert [3] == migrate.migrate(path, STEPS, backups=backups, keys=KEYS)
    assert {"schema-1.sqlite3", "schema-2.sqlite3"} == {entry.name for entry in backups.iterdir()}


def test_a_step_is_carried_out_to_its_last_statement_also_without_a_semicolon(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    migrate.migrate(path, STEPS, backups=tmp_path / "backups", keys=KEYS)
    with closing(sqlite3.connect(path)) as connection:
        assert [(1, "three", None)] == connection.execute("select * from extra").fetchall()


def test_a_current_database_is_left_alone(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    assert [] == migrate.migrate(path, {}, backups=tmp_path / "backups", keys=KEYS)
    assert not (tmp_path / "backups").exists()


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    before = shape(path)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        migrate.migrate(
            path, {2: "create table a (b);\ninsert into nowhere values (1);"}, backups=tmp_path / "backups", keys=KEYS
        )
    assert (1, before) == (version(path), shape(path))


def test_a_step_that_leaves_rows_without_parents_is_taken_back(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    orphan = "insert into editor (list_id, address, address_key) values (9, 'a', 'a');"
    with pytest.raises(Refused, match="leaves 1 rows without their parents"):
        migrate.migrate(path, {2: orphan}, backups=tmp_path / "backups", keys=KEYS)
    assert 1 == version(path)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "db"
    migrate.create(path, FIRST, 999)
    with pytest.raises(
        BadConfiguration, match=r"has schema 999, but this version of Pressrun only knows up to [0-9]{2}\b"
    ) as caught:
        check_version(SqliteFile(path))
    assert (78, 999) == (caught.value.exit_code, version(path))


def test_a_file_whose_list_of_tables_is_damaged_is_unavailable(tmp_path: Path) -> None:
    """Each start and each verb looks for a table of a move there, before all else."""
    path = tmp_path / "db"
    migrate.create(path, migrate.package_schema(), SqliteFile(path).newest_version)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(Unavailable, match=rf"{path} is damaged .*: restore a backup"):
        check_version(SqliteFile(path))


@pytest.mark.parametrize("kind", ["empty", "text", "foreign"])
def test_a_file_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "db"
    if kind == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("create table a (b)")
    else:
        path.write_bytes(b"" if kind == "empty" else b"These are my recipes. " * 100)
    before = path.read_bytes()
    with pytest.raises(BadConfiguration, match="is not a Pressrun database"):
        migrate.migrate(path, STEPS, backups=tmp_path / "backups", keys=KEYS)
    assert before == path.read_bytes()


def test_a_database_that_cannot_be_opened_is_not_called_a_strangers(tmp_path: Path) -> None:
    """As where the process may open no more files: whoever believed it would move the database away."""
    path = tmp_path / "db"
    with closing(sqlite3.connect(first_version(path))) as connection:
        connection.execute("pragma journal_mode = wal")  # so that reading needs two more files
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            with pytest.raises(Unavailable, match=r"cannot be read \(unable to open database file"):
                migrate.require_ours(connection, path)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_log_of_a_database_that_is_gone_is_not_played_into_a_new_one(tmp_path: Path) -> None:
    path = first_version(tmp_path / "db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute(
            "insert into list (name, title, from_address, created_at) values ('old', 'O', 'o@x.example', 1)"
        )
        connection.commit()
        path.unlink()
        migrate.create(path, FIRST, 1)
        with closing(sqlite3.connect(path)) as fresh:
            assert [] == fresh.execute("select name from list").fetchall()


KILLED = """
import sys
from pathlib import Path
from pressrun.core.signing.keys import KeyRing
from pressrun.services import evidence
from pressrun.store.readers import consent
from pressrun.store.editions import drafts
from pressrun.store.sqlite import migrate

path = Path(sys.argv[1])
steps = {
    number: f"create table t{number} (i integer, x blob) strict; "
    f"insert into t{number} with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) "
    "select i, randomblob(100) from n;"
    for number in (2, 3, 4)
}
print("go", flush=True)
migrate.migrate(path, steps, backups=path.parent / "backups", keys=KeyRing({1: bytes(32)}, bytes(32)))
"""


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.06, 0.1])
def test_a_kill_leaves_the_old_schema_or_the_new_one(tmp_path: Path, after: float) -> None:
    path = first_version(tmp_path / "db")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert b"go\n" == process.stdout.readline()
        time.sleep(after)  # a moment at random, not a wait for something
        process.send_signal(signal.SIGKILL)
    with closing(sqlite3.connect(path)) as connection:
        assert "ok" == connection.execute("pragma integrity_check").fetchone()[0]
        reached = version(path)
        made = connection.execute("select name from sqlite_master where name glob 't[0-9]' order by name").fetchall()
        assert [(f"t{number}",) for number in range(2, reached + 1)] == made
        for (name,) in made:
            assert 20000 == connection.execute(f"select count(*) from {name}").fetchone()[0]
    steps = {number: f"create table if not exists t{number} (i integer, x blob) strict;" for number in (2, 3, 4)}
    assert list(range(reached + 1, 5)) == migrate.migrate(path, steps, backups=tmp_path / "backups", keys=KEYS)
