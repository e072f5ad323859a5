"""A process that only signs: `python -m pressrun.delivery.worker.signer DESCRIPTOR PARENT`, started by the press.

It gets keys and digests by a socket that nobody else holds, gives signatures back, and ends when that closes. It opens
nothing, and imports no more than it needs: there is one for each processor.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections.abc import Sequence

import msgspec

from pressrun.message.signatures.dkim import SigningFailed, try_to_sign
from pressrun.message.signatures.primitives import SignDigest, load_private_key
from pressrun.runtime.frames import FrameReader as Frames
from pressrun.runtime.frames import encode_frame as pack
from pressrun.runtime.parent_death import end_with_parent

_READ_AT_MOST = 65536


class Keys(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """Sign with these from now on, as PEM; answered by an empty list."""

    pems: list[bytes]


class Batch(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Sign these digests, each with the key at its place; answered in order."""

    digests: list[tuple[int, bytes]]


Order = Keys | Batch
Answer = list[bytes | SigningFailed]


def serve(connection: socket.socket) -> None:
    """Carry out orders until the other side closes; each has its answer, in order."""
    keys: list[SignDigest] = []
    orders = Frames(msgspec.msgpack.Decoder(Order))
    while said := connection.recv(_READ_AT_MOST):
        for order in orders.read(said):
            answer: Answer = []
            if isinstance(order, Keys):
                keys = [load_private_key(pem).sign for pem in order.pems]
            else:
                answer = [try_to_sign(keys, *one) for one in order.digests]
            connection.sendall(pack(answer))


def main(arguments: Sequence[str]) -> None:
    """Sign for the press at the other end of the socket."""
    descriptor, parent = (int(text) for text in arguments)
    end_with_parent(parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the press ends us, by the socket
    with socket.socket(fileno=descriptor) as connection, contextlib.suppress(ConnectionError):
        serve(connection)


if __name__ == "__main__":
    main(sys.argv[1:])
