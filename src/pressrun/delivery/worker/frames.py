"""The messages between the daemon and a worker process, in frames (runtime.frames).

Rows and results travel as arrays, many in one frame. Settings and compiled editions, which are sent once, travel
pickled: both ends are this program, and nobody else has the socket.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import msgspec

from pressrun.core.signing.keys import KeyRing
from pressrun.core.upkeep.lease import Instant, Lease
from pressrun.delivery.queue.jobs import Job, Result
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.message.layouts.design import Logo
from pressrun.message.wire.skeleton import Skeleton
from pressrun.runtime import frames
from pressrun.runtime.frames import FrameReader
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.services.ports import RelayStatus
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue.deliveries import ClaimedCopy, ClaimedNotice


class Setup(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """What the worker works with from now on: settings and keys; the first frame."""

    packed: bytes


class EditionOrder(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """What the copies of an edition have in common; comes before the first of them."""

    edition_id: int
    packed: bytes


class AssignedCopy(msgspec.Struct, frozen=True, array_like=True):
    """A claimed copy: `queue.jobs.Job`, with the number of its edition."""

    row: ClaimedCopy
    claimed_at: int
    session: int
    edition_id: int
    most: int
    slot_at: float

    def job(self, edition: CompiledEdition) -> Job:
        """The job, with its edition."""
        return Job(
            self.row,
            self.claimed_at,
            self.session,
            edition,
            None,
            self.row.destination,
            self.most,
            slot_at=self.slot_at,
        )


class Copies(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Copies for one relay."""

    relay: str
    copies: list[AssignedCopy]


class NoticeOrder(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """A notice for one relay."""

    relay: str
    row: ClaimedNotice
    claimed_at: int
    session: int
    list: MailingList | None
    logo: Logo | None
    slot_at: float

    def job(self) -> Job:
        return Job(self.row, self.claimed_at, self.session, None, self.list, logo=self.logo, slot_at=self.slot_at)


class Forget(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """No copy of these editions comes until the daemon sends the edition again."""

    editions: list[int]


class Recall(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """Give back those of these rows that no connection has; None for all rows."""

    ids: list[int] | None = None


class Drain(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Give back what no connection has, and finish what is in flight within this many seconds; the last frame."""

    seconds: float


class Renewed(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """The daemon's lease was renewed by a request made at this instant. Connections get rows until it runs out."""

    boot: float
    wall: float

    def lease(self) -> Lease:
        return Lease(Instant(self.boot, self.wall))


class Probe(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """Try each relay that fails now, instead of after its delay."""


Order = Setup | EditionOrder | Copies | NoticeOrder | Forget | Recall | Drain | Renewed | Probe


class Results(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """What became of rows that one relay had."""

    relay: str
    results: list[Result]


class State(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The state of the relays, and how many mails each may have in flight; sent on each change, and now and then."""

    statuses: list[RelayStatus]
    capacities: dict[str, int]


class Drained(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Every row has its result; the last frame."""


Report = Results | State | Drained


def encode_frame(value: Order | Report) -> bytes:
    return frames.encode_frame(value)


def orders() -> FrameReader[Order]:
    """A reader of the daemon's frames."""
    return FrameReader(msgspec.msgpack.Decoder(Order))


def reports() -> FrameReader[Report]:
    """A reader of a worker's frames."""
    return FrameReader(msgspec.msgpack.Decoder(Report))


def pack_setup(settings: WorkerSettings, keys: KeyRing) -> Setup:
    """Settings and keys as an order."""
    return Setup(pickle.dumps((settings, keys)))


def unpack_setup(setup: Setup) -> tuple[WorkerSettings, KeyRing]:
    settings, keys = pickle.loads(setup.packed)  # noqa: S301 - from the daemon itself, see above
    return settings, keys


def pack_edition(edition: CompiledEdition) -> EditionOrder:
    """A compiled edition as an order; a skeleton that serves for both forms travels once."""
    same = edition.text_skeleton is edition.skeleton
    skeletons = [edition.skeleton.encode()] if same else [edition.skeleton.encode(), edition.text_skeleton.encode()]
    packed = pickle.dumps((edition.slug, edition.list, edition.language, skeletons, edition.message_secret))
    return EditionOrder(edition.edition_id, packed)


def unpack_edition(order: EditionOrder) -> CompiledEdition:
    slug, target, language, stored, secret = pickle.loads(order.packed)  # noqa: S301 - as above
    skeletons: Sequence[Skeleton] = [Skeleton.decode(octets) for octets in stored]
    return CompiledEdition(
        edition_id=order.edition_id,
        slug=slug,
        list=target,
        language=language,
        skeleton=skeletons[0],
        text_skeleton=skeletons[-1],
        message_secret=secret,
    )
