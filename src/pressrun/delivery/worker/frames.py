"""What the daemon and the press process say to each other, in frames (runtime.frames).

Rows and answers travel as arrays, many in one frame. What is said once, settings and the plate of an edition, travels
pickled: both ends are this program, and nobody else holds the socket.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import msgspec

from pressrun.core.keys import KeyRing
from pressrun.delivery.queue.jobs import Result
from pressrun.delivery.worker.settings import PressSettings
from pressrun.message.layouts.design import Logo
from pressrun.message.wire.skeleton import Skeleton
from pressrun.runtime.frames import FrameReader as Frames
from pressrun.runtime.frames import encode_frame as pack
from pressrun.services.mails.composing import CompiledEdition
from pressrun.services.ports import RelayStatus
from pressrun.store.deliveries import ClaimedCopy, ClaimedNotice
from pressrun.store.lists import MailingList


class Setup(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """What the press works with from now on: settings and keys; the first thing said."""

    packed: bytes


class Plate(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """What the copies of an edition have in common; said before the first of them."""

    edition_id: int
    packed: bytes


class CopyWork(msgspec.Struct, frozen=True, array_like=True):
    """A claimed copy: `delivery.queue.jobs.Job` with its edition by number."""

    row: ClaimedCopy
    claimed_at: int
    edition_id: int
    most: int


class Copies(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Copies whose turn has come, for one relay."""

    relay: str
    work: list[CopyWork]


class Notice(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """A notice whose turn has come, for one relay."""

    relay: str
    row: ClaimedNotice
    claimed_at: int
    list: MailingList | None
    logo: Logo | None = None


class Forget(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """No copy of these editions comes any more."""

    editions: list[int]


class Recall(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Give back what no connection has."""


class Drain(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """Finish what is in flight within so many seconds, give the rest back; nothing is said after it."""

    seconds: float


Order = Setup | Plate | Copies | Notice | Forget | Recall | Drain


class Answers(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """What became of rows that one relay had."""

    relay: str
    results: list[Result]


class State(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """How the relays do, and how many mails each may have on its way; said first, and when it changed."""

    statuses: list[RelayStatus]
    capacities: dict[str, int]


class Drained(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """All is answered; the last thing said."""


Report = Answers | State | Drained


def encode_frame(value: Order | Report) -> bytes:
    """A value as a frame."""
    return pack(value)


def orders() -> Frames[Order]:
    """A reader of what the daemon says."""
    return Frames(msgspec.msgpack.Decoder(Order))


def reports() -> Frames[Report]:
    """A reader of what the press says."""
    return Frames(msgspec.msgpack.Decoder(Report))


def pack_setup(settings: PressSettings, keys: KeyRing) -> Setup:
    """Settings and keys, to be said."""
    return Setup(pickle.dumps((settings, keys)))


def unpack_setup(setup: Setup) -> tuple[PressSettings, KeyRing]:
    """Settings and keys, as they were said."""
    settings, keys = pickle.loads(setup.packed)  # noqa: S301 - from the daemon itself, see above
    return settings, keys


def pack_plate(plate: CompiledEdition) -> Plate:
    """A plate, to be said; a skeleton that serves for both is said once."""
    same = plate.text_skeleton is plate.skeleton
    skeletons = [plate.skeleton.encode()] if same else [plate.skeleton.encode(), plate.text_skeleton.encode()]
    return Plate(
        plate.edition_id, pickle.dumps((plate.slug, plate.list, plate.language, skeletons, plate.message_secret))
    )


def unpack_plate(plate: Plate) -> CompiledEdition:
    """A plate, as it was said."""
    slug, target, language, stored, secret = pickle.loads(plate.packed)  # noqa: S301 - as above
    skeletons: Sequence[Skeleton] = [Skeleton.decode(one) for one in stored]
    return CompiledEdition(
        edition_id=plate.edition_id,
        slug=slug,
        list=target,
        language=language,
        skeleton=skeletons[0],
        text_skeleton=skeletons[-1],
        message_secret=secret,
    )
