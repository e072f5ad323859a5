"""Requests that come with a key (Idempotency-Key, draft-ietf-httpapi-idempotency-key-header-07), carried out once.

What a request did is committed with it, so a repeat after a crash finds either both or neither. The answer of a repeat
is rendered anew from what is there now: no answer is kept, and so no address. The digests have a key. Without one,
somebody with the database could find out by trying which address a request was about, even that of an erased person.
One process writes, so it knows in memory which requests are still running.
"""

from __future__ import annotations

import hmac
import re
from typing import Any

import msgspec
from msgspec import structs

from pressrun.acts.act import Act
from pressrun.acts.arguments import Arguments
from pressrun.acts.call import Caller
from pressrun.core.errors import BadInput, StillRunning
from pressrun.core.signing.keys import KeyRing
from pressrun.store.database import Database
from pressrun.store.programs.idempotency import KeptOutcome, KeyedRequest, find_outcome

KEY = '"[!-~]{1,255}"|[!#-~][!-~]{0,254}'
"""How a key is written: a string of RFC 9651, as the header has it, or bare, as many send it."""
_encode = msgspec.msgpack.Encoder(enc_hook=lambda _: None).encode  # a body that is still to arrive has no octets yet


def keyed_request(keys: KeyRing, caller: Caller, key: str, act: Act[Any], arguments: Arguments) -> KeyedRequest:
    """The request as it is looked up.

    Raises BadInput for a key that is none, without anybody whose key it is, and for an action that takes none.
    """
    if act.again is None:
        raise BadInput(f"{act.id} takes no Idempotency-Key. Leave it out")
    if hasattr(arguments, "password"):  # a digest is tried a million times faster than the hash that is kept of it
        arguments = structs.replace(arguments, password=None)
    text = key.strip()
    if re.fullmatch(KEY, text) is None:
        raise BadInput("invalid Idempotency-Key: use 1 to 255 visible ASCII characters, such as a UUID")
    if text[0] == '"':
        text = text[1:-1]
    return KeyedRequest(
        caller=_name_of(caller),
        digest=_digest(keys, b"key", text.encode()),
        request=_digest(keys, b"request", f"{act.id}\0".encode() + _encode(arguments)),
    )


def _digest(keys: KeyRing, use: bytes, octets: bytes) -> bytes:
    return hmac.digest(keys.suppression_key, b"pressrun.repeat\0" + use + b"\0" + octets, "sha256")


def _name_of(caller: Caller) -> str:
    if caller.token_id is not None:
        return f"token {caller.token_id}"
    if caller.person_id is not None:
        return f"person {caller.person_id}"
    raise BadInput("only a token or a person can repeat a request under a key")


class RunningRequests:
    """The requests with a key that are being carried out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: set[tuple[str, bytes]] = set()

    async def begin(self, keyed: KeyedRequest, now: int) -> KeptOutcome | None:
        """What the request did before. None if it begins now; then nobody else may carry it out until `end`.

        Raises StillRunning while another call carries it out, and BadInput if the key was used for another request.
        """
        if (keyed.caller, keyed.digest) in self._running:
            raise StillRunning("the first request with this Idempotency-Key is still running. Repeat it in a moment")
        self._running.add((keyed.caller, keyed.digest))
        try:
            kept = await self._database.read(find_outcome, keyed, now)
        except BaseException:
            self.end(keyed)
            raise
        if kept is not None and kept.request != keyed.request:
            self.end(keyed)
            raise BadInput("this Idempotency-Key was used for another request. Use a new key for each")
        return kept

    def end(self, keyed: KeyedRequest) -> None:
        """The request is over, one way or the other."""
        self._running.discard((keyed.caller, keyed.digest))
