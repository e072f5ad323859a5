"""What an operator finds in the journal: priorities, and one event for each copy that is lost, whoever says so."""

from __future__ import annotations

import json
import re
import smtplib
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import EDITION, Instance, until

WATCH_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "watch.md"
LOST_AT_ONCE, LOST_LATER = "hard-kim@inbox.example", "later@inbox.example"
WORDS = "550 5.1.1 <later@inbox.example>: no such user"
OF_SYSTEMD = (
    "Starting pressrun.service - Pressrun announcement lists...\n"
    "pressrun.service: Consumed 1.022s CPU time, 68.1M memory peak.\n42\n"
)


def journal_of(instance: Instance) -> str:
    """What the daemon wrote, taken for the journal, as it was written."""
    assert instance.daemon is not None
    return instance.daemon.log.read_text(encoding="utf-8")


def start_in_journal(instance: Instance) -> None:
    """The daemon, told by systemd that its stderr leads to the journal."""
    log = instance.folder / "daemon.log"
    log.touch()
    status = log.stat()
    instance.start(environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})


def entries(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Priority and event of each line."""
    return [(line[:3], json.loads(line[3:])) for line in text.splitlines()]


def notification(original: str) -> bytes:
    return (
        "From: mailer-daemon@inbox.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nFailed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; inbox.example\r\n\r\n"
        f"Final-Recipient: rfc822; {original}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; {WORDS}\r\n--b--\r\n"
    ).encode()


def test_every_copy_that_is_lost_is_one_event(make_instance: MakeInstance) -> None:
    """At the relay or by a notification: which edition, copy and reader, why, and nobody's address."""
    instance = make_instance()
    daemon = instance.start()
    instance.import_readers(LOST_AT_ONCE, LOST_LATER)
    edition = instance.send(EDITION, "--wait")["id"]
    [mail] = instance.await_mails(1, LOST_LATER)
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail("", [mail.mail_from], notification(LOST_LATER))
    until(lambda: len(daemon.events("subscription.suspended")) == 2 or None)
    at_once, later = daemon.events("delivery.failed")
    same = {
        "edition": edition,
        "kind": "hard",
        "class": "gone",
        "code": 550,
        "domain": "inbox.example",
        "level": "info",
    }
    for failed in (at_once, later):
        assert same == {name: failed[name] for name in same}
    assert ("relay-1", None) == (at_once["relay"], later["relay"])
    assert ("5.1.1", "550 5.1.1 <…>: no such user") == (later["enhanced"], later["reason"])
    assert {event["subscriber"] for event in (at_once, later)} == {
        event["subscriber"] for event in daemon.events("subscription.suspended")
    }
    assert at_once["delivery"] != later["delivery"]
    assert "@inbox.example" not in daemon.log.read_text(encoding="utf-8")


def test_lines_have_priorities_in_the_journal_alone(make_instance: MakeInstance) -> None:
    instance = make_instance(http={"listen": "127.0.0.1:0"}, smtp={"listen": "127.0.0.1:0", "trusted_relays": ["unix"]})
    start_in_journal(instance)
    lines = entries(journal_of(instance))
    levels = {event["level"]: priority for priority, event in lines}
    assert {"info": "<6>", "warning": "<4>"} == levels
    assert instance.daemon is not None
    instance.daemon.stop()
    before = len(journal_of(instance))
    instance.config.write_text("colour = 'red'\n", encoding="utf-8")
    with instance.daemon.log.open("ab") as stderr:
        status = instance.daemon.log.stat()
        stream = f"JOURNAL_STREAM={status.st_dev}:{status.st_ino}"
        command = ["env", stream, *instance.program, "--config", str(instance.config), "serve"]
        assert 78 == subprocess.run(command, check=False, stderr=stderr, cwd=instance.folder).returncode
    refused = journal_of(instance)[before:].splitlines()
    assert len(refused) > 1
    assert {"<3>"} == {line[:3] for line in refused}
    assert not instance.run("list", "ls").err.startswith("<")


@pytest.mark.needs("jq")
def test_the_documented_search_finds_what_it_is_for(make_instance: MakeInstance) -> None:
    """Among lines of systemd's, which are no JSON; the journal takes the priorities off."""
    instance = make_instance()
    start_in_journal(instance)
    instance.import_readers(LOST_AT_ONCE)
    instance.send(EDITION, "--wait")
    text = OF_SYSTEMD + re.sub(r"(?m)^<\d>", "", journal_of(instance)) + "error: not JSON\n"
    [program] = re.findall(r"^journalctl .* \| jq -R '(.*)'$", WATCH_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    lines = subprocess.run(["jq", "-R", "-c", program], input=text, check=True, capture_output=True, text=True).stdout
    [failed] = map(json.loads, lines.splitlines())
    assert ("delivery.failed", "gone") == (failed["event"], failed["class"])
