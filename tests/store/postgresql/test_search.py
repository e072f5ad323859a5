"""The search finds on PostgreSQL what it finds on SQLite, and both find what a plain search through the words finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.editions.stored import new_edition
from tests.engines import IS_THOROUGH
from tests.store.engine_statements import empty_tables

from pressrun.core.text.searching import indexed_words, parse_query, searchable, words_of
from pressrun.store.connection import EngineConnection
from pressrun.store.editions import editions, search
from pressrun.store.lists import lists
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import SqliteConnection, connect
from pressrun.store.transaction import Transaction

pytestmark = pytest.mark.needs("postgresql")

# Letters, with and without case and accents; scripts without spaces; points, joined forms, symbols; letters of Unicode
# that a database may not know; what means something to the query languages of databases.
ALPHABETS = (
    "abcdeéßüABCÉ", "абвгёйАБЁ", "αβγςσΣά", "अआइकखिी्ँ", "東京日本語のへは々", "가나다라한국", "ไทยภาษาก็", "ខ្មែរ",
    "אבגדשׁ", "كتابهٰذا", "გამარჯობაᲐ", "ԱբգԵզև", "0123456789²½", "ﬁＡｶﾞ", "\U00020000\U00020001", "\U0001e900\U0001e922",
    "ǅǆſK\u0345İı", "l12#",
    "_-·,.!\t\"'*#:&|()\\%$",
)  # fmt: skip
LONG = 20_000  # words of a text whose last ones have no positions of their own in a tsvector
DOCUMENTS = 120
QUERIES = 400


def any_word(chance: random.Random) -> str:
    letters = chance.choice(ALPHABETS)
    return "".join(chance.choice(letters) for _ in range(chance.randint(1, 4)))


def any_text(chance: random.Random, words: int) -> str:
    return chance.choice((" ", "-", ". ", "\n\n")).join(any_word(chance) for _ in range(words))


def documents() -> list[tuple[int, str, str]]:
    """List, title and text of each."""
    chance = random.Random(7)
    made = [(chance.randint(1, 2), any_text(chance, 3), any_text(chance, 40)) for _ in range(DOCUMENTS - 3)]
    repeated = "common " * 400 + "rare ends here"  # a tsvector keeps 256 positions of a word
    longest = "x" * 5000 + " y"
    return [*made, (1, "Long", any_text(chance, LONG) + " behind the end"), (1, "", repeated), (2, longest, longest)]


DOCUMENTS_BY_ID = dict(enumerate(documents(), 1))


CHOSEN = (
    '"behind the end"', "end", '"common rare ends"', "common rar", '"rare common"', "xxxxx", "x" * 150, "#l1", "l1",
)  # fmt: skip


def queries() -> list[str]:
    """Half of pieces of what there is, half of anything."""
    chance, made = random.Random(11), []
    for _ in range(QUERIES):
        _, title, text = chance.choice(list(DOCUMENTS_BY_ID.values()))
        words = words_of(searchable(f"{title} {text}")).split()
        start = chance.randrange(len(words))
        piece = words[start : start + chance.randint(1, 4)]
        made.append(chance.choice((f'"{" ".join(piece)}"', " ".join(piece), " ".join(word[:2] for word in piece))))
        made.append(any_text(chance, chance.randint(1, 3)))
    return made


def expected(list_id: int, query: str) -> list[int]:
    """What has all terms, each in its title or in its text."""
    terms = [(words_of(term.words).split(), term.is_prefix) for term in parse_query(query)]
    return [
        number
        for number, (owner, title, text) in DOCUMENTS_BY_ID.items()
        if owner == list_id
        and all(any(stand_side_by_side(words, term, is_prefix) for words in WORDS[number]) for term, is_prefix in terms)
    ]


WORDS = {
    number: [indexed_words(searchable(title)).split(), indexed_words(searchable(f" {text}")).split()]
    for number, (_, title, text) in DOCUMENTS_BY_ID.items()
}


def stand_side_by_side(words: list[str], term: list[str], is_prefix: bool) -> bool:
    *first, last = term
    return any(
        words[place - len(first) : place] == first and (word.startswith(last) if is_prefix else word == last)
        for place, word in enumerate(words)
        if place >= len(first)
    )


def fill(tx: Transaction) -> None:
    for name in ("news", "other", "ranked"):
        lists.insert_list(tx, name=name, title=name, from_address="news@news.example", now=1)
    for number, (list_id, title, text) in DOCUMENTS_BY_ID.items():
        made = editions.insert_edition(tx, new_edition(list_id, f"e-{number}", title, subject="", text=text), 1)
        assert number == made
        editions.publish(tx, made, 1)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[EngineConnection]]:
    path: Path = tmp_path_factory.mktemp("search") / "db"
    migrate.create(path, migrate.package_schema(), 1)
    with ExitStack() as opened:
        server = opened.enter_context(empty_tables("search"))
        connections: list[EngineConnection] = [
            SqliteConnection(connect(path)),
            PostgresConnection(server.info.dsn),
        ]
        for connection in connections:
            opened.enter_context(closing(connection))
            connection.write(fill)
        yield connections


def found_by(connection: EngineConnection, list_id: int, query: str) -> list[int]:
    terms = parse_query(query)

    def find(tx: Transaction) -> list[int]:
        rows = search.find_editions(tx, list_id, terms, limit=DOCUMENTS, offset=0, now=1)
        assert len(rows) == search.count_found(tx, list_id, terms)
        return sorted(edition.id for edition in rows)

    return connection.read(find)


def test_both_engines_find_the_same(both: list[EngineConnection]) -> None:
    """Whatever is asked for: every query that was made at random in the thorough run, every seventh in others."""
    asked = [query for query in (*CHOSEN, *queries()[:: 1 if IS_THOROUGH else 7]) if parse_query(query)]
    hits = 0
    for query in asked:
        for list_id in (1, 2):
            wanted = expected(list_id, query)
            hits += bool(wanted)
            assert (query, [wanted] * 2) == (query, [found_by(connection, list_id, query) for connection in both])
    assert hits > len(asked) / 2


def test_both_show_the_same_text(both: list[EngineConnection]) -> None:
    numbers = list(DOCUMENTS_BY_ID)
    sqlite, server = (connection.read(lambda tx: search.texts(tx, numbers)) for connection in both)
    assert sqlite == server


def test_in_both_a_title_says_more_than_a_text_and_the_newest_comes_first(both: list[EngineConnection]) -> None:
    def ordered(tx: Transaction) -> tuple[list[int], list[int]]:
        ids = []
        for number, (title, text) in enumerate((("a", "lantern and more"), ("Lantern", "x"), ("b", "nothing")), 1001):
            made = editions.insert_edition(tx, new_edition(3, f"e-{number}", title, subject="", text=text), 1)
            editions.publish(tx, made, number)
            ids.append(made)
        terms = parse_query("lantern")
        best, newest = (
            [
                edition.id - ids[0]
                for edition in search.find_editions(tx, 3, terms, limit=9, offset=0, now=2000, newest=newest)
            ]
            for newest in (False, True)
        )
        return best, newest

    assert [([1, 0], [1, 0])] * 2 == [connection.write(ordered) for connection in both]
