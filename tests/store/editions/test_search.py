"""The search of archives in a real database file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.database import execute_in, select_in
from tests.editions.stored import new_edition
from tests.engines import new_database

from pressrun.core.signing.keys import KeyRing
from pressrun.core.text.searching import best_passage, parse_query
from pressrun.store.editions import editions, search
from pressrun.store.lists import lists
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.statements import dialect
from pressrun.store.transaction import Transaction

TEXTS = {
    1: ("Boats are back", "The *first* boats came back on Monday, past the naïve café. https://quay.example/secret"),
    2: ("Monday", 'Nothing but a "quoted" word.'),
    3: ("東京の港", "今日は東京タワーで釣りをしました。"),
    4: ("رسالة", "هٰذَا كِتَابٌ جَمِيلٌ"),
    5: ("จดหมาย", "ภาษาไทยไม่มีช่องว่าง"),
    6: ("पत्र", "यह हिन्दी में लिखा है"),
    7: ("Письмо", "Привет, мир"),
    8: ("항구", "배가 초등학교에 왔다"),
}


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    with closing(new_database(tmp_path / "db").connect()) as connection:
        opened = Transaction(connection.begin(durable=True), connection.dialect)
        for name in ("news", "other"):
            lists.insert_list(opened, name=name, title=name, from_address="news@news.example", now=1)
        for number, (title, text) in TEXTS.items():
            insert(opened, number, 1, title, text)
        insert(opened, 9, 2, "Boats elsewhere", "boats of the other list")
        insert(opened, 10, 1, "Boats not yet", "boats that nobody was sent", first_claim_at=None)
        yield opened
        connection.roll_back()


def insert(
    tx: Transaction,
    number: int,
    list_id: int,
    title: str,
    text: str,
    first_claim_at: int | None = 1,
) -> None:
    new = new_edition(list_id, f"e-{number}", title, text=text)
    assert number == editions.insert_edition(tx, new, 1)
    execute_in(tx, "update edition set first_claim_at = ? where id = ?", first_claim_at, number)


def find_numbers(tx: Transaction, query: str) -> list[int]:
    terms = parse_query(query)
    rows = search.find_editions(tx, 1, terms, limit=20, offset=0, now=0)
    assert len(rows) == search.count_found(tx, 1, terms)
    return [edition.id for edition in rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("boat", [1]),
        ("BOATS monday", [1]),
        ("naive cafe", [1]),
        ('"came back"', [1]),
        ('"back came"', []),
        ("secret", []),
        ("東京", [3]),
        ("京タ", [3]),
        ("釣", [3]),
        ("كتاب", [4]),
        ("ช่อง", [5]),
        ("हिन्दी", [6]),
        ("привет", [7]),
        ("학교", [8]),
        ("l1", []),
        ("list:l1", []),
        ('a" OR list:"l2', []),
    ],
)
def test_words_are_found_in_every_script(tx: Transaction, query: str, expected: list[int]) -> None:
    """By their beginning, whatever their case and accents; only what this archive shows."""
    assert expected == find_numbers(tx, query)


def test_a_title_counts_more_than_a_text(tx: Transaction) -> None:
    assert [2, 1] == find_numbers(tx, "monday")


def test_a_passage_marks_what_was_found(tx: Transaction) -> None:
    """Addresses and marks of the source are left out, and signs stand as they are written."""
    marked = {}
    for number, query in (
        (1, "boats monday"),
        (3, "東京"),
        (4, "كتاب"),
        (5, "ไทย"),
        (6, "हिन्दी"),
        (7, "МИР"),
        (8, "학교"),
    ):
        passage = best_passage(search.texts(tx, [number])[number], parse_query(query))
        marked[number] = "".join(f"[{piece}]" if is_found else piece for piece, is_found in passage)
    assert {
        1: "The first [boats] came back on [Monday], past the naïve café.",
        3: "今日は[東京]タワーで釣りをしました。",
        4: "هذا [كتاب] جميل",
        5: "ภาษา[ไทย]ไม่มีช่องว่าง",
        6: "यह [हिन्दी] में लिखा है",
        7: "Привет, [мир]",
        8: "배가 초등[학교]에 왔다",
    } == marked


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # nothing is changed
@given(st.text(max_size=60))
def test_no_query_is_wrong(tx: Transaction, query: str) -> None:
    """Whatever is typed gives an answer, and never an error of SQLite."""
    terms = parse_query(query)
    if terms:
        numbers = find_numbers(tx, query)
        assert set(numbers) == set(search.texts(tx, numbers))


@pytest.mark.only_on("sqlite", "the first schema of PostgreSQL had a search")
def test_an_older_database_is_indexed_when_it_is_stepped_up(tmp_path: Path) -> None:
    """What was sent before there was a search is found by it."""
    path = tmp_path / "db"
    first = (Path(__file__).parents[1] / "sqlite" / "schemas" / "1.sql").read_text(encoding="utf-8")
    migrate.create(path, first, 1)
    with closing(connect(path)) as connection:
        connection.execute(
            "insert into list (name, title, from_address, created_at) values ('news', 'N', 'n@n.example', 1)"
        )
        connection.execute(
            "insert into edition (list_id, slug, state, subject, title, language, source_name, source_digest,"
            " message_secret, created_at, first_claim_at)"
            " values (1, 'a', 'finished', 's', 'Boats', 'en', 'a.md', x'', x'', 1, 1)"
        )
        connection.execute("insert into edition_content values (1, x'', x'', '東京 came *back*', null)")
    migrate.migrate(
        path, migrate.package_steps(), backups=tmp_path / "backups", keys=KeyRing({1: bytes(32)}, bytes(32))
    )
    with closing(connect(path)) as connection:
        opened = Transaction(connection, dialect())
        assert [[1], [1]] == [find_numbers(opened, query) for query in ("boat", "京 back")]


def test_a_list_that_is_removed_takes_its_words_along(tmp_path: Path) -> None:
    with closing(new_database(tmp_path / "db").connect()) as connection:
        connection.write(_make_and_remove)
        with connection.reading() as tx:
            assert [(0,)] == select_in(tx, "select count(*) from archive_search")


def _make_and_remove(tx: Transaction) -> None:
    lists.insert_list(tx, name="news", title="N", from_address="news@news.example", now=1)
    insert(tx, 1, 1, "Boats", "boats")
    lists.delete_list(tx, 1)


def test_of_two_that_match_alike_the_newer_comes_first(tx: Transaction) -> None:
    """Also if it is somewhat longer; but a title says more than half a year does, and age alone hides nothing."""
    now, month = 100_000_000, 30 * 86_400
    for number, title, text, months in (
        (11, "A", "lanterns", 12),
        (12, "B", "lanterns and more to read", 1),
        (13, "Lanterns", "x", 7),
        (14, "C", "nothing of it", 0),
    ):
        insert(tx, number, 2, title, text, now - months * month)
    terms = parse_query("lanterns")
    orders = {
        newest: [
            edition.id for edition in search.find_editions(tx, 2, terms, limit=9, offset=0, now=now, newest=newest)
        ]
        for newest in (False, True)
    }
    assert {False: [13, 12, 11], True: [12, 13, 11]} == orders
