"""The whole way round with the real Postfix in front and behind: what the page on Postfix says is what runs here.

Readers and editors sit in mailboxes of the same Postfix; Pressrun gets its mail from it by LMTP and sends through it.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.delivery.relay.peers import but
from tests.e2e.crooked import crooked_relay
from tests.e2e.instance import DOMAIN, LIST_ARGUMENTS, Instance, until
from tests.e2e.postfix import Delivered, LmtpSocket, Postfix, documented, mail

pytestmark = [
    pytest.mark.needs("postfix", "root"),
]

UNKNOWN = b"550 5.1.1 nobody of that name here\r\n"
DEAD = "dead@gone.example"
SMTP = {"lmtp": "systemd", "authserv_id": "mx.example.org", "trusted_relays": ["unix"]}
EDITION = "---\nsubject: {subject}\n---\n\nDear reader,\n\nthe tide is in.\n"


@dataclass(slots=True, kw_only=True)
class Town:
    """Postfix and Pressrun, wired together."""

    postfix: Postfix
    instance: Instance
    socket: LmtpSocket

    def create_list(self, name: str) -> None:
        self.instance.do("list", "create", name, *LIST_ARGUMENTS, "--owner", f"{name}-owner@reader.example")

    def write(self, sender: str, to: str, body: str = "Hello.\r\n", **fields: str) -> dict[str, str]:
        """A reader writes to an address of mail_domain."""
        subject = fields.pop("Subject", "hello")
        id_ = f"<{os.urandom(8).hex()}@reader.example>"
        content = mail(body, From=sender, To=f"{to}@{DOMAIN}", Subject=subject, Message_ID=id_, **fields)
        return self.postfix.send(sender, f"{to}@{DOMAIN}", content)

    def states(self, name: str) -> dict[str, str]:
        """The state of each reader of a list."""
        statement = (
            "select address, state from subscription join subscriber on subscriber.id = subscriber_id "
            "where list_id = (select id from list where name = ?)"
        )
        return dict(self.instance.rows(statement, name))

    def await_state(self, name: str, address: str, state: str) -> None:
        until(lambda: self.states(name).get(address) == state or None)


@contextmanager
def _opened_town(wire: Callable[[Postfix], None]) -> Iterator[Town]:
    folder = Path(tempfile.mkdtemp(prefix="town."))  # pytest's own are closed to the user postfix
    folder.chmod(0o755)
    try:
        with crooked_relay(but(RCPT=UNKNOWN)) as nowhere:
            held = LmtpSocket(folder / "lmtp.sock")
            postfix = Postfix(folder / "postfix", held.path, nowhere=nowhere)
            wire(postfix)
            with closing(held), postfix:
                instance = Instance(folder=folder / "instance", relay_port=postfix.relay_port, tables={"smtp": SMTP})
                with closing(instance):
                    held.start(instance)
                    yield Town(postfix=postfix, instance=instance, socket=held)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A domain of its own for the lists; each test makes a list for itself."""
    with _opened_town(lambda postfix: postfix.adopt("/etc/postfix/main.cf")) as opened:
        yield opened


def test_subscribing_by_mail(town: Town) -> None:
    """A mail asks, the answer comes to the mailbox, a reply to it confirms."""
    town.create_list("harbour")
    assert town.write("ada@reader.example", "harbour-subscribe") == {}
    (question,) = town.postfix.await_mail("ada@reader.example")
    assert (question.mail_from, question.message["Auto-Submitted"]) == ("", "auto-replied")
    assert town.states("harbour") == {"ada@reader.example": "pending"}
    address = question.message["Reply-To"].addresses[0]
    assert (address.username.partition("+")[0], address.domain) == ("harbour-confirm", DOMAIN)
    quoted = "Yes.\r\n\r\n" + "".join(f"> {line}\r\n" for line in question.text.splitlines())
    assert (
        town.write("ada@reader.example", address.username, quoted, Subject=f"Re: {question.message['Subject']}") == {}
    )
    town.await_state("harbour", "ada@reader.example", "active")


def test_an_edition_and_what_comes_back(town: Town) -> None:
    """A copy lies in the living mailbox; Postfix's own notification of the dead one makes its delivery failed."""
    town.create_list("tides")
    town.instance.import_readers("bruno@reader.example", DEAD, name="tides")
    edition = town.instance.send(EDITION.format(subject="High water"), "--wait", name="tides")
    assert (edition["audience"], edition["failed"] + edition["delivered"]) == (2, 2)
    (copy,) = town.postfix.await_mail("bruno@reader.example")
    local, _, domain = copy.mail_from.rpartition("@")
    assert (local.partition("+")[0], domain) == ("tides-bounces", DOMAIN)
    assert copy.message["Subject"] == "High water"
    assert copy.message["List-Id"] == f"The Quay <tides.{DOMAIN}>"
    assert copy.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    until(lambda: town.instance.copies(edition["id"])["failed"] == 1 or None)
    report = town.instance.json("edition", "report", str(edition["id"]))
    (failure,) = report["failures"]
    assert (failure["address"], failure["enhanced"], failure["kind"]) == (DEAD, "5.1.1", "hard")
    assert "nobody of that name here" in failure["text"]
    assert town.states("tides") == {"bruno@reader.example": "active", DEAD: "suspended"}
    assert town.instance.json("subscriber", "show", DEAD)["suppressed"]
    assert [mail.mail_from for mail in town.postfix.mailbox("bruno@reader.example")] == [copy.mail_from]


def test_leaving_by_mail_from_another_address(town: Town) -> None:
    """The mailto of List-Unsubscribe counts, whoever writes."""
    town.create_list("tolls")
    town.instance.import_readers("chidi@reader.example", name="tolls")
    town.instance.send(EDITION.format(subject="New tolls"), name="tolls")
    (copy,) = town.postfix.await_mail("chidi@reader.example")
    mailto = str(copy.message["List-Unsubscribe"]).partition("<mailto:")[2].partition("@")[0]
    assert town.write("chidi-at-work@reader.example", mailto) == {}
    town.await_state("tolls", "chidi@reader.example", "unsubscribed")


def test_unknown_addresses_are_refused_while_the_sender_is_there(town: Town) -> None:
    """550 at RCPT by Postfix itself for what Pressrun does not know, which is asked of a new list at once."""
    sender, nothing = "dina@reader.example", mail("Hello.\r\n", From="dina@reader.example")
    wrong = ["nobody", "moorings-owner", "moorings-bounces+aaaaaaaaaaaaaaaa"]
    refused = town.postfix.send(sender, [f"{local}@{DOMAIN}" for local in wrong], nothing)
    assert [text[:9] for text in refused.values()] == ["550 5.1.1"] * 3
    town.create_list("moorings")
    assert town.postfix.send(sender, [f"moorings-request@{DOMAIN}", f"postmaster@{DOMAIN}"], nothing) == {}
    assert "" in {bounce.mail_from for bounce in town.postfix.await_mail(sender)}


def test_mail_to_the_owner_is_passed_on_untouched(town: Town) -> None:
    """Octet for octet below the trace fields, so that the author's signature holds; no Message-ID is added, either."""
    town.create_list("berths")
    private, public = _rsa_key()
    content = mail("Grüße.\r\n.\r\n..  two dots \r\n", From="Eva <eva@reader.example>", Subject="A question")
    signature = dkim.sign(content, b"s", b"reader.example", private)
    signed = signature + content
    assert town.postfix.send("eva@reader.example", f"berths-owner@{DOMAIN}", signed, "BODY=8BITMIME") == {}
    (got,) = town.postfix.await_mail("berths-owner@reader.example")
    assert got.mail_from.startswith("berths-bounces+")
    top, middle, rest = got.content.partition(signed)
    assert (middle, rest) == (signed, b"")
    names = {line.partition(b":")[0] for line in top.split(b"\r\n") if line and not line.startswith((b" ", b"\t"))}
    assert names == {b"Received"}
    assert dkim.verify(got.content, dnsfunc=lambda *_, **__: b"v=DKIM1; p=" + public)


def _rsa_key() -> tuple[bytes, bytes]:
    """A private key as PEM, and the public one as DNS has it."""
    key = rsa.generate_private_key(65_537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, base64.b64encode(public)


def test_an_edition_by_mail(town: Town) -> None:
    """An editor's mail is held, the mailed link sends it; a stranger's comes back from Postfix with our reply."""
    town.create_list("pilots")
    town.instance.import_readers("femi@reader.example", name="pilots")
    town.instance.do("editor", "add", "pilots", "greta@reader.example")
    assert town.write("greta@reader.example", "pilots", "The pilot boat is back.\r\n", Subject="Pilot boat") == {}
    (held,) = town.postfix.await_mail("greta@reader.example", lambda mail: "/approve/" in mail.text)
    assert town.postfix.mailbox("femi@reader.example") == []
    path = "/approve/" + held.text.partition("/approve/")[2].split()[0].rstrip(">).")
    assert town.instance.get(path).status == 200
    assert town.instance.post(path, {"action": "send"}).status in {200, 303}
    (copy,) = town.postfix.await_mail("femi@reader.example")
    assert (copy.message["Subject"], "The pilot boat is back." in copy.text) == ("Pilot boat", True)

    assert town.write("hugo@reader.example", "pilots", "Buy this.\r\n") == {}
    (bounce,) = town.postfix.await_mail("hugo@reader.example")
    assert bounce.mail_from == ""
    assert "5.7.1" in _status_of(bounce)


def test_an_edition_by_mail_that_goes_at_once(town: Town) -> None:
    """What the mail server says of the author is believed, since it comes by our Unix socket."""
    town.create_list("lighters")
    town.instance.import_readers("jonas@reader.example", name="lighters")
    town.instance.do("editor", "add", "lighters", "greta@reader.example")
    town.instance.do("list", "set", "lighters", "post_by_mail=direct")
    said = f"Authentication-Results: {SMTP['authserv_id']}; dkim=pass header.d=reader.example\r\n".encode()
    content = said + mail(
        "It sails.\r\n", From="greta@reader.example", Subject="Lighter", Message_ID="<3@reader.example>"
    )
    assert town.postfix.send("greta@reader.example", f"lighters@{DOMAIN}", content) == {}
    (copy,) = town.postfix.await_mail("jonas@reader.example")
    assert (copy.message["Subject"], copy.message["Authentication-Results"]) == ("Lighter", None)


def test_each_recipient_has_a_reply_of_its_own(town: Town) -> None:
    """Of one mail for the owner and for the list, the one is passed on and the other comes back."""
    town.create_list("ferries")
    both = [f"ferries-owner@{DOMAIN}", f"ferries@{DOMAIN}"]
    content = mail(
        "When is the last one?\r\n", From="ines@reader.example", Subject="Ferries", Message_ID="<1@reader.example>"
    )
    assert town.postfix.send("ines@reader.example", both, content) == {}
    (got,) = town.postfix.await_mail("ferries-owner@reader.example")
    assert got.message["Subject"] == "Ferries"
    (bounce,) = town.postfix.await_mail("ines@reader.example")
    status = _status_of(bounce)
    assert (f"ferries@{DOMAIN}" in status, f"ferries-owner@{DOMAIN}" in status) == (True, False)


def _status_of(bounce: Delivered) -> str:
    """The part of a notification that is for programs."""
    part = next(part for part in bounce.message.walk() if part.get_content_type() == "message/delivery-status")
    return part.as_string()


def test_an_address_outside_ascii(town: Town) -> None:
    """A reader with a UTF-8 address subscribes by mail, and the answer finds the way back."""
    town.create_list("lights")
    reader = "jürgen@reader.example"
    content = mail(
        "Bitte.\r\n", From=reader, To=f"lights-subscribe@{DOMAIN}", Subject="Grüße", Message_ID="<2@reader.example>"
    )
    assert town.postfix.send(reader, f"lights-subscribe@{DOMAIN}", content, "SMTPUTF8", "BODY=8BITMIME") == {}
    (question,) = town.postfix.await_mail(reader)
    assert f"\r\nTo: <{reader}>\r\n".encode() in question.content
    assert town.states("lights") == {reader: "pending"}


def test_killed_while_mail_comes_in(town: Town) -> None:
    """Whatever Postfix had in hand when the daemon was killed, and what came while it was dead, is dealt with once."""
    town.create_list("buoys")
    readers = [f"reader-{number}@reader.example" for number in range(40)]
    assert town.instance.daemon is not None
    for reader in readers[:20]:
        assert town.write(reader, "buoys-subscribe") == {}
    town.instance.daemon.kill()
    for reader in readers[20:]:
        assert town.write(reader, "buoys-subscribe") == {}
    town.socket.start(town.instance)
    until(lambda: len(town.states("buoys")) == len(readers) or None)
    for reader in readers:
        questions = town.postfix.await_mail(reader)
        # A copy that was on its way out when the daemon died may come again, under the same Message-ID.
        assert len({question.message["Message-ID"] for question in questions}) == 1
    accepted = town.instance.rows("select count(*) from inbound where recipient = 'buoys-subscribe'")
    assert accepted == [len(readers)]


def test_a_domain_that_has_mailboxes_too() -> None:
    """Only the lists' addresses go to Pressrun; its other mailboxes stay, and unknown ones are refused."""

    def wire(postfix: Postfix) -> None:
        postfix.write("/etc/postfix/pressrun_addresses")
        postfix.set(mydestination=DOMAIN, local_transport="virtual", alias_maps="inline:{ {clerk = clerk} }")
        postfix.adopt("/etc/postfix/main.cf, for a domain in mydestination")

    assert "(news|letters)" in documented("/etc/postfix/pressrun_addresses")
    with _opened_town(wire) as town:
        town.create_list("news")
        assert town.write("kira@reader.example", "clerk") == {}
        assert town.write("kira@reader.example", "news-subscribe") == {}
        (question,) = town.postfix.await_mail("kira@reader.example")
        assert town.write("kira@reader.example", question.message["Reply-To"].addresses[0].username) == {}
        town.await_state("news", "kira@reader.example", "active")
        assert len(town.postfix.await_mail(f"clerk@{DOMAIN}")) == 1
        (refused,) = town.write("kira@reader.example", "no-such-clerk").values()
        assert refused.startswith("550 5.1.1")
