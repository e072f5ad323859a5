"""A relay that fails in every way there is: nothing is lost, nobody is blamed, and a good relay heals it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.delivery.relay.peers import CLOSE, HANG, Answers, but, obedient
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.crooked import crooked_relay
from tests.e2e.instance import Instance, until
from tests.ports import free_port

SHORT = {"greeting_timeout": "300ms", "mail_timeout": "300ms", "final_timeout": "300ms", "tls_timeout": "1s"}


def _heal(instance: Instance, edition: int) -> None:
    """Put a good relay in force; everybody gets the edition once."""
    assert instance.daemon is not None
    instance.configure()
    instance.daemon.reload()
    instance.do("queue", "retry")
    done = instance.await_state(edition, "finished")
    assert (done["delivered"], sorted(instance.accepted())) == (3, sorted(READERS))


def _send_into(instance: Instance, port: int, **relay: object) -> int:
    instance.configure(relay={"port": port, **SHORT, **relay})
    instance.start()
    number = instance.send()["id"]
    assert isinstance(number, int)
    return number


def test_a_relay_that_is_away_is_told_wherever_one_looks(instance: Instance) -> None:
    """The queue says what waits and why, the metrics which relay it is; both are well again with the relay."""
    edition = _send_into(instance, free_port())
    daemon = instance.daemon
    assert daemon is not None
    until(lambda: daemon.events("relay.failing"))
    until(lambda: 'pressrun_relay_up{relay="relay-1"} 0.0' in instance.get("/metrics").text or None)
    [reason] = until(lambda: {row["reason"] for row in instance.do("queue", "ls", "--json").json} or None)
    assert re.match(r"relay relay-1 failing since \S+Z: .*cannot connect", reason), reason
    _heal(instance, edition)
    until(lambda: 'pressrun_relay_up{relay="relay-1"} 1.0' in instance.get("/metrics").text or None)


def test_nobody_waits_for_a_relay_that_is_mended(instance: Instance) -> None:
    """`queue retry` has it tried at once, each time: with delays that double, eight attempts would take minutes."""
    greetings = 0

    def answers(command: str) -> bytes | None:
        nonlocal greetings
        greetings += command == ""
        return b"421 4.3.2 not now\r\n" if command == "" and greetings <= 8 else obedient(command)

    with crooked_relay(answers) as port:
        edition = _send_into(instance, port, connections=1)
        for attempt in range(1, 9):
            until(lambda: greetings >= attempt)  # noqa: B023 - asked at once
            instance.do("queue", "retry")
        assert instance.await_state(edition, "finished")["delivered"] == 3


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (but(GREETING=b"554 5.7.1 not you\r\n"), "not you"),
        (but(GREETING=b"what?\r\n"), "what?"),
        (but(GREETING=HANG), "took too long"),
    ],
    ids=["refuses", "nonsense", "stalls"],
)
def test_a_relay_that_lets_nobody_in(instance: Instance, answers: Answers, word: str) -> None:
    """It is set aside and told in the log; copies wait, untried."""
    with crooked_relay(answers) as port:
        edition = _send_into(instance, port)
        assert instance.daemon is not None
        daemon = instance.daemon
        problem = until(lambda: daemon.events("relay.failing"))[0]
        assert word in problem["error"], problem
        shown = instance.show(edition)
        assert (shown["failed"], shown["delivered"], shown["audience"]) == (0, 0, 3)
        _heal(instance, edition)


@pytest.mark.parametrize(
    "answers",
    [but(MAIL=HANG), but(RCPT=b"451 4.3.0 later\r\n"), but(DATA=CLOSE), but(MAIL=b"\xff\xfe\r\n")],
    ids=["stalls-at-mail", "defers", "drops-at-data", "nonsense-at-mail"],
)
def test_a_relay_that_takes_nothing(instance: Instance, answers: Answers) -> None:
    """No copy fails by it; all go out once a relay takes them."""
    with crooked_relay(answers) as port:
        edition = _send_into(instance, port)
        assert instance.daemon is not None
        daemon = instance.daemon
        until(lambda: daemon.events("relay.failing") or instance.copies(edition)["deferred"] == 3 or None)
        assert instance.show(edition)["failed"] == 0
        _heal(instance, edition)


def test_a_relay_that_refuses_each_copy(instance: Instance) -> None:
    """The copies fail with its words; the readers stay, and `resend --failed` with `queue retry` reaches them later."""
    with crooked_relay(but(DOT=b"554 5.7.1 this looks like spam\r\n")) as port:
        edition = _send_into(instance, port)
        until(lambda: instance.copies(edition)["failed"] == 3 or None)
        failures = instance.json("edition", "report", str(edition))["failures"]
        assert {(554, "5.7.1", "policy")} == {
            (failure["code"], failure["enhanced"], failure["kind"]) for failure in failures
        }
        instance.configure()
        assert instance.daemon is not None
        instance.daemon.reload()
        assert instance.json("edition", "resend", str(edition), "--failed")["resent"] == 3
        instance.do("queue", "retry")  # three readers of a domain were refused for policy: it waits for a person
        assert instance.await_state(edition, "finished")["delivered"] == 3
        assert sorted(instance.accepted()) == sorted(READERS)


def test_a_relay_that_drops_before_the_final_reply(make_instance: MakeInstance) -> None:
    """Nobody knows whether the copy was taken: it goes out again, the same Message-ID, Date and content."""
    instance = make_instance()
    instance.start()
    instance.import_readers("drop1-one@readers.example", "cut1-two@readers.example")
    edition = instance.send("---\nsubject: Dropped\n---\n\nText.\n", "--wait")
    assert (edition["delivered"], edition["failed"]) == (5, 0)
    lines = [line for line in instance.lines() if line.rcpt_to == "drop1-one@readers.example"]
    assert [line.status for line in lines] == ["D", "A"]
    assert lines[0].sha == lines[1].sha
    assert len(instance.accepted()) == len(set(instance.accepted())) == 5


def test_a_relay_without_8bitmime_and_smtputf8(make_instance: MakeInstance) -> None:
    """It gets seven bits; a reader whose address needs SMTPUTF8 fails with 5.6.7, the others get theirs."""
    instance = make_instance("--no-8bitmime", "--no-smtputf8", "--lint")
    instance.start()
    instance.import_readers("jürgen@readers.example")
    edition = instance.send("---\nsubject: Grüße 🌊\n---\n\nÄÖÜ und 🌊.\n", "--wait")
    assert (edition["delivered"], edition["failed"]) == (3, 1)
    failure = instance.json("edition", "report", str(edition["id"]))["failures"][0]
    assert (failure["address"], failure["enhanced"]) == ("jürgen@readers.example", "5.6.7")
    assert instance.sink is not None
    assert instance.sink.stats()["eightbit_undeclared"] == 0
    assert all(mail.content.isascii() and "ÄÖÜ und 🌊." in mail.text for mail in instance.mails())


def test_a_relay_with_a_bad_certificate(instance: Instance, tmp_path: Path) -> None:
    """Nothing goes out in the clear or to whom we cannot know; the log names the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path / "server.pem"))
    with crooked_relay(but(), tls=context) as port:
        edition = _send_into(instance, port, security="tls")
        assert instance.daemon is not None
        daemon = instance.daemon
        problem = until(lambda: daemon.events("relay.failing"))[0]
        assert "certificate" in problem["error"]
        assert instance.show(edition)["delivered"] == 0
        _heal(instance, edition)


def _self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_a_confirmation_goes_out_where_no_envelope_can_name_the_owner(make_instance: MakeInstance) -> None:
    """The list was set while mail was received; `check` says so, and the operator stands in."""
    instance = make_instance("--no-smtputf8", "--lint")
    instance.do("list", "set", "news", "owner=büro@harbour.example")
    text = instance.config.read_text(encoding="utf-8")
    silent = text.replace(f'\n[smtp]\nlisten = "127.0.0.1:{instance.smtp_port}"\n', "")
    instance.config.write_text(f'operator = "ops@harbour.example"\n{silent}', encoding="utf-8")
    assert "list news: without [smtp]" in instance.do("check").err
    instance.start()
    instance.post("/news/subscribe", {"email": "eve@harbour.example"})
    (mail,) = instance.await_mails(1)
    assert (mail.mail_from, mail.message["Reply-To"]) == ("ops@harbour.example", "ops@harbour.example")
