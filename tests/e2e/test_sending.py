"""`send` and the buttons of an edition, by their exit codes, their words and what arrives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import EDITION, Instance, children, command_of, until

STATES = ("queued", "claimed", "deferred", "delivered", "failed", "cancelled")
SLOW = {"rate": "2/s"}


def test_a_second_send_is_refused_unless_again(instance: Instance) -> None:
    """The same file is the same edition: 1, naming the first id; --again sends it as a new one."""
    instance.start()
    first = instance.send(EDITION, "--wait")
    refused = instance.run("send", "news", instance.folder / "edition.md", "--yes", "--json")
    assert (refused.code, f"edition {first['id']}" in refused.json["error"]) == (1, True)
    again = instance.send(EDITION, "--wait", "--again")
    assert again["id"] != first["id"]
    assert dict.fromkeys(READERS, 2) == {name: instance.accepted().count(name) for name in READERS}


def test_sending_needs_an_answer(instance: Instance) -> None:
    """Off a terminal `send` wants --yes and is 64 without; --test with --wait makes no sense."""
    path = instance.write("edition.md", EDITION)
    assert instance.run("send", "news", path).code == 64
    assert instance.run("send", "news", path, "--test", READERS[0], "--wait").code == 64
    assert instance.json("edition", "ls") == []


def test_test_copies_change_nobody(instance: Instance) -> None:
    """`[Test] ` copies go to the addresses named alone, and their links do nothing."""
    instance.start()
    path = instance.write("edition.md", EDITION)
    sent = instance.json("send", "news", path, "--test", "editor@readers.example", "--test", READERS[0])
    assert sent == {"test": ["editor@readers.example", READERS[0]]}
    mails = instance.await_mails(2)
    assert {"[Test] High water"} == {mail.message["Subject"] for mail in mails}
    for mail in mails:
        assert instance.post(mail.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"}).status == 200
    assert instance.json("list", "show", "news")["active"] == 3
    assert instance.json("edition", "ls") == []


def test_waiting_needs_a_daemon(instance: Instance) -> None:
    """--wait without a daemon is 75 before anything is stored; without --wait the edition goes out at the start."""
    path = instance.write("edition.md", EDITION)
    assert instance.run("send", "news", path, "--yes", "--wait").code == 75
    assert instance.json("edition", "ls") == []
    edition = instance.send()
    assert (edition["state"], edition["queued"]) == ("sending", 3)
    instance.start()
    done = instance.await_state(edition["id"], "finished")
    assert (done["delivered"], sorted(instance.accepted())) == (3, sorted(READERS))


def test_waiting_tells_a_cancelled_edition(make_instance: MakeInstance) -> None:
    """--wait is 1 when the edition was cancelled; what was queued never goes out."""
    instance = make_instance(delivery={"rate": "1/min"})
    instance.start()
    edition = instance.send(EDITION)
    assert instance.sink is not None
    instance.await_mails(1)
    instance.do("edition", "cancel", str(edition["id"]), "--yes")
    shown = instance.show(edition["id"])
    assert (shown["state"], shown["delivered"] + shown["claimed"], shown["cancelled"]) == ("cancelled", 1, 2)
    assert instance.run("edition", "resume", str(edition["id"])).code == 1


def test_a_scheduled_edition_waits_for_its_hour(instance: Instance) -> None:
    """--at keeps it until then, and it can be moved; what cannot be a time, or is past, is 65."""
    instance.start()
    path = instance.write("edition.md", EDITION)
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [65, 65] == [instance.run("send", "news", path, "--yes", "--at", when).code for when in (past, "tomorrow")]
    edition = instance.send(EDITION, "--at", "+1h")
    assert (edition["state"], edition["audience"]) == ("scheduled", 0)
    instance.run("subscriber", "rm", "news", READERS[0])
    instance.do("edition", "move", str(edition["id"]), "--at", "+1s")
    done = instance.await_state(edition["id"], "finished")
    assert (done["audience"], sorted(instance.accepted())) == (2, sorted(READERS[1:]))
    assert done["started_at"] >= edition["created_at"]


def test_pausing_resuming_and_leaving_meanwhile(make_instance: MakeInstance) -> None:
    """A paused edition stands still; who leaves before their copy was claimed gets none; the counts always add up."""
    instance = make_instance(delivery=SLOW)
    instance.start()
    instance.import_readers(*(f"reader{number}@readers.example" for number in range(9)))
    edition = instance.send()["id"]
    instance.await_mails(2)
    instance.do("edition", "pause", str(edition))
    until(lambda: not instance.copies(edition)["claimed"] or None)
    paused = instance.show(edition)
    assert (paused["state"], paused["audience"]) == ("paused", 12)
    assert sum(paused[state] for state in STATES) == 12
    instance.do("subscriber", "rm", "news", "reader8@readers.example")
    instance.configure(delivery={"rate": "1000/s"})
    assert instance.daemon is not None
    instance.daemon.reload()
    assert instance.show(edition)["delivered"] == paused["delivered"]
    instance.do("edition", "resume", str(edition))
    done = instance.await_state(edition, "finished")
    assert (done["delivered"], done["cancelled"]) == (11, 1)
    accepted = instance.accepted()
    assert (len(accepted), len(set(accepted)), "reader8@readers.example" in accepted) == (11, 11, False)


def test_failures_are_reported_and_resent(make_instance: MakeInstance) -> None:
    """5xx fails with the relay's words, 4xx is retried, `resend --failed` uses the same Message-ID.

    Whose mailbox is gone is suspended and left out.
    """
    instance = make_instance("--grab", "Message-ID", delivery={"pause_at_hard": "100%"})
    instance.start()
    instance.import_readers("hard552-box@readers.example", "dhard-no@readers.example", "soft1-busy@readers.example")
    edition = instance.send(EDITION, "--wait")
    assert (edition["state"], edition["delivered"], edition["failed"]) == ("finished", 4, 2)
    report = instance.json("edition", "report", str(edition["id"]))
    failures = {failure["address"]: (failure["code"], failure["kind"]) for failure in report["failures"]}
    assert set(failures) == {"hard552-box@readers.example", "dhard-no@readers.example"}
    assert [552, 554] == [failures["hard552-box@readers.example"][0], failures["dhard-no@readers.example"][0]]
    before = _message_ids(instance, "dhard-no@readers.example")
    answer = instance.json("edition", "resend", str(edition["id"]), "--failed")
    assert (answer["resent"], answer["left_out"]) == (1, 1)
    gone = instance.json("subscriber", "show", "hard552-box@readers.example")
    assert (gone["suppressed"], gone["lists"][0]["state"]) == ("hard-bounce", "suspended")
    instance.await_state(edition["id"], "finished")
    after = _message_ids(instance, "dhard-no@readers.example")
    assert (len(after), set(after)) == (2, set(before))


def _message_ids(instance: Instance, address: str) -> list[str]:
    instance.lines()
    assert instance.sink is not None
    rows = (line.split("\t") for line in instance.sink.log.read_text(encoding="utf-8").splitlines())
    return [row[7] for row in rows if row[4] == address and row[2] == "h"]


def test_a_canary_goes_first(instance: Instance) -> None:
    """--canary sends a share, then pauses; --wait ends 0 there; resume sends the rest, to nobody twice."""
    instance.start()
    instance.import_readers(*(f"reader{number}@readers.example" for number in range(17)))
    edition = instance.send(EDITION, "--canary", "10%", "--wait")
    assert (edition["state"], edition["delivered"], edition["queued"]) == ("paused", 2, 18)
    instance.do("edition", "resume", str(edition["id"]))
    assert instance.await_state(edition["id"], "finished")["delivered"] == 20
    assert len(set(instance.accepted())) == len(instance.accepted()) == 20


def test_a_copy_stays_queued_until_its_turn(make_instance: MakeInstance) -> None:
    """At one a second, no more than what is due within a second is claimed: the rest can still be stopped."""
    instance = make_instance(delivery={"rate": "1/s"})
    instance.start()
    instance.import_readers(*(f"reader{number}@readers.example" for number in range(50)))
    edition = instance.send()["id"]
    instance.await_mails(1)
    counts = dict(instance.rows("select state, count(*) from delivery group by state"))
    assert counts.get("claimed", 0) <= 1
    assert counts["queued"] >= 50
    assert instance.show(edition)["state"] == "sending"


@pytest.mark.parametrize("keys", [{"workers": 1}, {"press": "daemon"}, {"press": "process"}])
def test_workers_come_with_the_first_mail(make_instance: MakeInstance, keys: dict[str, Any]) -> None:
    """Whatever their number, and under the former name of the key, which was about where mails are composed."""
    instance = make_instance(delivery=keys)
    daemon = instance.start()
    assert [] == workers_of(daemon.process.pid)
    assert instance.send(EDITION, "--wait")["delivered"] == len(READERS)
    assert sorted(instance.accepted()) == sorted(READERS)
    assert 1 == len(workers_of(daemon.process.pid))
    assert daemon.stop() == 0


def workers_of(pid: int) -> list[str]:
    return [child for child in children(pid) if "pressrun.delivery.worker " in command_of(child)]
