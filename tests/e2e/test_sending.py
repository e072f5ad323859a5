"""`send` and the buttons of an edition, by their exit codes, their words and what arrives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.e2e.conftest import READERS, MakeHouse
from tests.e2e.house import EDITION, House, children, command_of, until

STATES = ("queued", "claimed", "deferred", "delivered", "failed", "cancelled")
SLOW = {"rate": "2/s"}


def test_a_second_send_is_refused_unless_again(house: House) -> None:
    """The same file is the same edition: 1, naming the first id; --again sends it as a new one."""
    house.start()
    first = house.send(EDITION, "--wait")
    refused = house.run("send", "news", house.folder / "edition.md", "--yes", "--json")
    assert (refused.code, f"edition {first['id']}" in refused.json["error"]) == (1, True)
    again = house.send(EDITION, "--wait", "--again")
    assert again["id"] != first["id"]
    assert dict.fromkeys(READERS, 2) == {name: house.accepted().count(name) for name in READERS}


def test_sending_needs_an_answer(house: House) -> None:
    """Off a terminal `send` wants --yes and is 64 without; --test with --wait makes no sense."""
    path = house.write("edition.md", EDITION)
    assert house.run("send", "news", path).code == 64
    assert house.run("send", "news", path, "--test", READERS[0], "--wait").code == 64
    assert house.json("edition", "ls") == []


def test_test_copies_change_nobody(house: House) -> None:
    """`[Test] ` copies go to the addresses named alone, and their links do nothing."""
    house.start()
    path = house.write("edition.md", EDITION)
    sent = house.json("send", "news", path, "--test", "editor@readers.example", "--test", READERS[0])
    assert sent == {"test": ["editor@readers.example", READERS[0]]}
    mails = house.await_mails(2)
    assert {"[Test] High water"} == {mail.message["Subject"] for mail in mails}
    for mail in mails:
        assert house.post(mail.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"}).status == 200
    assert house.json("list", "show", "news")["active"] == 3
    assert house.json("edition", "ls") == []


def test_waiting_needs_a_daemon(house: House) -> None:
    """--wait without a daemon is 75 before anything is stored; without --wait the edition goes out at the start."""
    path = house.write("edition.md", EDITION)
    assert house.run("send", "news", path, "--yes", "--wait").code == 75
    assert house.json("edition", "ls") == []
    edition = house.send()
    assert (edition["state"], edition["queued"]) == ("sending", 3)
    house.start()
    done = house.await_state(edition["id"], "finished")
    assert (done["delivered"], sorted(house.accepted())) == (3, sorted(READERS))


def test_waiting_tells_a_cancelled_edition(make_house: MakeHouse) -> None:
    """--wait is 1 when the edition was cancelled; what was queued never goes out."""
    house = make_house(delivery={"rate": "1/min"})
    house.start()
    edition = house.send(EDITION)
    assert house.sink is not None
    house.await_mails(1)
    house.do("edition", "cancel", str(edition["id"]), "--yes")
    shown = house.show(edition["id"])
    assert (shown["state"], shown["delivered"] + shown["claimed"], shown["cancelled"]) == ("cancelled", 1, 2)
    assert house.run("edition", "resume", str(edition["id"])).code == 1


def test_a_scheduled_edition_waits_for_its_hour(house: House) -> None:
    """--at keeps it until then, and it can be moved; what cannot be a time, or is past, is 65."""
    house.start()
    path = house.write("edition.md", EDITION)
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [65, 65] == [house.run("send", "news", path, "--yes", "--at", when).code for when in (past, "tomorrow")]
    edition = house.send(EDITION, "--at", "+1h")
    assert (edition["state"], edition["audience"]) == ("scheduled", 0)
    house.run("subscriber", "rm", "news", READERS[0])
    house.do("edition", "move", str(edition["id"]), "--at", "+1s")
    done = house.await_state(edition["id"], "finished")
    assert (done["audience"], sorted(house.accepted())) == (2, sorted(READERS[1:]))
    assert done["started_at"] >= edition["created_at"]


def test_pausing_resuming_and_leaving_meanwhile(make_house: MakeHouse) -> None:
    """A paused edition stands still; who leaves before their copy was claimed gets none; the counts always add up."""
    house = make_house(delivery=SLOW)
    house.start()
    house.import_readers(*(f"reader{number}@readers.example" for number in range(9)))
    edition = house.send()["id"]
    house.await_mails(2)
    house.do("edition", "pause", str(edition))
    until(lambda: not house.copies(edition)["claimed"] or None)
    paused = house.show(edition)
    assert (paused["state"], paused["audience"]) == ("paused", 12)
    assert sum(paused[state] for state in STATES) == 12
    house.do("subscriber", "rm", "news", "reader8@readers.example")
    house.configure(delivery={"rate": "1000/s"})
    assert house.daemon is not None
    house.daemon.reload()
    assert house.show(edition)["delivered"] == paused["delivered"]
    house.do("edition", "resume", str(edition))
    done = house.await_state(edition, "finished")
    assert (done["delivered"], done["cancelled"]) == (11, 1)
    accepted = house.accepted()
    assert (len(accepted), len(set(accepted)), "reader8@readers.example" in accepted) == (11, 11, False)


def test_failures_are_reported_and_resent(make_house: MakeHouse) -> None:
    """5xx fails with the relay's words, 4xx is retried, `resend --failed` uses the same Message-ID.

    Whose mailbox is gone is suspended and left out.
    """
    house = make_house("--grab", "Message-ID", delivery={"pause_at_hard": "100%"})
    house.start()
    house.import_readers("hard552-box@readers.example", "dhard-no@readers.example", "soft1-busy@readers.example")
    edition = house.send(EDITION, "--wait")
    assert (edition["state"], edition["delivered"], edition["failed"]) == ("finished", 4, 2)
    report = house.json("edition", "report", str(edition["id"]))
    failures = {failure["address"]: (failure["code"], failure["kind"]) for failure in report["failures"]}
    assert set(failures) == {"hard552-box@readers.example", "dhard-no@readers.example"}
    assert [552, 554] == [failures["hard552-box@readers.example"][0], failures["dhard-no@readers.example"][0]]
    before = _message_ids(house, "dhard-no@readers.example")
    answer = house.json("edition", "resend", str(edition["id"]), "--failed")
    assert (answer["resent"], answer["left_out"]) == (1, 1)
    gone = house.json("subscriber", "show", "hard552-box@readers.example")
    assert (gone["suppressed"], gone["lists"][0]["state"]) == ("hard-bounce", "suspended")
    house.await_state(edition["id"], "finished")
    after = _message_ids(house, "dhard-no@readers.example")
    assert (len(after), set(after)) == (2, set(before))


def _message_ids(house: House, address: str) -> list[str]:
    house.lines()
    assert house.sink is not None
    rows = (line.split("\t") for line in house.sink.log.read_text(encoding="utf-8").splitlines())
    return [row[7] for row in rows if row[4] == address and row[2] == "h"]


def test_a_canary_goes_first(house: House) -> None:
    """--canary sends a share, then pauses; --wait ends 0 there; resume sends the rest, to nobody twice."""
    house.start()
    house.import_readers(*(f"reader{number}@readers.example" for number in range(17)))
    edition = house.send(EDITION, "--canary", "10%", "--wait")
    assert (edition["state"], edition["delivered"], edition["queued"]) == ("paused", 2, 18)
    house.do("edition", "resume", str(edition["id"]))
    assert house.await_state(edition["id"], "finished")["delivered"] == 20
    assert len(set(house.accepted())) == len(house.accepted()) == 20


def test_a_copy_stays_queued_until_its_turn(make_house: MakeHouse) -> None:
    """At one a second, no more than what is due within a second is claimed: the rest can still be stopped."""
    house = make_house(delivery={"rate": "1/s"})
    house.start()
    house.import_readers(*(f"reader{number}@readers.example" for number in range(50)))
    edition = house.send()["id"]
    house.await_mails(1)
    counts = dict(house.rows("select state, count(*) from delivery group by state"))
    assert counts.get("claimed", 0) <= 1
    assert counts["queued"] >= 50
    assert house.show(edition)["state"] == "sending"


@pytest.mark.parametrize("keys", [{"workers": 1}, {"press": "daemon"}, {"press": "process"}])
def test_workers_come_with_the_first_mail(make_house: MakeHouse, keys: dict[str, Any]) -> None:
    """Whatever their number, and under the former name of the key, which was about where mails are composed."""
    house = make_house(delivery=keys)
    daemon = house.start()
    assert [] == workers_of(daemon.process.pid)
    assert house.send(EDITION, "--wait")["delivered"] == len(READERS)
    assert sorted(house.accepted()) == sorted(READERS)
    assert 1 == len(workers_of(daemon.process.pid))
    assert daemon.stop() == 0


def workers_of(pid: int) -> list[str]:
    return [child for child in children(pid) if "pressrun.delivery.worker " in command_of(child)]
