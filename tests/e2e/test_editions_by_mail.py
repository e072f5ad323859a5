"""An editor's story: mail an edition, read the answer, press the button; and a process that is killed in between."""

from __future__ import annotations

import smtplib
import time
from collections import Counter

import pytest
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import DOMAIN, Instance, until

EVE = "eve@harbour.example"
KILLS = 6
PROVEN = "mx.harbour.example; dkim=pass header.d=harbour.example"


def post(
    instance: Instance,
    subject: str,
    *,
    number: int = 1,
    more: str = "",
    sender: str = EVE,
    body: str = "the tide is in.",
) -> None:
    """Hand a mail over by SMTP; raises SMTPDataError when it is refused."""
    header = [
        f"From: Eve <{sender}>",
        f"To: news@{DOMAIN}",
        f"Subject: {subject}",
        f"Message-ID: <{number}@harbour.example>",
        "X-Mailer: Mailer 1",
    ]
    content = more + "\r\n".join([*header, "", "Dear {{ name | default: reader }},", "", body, ""])
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail(sender, [f"news@{DOMAIN}"], content.encode())


def editors(make_instance: MakeInstance, mode: str = "approve") -> Instance:
    """An instance whose list has an editor."""
    instance = make_instance(
        smtp={"listen": "127.0.0.1:0", "authserv_id": "mx.harbour.example", "trusted_relays": ["127.0.0.1"]}
    )
    instance.tables["smtp"]["listen"] = f"127.0.0.1:{instance.smtp_port}"
    instance.configure(**instance.tables)
    instance.do("editor", "add", "news", EVE)
    instance.do("list", "set", "news", f"post_by_mail={mode}")
    return instance


def test_from_a_mail_to_its_readers(make_instance: MakeInstance) -> None:
    """Held until the button is pressed; the page can be looked at as often as anybody likes."""
    instance = editors(make_instance)
    instance.start()
    post(instance, "High water")
    asked, proof = instance.await_mails(2, EVE)
    assert ("", "Please approve: High water") == (asked.mail_from, asked.message["Subject"])
    assert "[Test] High water" == proof.message["Subject"]
    assert "Dear reader," in proof.text
    link = asked.path_of("approve")
    for _ in range(2):
        page = instance.get(link)
        assert (200, 1) == (page.status, page.text.count("<button"))
    assert ("draft", 0) == (instance.show(1)["state"], instance.show(1)["audience"])
    assert "/approve/" in instance.run("edition", "resume", "1").err

    assert "on its way" in instance.post(link, {"action": "send"}).text
    assert 3 == instance.await_state(1, "finished")["delivered"]
    copies = [mail for mail in instance.mails() if mail.message["Subject"] == "High water"]
    assert sorted(READERS) == sorted(mail.rcpt_to for mail in copies)
    assert b"Mailer 1" not in b"".join(mail.content for mail in copies)
    assert "already" in instance.post(link, {"action": "send"}).text
    post(instance, "High water", number=2)
    assert "Already received: High water" == instance.await_mails(3, EVE)[2].message["Subject"]
    assert 1 == len(instance.json("edition", "ls", "news"))


def test_a_stranger_is_refused_after_the_content(make_instance: MakeInstance) -> None:
    """550 5.7.1, and nobody hears of it."""
    instance = editors(make_instance)
    instance.start()
    with pytest.raises(smtplib.SMTPDataError, match=r"\(550, b'5\.7\.1 "):
        post(instance, "High water", sender="stranger@x.example")
    assert [] == instance.json("edition", "ls", "news")


@pytest.mark.thorough
def test_a_kill_after_250_sends_a_proven_edition_once(make_instance: MakeInstance) -> None:
    """Whenever it comes: after the restart each reader has each edition exactly once."""
    instance = editors(make_instance, "direct")
    subjects = [f"Edition {number}" for number in range(KILLS)]
    for number, subject in enumerate(subjects):
        daemon = instance.start()
        post(instance, subject, number=number, more=f"Authentication-Results: {PROVEN}\r\n")
        time.sleep(number * 0.03)
        daemon.kill()
    instance.start()
    until(lambda: instance.rows("select state from edition") == ["finished"] * len(subjects) or None)
    assert Counter(subjects) == Counter(edition["subject"] for edition in instance.json("edition", "ls", "news"))
    mails = {(mail.rcpt_to, mail.message["Subject"], mail.message["Message-ID"]) for mail in instance.mails()}
    copies = Counter(subject for _, subject, _ in mails if subject in subjects)
    assert Counter(dict.fromkeys(subjects, len(READERS))) == copies


@pytest.mark.thorough
def test_a_kill_after_250_leaves_the_corrected_version_alone(make_instance: MakeInstance) -> None:
    """Whenever it comes, and whichever version came first: one draft is left, and one link of its editor works."""
    instance = editors(make_instance)
    dates = [f"Date: Fri, 27 Nov 2026 10:0{minute}:00 +0000\r\nX-Version: {minute}\r\n" for minute in (0, 5)]
    for number in range(KILLS):
        daemon = instance.start()
        versions = list(enumerate(dates)) if number % 2 else list(reversed(list(enumerate(dates))))
        for version, date in versions:
            post(instance, f"Tide {number}", number=10 * number + version, more=date, body=f"version {version}")
        time.sleep(number * 0.03)
        daemon.kill()
    instance.start()
    until(lambda: instance.rows("select count(*) from inbound where state = 'received'") == [0] or None)
    drafts = instance.rows(
        "select subject, text from edition join edition_content on id = edition_id where state = 'draft' order by id"
    )
    assert {f"Tide {number}": "version 1" for number in range(KILLS)} == {
        subject: text[text.index("version") :][: len("version 1")] for subject, text in drafts
    }
    assert len(drafts) == KILLS
    waiting = "select count(*) from delivery where state in ('queued', 'claimed', 'deferred')"
    until(lambda: instance.rows(waiting) == [0] or None)
    links = {mail.path_of("approve") for mail in instance.mails() if mail.rcpt_to == EVE and "/approve/" in mail.text}
    pages = [instance.get(link).text for link in links]
    assert KILLS == sum('value="send"' in page for page in pages)
