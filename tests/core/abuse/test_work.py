"""Work for a sign-up: what was done is seen, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proof_of_work import do_work

from pressrun.core.abuse.work import is_work

BITS = 8
CHALLENGE, ADDRESS, FOUND = "AAAAAAABAGoYvYAAAAAAABQ.sig", "ada@reader.example", "299701"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(challenge=TEXTS, address=TEXTS)
def test_work_that_was_done_is_seen(challenge: str, address: str) -> None:
    assert is_work(challenge, address, do_work(challenge, address, BITS), BITS)


def test_what_a_browser_finds_is_work() -> None:
    """The number is one that `work.js` found."""
    assert is_work(CHALLENGE, ADDRESS, FOUND, 20)
    assert not is_work(CHALLENGE, ADDRESS, FOUND, 24)


def test_work_is_for_one_address_and_one_challenge() -> None:
    others = [f"{number}{ADDRESS}" for number in range(50)] + [ADDRESS.upper(), f"{ADDRESS} ", ""]
    assert not any(is_work(CHALLENGE, other, FOUND, 20) for other in others)
    assert not any(is_work(f"{CHALLENGE}{number}", ADDRESS, FOUND, 20) for number in range(50))


@pytest.mark.parametrize("proof", ["", "-1", "1.0", " 1", "1_0", "١", "0x10", "4294967296", "9" * 10, "9" * 5000])
def test_what_is_no_number_is_no_work(proof: str) -> None:
    """Even where next to no work is asked for."""
    assert not any(is_work(f"challenge {number}", "a", proof, 1) for number in range(20))


def test_each_bit_doubles_the_work() -> None:
    tries = [sum(int(do_work("challenge", f"{number}", bits)) for number in range(200)) for bits in (5, 8)]
    assert 5 < tries[1] / tries[0] < 13
