"""The sign-up form as a weapon, in small; `python -m tests.bench.bombing` is the same in large."""

from __future__ import annotations

from tests.bench.bombing import LISTS, Siege, attacks_told
from tests.e2e.conftest import MakeHouse


def test_a_victim_gets_three_mails_and_the_operator_hears_once(make_house: MakeHouse) -> None:
    """Whatever the spelling, the network, the list and the way; and somebody else is served meanwhile."""
    house = make_house()
    for name in LISTS[1:]:
        house.create_list(name)
    house.start()
    siege = Siege(house)
    one = siege.one_victim(100)
    assert (3, 3) == (one.mails, one.most_to_one)
    many = siege.many_victims(60, one_client=True)
    assert (20, 1, 40) == (many.mails, many.most_to_one, many.refused)
    assert 0 < many.waited < 10
    assert (1, 1.0) == attacks_told(house)
