"""The sign-up form as a weapon, in small; `python -m tests.bench.bombing` is the same in large."""

from __future__ import annotations

from tests.bench.bombing import LISTS, Client, Siege, attacks_told, gauge_of, network
from tests.e2e.conftest import MakeHouse
from tests.e2e.house import until


def test_a_victim_gets_three_mails_and_the_operator_hears_once(make_house: MakeHouse) -> None:
    """Whatever the spelling, the network, the list and the way; and somebody else is served meanwhile."""
    house = make_house()
    for name in LISTS[1:]:
        house.create_list(name)
    house.start()
    siege = Siege(house)
    attack = siege.one_victim(100)
    assert (3, 3) == (attack.mails, attack.most_to_one)
    many = siege.many_victims(60, one_client=True)
    assert (20, 1, 40) == (many.mails, many.most_to_one, many.refused)
    assert 0 < many.waited < 10
    assert (1, 1.0) == attacks_told(house)


def test_sign_ups_beyond_the_usual_wait_for_the_operator(make_house: MakeHouse) -> None:
    """The same answer as ever; a restart forgets nothing; each is mailed once or not at all, and told of once."""
    house = make_house(limits={"hold_sign_ups_above": 2, "hold_sign_ups_floor": 5})
    house.start()
    with Client(house) as client:
        for number in range(9):
            assert 303 == client.sign_up("news", f"victim{number}@v{number}.example", network(number))
    until(lambda: house.rows("select count(*) from held_notice") == [4])
    daemon = house.daemon
    assert daemon is not None
    until(lambda: daemon.events("subscription.holding") or None)  # what follows from a commit comes a moment later
    told = len(daemon.events("subscription.holding"))
    assert (1, 1.0) == (told, gauge_of(house, "pressrun_sign_up_holding"))
    assert [] == daemon.events("subscription.attack")
    assert 0 == daemon.stop()
    first, *_ = house.json("held", "ls")
    assert ("news", "victim5@v5.example", "web") == (first["list"], first["address"], first["source"])
    assert 4 == house.json("list", "show", "news")["pending"] - 5
    house.start()
    assert 64 == house.run("held", "release").code
    assert 1 == house.run("held", "rm", "12345", "--yes").code
    assert {"dropped": 1} == house.json("held", "rm", str(first["id"]), "--yes")
    assert {"released": 1, "forgotten": 0} == house.json("held", "release", "--domain", "V7.example", "--yes")
    house.await_mails(1, to="victim7@v7.example")
    assert {"released": 2, "forgotten": 0} == house.json("held", "release", "--yes")
    house.await_mails(1, to="victim8@v8.example")
    assert [] == house.json("held", "ls")
    assert sorted(set(house.accepted())) == sorted(house.accepted())
    assert "victim5@v5.example" not in house.accepted()
