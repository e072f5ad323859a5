"""What goes out has CR and LF only together, whatever authors, readers and strangers wrote (RFC 5321 §2.3.8).

In copies no line begins with a dot either, so that nothing has to be doubled where they are written (§4.5.2).
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.message.builders import DOMAIN, build, profile, site, values

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput
from pressrun.message.incoming.header_scan import received_field
from pressrun.message.notices.build import AutoSubmitted, NoticeCopy, build_notice
from pressrun.message.notices.to_editors import EditionReleased
from pressrun.message.notices.to_readers import AlreadySubscribed, ConfirmationRequest
from pressrun.message.words import ENGLISH
from pressrun.smtp.commands import chunk, has_bare_line_end, stuffed
from pressrun.smtp.handover import Outgoing

_PIECES = (
    "\r", "\n", "\r\n", "\r\n.\r\n", "\n.\n", ".", " .", "." * 80, "a" * 75, "\0", "\x85", "\u2028", "\x0b", "\x0c",
    "é", "😀", "a", "-- ",
)  # fmt: skip
WILD = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join)
LINK = "https://news.harbour.example/confirm/AAAA.bbbb"


def _is_clean(content: bytes) -> bool:
    """And stays so on the wire, with dots doubled and as one chunk."""
    head, body = chunk(content)
    wire = b"".join(stuffed(Outgoing(1, "a@news.example", "b@reader.example", content)))
    return not any(has_bare_line_end(octets) for octets in (content, wire, head, body))


@settings(max_examples=150)
@given(body=WILD, name=WILD, town=WILD, dots=st.integers(1, 99), suffix=st.sampled_from([".md", ".html", ".txt"]))
def test_copies(body: str, name: str, town: str, dots: int, suffix: str) -> None:
    """Of an author who writes any line ends, to readers whose fields hold any, with dots wherever a link is cut."""
    fields = "{{ town | default: y }} {{ name | default: z }}"
    source = f"---\nsubject: Harbour news, {{{{ name | default: x }}}}\n---\n{body}\n{fields}\n"
    try:
        edition = build(source, suffix)
    except BadInput:
        return
    base_url = f"https://news{'.' * dots}harbour.example"
    for column in (town, ""):
        copy = edition.skeleton.copy(values(name=name, columns={"town": column}, base_url=base_url))
        assert _is_clean(copy)
        assert b"\r\n." not in b"\r\n" + copy


@given(subject=WILD, answered=WILD, title=WILD)
def test_notices(subject: str, answered: str, title: str) -> None:
    """About any subject, in answer to any Message-ID, of a list with any title."""
    copy = NoticeCopy(
        to=parse_address("reader@reader.example"),
        message_id=f"n1@{DOMAIN}",
        date_at=1_790_000_000,
        auto_submitted=AutoSubmitted.REPLIED,
        in_reply_to=answered,
    )
    for notice in (
        ConfirmationRequest(link=LINK, lifetime_seconds=7 * 86400, never_again=LINK),
        AlreadySubscribed(preferences_url=LINK),
        EditionReleased(edition=7, edition_subject=subject, audience=3, edition_url=LINK),
    ):
        try:
            content = build_notice(notice, copy, words=ENGLISH, site=site(), profile=profile(title=title))
        except BadInput:
            continue
        assert _is_clean(content)


@given(number=st.integers(0, 2**40), peer=st.sampled_from(["192.0.2.1", "2001:db8::1", "unix"]))
def test_the_trace_field_of_a_forward(number: int, peer: str) -> None:
    """What stands on top of a mail that was taken without bare line ends."""
    assert _is_clean(received_field(peer=peer, by=DOMAIN, number=number, at=1_790_000_000))
