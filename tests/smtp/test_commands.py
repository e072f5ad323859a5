"""What we write: content made safe for the wire, and values that get into no command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.smtp import commands
from pressrun.smtp.auth import Credentials, login_script
from pressrun.smtp.capabilities import Capabilities, parse_capabilities
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.errors import LocalProtocolError
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.session_setup import SessionTerms

LINES = st.lists(st.binary(max_size=6).map(lambda b: b.replace(b"\r", b".").replace(b"\n", b".")), max_size=6)


def stuffed(content: bytes) -> bytes:
    return b"".join(commands.stuffed(Outgoing(1, "a@x.example", "b@y.example", content)))


@given(LINES)
def test_stuffing_round_trips(lines: list[bytes]) -> None:
    """A server that takes doubled dots off again gets the content, and sees its end nowhere but at the end."""
    content = b"".join(line + b"\r\n" for line in lines)
    wire = stuffed(content)
    *sent, dot, rest = wire.split(b"\r\n")
    assert (b".", b"") == (dot, rest)
    assert b"." not in sent
    assert content == b"".join(line.removeprefix(b".") + b"\r\n" for line in sent)


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        (b"", b".\r\n"),
        (b"no end", b"no end\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n.\r\n.\r\n", b"..\r\n..\r\n..\r\n.\r\n"),
    ],
)
def test_stuffing_by_example(content: bytes, wire: bytes) -> None:
    """The corners of RFC 5321 §4.5.2."""
    assert wire == stuffed(content)


def test_what_is_ours_is_not_searched() -> None:
    """No line of it begins with a dot, so that it is written as it is, and never copied for it."""
    message = Outgoing(1, "a@x.example", "b@y.example", b"Subject: x\r\n\r\na.\r\n", is_ours=True)
    content, end = commands.stuffed(message)
    assert content is message.content
    assert b".\r\n" == end


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"."]), max_size=12).map(b"".join))
def test_bare_line_ends_are_found(content: bytes) -> None:
    """Exactly where a CR or LF is left when the pairs are taken out."""
    rest = content.replace(b"\r\n", b"")
    assert (b"\r" in rest or b"\n" in rest) == commands.has_bare_line_end(content)


@pytest.mark.parametrize("evil", ["\r", "\n", "\0", "x\r\nRSET"])
def test_no_line_end_gets_into_a_command(evil: str) -> None:
    """It is a mistake of ours, and raised as such."""
    message = Outgoing(1, f"a{evil}@x.example", f"b{evil}@y.example", b"")
    for build in (commands.mail, commands.rcpt):
        with pytest.raises(LocalProtocolError):
            build(message, Capabilities())
    with pytest.raises(LocalProtocolError):
        commands.hello("EHLO", evil)


def test_capabilities_are_read_from_the_lines_of_ehlo() -> None:
    """The first line is a greeting, case does not matter, what is malformed is passed over."""
    text = "PIPELINING here\npipelining\n8bitmime\n\nSIZE 0\nAUTH=LOGIN\nAUTH PLAIN\nX-OTHER thing"
    assert Capabilities(
        pipelining=True, eight_bit=True, size_offered=True, size=None, auth=frozenset({"LOGIN", "PLAIN"})
    ) == parse_capabilities(text)


def test_nothing_is_used_that_was_not_offered() -> None:
    offers = parse_capabilities("relay.example")
    assert offers == Capabilities()
    assert not any(getattr(offers, field) for field in Capabilities.__struct_fields__)


@pytest.mark.parametrize(
    ("line", "size"), [("SIZE 1000", 1000), ("SIZE", None), ("SIZE x", None), ("SIZE " + "9" * 5000, None)]
)
def test_size_is_a_number_or_none(line: str, size: int | None) -> None:
    """A limit that cannot be read is no limit."""
    assert size == parse_capabilities(f"relay\n{line}").size


@given(st.text())
def test_any_text_gives_capabilities(text: str) -> None:
    """No reply to EHLO raises."""
    assert isinstance(parse_capabilities(text), Capabilities)


def test_the_password_is_in_no_repr() -> None:
    """Neither of the credentials nor of the terms that hold them."""
    terms = SessionTerms(helo_name="client.example", credentials=Credentials(username="press", password="secret"))
    assert "secret" not in repr(terms)


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("a\0b", "x"), ("a", "x\0")])
def test_credentials_that_no_mechanism_carries(username: str, password: str) -> None:
    """They are refused before there is a connection."""
    with pytest.raises(LocalProtocolError):
        Credentials(username=username, password=password)


def test_plain_is_preferred() -> None:
    """One round trip instead of three."""
    script = login_script(Credentials(username="press", password="secret"), frozenset({"LOGIN", "PLAIN"}))
    assert [b"AUTH PLAIN AHByZXNzAHNlY3JldA==\r\n"] == script


def test_misuse_is_raised() -> None:
    """What our own code does wrong is no event."""
    dialogue = Dialogue(SessionTerms(helo_name="client.example"), lambda: None)
    with pytest.raises(LocalProtocolError):
        dialogue.secured(0.0)
    dialogue.connection_lost()
    with pytest.raises(LocalProtocolError):
        dialogue.receive(b"220 hi\r\n", 0.0)


@pytest.mark.parametrize(
    ("mail_from", "dsn", "end"),
    [("", True, b"> NOTIFY=NEVER\r\n"), ("", False, b">\r\n"), ("a@x.example", True, b">\r\n")],
)
def test_only_the_null_path_asks_for_no_reports(mail_from: str, end: bytes, *, dsn: bool) -> None:
    """And only where the relay knows how to be asked (RFC 3461)."""
    outgoing = Outgoing(1, mail_from, "b@y.example", b"")
    assert b"RCPT TO:<b@y.example" + end == commands.rcpt(outgoing, Capabilities(dsn=dsn))


@pytest.mark.parametrize(("digits", "is_read"), [(20, True), (21, False)])
def test_a_size_has_at_most_20_digits(digits: int, *, is_read: bool) -> None:
    """RFC 1870 §4."""
    assert is_read == (parse_capabilities(f"relay\nSIZE {'9' * digits}").size is not None)
