"""Frames: values that cross a socket in any pieces, and octets that are none."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput
from pressrun.runtime.frames import BadFrame, FrameReader, encode_frame, read_frame, receive_frame

INTEGERS = msgspec.msgpack.Decoder(int)


class Message(msgspec.Struct, frozen=True):
    """Any value."""

    text: str
    content: bytes


MESSAGES: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


@given(
    st.lists(st.builds(Message, st.text(), st.binary(max_size=300)), max_size=4),
    st.lists(st.integers(0, 10_000), max_size=6),
)
def test_values_are_read_back_however_they_are_cut(values: list[Message], places: list[int]) -> None:
    """Also where a piece ends within a length."""
    octets = b"".join(map(encode_frame, values))
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    reader = FrameReader(MESSAGES)
    assert values == [value for start, end in itertools.pairwise(edges) for value in reader.read(octets[start:end])]


@given(st.binary(max_size=100))
def test_any_octets_are_values_or_a_bad_frame(octets: bytes) -> None:
    reader = FrameReader(MESSAGES)
    with contextlib.suppress(BadFrame):
        assert all(isinstance(value, Message) for value in reader.read(octets))


def test_a_length_beyond_the_limit_is_refused_before_its_body_has_come() -> None:
    """So that nobody has to hold the body."""
    assert [7] == list(FrameReader(INTEGERS, limit=1).read(encode_frame(7)))
    with pytest.raises(BadFrame, match="a frame of 2 octets"):
        list(FrameReader(INTEGERS, limit=1).read(b"\0\0\0\2"))


def test_a_value_beyond_the_limit_is_not_encoded() -> None:
    """The sender hears so, not the other side."""
    with pytest.raises(BadInput, match="at most 0 MiB are allowed"):
        encode_frame(b"12", limit=3)


async def test_a_stream_ends_after_its_last_value() -> None:
    """A value that is cut off is none."""
    stream = asyncio.StreamReader()
    stream.feed_data(encode_frame(1) + encode_frame(2) + b"\0\0")
    stream.feed_eof()
    frames: FrameReader[int] = FrameReader(INTEGERS)
    assert [1, 2, None] == [
        await read_frame(stream, frames),
        await read_frame(stream, frames),
        await read_frame(stream, frames),
    ]


def test_a_socket_ends_after_its_last_value() -> None:
    """As a stream does."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(encode_frame(1) + encode_frame(2) + b"\0\0")
        frames = FrameReader(INTEGERS)
        assert [1, 2, None] == [receive_frame(ours, frames) for _ in range(3)]
