"""The statements and the schema: nothing unused, nothing missing, everything explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pressrun
from pressrun.store.readers.address_places import PLACES
from pressrun.store.sqlite.migrate import package_schema
from pressrun.store.sqlite.statements import statements

SOURCE = Path(pressrun.__file__).parent
SCHEMA = package_schema()
STORE = {path: path.read_text(encoding="utf-8") for path in (SOURCE / "store").rglob("*.py")}
USED = {name for text in STORE.values() for name in re.findall(r'(?<!event\(log, )"([a-z_]+\.[a-z_]+)"', text)}

# Columns whose name says all there is to say about them, wherever they stand.
OBVIOUS = frozenset(
    "id list_id person_id token_id subscriber_id subscription_id edition_id notice_id content_id"
    " name title description address domain language slug state subject text html preheader"
    " at since created_at started_at finished_at received_at expires_at recorded_at paused_until suspended_for"
    " postal_address archive post_by_mail require_postal_address"
    " round scope audience complaints unsubscribed text source pause_reason media_type content"
    " kind attempts relay enhanced reply reason digest message_secret".split()
)


def test_every_statement_is_used_by_the_store() -> None:
    files = {name.split(".")[0] for name in statements()}
    places = {name for place in PLACES for name in (place.select, place.forget)}
    assert set() == set(statements()) - places - {name for name in USED if name.split(".")[0] in files}


def test_every_statement_that_is_used_is_there() -> None:
    files = {name.split(".")[0] for name in statements()}
    assert set() == {name for name in USED if name.split(".")[0] in files} - set(statements())


@pytest.mark.parametrize("path", sorted((SOURCE / "store" / "sql").glob("*.sql")), ids=lambda path: path.name)
def test_every_statement_says_what_it_is_for(path: Path) -> None:
    pieces = re.split(r"^-- name: ([a-z_]+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [] == [name for name, body in zip(pieces[1::2], pieces[2::2], strict=True) if not body.startswith("\n-- ")]
    assert len(pieces[1::2]) == len(set(pieces[1::2]))


def test_only_copies_of_editions_belong_to_a_subscription() -> None:
    """So a statement that looks for copies by their subscription finds no notice, which is for one mailbox alone."""
    inserts = [re.search(r"insert into delivery \((.*?)\)", text, re.DOTALL) for text in statements().values()]
    columns = [set(re.findall(r"\w+", insert[1])) for insert in inserts if insert]
    assert {"notice_id", "edition_id"} == {"notice_id", "edition_id"} & set().union(*columns)
    assert [] == [names for names in columns if {"notice_id", "subscription_id"} <= names]


def test_every_table_says_what_it_is_for() -> None:
    tables = re.findall(r"^create table (\w+)", SCHEMA, re.MULTILINE)
    assert [] == [table for table in tables if not re.search(rf"^-- .*\ncreate table {table} ", SCHEMA, re.MULTILINE)]


def test_every_column_is_explained_or_obvious() -> None:
    """A comment stands behind the column, or above its group; OBVIOUS holds the names that need none, such as ids,
    times that end in `_at` and what every mail has.
    """
    silent = []
    for table, body in re.findall(r"^create table (\w+) \(\n(.*?)^\) strict", SCHEMA, re.MULTILINE | re.DOTALL):
        for line in body.splitlines():
            column = re.match(r"    (\w+) (?:integer|text|blob|real)\b", line)
            if column and "--" not in line and column[1] not in OBVIOUS:
                silent.append(f"{table}.{column[1]}")
    assert [] == silent


def test_every_table_is_strict() -> None:
    endings = re.findall(r"^\) ?(.*);$", SCHEMA, re.MULTILINE)
    assert endings
    assert {"strict", "strict, without rowid"} >= set(endings)


def test_no_statement_records_a_remotes_words_about_a_copy_whose_reader_is_gone() -> None:
    """They may name the reader, who may have been erased while the relay was thinking, or before the bounce came."""
    rule = re.compile(r"case when notice_id is null and subscription_id is null then null else [^,]+ end", re.DOTALL)
    writers = {
        name: body
        for name, body in statements().items()
        if re.search(r"(update|insert into) (delivery|handover)\b", body) and re.search(r"\breply\b", body)
    }
    assert {
        "bounces.fail",
        "bounces.keep_handover",
        "deliveries.withhold",
        "deliveries.deliver",
        "deliveries.requeue_failed",
        "deliveries.record_results",
        "destinations.give_up",
        "address_places.forget_replies",
        "restores.set_copy",
        "restores.record_copy",
    } == set(writers)
    only_null = {name for name, body in writers.items() if re.search(r"\breply = null", body)}
    only = {"deliveries.requeue_failed", "address_places.forget_replies", "restores.set_copy", "restores.record_copy"}
    assert only == only_null
    assert [] == [name for name in set(writers) - only_null if not rule.search(writers[name])]
