"""The welcome mail from outside: set by the command line, sent by the daemon, once for each who confirms."""

from __future__ import annotations

import http.client
import random
import smtplib
from collections import Counter

import pytest
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import HOST, Instance, Mail, until

WELCOME = (
    "---\nsubject: Welcome aboard\n---\nDear {{ name | default: reader }},\n\n"
    "the latest is at <{{ latest_url }}>.\n\n![A lamp](lamp.png)\n"
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030006fe02fea1"
    "b5d5f60000000049454e44ae426082"
)


def set_welcome(instance: Instance) -> None:
    instance.write("lamp.png", PIXEL)
    instance.do("list", "set", "news", f"welcome={instance.write('welcome.md', WELCOME)}")


def greetings(instance: Instance) -> list[Mail]:
    return [mail for mail in instance.mails() if mail.message["Subject"] == "Welcome aboard"]


def test_who_confirms_is_greeted_as_an_edition_greets(instance: Instance) -> None:
    set_welcome(instance)
    daemon = instance.start()
    instance.post("/news/subscribe", {"email": "zoe@readers.example"})
    [asked] = instance.await_mails(1)
    for _ in range(2):
        assert 200 == instance.post(asked.path_of("confirm"), {}).status
    mail = instance.await_mails(2)[1]
    assert "Welcome aboard" == mail.message["Subject"]
    assert f"https://{HOST}/news/latest" in mail.text
    assert "lamp.png" in [part.get_filename() for part in mail.message.walk()]
    assert 200 == instance.post(mail.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"}).status
    until(lambda: instance.rows("select 1 from subscription where state = 'unsubscribed'") or None)
    instance.import_readers("bob@readers.example")
    daemon.stop()
    assert 1 == len(greetings(instance))
    assert [] == instance.json("edition", "ls")


def confirm(instance: Instance, path: str) -> None:
    """Press the button, again after a kill: what was not answered may be done or not."""
    try:
        status = instance.post(path, {}).status
    except (OSError, http.client.HTTPException):
        instance.start()
        status = instance.post(path, {}).status
    assert 200 == status


@pytest.mark.thorough
def test_it_goes_out_once_however_often_the_daemon_is_killed(make_instance: MakeInstance) -> None:
    instance = make_instance()
    set_welcome(instance)
    readers = [f"r{number}@readers.example" for number in range(24)]
    path = instance.write("readers.csv", "email\n" + "\n".join(readers) + "\n")
    instance.do("subscriber", "import", "news", path, "--send-confirmation")
    daemon = instance.start()
    asked = {mail.rcpt_to: mail.path_of("confirm") for mail in instance.await_mails(len(readers))}
    until(lambda: not instance.rows("select 1 from delivery where state <> 'delivered'") or None)
    chance = random.Random(5)
    for number, address in enumerate(readers):
        confirm(instance, asked[address])
        if number % 4 == 3:
            wanted = chance.randrange(number + 2)
            until(lambda wanted=wanted: len(greetings(instance)) >= wanted or None)  # type: ignore[misc]
            daemon.kill()
            daemon = instance.start()
    edition = instance.json("list", "show", "news")["welcome_edition"]
    shown = instance.await_state(edition, "finished")
    assert (len(readers), len(readers)) == (shown["audience"], shown["delivered"])
    assert dict.fromkeys(readers, 1) == Counter(mail.rcpt_to for mail in greetings(instance))
    assert daemon.stop() == 0


def test_a_file_that_cannot_be_sent_is_refused_and_changes_nothing(instance: Instance) -> None:
    set_welcome(instance)
    before = instance.json("list", "show", "news")
    for text, reason in {
        "---\nsubjekt: x\n---\nHello\n": "subjekt",
        "---\nsubject: x\n---\nHello {{ town }}\n": "town",
        "---\nsubject: x\n---\n![x](missing.png)\n": "missing.png",
    }.items():
        result = instance.run("list", "set", "news", "title=Other", f"welcome={instance.write('bad.md', text)}")
        assert (65, True) == (result.code, reason in result.err), result.err
    assert 66 == instance.run("list", "set", "news", "welcome=nowhere.md").code
    assert before == instance.json("list", "show", "news")
    shown = instance.json("preview", "news")
    assert ("Welcome aboard", True, False) == (
        shown["subject"],
        "/news/latest" in shown["text"],
        "View in browser" in shown["text"],
    )
    instance.do("list", "set", "news", "welcome=off")
    assert 1 == instance.run("preview", "news").code
    assert instance.json("list", "show", "news")["welcome"] is None


def test_who_confirms_by_mail_is_greeted_too(instance: Instance) -> None:
    set_welcome(instance)
    instance.start()
    instance.post("/news/subscribe", {"email": "zoe@readers.example"})
    [asked] = instance.await_mails(1)
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        answer = "From: zoe@readers.example\r\nSubject: Re: yes\r\n\r\n"
        client.sendmail("zoe@readers.example", [asked.message["Reply-To"]], answer)
    assert "Welcome aboard" == instance.await_mails(2)[1].message["Subject"]
