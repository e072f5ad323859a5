"""Arguments of MAIL and RCPT: any text is a value or a refusal, and no trick makes a foreign address ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.addresses.address import Address, parse_address
from pressrun.inbound.envelope import EnvelopeSender, parse_recipient, parse_sender
from pressrun.smtp.reply import Reply

D = "news.example.org"
_PIECES = st.lists(
    st.sampled_from(["<", ">", "@", f"@{D}", "a", ".", '"', "\\", ":", ",", "%", "!", " ", "é", "\0", "+"])
)


@given(st.one_of(st.text(), _PIECES.map(lambda pieces: "FROM:<" + "".join(pieces) + ">")))
def test_a_sender_that_is_taken_can_be_written_to(argument: str) -> None:
    """Or is the null sender."""
    found = parse_sender(argument)
    if isinstance(found, EnvelopeSender):
        assert found.path in ("", parse_address(found.path).typed if found.path else "")
    else:
        assert found.is_permanent
        assert found.enhanced


@given(st.one_of(st.text(), _PIECES.map(lambda pieces: "TO:<" + "".join(pieces) + ">")), st.booleans())
def test_a_recipient_that_is_taken_is_ours(argument: str, utf8: bool) -> None:
    """Its local part holds nothing that could lead elsewhere; at another domain, it is an address as senders have."""
    found = parse_recipient(argument, mail_domain=D, utf8=utf8)
    if isinstance(found, str):
        assert not set(found) & set('@%!:"<>\0 ')
    elif isinstance(found, Address):
        assert found.domain != D
    else:
        assert isinstance(found, Reply)
        assert found.is_permanent


def test_a_domain_is_ours_in_either_form() -> None:
    """U-label and A-label are the same domain (RFC 5890)."""
    ours = "xn--grn-ioa.example"
    for argument in ("TO:<news@grün.example>", "TO:<news@XN--GRN-IOA.example>"):
        assert "news" == parse_recipient(argument, mail_domain=ours, utf8=True)
