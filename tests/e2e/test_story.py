"""A reader's whole story: sign up, confirm, be sent an edition, leave; told by the pages and the mails alone."""

from __future__ import annotations

import re
from collections import Counter

from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import DOMAIN, EDITION, HOST, Instance, Mail

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
REQUIRED = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Reply-To", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "List-Subscribe", "List-Help", "List-Owner", "List-Post", "List-Archive", "Archived-At",
    "Feedback-ID", "CFBL-Address", "CFBL-Feedback-ID", "Precedence", "X-Auto-Response-Suppress",
}  # fmt: skip


def _state(instance: Instance, address: str) -> str:
    return str(instance.json("subscriber", "show", address)["lists"][0]["state"])


def test_from_signing_up_to_leaving(make_instance: MakeInstance) -> None:
    """GET changes nothing on the way, each POST does its one thing, and who left gets no more."""
    instance = make_instance()
    instance.start()
    page = instance.get("/news")
    assert page.status == 200
    assert 'action="/news/subscribe"' in page.text
    assert instance.post("/news/subscribe", {"email": "dina@readers.example", "name": "Dina"}).status in {200, 303}
    confirmation = instance.await_mails(1, "dina@readers.example")[0]
    assert confirmation.message["Auto-Submitted"] == "auto-generated"
    link = confirmation.path_of("confirm")
    question = instance.get(link)
    assert question.status == 200
    assert question.text.count("<button") == 1
    assert _state(instance, "dina@readers.example") == "pending"
    assert instance.post(link, {"action": "confirm"}).status == 200
    assert _state(instance, "dina@readers.example") == "active"

    edition = instance.send(EDITION, "--wait")
    assert (edition["state"], edition["audience"], edition["delivered"]) == ("finished", 4, 4)
    mails = [mail for mail in instance.mails() if mail.message["Subject"] == "High water"]
    assert sorted(mail.rcpt_to for mail in mails) == sorted([*READERS, "dina@readers.example"])
    copies = {mail.rcpt_to: mail for mail in mails}
    assert "Dear Dina," in copies["dina@readers.example"].text
    assert "Dear reader," in copies[READERS[0]].text

    path = copies["dina@readers.example"].path_of("unsubscribe")
    assert instance.get(path).text.count("<button") == 1
    assert _state(instance, "dina@readers.example") == "active"
    assert instance.post(path, {"List-Unsubscribe": "something else"}).status == 200
    assert _state(instance, "dina@readers.example") == "active"
    left = instance.post(path, ONE_CLICK)
    assert (left.status, "set-cookie" in left.headers) == (200, False)
    assert _state(instance, "dina@readers.example") == "unsubscribed"
    assert instance.post_multipart(copies[READERS[0]].path_of("unsubscribe"), ONE_CLICK).status == 200
    assert instance.post(copies[READERS[1]].path_of("unsubscribe"), {"action": "leave"}).status == 200

    later = instance.send("---\nsubject: Low water\n---\n\nThe tide is out.\n", "--wait")
    assert (later["audience"], later["delivered"]) == (1, 1)
    assert [mail.rcpt_to for mail in instance.mails() if mail.message["Subject"] == "Low water"] == [READERS[2]]
    consent = instance.json("subscriber", "show", "dina@readers.example")["consent"]
    assert [row["event"] for row in consent] == ["requested", "confirmed", "withdrawn"]
    assert consent[0]["asked"]["message_id"] == confirmation.message["Message-ID"].strip("<>")


def test_headers_of_an_edition(instance: Instance) -> None:
    """Each required header stands there once, List-Unsubscribe as one unbroken literal line, one recipient a copy."""
    instance.start()
    edition = instance.send("---\nsubject: Grüße vom Kai – 🌊\n---\n\n# Hallo\n\nText.\n", "--wait")
    mails = instance.mails()
    assert len({mail.message["Message-ID"] for mail in mails}) == 3
    for mail in mails:
        _check_headers(mail, edition["id"])


def _check_headers(mail: Mail, edition: int) -> None:
    message = mail.message
    assert dict.fromkeys(REQUIRED, 1) == {name: count for name, count in _counted(mail).items() if name in REQUIRED}
    assert message["Subject"] == "Grüße vom Kai – 🌊"
    assert message["To"].addresses[0].addr_spec == mail.rcpt_to
    assert len(message["To"].addresses) == 1
    assert message["Reply-To"] == f"news-owner@{DOMAIN}"
    assert message["List-Id"] == f"The Quay <news.{DOMAIN}>"
    assert message["List-Post"] == "NO"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["CFBL-Address"] == f"abuse@{DOMAIN}; report=arf"
    assert re.fullmatch(rf"{edition}:news:edition:[A-Za-z0-9]{{5,15}}", message["Feedback-ID"])
    raw = mail.content.partition(b"\r\n\r\n")[0].decode("ascii")
    pattern = (
        rf"^List-Unsubscribe: <https://{re.escape(HOST)}/unsubscribe/[\w.-]+>,(?:\r\n)? "
        rf"<mailto:news-unsubscribe\+[a-z2-7]{{1,27}}@{re.escape(DOMAIN)}(?:\?[^>]*)?>\r$"
    )
    assert len(re.findall(pattern, raw, re.MULTILINE)) == 1, raw
    assert re.fullmatch(rf"news-bounces\+[a-z2-7]{{1,27}}@{re.escape(DOMAIN)}", mail.mail_from)
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert kinds[:2] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert "/unsubscribe/" in text
        assert "1 Quay Street" in text


def _counted(mail: Mail) -> Counter[str]:
    canonical = {name.lower(): name for name in REQUIRED}
    return Counter(canonical.get(name.lower(), name) for name in mail.message.keys())  # noqa: SIM118 - repeated ones count


def test_bodies_arrive_as_written(make_instance: MakeInstance) -> None:
    """Lines of dots, a line of 5,000 characters, emoji and mixed line ends come through as they are."""
    instance = make_instance("--lint")
    instance.start()
    lines = [".", "..", ".\t.", "...dots", "x" * 5_000, "🌊 ahoy", "CR LF next\r", "end."]
    assert instance.sink is not None
    source = instance.write("plain.txt", "---\nsubject: Plain\n---\n" + "\n".join(lines) + "\n")
    instance.do("send", "news", source, "--yes", "--wait")
    mail = next(mail for mail in instance.mails() if mail.message["Subject"] == "Plain")
    got = mail.text.splitlines()
    start = got.index(".")
    assert [line.rstrip("\r") for line in lines] == got[start : start + len(lines)]
    stats = instance.sink.stats()
    assert [0, 0, 0, 0] == [stats[name] for name in ("bare_lf", "long_lines", "eightbit_undeclared", "nul")]


def test_links_outlive_key_closing_and_removal(instance: Instance) -> None:
    """A link in an old mail works after `key rotate`, after `list close`, and after `list rm`."""
    instance.start()
    instance.send()
    links = {mail.rcpt_to: mail.path_of("unsubscribe") for mail in instance.await_mails(3)}
    instance.do("key", "rotate", "--yes")
    assert instance.post(links[READERS[0]], ONE_CLICK).status == 200
    assert _state(instance, READERS[0]) == "unsubscribed"
    instance.send("---\nsubject: New key\n---\n\nText.\n", "--wait")
    newer = next(mail for mail in instance.mails() if mail.message["Subject"] == "New key")  # a note may come last
    assert newer.path_of("unsubscribe").split("/")[-1] != links[newer.rcpt_to].split("/")[-1]
    instance.do("list", "close", "news", "--yes")
    assert instance.post("/news/subscribe", {"email": "late@readers.example"}).status == 410
    assert instance.get("/news").status == 200
    assert instance.post(links[READERS[1]], ONE_CLICK).status == 200
    assert _state(instance, READERS[1]) == "unsubscribed"
    instance.do("list", "rm", "news", "--yes")
    assert [200, 200] == [instance.get(links[READERS[2]]).status, instance.post(links[READERS[2]], ONE_CLICK).status]
    assert instance.get("/unsubscribe/forged").status == 404
