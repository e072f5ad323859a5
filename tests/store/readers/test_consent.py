"""The chain of evidence in the database: as if each row were appended at once, whatever is undone or fails."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.database import TwiceDatabase, empty_guarded, execute, file_of, select
from tests.engines import new_database

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.spellings import Spellings
from pressrun.core.signing.chain import (
    AGED,
    ERASED,
    NO_ROWS,
    ChainRow,
    Head,
    content_digest,
    ip_digest,
    link,
    mark_of_aged,
    mark_of_erased,
    split_salt,
)
from pressrun.services import evidence
from pressrun.store.database import Database
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.readers import address_places, consent
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.sqlite.statements import MOST_ROWS
from pressrun.store.transaction import Transaction


def an_event(person: int, *, at: int = 1, ip: str | None = None, salt: bytes = bytes(16)) -> ConsentEvent:
    return ConsentEvent(
        subscriber_id=person,
        list_id=3,
        list_name="news",
        event="requested",
        at=at,
        source="web",
        salt=salt,
        address=f"r{person}@reader.example",
        ip=ip,
    )


# ---------------------------------------------------------------------- a model: each row is appended at once


@dataclass
class Model:
    """The chain as a list, and what makes it."""

    rows: list[ChainRow] = field(default_factory=list)

    def append(
        self, event: str, at: int, secret: bytes, content: str, person: int | None = None, ip: str | None = None
    ) -> None:
        salt, ip_salt = split_salt(secret)
        row = ChainRow(
            number=len(self.rows) + 1,
            subscriber_id=person,
            list_id=None if person is None else 3,
            event=event,
            at=at,
            salt=salt,
            content=content,
            content_digest=content_digest(salt, person, content),
            ip=ip,
            ip_salt=None if ip is None else ip_salt,
            ip_digest=None if ip is None else ip_digest(ip_salt, ip),
            chain=b"",
        )
        self.rows.append(row._replace(chain=link(self.rows[-1].chain if self.rows else b"", row)))

    def erase(self, person: int, secret: bytes) -> None:
        numbers = [row.number for row in self.rows if row.subscriber_id == person]
        for number in numbers:
            self.rows[number - 1] = self.rows[number - 1]._replace(
                subscriber_id=None, salt=None, content=None, ip=None, ip_salt=None
            )
        if numbers:
            self.append(ERASED, 1, secret, mark_of_erased(numbers))

    def age(self, before: int, secret: bytes) -> None:
        numbers = [row.number for row in self.rows if row.ip is not None and row.at <= before]
        for number in numbers:
            self.rows[number - 1] = self.rows[number - 1]._replace(ip=None, ip_salt=None)
        if numbers:
            self.append(AGED, 1, secret, mark_of_aged(max(numbers)))

    @property
    def head(self) -> Head:
        return Head(self.rows[-1].number, self.rows[-1].chain) if self.rows else NO_ROWS


class Undone(Exception):
    """Ends an attempt or a transaction."""


Step = tuple[str, Any, bytes]
_SECRET = st.binary(min_size=16, max_size=16)
_PERSON = st.integers(1, 3)
_PLAIN: st.SearchStrategy[Step] = st.one_of(
    st.tuples(
        st.just("append"),
        st.lists(st.tuples(_PERSON, st.integers(1, 9), st.sampled_from([None, "192.0.2.7"])), max_size=3),
        _SECRET,
    ),
    st.tuples(st.just("erase"), _PERSON, _SECRET),
    st.tuples(st.just("age"), st.integers(0, 9), _SECRET),
    st.tuples(st.just("fail"), st.none(), _SECRET),
    st.tuples(st.just("read"), _PERSON, _SECRET),
)
_STEPS = st.recursive(
    st.lists(_PLAIN, max_size=4),
    lambda steps: st.lists(st.one_of(_PLAIN, st.tuples(st.just("attempt"), steps, _SECRET)), max_size=4),
    max_leaves=8,
)


def carry_out(tx: Transaction, steps: Sequence[Step]) -> None:
    for name, what, secret in steps:
        if name == "append":
            consent.append_consent(tx, *(an_event(person, at=at, ip=ip, salt=secret) for person, at, ip in what))
        elif name == "erase":
            consent.erase_consent(tx, what, now=1, salt=secret)
        elif name == "age":
            consent.age_ips(tx, before=what, now=1, salt=secret)
        elif name == "read":
            consent.consent_of(tx, what)
        elif name == "attempt":
            tx.attempt(lambda steps=what: carry_out(tx, steps))  # type: ignore[misc]
        else:
            raise Undone


def imagine(model: Model, steps: Sequence[Step]) -> None:
    for name, what, secret in steps:
        if name == "append":
            for person, at, ip in what:
                content = {
                    "address": f"r{person}@reader.example",
                    "language": "",
                    "list": "news",
                    "mail": None,
                    "message_id": None,
                    "source": "web",
                    "text": "",
                }
                words = json.dumps(content, separators=(",", ":"))
                model.append("requested", at, secret, words, person, ip)
        elif name == "erase":
            model.erase(what, secret)
        elif name == "age":
            model.age(what, secret)
        elif name == "attempt":
            imagine_whole(model, what)
        elif name == "fail":
            raise Undone


def imagine_whole(model: Model, steps: Sequence[Step]) -> None:
    before = model.rows[:]
    try:
        imagine(model, steps)
    except Undone:
        model.rows = before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_STEPS, min_size=1, max_size=3), max_size=4), st.sampled_from([Database, TwiceDatabase]))
def test_any_mix_makes_the_chain_of_the_model(
    tmp_path: Path, groups: list[list[list[Step]]], kind: type[Database]
) -> None:
    """Transactions come alone and in groups; steps are appends, erasures, ageing, reading, attempts and failures."""

    async def run() -> None:
        model = Model()
        database = await kind.open(new_database(tmp_path / "db"))
        try:
            for table in ("consent", "consent_head"):
                await empty_guarded(database, table)
            for group in groups:
                await asyncio.gather(*(database.share(carry_out, steps) for steps in group), return_exceptions=True)
                for steps in group:
                    imagine_whole(model, steps)
            assert model.rows == await database.read(lambda tx: list(consent.chain_rows(tx)))
            assert model.head == await database.read(consent.read_head)
            assert [] == (await database.read(evidence.verify, [])).problems
        finally:
            await database.close()

    asyncio.run(run())


# ---------------------------------------------------------------------- within one transaction


async def test_evidence_is_appended_last_and_by_one_statement(database: Database) -> None:
    def work(tx: Transaction) -> int:
        for person in range(5):
            consent.append_consent(tx, an_event(person))
        return len(tx.rows("consent.page", after=0, limit=9))

    assert 0 == await database.write(work)
    assert [(number, number - 1) for number in range(1, 6)] == await select(
        database, "select number, subscriber_id from consent order by number"
    )


@pytest.mark.parametrize("number", [1, 3, 64, MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 2 * MOST_ROWS + 3])
async def test_any_number_of_rows_is_appended_in_order(database: Database, number: int) -> None:
    """A statement of SQLite has a power of two of rows, or as many as it may; what is left over is empty."""
    people = range(1, number + 1)
    some = [an_event(person, ip="192.0.2.7" if person % 3 else None) for person in people]
    await database.write(lambda tx: consent.append_consent(tx, *some))
    rows = await database.read(lambda tx: list(consent.chain_rows(tx)))
    assert [(person, person) for person in people] == [(row.number, row.subscriber_id) for row in rows]
    assert [event.ip for event in some] == [row.ip for row in rows]
    assert [] == (await database.read(evidence.verify, [])).problems


@pytest.mark.parametrize(
    "read",
    [
        lambda tx: len(consent.consent_of(tx, 7)),
        lambda tx: len(consent.numbers_of(tx, 7)),
        lambda tx: len(list(consent.chain_rows(tx))),
        consent.oldest_ip_at,
        lambda tx: consent.age_ips(tx, before=1, now=1, salt=bytes(16)),
        lambda tx: len(
            address_places.read_page(tx, address_places.CONSENT, Spellings(parse_address("r7@reader.example")), 0)
        ),
    ],
)
async def test_what_a_transaction_has_queued_is_seen_by_whatever_reads_evidence(
    database: Database, read: Callable[[Transaction], int | None]
) -> None:
    def work(tx: Transaction) -> int | None:
        consent.append_consent(tx, an_event(7, ip="192.0.2.7"))
        return read(tx)

    assert 1 == await database.write(work)
    assert [] == (await database.read(evidence.verify, [])).problems


async def test_reading_about_others_does_not_take_the_end_of_the_chain(database: Database) -> None:
    def work(tx: Transaction) -> int:
        consent.append_consent(tx, an_event(7))
        assert [] == consent.consent_of(tx, 8)
        return len(tx.rows("consent.page", after=0, limit=9))

    assert 0 == await database.write(work)


# ---------------------------------------------------------------------- a process that is killed

_KILLED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from pressrun.store.readers.consent import append_consent
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.sqlite.location import SqliteFile
from tests.store.readers.test_consent import an_event

def work(tx):
    append_consent(tx, an_event(8))
    if sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    tx.before_commit(lambda *_: os.kill(os.getpid(), signal.SIGKILL), None)

place = sys.argv[1]
location = PostgresDatabase(place) if place.startswith("postgresql:") else SqliteFile(Path(place))
with closing(location.connect()) as connection:
    connection.write(work)
"""


def place_of(database: Database) -> str:
    """Where the database is, for another process."""
    location = database.location
    return location.address if isinstance(location, PostgresDatabase) else str(file_of(location))


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_kill_before_or_after_the_rows_are_written_leaves_the_chain_whole(
    database: Database, moment: str
) -> None:
    """Between the append and the commit, and between the queue and the append."""
    await database.write(lambda tx: consent.append_consent(tx, an_event(7)))
    head = await database.read(consent.read_head)
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, place_of(database), moment, cwd=Path(__file__).parents[3]
    )
    assert -signal.SIGKILL == await ended.wait()
    assert head == await database.read(consent.read_head)
    await database.write(lambda tx: consent.append_consent(tx, an_event(9)))
    audit = await database.read(evidence.verify, [("before the kill", head)])
    assert (2, []) == (audit.rows, audit.problems)


# ---------------------------------------------------------------------- several connections

_WRITERS, _TIMES = 4, 12


async def test_connections_that_append_at_once_make_one_chain(database: Database) -> None:
    """Each waits for the end of the chain, so none has to run again; some of what they do is undone."""
    await database.write(lambda tx: consent.append_consent(tx, an_event(0), an_event(0)))
    started = threading.Barrier(_WRITERS)
    runs: list[int] = []

    def write(person: int) -> None:
        with closing(database.location.connect()) as connection:
            for time in range(_TIMES):

                def work(tx: Transaction) -> None:
                    runs.append(person)
                    tx.attempt(lambda: undone(tx))
                    consent.append_consent(tx, an_event(person), an_event(person))

                def undone(tx: Transaction) -> None:
                    consent.append_consent(tx, an_event(99))
                    consent.numbers_of(tx, 99)
                    raise Undone

                if time == 0:
                    started.wait()
                connection.write(work)

    await asyncio.gather(*(asyncio.to_thread(write, person) for person in range(1, _WRITERS + 1)))
    audit = await database.read(evidence.verify, [])
    assert (_TIMES * _WRITERS, 2 + 2 * _TIMES * _WRITERS, []) == (len(runs), audit.rows, audit.problems)
    people = [row[0] for row in await select(database, "select subscriber_id from consent order by number")]
    assert people[::2] == people[1::2]


async def test_the_database_counts_on_after_ids_with_gaps(database: Database) -> None:
    await execute(
        database,
        "insert into consent (id, number, event, at, content_digest, chain) values (40, 1, 'added', 1, x'00', x'00')",
    )
    await database.write(lambda tx: consent.append_consent(tx, an_event(7), an_event(8)))
    assert [1, 2, 3] == [row[0] for row in await select(database, "select number from consent order by number")]
