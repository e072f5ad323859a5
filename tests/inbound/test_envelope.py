"""Arguments of MAIL and RCPT: any text is a value or a refusal, and no trick makes a foreign address ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.addresses.address import Address
from pressrun.inbound.envelope import EnvelopeSender, parse_recipient, parse_sender
from pressrun.smtp.reply import Reply

D = "news.example.org"
_PIECES = st.lists(
    st.sampled_from(["<", ">", "@", f"@{D}", "a", ".", '"', "\\", ":", ",", "%", "!", " ", "é", "\0", "+"])
)


@given(st.one_of(st.text(), _PIECES.map(lambda pieces: "FROM:<" + "".join(pieces) + ">")))
def test_a_sender_is_taken_or_refused_for_good(argument: str) -> None:
    """One that is taken stands in a header field as it is."""
    sender = parse_sender(argument)
    if isinstance(sender, EnvelopeSender):
        assert sender.path in argument.replace('"', "") + argument
        assert not set(sender.path) & set("\r\n\0")
    else:
        assert sender.is_permanent
        assert sender.enhanced


@pytest.mark.parametrize(
    "path",
    [
        "root",
        "a@localhost",
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a..b.@phones.example",
        "a_b@under_score.example",
        f"bounce+{'x' * 90}@lists.example",
        '"ada lovelace"@readers.example',
        r'"a\"<b>@c"@readers.example',
    ],
)
def test_any_mailbox_may_write_to_us(path: str) -> None:
    assert EnvelopeSender(path) == parse_sender(f"FROM:<{path}>")


def test_quotes_that_nobody_needs_are_no_part_of_a_sender() -> None:
    assert EnvelopeSender("ada.l@readers.example") == parse_sender('FROM:<"ada.l"@readers.example>')


@pytest.mark.parametrize(
    "path",
    ["a@b@c.example", "@readers.example", "a@", "a b@readers.example", '"a@readers.example', "a@[x", "a(b)@c.example"],
)
def test_what_is_no_mailbox_is_refused(path: str) -> None:
    assert isinstance(parse_sender(f"FROM:<{path}>"), Reply)


@pytest.mark.parametrize(
    ("path", "enhanced"),
    [
        (f'"news-join"@{D}', "5.1.1"),
        (f'"a b"@{D}', "5.1.1"),
        ('"a b"@elsewhere.example', "5.7.1"),
        ("x@[192.0.2.1]", "5.7.1"),
        ("x@localhost", "5.7.1"),
    ],
)
def test_what_is_not_ours_is_said_by_the_right_code(path: str, enhanced: str) -> None:
    """Unknown here, or at another domain, also where the address is strange."""
    refusal = parse_recipient(f"TO:<{path}>", mail_domain=D, utf8=False)
    assert isinstance(refusal, Reply)
    assert (550, enhanced) == (refusal.code, refusal.enhanced)


@given(st.one_of(st.text(), _PIECES.map(lambda pieces: "TO:<" + "".join(pieces) + ">")), st.booleans())
def test_a_recipient_that_is_taken_is_ours(argument: str, utf8: bool) -> None:
    """Its local part holds nothing that could lead elsewhere; at another domain, it is an address as senders have."""
    recipient = parse_recipient(argument, mail_domain=D, utf8=utf8)
    if isinstance(recipient, str):
        assert not set(recipient) & set('@%!:"<>\0 ')
    elif isinstance(recipient, Address):
        assert recipient.domain != D
    else:
        assert isinstance(recipient, Reply)
        assert recipient.is_permanent


def test_a_domain_is_ours_in_either_form() -> None:
    """U-label and A-label are the same domain (RFC 5890)."""
    ours = "xn--grn-ioa.example"
    for argument in ("TO:<news@grün.example>", "TO:<news@XN--GRN-IOA.example>"):
        assert "news" == parse_recipient(argument, mail_domain=ours, utf8=True)
