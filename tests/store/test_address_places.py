"""The table of places where an address can be holds every column that could hold one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from pressrun.store import migrate
from pressrun.store.address_places import NEVER_AN_ADDRESS, PLACES, SAID_ABOVE, WITH_THE_READER
from pressrun.store.transaction import load_queries


def columns_of_words(path: Path) -> set[str]:
    """Every column of our tables that is no number."""
    migrate.create(path, migrate.package_schema(), 1)
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "select tables.name || ' ' || columns.name from pragma_table_list as tables"
            " join pragma_table_info(tables.name) as columns"
            " where tables.type in ('table', 'virtual') and tables.name not like 'sqlite_%'"
            " and columns.type not in ('INTEGER', 'REAL')"
        ).fetchall()
    return {row[0] for row in found}


def test_every_column_is_either_a_place_or_never_holds_an_address(tmp_path: Path) -> None:
    """A new column must be put into one of the tables of store.address_places before anything else passes."""
    searched = [column for search in PLACES for column in search.columns]
    known = Counter([*searched, *WITH_THE_READER, *SAID_ABOVE, *NEVER_AN_ADDRESS])
    assert set(known) == columns_of_words(tmp_path / "db")
    assert [] == [column for column, number in known.items() if number > 1]


def test_every_search_reads_the_columns_that_it_names() -> None:
    """And has a statement that forgets, or a function of its own."""
    queries = load_queries()
    for search in PLACES:
        statement = queries[search.select]
        assert [] == [column for column in search.columns if column.partition(" ")[2] not in statement]
    assert [] == [one.forget for one in PLACES if one.forget and one.forget not in queries]


def test_only_tables_to_which_rows_are_added_are_looked_through_beforehand() -> None:
    """What may change between would be missed."""
    growing = {one.name for one in PLACES if one.grows}
    assert {"consent", "notice", "notice_content", "inbound_content"} == growing
