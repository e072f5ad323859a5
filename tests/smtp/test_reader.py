"""Replies read from octets: a value or RemoteProtocolError, whatever comes and however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reader import MAX_LINE_OCTETS, MAX_LINES, MAX_TEXT_OCTETS, ReplyReader
from pressrun.smtp.reply import MAX_DESCRIBED, Reply, describe


def read(*pieces: bytes) -> list[Reply] | str:
    """The replies in the pieces, or the error."""
    reader, replies = ReplyReader(), []
    try:
        for piece in pieces:
            reader.feed(piece)
            while reader.next_code():
                replies.append(reader.reply())
    except RemoteProtocolError as error:
        return f"{error}"
    return replies


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_octets_give_replies_or_the_protocol_error(data: bytes, at: int) -> None:
    """No octets raise anything else, and a cut changes nothing."""
    assert read(data) == read(data[:at], data[at:])


@given(
    st.integers(200, 599),
    st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=1, max_size=5),
    st.sampled_from(["\r\n", "\n"]),
)
@example(200, ["the first", "code"], "\r\n")
@example(599, ["the last", "code"], "\r\n")
def test_a_reply_is_read_as_it_was_said(code: int, texts: list[str], end: str) -> None:
    """Code and texts survive, in as many lines as there were."""
    said = end.join(f"{code}{'-' if i < len(texts) - 1 else ' '}{text}" for i, text in enumerate(texts)) + end
    replies = read(said.encode())
    assert not isinstance(replies, str)
    assert [(code, len(texts))] == [(reply.code, len(reply.text.split("\n"))) for reply in replies]
    assert texts[-1] in said


def test_the_enhanced_code_is_taken_off_each_line() -> None:
    """Servers repeat it in every line of a reply (RFC 2034 §4)."""
    said = b"550-5.1.1 no such user\r\n550-5.7.1 other\r\n550 5.1.1 here\r\n"
    assert [Reply(550, "no such user\n5.7.1 other\nhere", "5.1.1")] == read(said)


def test_what_cannot_be_printed_is_replaced() -> None:
    """A reply ends up in terminals and logs: no escape sequence gets there."""
    assert [Reply(250, "�[31mred �", "")] == read(b"250 \x1b[31mred \xff\r\n")


@pytest.mark.parametrize(
    "line",
    [b"25 ok", b"199 ok", b"199-ok", b"600 ok", b"600-ok", b"250ok", b"", b"\r", b"2x0 ok", "２５０ ok".encode()],
)
def test_a_line_without_code_is_no_reply(line: bytes) -> None:
    """Such a line ends the connection."""
    assert "invalid reply" in read(line + b"\n")


def test_half_a_reply_is_pending() -> None:
    """Octets that belong to no whole reply are known of: STARTTLS depends on it."""
    reader = ReplyReader()
    reader.feed(b"220 ok\r\n2")
    assert (220, 0, True) == (reader.next_code(), reader.next_code(), reader.pending)


def test_lines_to_come_are_pending() -> None:
    """So are the first lines of a reply that is not complete."""
    reader = ReplyReader()
    reader.feed(b"220-ok\r\n")
    assert (0, True) == (reader.next_code(), reader.pending)


def test_an_address_in_a_reply_stays_out_of_its_description() -> None:
    """Servers quote the recipient; the log must not."""
    assert "550 5.1.1 <…@…>: no such user" == describe(Reply(550, "<one@readers.example>: no such\nuser", "5.1.1"))


def test_an_address_in_nonsense_stays_out_of_the_error() -> None:
    """The same where it is no reply at all."""
    assert "invalid reply: 'hello …@… you'" == read(b"hello one@readers.example you\r\n")


@pytest.mark.parametrize("number", [1, 4, 5, MAX_LINES])
def test_of_a_long_reply_the_beginning_is_kept(number: int) -> None:
    """Its end is read away: whatever looks at a reply has so much before it, and no more."""
    line = b"x" * (MAX_LINE_OCTETS - 6)
    replies = read(b"".join(b"554%b%b\n" % (b" " if left == 0 else b"-", line) for left in reversed(range(number))))
    assert not isinstance(replies, str)
    (reply,) = replies
    assert min(number * len(line), MAX_TEXT_OCTETS) == len(reply.text.replace("\n", ""))
    assert number == len(reply.text.split("\n"))


@pytest.mark.parametrize("end", [b"250 last\n", b""])
def test_a_reply_without_end_is_refused_as_soon_as_that_is_clear(end: bytes) -> None:
    """One line more than there may be, whatever comes after it."""
    assert f"a reply has more than {MAX_LINES} lines" == read(b"250-x\n" * MAX_LINES + end)


def test_a_reply_behind_a_long_one_is_whole() -> None:
    """Each has room of its own."""
    long = b"".join(b"250-" + b"x" * 2000 + b"\r\n" for _ in range(9)) + b"250 x\r\n"
    replies = read(long + b"250-one\r\n250 two\r\n")
    assert not isinstance(replies, str)
    assert "one\ntwo" == replies[1].text


def test_half_an_address_at_the_end_of_a_description_does_not_show() -> None:
    """A long reply is cut between words before addresses are looked for."""
    local = "l" * 64
    text = f"{'a@b.example ' * 4}{'x@' + 'y' * 250 + ' '}{'x@' + 'y' * 250 + ' '}{'x@' + 'y' * 250 + ' '}"
    padded = text + "x@" + "y" * (MAX_DESCRIBED - len(text) - 40) + f" {local}@readers.example no such user"
    assert "l" not in describe(Reply(550, padded, ""))


def test_a_reply_of_one_endless_word_is_described_by_its_code() -> None:
    """It may be the beginning of an address."""
    assert "554" == describe(Reply(554, "x" * 100_000, ""))


@pytest.mark.parametrize("line", [b"199 x", b"199-x", b"600 x", b"600-x"])
def test_replies_have_codes_from_200_to_599(line: bytes) -> None:
    """RFC 5321 §4.2.1."""
    reader = ReplyReader()
    reader.feed(line + b"\r\n")
    with pytest.raises(RemoteProtocolError):
        reader.next_code()
