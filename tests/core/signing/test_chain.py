"""The chain of evidence: what keeps it whole, and that nothing else does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput
from pressrun.core.signing.chain import (
    AGED,
    ERASED,
    MOST_PROBLEMS,
    NO_ROWS,
    Audit,
    ChainRow,
    Head,
    content_digest,
    ip_digest,
    link,
    mark_of_aged,
    mark_of_erased,
    parse_head,
    split_salt,
)


def made(specs: Sequence[tuple[str, str, str | None]]) -> list[ChainRow]:
    """A chain of rows given as (event, content, network address)."""
    rows: list[ChainRow] = []
    for number, (event, content, ip) in enumerate(specs, start=1):
        salt, ip_salt = split_salt(number.to_bytes(16, "big"))
        person = None if event in (ERASED, AGED) else 7
        row = ChainRow(
            number=number,
            subscriber_id=person,
            list_id=3,
            event=event,
            at=1000 + number,
            salt=salt,
            content=content,
            content_digest=content_digest(salt, person, content),
            ip=ip,
            ip_salt=None if ip is None else ip_salt,
            ip_digest=None if ip is None else ip_digest(ip_salt, ip),
            chain=b"",
        )
        rows.append(row._replace(chain=link(rows[-1].chain if rows else b"", row)))
    return rows


PLAIN = [
    ("requested", "a", "192.0.2.7"),
    ("confirmed", "b", "192.0.2.7"),
    ("added", "c", None),
    ("withdrawn", "d", None),
]


def audited(rows: Sequence[ChainRow], *, end: Head | None = None, head: Head = NO_ROWS) -> Audit:
    audit = Audit()
    audit.expect(head, "beside the keys")
    audit.follow(rows)
    audit.finish(end or (Head(rows[-1].number, rows[-1].chain) if rows else NO_ROWS))
    return audit


def erased(row: ChainRow) -> ChainRow:
    return row._replace(subscriber_id=None, salt=None, content=None, ip=None, ip_salt=None)


def aged(row: ChainRow) -> ChainRow:
    return row._replace(ip=None, ip_salt=None)


def test_an_untouched_chain_is_whole() -> None:
    rows = made(PLAIN)
    audit = audited(rows, head=Head(2, rows[1].chain))
    assert (4, 0, 0, [], 4) == (audit.rows, audit.erased, audit.aged, audit.problems, audit.head.number)
    assert [] == audited([]).problems


def test_what_was_erased_is_counted_where_a_mark_says_so() -> None:
    rows = made([*PLAIN, (ERASED, mark_of_erased([1, 2, 4]), None)])
    for index in (0, 1, 3):
        rows[index] = erased(rows[index])
    audit = audited(rows)
    assert (3, 0, []) == (audit.erased, audit.aged, audit.problems)


def test_the_mark_of_what_was_erased_names_ranges() -> None:
    """However many rows there are: a person's are mostly beside each other."""
    assert {"rows": [[1, 3], [7, 7], [9, 10]]} == json.loads(mark_of_erased([3, 9, 1, 7, 2, 10]))


def test_addresses_that_have_aged_are_counted_where_a_mark_says_so() -> None:
    rows = made([*PLAIN, (AGED, mark_of_aged(2), None), ("requested", "e", "192.0.2.9")])
    rows[0], rows[1] = aged(rows[0]), aged(rows[1])
    audit = audited(rows)
    assert (0, 2, []) == (audit.erased, audit.aged, audit.problems)


def test_a_row_may_age_and_then_be_erased() -> None:
    rows = made([*PLAIN, (AGED, mark_of_aged(2), None), (ERASED, mark_of_erased([1]), None)])
    rows[0], rows[1] = erased(rows[0]), aged(rows[1])
    audit = audited(rows)
    assert (1, 1, []) == (audit.erased, audit.aged, audit.problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda row: row._replace(at=row.at + 1), "row 2 was changed"),
        (lambda row: row._replace(event="added"), "row 2 was changed"),
        (lambda row: row._replace(list_id=4), "row 2 was changed"),
        (lambda row: row._replace(chain=b"x" * 32), "row 2 was changed"),
        (lambda row: row._replace(content="z"), "the content of row 2 was changed"),
        (lambda row: row._replace(subscriber_id=8), "the content of row 2 was changed"),
        (lambda row: row._replace(salt=b"z" * 16), "the content of row 2 was changed"),
        (lambda row: row._replace(ip="192.0.2.8"), "the network address of row 2 was changed"),
        (lambda row: row._replace(ip_salt=None), "the network address of row 2 was changed"),
        (lambda row: row._replace(content=None), "row 2 is only half erased"),
        (lambda row: row._replace(content=None, salt=None), "row 2 is only half erased"),
        (erased, "no row records that it was erased"),
        (aged, "no row records that it has aged"),
    ],
)
def test_a_change_of_any_field_is_found(change: Callable[[ChainRow], ChainRow], problem: str) -> None:
    rows = made(PLAIN)
    rows[1] = change(rows[1])
    assert problem in " ".join(audited(rows).problems)


def test_a_row_whose_own_link_was_made_anew_breaks_the_next_one() -> None:
    rows = made(PLAIN)
    forged = rows[1]._replace(at=1)
    rows[1] = forged._replace(chain=link(rows[0].chain, forged))
    assert ["row 3 was changed, or is in the wrong place"] == audited(rows).problems


def test_a_chain_that_was_made_anew_is_found_by_a_head_that_was_kept() -> None:
    before, rows = made(PLAIN), made([("requested", "other words", None), *PLAIN[1:]])
    assert [] == audited(rows).problems
    kept = audited(rows, head=Head(4, before[3].chain)).problems
    assert ["row 4 does not match the head beside the keys"] == kept


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_row_is_found(gone: int) -> None:
    rows = made(PLAIN)
    end = Head(4, rows[3].chain)
    del rows[gone]
    assert [f"rows {gone + 1} to {gone + 1} are missing"] == audited(rows, end=end).problems[:1]


def test_missing_last_rows_are_found_by_the_head_in_the_database_and_by_one_that_was_kept() -> None:
    rows = made(PLAIN)
    assert ["rows 3 to 4 are missing"] == audited(rows[:2], end=Head(4, rows[3].chain)).problems
    kept = audited(rows[:2], head=Head(4, rows[3].chain)).problems
    assert ["row 4 is missing, although its head is beside the keys"] == kept


@pytest.mark.parametrize("number", [2, 4])
def test_a_head_in_the_database_that_is_not_the_last_row_is_found(number: int) -> None:
    """The next row would be linked to it, or have the number of another one."""
    rows = made(PLAIN)
    problems = audited(rows, end=Head(number, rows[1].chain)).problems
    assert ["the stored head of the chain does not match row 4, the last one"] == problems


def test_two_rows_that_changed_places_are_found() -> None:
    rows = made(PLAIN)
    rows[1], rows[2] = rows[2]._replace(number=2), rows[1]._replace(number=3)
    assert audited(rows).problems


@pytest.mark.parametrize("content", ["", "x", "[]", "{}", '{"rows": 1}', '{"rows": [["a", 1]]}', '{"through": null}'])
def test_a_mark_that_cannot_be_read_is_told(content: str) -> None:
    for event in (ERASED, AGED):
        assert ["row 1 should record what was removed, but cannot be read"] == audited(
            made([(event, content, None)])
        ).problems


def test_a_mark_names_no_row_that_comes_later() -> None:
    rows = made([(ERASED, mark_of_erased([2]), None), *PLAIN])
    rows[1] = erased(rows[1])
    assert ["the content of row 2 is missing, and no row records that it was erased"] == audited(rows).problems


def test_problems_are_told_up_to_a_number_and_counted_beyond() -> None:
    rows = [row._replace(content="z") for row in made([("requested", "a", None)] * (MOST_PROBLEMS + 5))]
    audit = audited(rows)
    assert (MOST_PROBLEMS, MOST_PROBLEMS + 5) == (len(audit.problems), audit.problem_count)


@given(st.sets(st.integers(1, 300)))
def test_a_mark_names_exactly_the_rows_that_were_erased(numbers: set[int]) -> None:
    ranges = json.loads(mark_of_erased(numbers))["rows"]
    assert sorted(numbers) == [number for first, last in ranges for number in range(first, last + 1)]


def test_a_salt_does_not_tell_the_other() -> None:
    first, second = split_salt(b"s" * 16)
    assert (16, 16, False) == (len(first), len(second), first == second)


def test_a_head_reads_back_as_it_is_printed() -> None:
    head = Head(12, bytes(range(32)))
    assert head == parse_head(str(head))
    for text in ("", "12", "0:" + "a" * 64, "12:" + "a" * 63, "12:" + "g" * 64):
        with pytest.raises(BadInput, match="is not a chain head"):
            parse_head(text)


def test_a_content_of_nobody_is_digested_as_that_of_reader_0() -> None:
    """Printed chains rest on these octets."""
    nobody = hashlib.sha256(b"salt" + b"0\0" + "é".encode()).digest()
    assert [nobody, nobody] == [content_digest(b"salt", reader, "é") for reader in (None, 0)]
    assert nobody != content_digest(b"salt", 1, "é")


@pytest.mark.parametrize(("first", "last", "is_named"), [(1, 9, True), (2, 9, True), (3, 9, False), (1, 2, True)])
def test_a_range_names_its_first_and_last_row(first: int, last: int, *, is_named: bool) -> None:
    """Also a range far wider than what was erased."""
    rows = made([*PLAIN, (ERASED, json.dumps({"rows": [[first, last]]}), None)])
    rows[1] = erased(rows[1])
    assert (int(is_named), 1 - is_named) == (audited(rows).erased, len(audited(rows).problems))


def test_a_row_of_no_list_is_linked_as_one_of_list_0() -> None:
    """Printed chains rest on these octets."""
    row = made(PLAIN)[0]
    head = b"%b\0%d\0%d\0%b\0%d\0" % (b"before", row.number, 0, row.event.encode(), row.at)
    for ip, octets in ((None, b""), (b"i" * 32, b"i" * 32)):
        expected = hashlib.sha256(head + row.content_digest + octets).digest()
        same = [row._replace(list_id=number, ip_digest=ip) for number in (None, 0)]
        assert [expected, expected] == [link(b"before", twin) for twin in same]
