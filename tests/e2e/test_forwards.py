"""Mail to an owner or the operator that no relay takes, or that comes back: told, kept, and passed on later."""

from __future__ import annotations

import smtplib
from typing import Any

from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import DOMAIN, Daemon, Instance, until

EVE = "eve@harbour.example"
OWNER = "owner@harbour.example"
GONE = "hard550-owner@harbour.example"


def question(body: str = "Where?\r\n", *, number: int = 1, subject: str = "a question") -> str:
    """A mail of Eve's to an owner."""
    return f"From: {EVE}\r\nSubject: {subject}\r\nMessage-ID: <{number}@harbour.example>\r\n\r\n{body}"


def hand_over(instance: Instance, content: str, *, to: str = "news-owner", sender: str = EVE) -> None:
    """By SMTP, and it must be accepted."""
    options = [] if content.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail(sender, [f"{to}@{DOMAIN}"], content.encode(), options)


def owned_by(instance: Instance, owner: str) -> Instance:
    instance.do("list", "set", "news", f"owner={owner}")
    return instance


def await_returned(daemon: Daemon, count: int) -> dict[str, dict[str, Any]]:
    """The warnings by list, which name nobody."""
    warnings = until(lambda: (told := daemon.events("inbound.forward_bounced"))[count - 1 :] and told)
    assert {"warning"} == {warning["level"] for warning in warnings}
    assert not any("@" in str(value) for warning in warnings for value in warning.values())
    return {warning["list"]: warning for warning in warnings}


CASES = {
    "recipient": (GONE, question(), "came back: 550 5.1.1 no such user (injected)"),
    "content": ("dhard-owner@harbour.example", question(), "came back: 554 5.7.1 message refused (injected)"),
    "size": (OWNER, question("x\r\n" * 1000), "came back: 552 5.3.4 "),
    "utf8": (OWNER, question(subject="a cliché"), "came back: 550 5.6.7 "),
    "time": ("soft0-owner@harbour.example", question(), "given up: 451 4.2.1 "),
}


def test_what_a_relay_does_not_take_is_kept(make_instance: MakeInstance) -> None:
    """Its sender heard 250 and may be forged: it waits as it came, the operator is told, and nobody is written to."""
    instance = make_instance("--size", "2000", "--no-smtputf8", delivery={"give_up_after": "2s"})
    for name, (owner, _, _) in CASES.items():
        instance.do("list", "create", name, "--title", name, "--owner", owner)
    daemon = instance.start()
    for name, (_, content, _) in CASES.items():
        hand_over(instance, content, to=f"{name}-owner")
    told = await_returned(daemon, len(CASES))
    kept = {mail["id"]: mail for mail in instance.json("inbound", "ls")}
    assert f"\npressrun_inbound_kept {len(kept):.1f}\n" in instance.get("/metrics").text
    assert {EVE} == {mail["from"] for mail in kept.values()}
    for name, (_, content, why) in CASES.items():
        mail = kept[told[name]["mail"]]
        assert (f"{name}-owner", why) == (mail["to"], mail["why"][: len(why)])
        assert told[name]["reason"] in why
        assert content.replace("\r\n", "\n") == instance.do("inbound", "show", str(mail["id"])).out
    assert [] == instance.json("queue", "ls")
    assert EVE not in {line.rcpt_to for line in instance.lines()}


def test_what_came_back_is_passed_on_once_the_owner_is_mended(instance: Instance) -> None:
    """Byte for byte below one trace field, once."""
    owned_by(instance, GONE)
    daemon = instance.start()
    hand_over(instance, question())
    number = str(await_returned(daemon, 1)["news"]["mail"])
    owned_by(instance, OWNER)
    instance.do("inbound", "retry", number)
    (mail,) = instance.await_mails(1, to=OWNER)
    assert mail.content.endswith(question().encode())
    assert mail.content.count(b"Received: ") == 1
    assert [] == instance.json("inbound", "ls")


def test_what_comes_back_later_is_kept_once(instance: Instance) -> None:
    """A notification at the forward's own return path; its like and a vacation notice change nothing more."""
    owned_by(instance, OWNER)
    daemon = instance.start()
    hand_over(instance, question())
    (mail,) = instance.await_mails(1, to=OWNER)
    back = mail.mail_from.partition("@")[0]
    hand_over(instance, question(number=2).replace("\r\n\r\n", "\r\nAuto-Submitted: auto-replied\r\n\r\n"), to=back)
    for number in (3, 4):
        hand_over(instance, notification(number), to=back, sender="")
    first, second = until(lambda: (told := daemon.events("inbound.forward_bounced"))[1:] and told)
    (kept,) = instance.json("inbound", "ls")
    assert (first["mail"], first["reason"], second["mail"]) == (kept["id"], "550 5.1.1", None)
    assert (EVE, "came back: 550 5.1.1 no such user") == (kept["from"], kept["why"])


def notification(number: int) -> str:
    """What a mail server says of a recipient who is gone."""
    return (
        f"From: MAILER-DAEMON@harbour.example\r\nMessage-ID: <{number}@harbour.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.harbour.example\r\n\r\n"
        f"Final-Recipient: rfc822; {OWNER}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n--b--\r\n"
    )


def test_a_confirmation_that_nobody_takes_is_told(instance: Instance) -> None:
    """No report has it: the log says what failed, and not for whom."""
    daemon = instance.start()
    instance.post("/news/subscribe", {"email": "hard550-eve@harbour.example"})
    (told,) = until(lambda: daemon.events("delivery.failed"))
    assert ("confirmation", "harbour.example", 550, "5.1.1") == (
        told["notice"],
        told["domain"],
        told["code"],
        told["enhanced"],
    )
    assert "hard550-eve" not in daemon.log.read_text()
