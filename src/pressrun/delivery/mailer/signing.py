"""Making mails that are signed: composed on the event loop, signed by other hands (signatures), and given back.

Only the signatures themselves are made elsewhere, on all processors, while the loop makes the next mails; what else is
done for a copy is too little to be worth the way. A mail that could not be signed is never handed out without.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from pressrun.delivery.mailer.signatures import Hands, Signatures
from pressrun.message.signatures.dkim import KnownHashes, Signer, SigningFailed, Unsigned, load_signing_key
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.observe.log import event
from pressrun.services.ports import Clock
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import Outgoing

log = logging.getLogger("pressrun.dispatch")

CHUNK = 32  # mails made between two visits to the loop: few enough that the first ones are soon ready
MADE_BYTES = 8 * 1024 * 1024  # of mails that are made and not handed over: an edition with pictures may have megabytes
FEWEST = 4  # made at a time, however large
# A signature outlives the last retry by so long: relays and mailboxes behind ours may hold a mail for days, too.
VALID_AFTER_GIVING_UP_SECONDS = 7 * 86400

J = TypeVar("J")


@dataclass(frozen=True, slots=True)
class NotComposed:
    """The mail could not be made from its row; `fault` is the name of the error."""

    fault: str


@dataclass(frozen=True, slots=True)
class NotSigned:
    """The mail was made and could not be signed; `fault` is the name of the error."""

    fault: str


Made: TypeAlias = Outgoing | NotComposed | NotSigned
OnMade: TypeAlias = Callable[[list[tuple[J, Made]]], None]


def build_signer(keys: Sequence[DkimSettings], delivery: DeliverySettings) -> Signer | None:
    """What signs under these settings; None where nothing is signed."""
    if not keys:
        return None
    lifetime_seconds = int(delivery.give_up_after_seconds) + VALID_AFTER_GIVING_UP_SECONDS
    return Signer([load_signing_key(key) for key in keys], lifetime_seconds=lifetime_seconds)


class Signing(Generic[J]):
    """Makes the mails of claimed rows. Used on the event loop, which it never holds up.

    `signer` is None where nothing is signed; then nothing may be submitted. `compose` gives a mail with what is
    known of its canonical form; `made` says how many mails are made and wait for a connection.
    """

    def __init__(
        self,
        signer: Signer | None,
        hands: Hands,
        *,
        compose: Callable[[J], tuple[Outgoing, KnownHashes]],
        clock: Clock,
        made: Callable[[], int],
        on_made: OnMade[J],
    ) -> None:
        self._hands = hands
        self._compose = compose
        self._clock = clock
        self._made = made
        self._on_made = on_made
        self._waiting: deque[J] = deque()
        self._held: list[Sequence[J]] = []  # chunks that are being signed
        self._octets = MADE_BYTES // CHUNK  # of the largest mail of the last chunk; before the first nobody knows
        self.change(signer)

    def __len__(self) -> int:
        """How many mails are to be made, those that are being signed among them."""
        return len(self._waiting) + sum(map(len, self._held))

    @property
    def is_on(self) -> bool:
        return self._signer is not None

    def change(self, signer: Signer | None) -> None:
        """Sign with other keys, or not at all; what is being signed must be given up before."""
        self._signer = signer
        self._is_failing = False
        self._hands.use(() if signer is None else signer.keys)

    def submit(self, jobs: Sequence[J]) -> None:
        """Make these mails; they are given to `on_made`, some at a time."""
        assert self._signer is not None  # nothing is handed out unsigned where mail is to be signed
        self._waiting += jobs
        self.go_on()

    def go_on(self) -> None:
        """Make more, as far as there is room for it; asked again whenever a mail was made or handed over."""
        while self._waiting and self._signer is not None and self._hands.has_room():
            room = max(FEWEST, MADE_BYTES // self._octets) - self._made() - sum(map(len, self._held))
            if room <= 0:
                return
            chunk = [self._waiting.popleft() for _ in range(min(CHUNK, room, len(self._waiting)))]
            self._held.append(chunk)
            prepared = [self._prepare(job, self._signer) for job in chunk]
            digests = [
                (one.key, one.digest) for mail in prepared if isinstance(mail, _Prepared) for one in mail.unsigned
            ]
            try:
                self._hands.sign(digests, partial(self._deliver, chunk, prepared))
            except Exception as problem:  # noqa: BLE001 - told by `_note`: these are not signed, and go back
                unsigned = [SigningFailed(type(problem).__name__)] * len(digests)
                asyncio.get_running_loop().call_soon(self._deliver, chunk, prepared, unsigned)
                return

    def give_up(self) -> list[J]:
        """What is to be made; none of it is given to `on_made` any more."""
        given_up = [*(job for chunk in self._held for job in chunk), *self._waiting]
        self._held.clear()
        self._waiting.clear()
        return given_up

    async def close(self) -> None:
        """Let the hands go; what has not been signed is not made."""
        await self._hands.close()

    def _deliver(
        self, chunk: Sequence[J], prepared: Sequence[_Prepared | NotComposed | NotSigned], signatures: Signatures
    ) -> None:
        place = next((index for index, held in enumerate(self._held) if held is chunk), None)
        if place is None:
            self.go_on()  # it was given up, but there was no room for others until now
            return
        del self._held[place]
        left = iter(signatures)
        made: list[Made] = []
        for one in prepared:
            try:
                made.append(_finish(one, left) if isinstance(one, _Prepared) else one)
            except Exception as problem:  # noqa: BLE001 - told by `_note`
                made.append(NotSigned(type(problem).__name__))
        self._note(made)
        self._octets = max((len(one.content) for one in made if isinstance(one, Outgoing)), default=self._octets) or 1
        self._on_made(list(zip(chunk, made, strict=True)))
        self.go_on()

    def _note(self, made: Sequence[Made]) -> None:
        """Tell the first of several failures."""
        faults = [one.fault for one in made if isinstance(one, NotSigned)]
        if faults and not self._is_failing:
            event(log, "dispatch.not_signed", level=logging.ERROR, fault=faults[0])
        self._is_failing = bool(faults)

    def _prepare(self, job: J, signer: Signer) -> _Prepared | NotComposed | NotSigned:
        try:
            outgoing, known = self._compose(job)
        except Exception as problem:  # noqa: BLE001 - told by the dispatcher; one row must not hold up the others
            return NotComposed(type(problem).__name__)
        try:
            signed_at = int(self._clock())
            return _Prepared(outgoing, signer.prepare(outgoing.content, signed_at=signed_at, known=known))
        except Exception as problem:  # noqa: BLE001 - told by `_note`; nothing goes out without its signature
            return NotSigned(type(problem).__name__)


class _Prepared(msgspec.Struct, frozen=True):
    """A mail that is to be signed."""

    outgoing: Outgoing
    unsigned: list[Unsigned]


def _finish(mail: _Prepared, signatures: Iterator[bytes | SigningFailed]) -> Outgoing | NotSigned:
    """The mail with its signatures, which are taken from all that were made."""
    fields: list[bytes] = []
    fault: str | None = None
    for one in mail.unsigned:
        signature = next(signatures)
        if isinstance(signature, SigningFailed):
            fault = signature.fault
        else:
            fields.append(one.field(signature))
    if fault is not None:
        return NotSigned(fault)
    return replace(mail.outgoing, content=b"".join([*fields, mail.outgoing.content]))
