"""The sign-up form as a weapon, in small; `python -m tests.bench.bombing` is the same in large."""

from __future__ import annotations

from tests.bench.bombing import LISTS, Client, Siege, attacks_told, gauge_of, network
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import until


def test_a_victim_gets_three_mails_and_the_operator_hears_once(make_instance: MakeInstance) -> None:
    """Whatever the spelling, the network, the list and the way; and somebody else is served meanwhile."""
    instance = make_instance()
    for name in LISTS[1:]:
        instance.create_list(name)
    instance.start()
    siege = Siege(instance)
    attack = siege.one_victim(100)
    assert (3, 3) == (attack.mails, attack.most_to_one)
    many = siege.many_victims(60, one_client=True)
    assert (20, 1, 40) == (many.mails, many.most_to_one, many.refused)
    assert 0 < many.waited < 10
    assert (1, 1.0) == attacks_told(instance)


def test_sign_ups_beyond_the_usual_wait_for_the_operator(make_instance: MakeInstance) -> None:
    """The same answer as ever; a restart forgets nothing; each is mailed once or not at all, and told of once."""
    instance = make_instance(limits={"hold_sign_ups_above": 2, "hold_sign_ups_floor": 5})
    instance.start()
    with Client(instance) as client:
        for number in range(9):
            assert 303 == client.sign_up("news", f"victim{number}@v{number}.example", network(number))
    until(lambda: instance.rows("select count(*) from held_notice") == [4])
    daemon = instance.daemon
    assert daemon is not None
    until(lambda: daemon.events("subscription.holding") or None)  # what follows from a commit comes a moment later
    told = len(daemon.events("subscription.holding"))
    assert (1, 1.0) == (told, gauge_of(instance, "pressrun_sign_up_holding"))
    assert [] == daemon.events("subscription.attack")
    assert 0 == daemon.stop()
    first, *_ = instance.json("held", "ls")
    assert ("news", "victim5@v5.example", "web") == (first["list"], first["address"], first["source"])
    assert 4 == instance.json("list", "show", "news")["pending"] - 5
    instance.start()
    assert 64 == instance.run("held", "release").code
    assert 1 == instance.run("held", "rm", "12345", "--yes").code
    assert {"dropped": 1} == instance.json("held", "rm", str(first["id"]), "--yes")
    assert {"released": 1, "forgotten": 0} == instance.json("held", "release", "--domain", "V7.example", "--yes")
    instance.await_mails(1, to="victim7@v7.example")
    assert {"released": 2, "forgotten": 0} == instance.json("held", "release", "--yes")
    instance.await_mails(1, to="victim8@v8.example")
    assert [] == instance.json("held", "ls")
    assert sorted(set(instance.accepted())) == sorted(instance.accepted())
    assert "victim5@v5.example" not in instance.accepted()
