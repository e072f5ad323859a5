"""What daemon and worker say to each other comes through whole, in whatever pieces the socket brings it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.signing.keys import KeyRing
from pressrun.delivery.queue.jobs import CompositionFailed, Result
from pressrun.delivery.worker.frames import (
    AssignedCopy,
    Copies,
    Drain,
    Drained,
    EditionOrder,
    Forget,
    NoticeOrder,
    Order,
    Probe,
    Recall,
    Renewed,
    Report,
    Results,
    Setup,
    State,
    encode_frame,
    orders,
    pack_edition,
    reports,
    unpack_edition,
)
from pressrun.message.layouts.design import Logo
from pressrun.message.wire.skeleton import Skeleton
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.services.ports import RelayStatus
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue.deliveries import ClaimedCopy, ClaimedNotice, SentMail

NUMBERS = st.integers(0, (1 << 48) - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # what SQLite and UTF-8 can hold
RELAYS = st.sampled_from(["primary", "backup"])
COPIES = st.builds(
    AssignedCopy,
    st.builds(
        ClaimedCopy,
        NUMBERS,
        NUMBERS,
        TEXTS,
        TEXTS,
        NUMBERS,
        st.none() | NUMBERS,
        NUMBERS,
        TEXTS,
        TEXTS,
        TEXTS,
        NUMBERS,
        NUMBERS,
        st.integers(0, 1),
    ),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.integers(0, 100),
    st.floats(0, 1e10),
)
NOTICES = st.builds(
    ClaimedNotice,
    id=NUMBERS,
    domain=TEXTS,
    attempts=NUMBERS,
    first_attempt_at=st.none() | NUMBERS,
    notice_id=NUMBERS,
    kind=TEXTS,
    list_id=st.none() | NUMBERS,
    subscriber_id=st.none() | NUMBERS,
    address=TEXTS,
    language=TEXTS,
    payload=TEXTS,
    content=st.none() | st.binary(max_size=3000),
    message_secret=st.binary(max_size=16),
    created_at=NUMBERS,
    epoch=st.none() | NUMBERS,
)
LISTS = st.builds(
    MailingList,
    id=NUMBERS,
    name=TEXTS,
    title=TEXTS,
    relay=st.none() | TEXTS,
    created_at=NUMBERS,
    closed_at=st.none() | NUMBERS,
)
STATUSES = st.builds(RelayStatus, name=RELAYS, connections=NUMBERS, failing_since=st.none() | st.floats(0, 1e10))
LOGOS = st.builds(Logo, width=NUMBERS, height=NUMBERS)
ORDERS = st.one_of(
    st.builds(Setup, st.binary()),
    st.builds(EditionOrder, NUMBERS, st.binary()),
    st.builds(Copies, RELAYS, st.lists(COPIES, max_size=3)),
    st.builds(NoticeOrder, RELAYS, NOTICES, NUMBERS, NUMBERS, st.none() | LISTS, st.none() | LOGOS, st.floats(0, 1e10)),
    st.builds(Forget, st.lists(NUMBERS)),
    st.builds(Recall, st.none() | st.lists(NUMBERS)),
    st.builds(Drain, st.floats(0, 1000)),
    st.builds(Renewed, st.floats(0, 1e10), st.floats(0, 1e10)),
    st.just(Probe()),
)
RESULTS = st.builds(
    HandOver, st.sampled_from(Outcome), st.sampled_from(Stage), st.none() | st.builds(Reply, NUMBERS, TEXTS, TEXTS)
)
MAILS = st.builds(SentMail, message_id=TEXTS, digest=TEXTS, salt=st.binary(max_size=16))
REPORTS = st.one_of(
    st.builds(
        Results,
        RELAYS,
        st.lists(
            st.builds(Result, NUMBERS, RESULTS | st.builds(CompositionFailed, TEXTS, st.booleans()), st.none() | MAILS),
            max_size=3,
        ),
    ),
    st.builds(State, st.lists(STATUSES, max_size=2), st.dictionaries(RELAYS, NUMBERS)),
    st.just(Drained()),
)


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(ORDERS, max_size=4), st.lists(st.integers(0, 10_000), max_size=6))
def test_orders_come_through(said: list[Order], places: list[int]) -> None:
    reader = orders()
    heard = [order for piece in cut(b"".join(map(encode_frame, said)), places) for order in reader.read(piece)]
    assert said == heard


@given(st.lists(REPORTS, max_size=4), st.lists(st.integers(0, 10_000), max_size=6))
def test_reports_come_through(said: list[Report], places: list[int]) -> None:
    reader = reports()
    heard = [report for piece in cut(b"".join(map(encode_frame, said)), places) for report in reader.read(piece)]
    assert said == heard


def test_anything_else_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Invalid"):
        list(orders().read(b"\0\0\0\2\x91\x63"))


@given(LISTS, st.booleans())
def test_a_compiled_edition_comes_through(target: MailingList, same: bool) -> None:
    """A skeleton that serves for both forms is still one."""
    skeleton = Skeleton.from_stream([b"To: x\r\n\r\nbody\r\n"], ["subject"])
    text = skeleton if same else Skeleton.from_stream([b"To: x\r\n\r\ntext\r\n"], ["subject"])
    edition = CompiledEdition(
        language="en", edition_id=7, slug="s", list=target, skeleton=skeleton, text_skeleton=text, message_secret=b"m"
    )
    unpacked = unpack_edition(pack_edition(edition))
    assert (7, "s", target, b"m") == (unpacked.edition_id, unpacked.slug, unpacked.list, unpacked.message_secret)
    assert [skeleton.encode(), text.encode()] == [unpacked.skeleton.encode(), unpacked.text_skeleton.encode()]
    assert same == (unpacked.skeleton is unpacked.text_skeleton)


def test_keys_are_not_shown() -> None:
    """An order that is logged by mistake names no key."""
    assert "secret" not in repr(KeyRing({1: b"secret" * 6}, b"secret" * 6))
