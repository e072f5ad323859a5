"""Erased while a relay has the copy, or before its bounce comes: the daemon writes nothing of the reader down again."""

from __future__ import annotations

import smtplib
import threading
from pathlib import Path

import pytest
from tests.delivery.relay.peers import Answer, obedient
from tests.e2e.conftest import MakeInstance
from tests.e2e.crooked import crooked_relay
from tests.e2e.instance import Instance, until

DINA = "dina.dovetail@readers.example"
EDITION = "---\nsubject: High water\n---\n\nThe tide is in.\n"
BOUNCE = """\
From: MAILER-DAEMON@mx.readers.example
Subject: Undelivered
Message-ID: <1@mx.readers.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.readers.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: no such user
--b--
"""


def names_left(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and b"dovetail" in path.read_bytes().lower()]


def stop(instance: Instance) -> None:
    assert instance.daemon is not None
    assert 0 == instance.daemon.stop()


@pytest.mark.parametrize(("reply", "state"), [("550 5.2.2", "failed"), ("451 4.2.1", "cancelled")])
def test_the_answer_to_a_copy_that_was_on_its_way(make_instance: MakeInstance, reply: str, state: str) -> None:
    asked, erased = threading.Event(), threading.Event()

    def answers(command: str) -> Answer:
        if command != "RCPT":
            return obedient(command)
        asked.set()
        assert erased.wait(20)
        return f"{reply} <{DINA}>: dovetail's box says no\r\n".encode()

    with crooked_relay(answers) as port:
        instance = make_instance()
        instance.configure(relay={"port": port})
        for reader in ("ada", "bruno", "chidi"):
            instance.do("subscriber", "rm", "news", f"{reader}@readers.example")
        instance.do("subscriber", "add", "news", DINA)
        instance.start()
        edition = instance.send(EDITION)["id"]
        assert asked.wait(20)
        try:
            instance.do("subscriber", "erase", DINA, "--yes")
        finally:
            erased.set()
        instance.await_state(edition, "finished")
        stop(instance)
    assert [(state, int(reply[:3]), None, "")] == instance.rows("select state, code, reply, domain from delivery")
    assert [] == names_left(instance.folder / "data")


def test_the_bounce_of_a_copy_that_was_taken(make_instance: MakeInstance) -> None:
    instance = make_instance()
    instance.start()
    instance.do("subscriber", "add", "news", DINA)
    edition = instance.send(EDITION, "--wait")["id"]
    (copy,) = instance.await_mails(1, DINA)
    instance.do("subscriber", "erase", DINA, "--yes")
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail("", copy.mail_from, BOUNCE.format(address=DINA).replace("\n", "\r\n"))
    until(lambda: instance.copies(edition)["failed"] or None)
    (failure,) = instance.json("edition", "report", str(edition))["failures"]
    assert (None, 550, "5.1.1", None, "hard") == tuple(
        failure[name] for name in ("address", "code", "enhanced", "text", "kind")
    )
    stop(instance)
    assert [] == names_left(instance.folder / "data")
