"""The welcome mail from outside: set by the command line, sent by the daemon, once for each who confirms."""

from __future__ import annotations

import http.client
import random
import smtplib
from collections import Counter

import pytest
from tests.e2e.conftest import MakeHouse
from tests.e2e.house import HOST, House, Mail, until

WELCOME = (
    "---\nsubject: Welcome aboard\n---\nDear {{ name | default: reader }},\n\n"
    "the latest is at <{{ latest_url }}>.\n\n![A lamp](lamp.png)\n"
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030006fe02fea1"
    "b5d5f60000000049454e44ae426082"
)


def set_welcome(house: House) -> None:
    house.write("lamp.png", PIXEL)
    house.do("list", "set", "news", f"welcome={house.write('welcome.md', WELCOME)}")


def greetings(house: House) -> list[Mail]:
    return [mail for mail in house.mails() if mail.message["Subject"] == "Welcome aboard"]


def test_who_confirms_is_greeted_as_an_edition_greets(house: House) -> None:
    set_welcome(house)
    daemon = house.start()
    house.post("/news/subscribe", {"email": "zoe@readers.example"})
    [asked] = house.await_mails(1)
    for _ in range(2):
        assert 200 == house.post(asked.path_of("confirm"), {}).status
    mail = house.await_mails(2)[1]
    assert "Welcome aboard" == mail.message["Subject"]
    assert f"https://{HOST}/news/latest" in mail.text
    assert "lamp.png" in [part.get_filename() for part in mail.message.walk()]
    assert 200 == house.post(mail.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"}).status
    until(lambda: house.rows("select 1 from subscription where state = 'unsubscribed'") or None)
    house.import_readers("bob@readers.example")
    daemon.stop()
    assert 1 == len(greetings(house))
    assert [] == house.json("edition", "ls")


def confirm(house: House, path: str) -> None:
    """Press the button, again after a kill: what was not answered may be done or not."""
    try:
        status = house.post(path, {}).status
    except (OSError, http.client.HTTPException):
        house.start()
        status = house.post(path, {}).status
    assert 200 == status


@pytest.mark.thorough
def test_it_goes_out_once_however_often_the_daemon_is_killed(make_house: MakeHouse) -> None:
    house = make_house()
    set_welcome(house)
    readers = [f"r{number}@readers.example" for number in range(24)]
    path = house.write("readers.csv", "email\n" + "\n".join(readers) + "\n")
    house.do("subscriber", "import", "news", path, "--send-confirmation")
    daemon = house.start()
    asked = {mail.rcpt_to: mail.path_of("confirm") for mail in house.await_mails(len(readers))}
    until(lambda: not house.rows("select 1 from delivery where state <> 'delivered'") or None)
    chance = random.Random(5)
    for number, address in enumerate(readers):
        confirm(house, asked[address])
        if number % 4 == 3:
            wanted = chance.randrange(number + 2)
            until(lambda wanted=wanted: len(greetings(house)) >= wanted or None)  # type: ignore[misc]
            daemon.kill()
            daemon = house.start()
    edition = house.json("list", "show", "news")["welcome_edition"]
    shown = house.await_state(edition, "finished")
    assert (len(readers), len(readers)) == (shown["audience"], shown["delivered"])
    assert dict.fromkeys(readers, 1) == Counter(mail.rcpt_to for mail in greetings(house))
    assert daemon.stop() == 0


def test_a_file_that_cannot_be_sent_is_refused_and_changes_nothing(house: House) -> None:
    set_welcome(house)
    before = house.json("list", "show", "news")
    for text, reason in {
        "---\nsubjekt: x\n---\nHello\n": "subjekt",
        "---\nsubject: x\n---\nHello {{ town }}\n": "town",
        "---\nsubject: x\n---\n![x](missing.png)\n": "missing.png",
    }.items():
        result = house.run("list", "set", "news", "title=Other", f"welcome={house.write('bad.md', text)}")
        assert (65, True) == (result.code, reason in result.err), result.err
    assert 66 == house.run("list", "set", "news", "welcome=nowhere.md").code
    assert before == house.json("list", "show", "news")
    shown = house.json("preview", "news")
    assert ("Welcome aboard", True, False) == (
        shown["subject"],
        "/news/latest" in shown["text"],
        "View in browser" in shown["text"],
    )
    house.do("list", "set", "news", "welcome=off")
    assert 1 == house.run("preview", "news").code
    assert house.json("list", "show", "news")["welcome"] is None


def test_who_confirms_by_mail_is_greeted_too(house: House) -> None:
    set_welcome(house)
    house.start()
    house.post("/news/subscribe", {"email": "zoe@readers.example"})
    [asked] = house.await_mails(1)
    with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=20) as client:
        answer = "From: zoe@readers.example\r\nSubject: Re: yes\r\n\r\n"
        client.sendmail("zoe@readers.example", [asked.message["Reply-To"]], answer)
    assert "Welcome aboard" == house.await_mails(2)[1].message["Subject"]
