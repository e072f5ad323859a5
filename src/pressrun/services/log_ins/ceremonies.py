"""Passkeys: what a browser is asked, and whether its answer is genuine (WebAuthn level 2, §7.1 and §7.2).

A challenge is signed, bound to its purpose, and expires after five minutes, so nothing is stored when somebody only
opens the page. A used challenge is remembered until it expires. The key is drawn at the start, so a restart voids all
challenges.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pressrun.core.errors import Refused
from pressrun.core.network.origins import host_of, supports_passkeys
from pressrun.core.signing.keys import KeyRing
from pressrun.services.ports import Clock, Entropy
from pressrun.store.people.credentials import ListedPasskey, NewPasskey
from pressrun.store.people.log_ins import PasskeyOwner

if TYPE_CHECKING:
    from fido2.server import Fido2Server

logging.getLogger("fido2").setLevel(logging.WARNING)  # it names credentials

CHALLENGE_SECONDS = 300
_NONCE_BYTES, _TAG_BYTES = 16, 16
_LOG_IN = b"log in"


class BadPasskey(Refused):
    """The answer of a browser is not genuine, or too old; the message says why, for the log."""


class Ceremonies:
    """Asks browsers at one origin for passkeys, and checks what they answer."""

    def __init__(self, origin: str, *, keys: KeyRing, clock: Clock, entropy: Entropy) -> None:
        self.origin = origin
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._key = entropy(32)
        self._used: dict[bytes, int] = {}  # used challenges, with the time at which each expires

    @property
    def is_possible(self) -> bool:
        """Whether browsers make passkeys for this origin."""
        return supports_passkeys(self.origin)

    def login_options(self) -> dict[str, Any]:
        """What the browser needs to log in by any passkey of this site (`PublicKeyCredentialRequestOptions`)."""
        options, _ = self._server.authenticate_begin(user_verification=_required(), challenge=self._challenge(_LOG_IN))
        return _plain(options)

    def credential_id(self, answer: Mapping[str, Any]) -> bytes:
        """Which passkey gave an answer; raises BadPasskey."""
        return _decoded(answer.get("id"))

    def check_log_in(self, answer: Mapping[str, Any], owner: PasskeyOwner) -> int:
        """The new signature count of a passkey whose answer is genuine; raises BadPasskey. Once for each answer."""
        from fido2.webauthn import AttestedCredentialData, AuthenticationResponse  # noqa: PLC0415 - as in _server

        server, challenge = self._server, self._require_challenge(answer, _LOG_IN)
        try:
            response = AuthenticationResponse.from_dict(answer)
            handle = response.response.user_handle
            count = response.response.authenticator_data.counter
            server.authenticate_complete(_state(challenge), [AttestedCredentialData(owner.credential)], answer)
        except Exception as problem:  # noqa: BLE001 - the library raises many exceptions for a malformed answer
            raise BadPasskey(f"not a genuine answer: {type(problem).__name__}") from None
        if handle is None or not hmac.compare_digest(bytes(handle), self._handle(owner.person_id)):
            raise BadPasskey("the passkey is another person's")
        if (count or owner.sign_count) and count <= owner.sign_count:  # §6.1.1
            raise BadPasskey("the signature count of the passkey went down, as it would for a copy of the passkey")
        self._use(challenge)
        return count

    def creation_options(self, person_id: int, name: str, known: Sequence[ListedPasskey]) -> dict[str, Any]:
        """What the browser needs to make a passkey for a person (`PublicKeyCredentialCreationOptions`)."""
        from fido2.webauthn import (  # noqa: PLC0415 - as in _server
            PublicKeyCredentialDescriptor,
            PublicKeyCredentialType,
            PublicKeyCredentialUserEntity,
            ResidentKeyRequirement,
        )

        kind = PublicKeyCredentialType.PUBLIC_KEY
        options, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=self._handle(person_id), name=name, display_name=name),
            [PublicKeyCredentialDescriptor(type=kind, id=passkey.credential_id) for passkey in known],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=_required(),
            challenge=self._challenge(_for_person(person_id)),
        )
        return _plain(options)

    def check_created(self, answer: Mapping[str, Any], person_id: int, agent: str) -> NewPasskey:
        """The passkey that a browser has made for a person; raises BadPasskey."""
        server, challenge = self._server, self._require_challenge(answer, _for_person(person_id))
        try:
            made = server.register_complete(_state(challenge), answer)
        except Exception as problem:  # noqa: BLE001 - as above
            raise BadPasskey(f"not a genuine answer: {type(problem).__name__}") from None
        credential = made.credential_data
        assert credential is not None  # register_complete looks
        self._use(challenge)
        return NewPasskey(
            credential_id=credential.credential_id, credential=bytes(credential), name=agent, sign_count=made.counter
        )

    @cached_property
    def _server(self) -> Fido2Server:
        from fido2.server import Fido2Server  # noqa: PLC0415 - only who logs in needs it
        from fido2.webauthn import (  # noqa: PLC0415 - as before
            AttestationConveyancePreference,
            PublicKeyCredentialRpEntity,
        )

        _use_json()
        host = host_of(self.origin)
        return Fido2Server(
            PublicKeyCredentialRpEntity(id=host, name=host),
            attestation=AttestationConveyancePreference.NONE,
            verify_origin=lambda origin: origin == self.origin,
        )

    def _handle(self, person_id: int) -> bytes:
        """What authenticators know a person by: nothing about them (§6.4.1), and the same for all their passkeys."""
        return hmac.digest(self._keys.suppression_key, b"pressrun.passkey\0%d" % person_id, "sha256")

    def _challenge(self, purpose: bytes) -> bytes:
        head = self._entropy(_NONCE_BYTES) + struct.pack(">Q", int(self._clock()) + CHALLENGE_SECONDS)
        return head + self._tag(head, purpose)

    def _tag(self, head: bytes, purpose: bytes) -> bytes:
        return hmac.digest(self._key, head + purpose, hashlib.sha256)[:_TAG_BYTES]

    def _require_challenge(self, answer: Mapping[str, Any], purpose: bytes) -> bytes:
        """The challenge that was answered, if it is one of ours for this purpose, not expired, and not used."""
        from fido2.webauthn import CollectedClientData  # noqa: PLC0415 - as in _server

        inner = answer.get("response")
        encoded = _decoded(inner.get("clientDataJSON") if isinstance(inner, Mapping) else None)
        try:
            challenge = bytes(CollectedClientData(encoded).challenge)
        except Exception as problem:  # noqa: BLE001 - as above
            raise BadPasskey(f"not a genuine answer: {type(problem).__name__}") from None
        head, tag = challenge[:-_TAG_BYTES], challenge[-_TAG_BYTES:]
        if len(head) != _NONCE_BYTES + 8 or not hmac.compare_digest(tag, self._tag(head, purpose)):
            raise BadPasskey("the challenge is not ours")
        if _end_of(challenge) <= self._clock():
            raise BadPasskey("the challenge is too old")
        if challenge in self._used:
            raise BadPasskey("the challenge was used before")
        return challenge

    def _use(self, challenge: bytes) -> None:
        now = int(self._clock())
        self._used = {earlier: over_at for earlier, over_at in self._used.items() if over_at > now}
        self._used[challenge] = _end_of(challenge)  # the end in it, since the clock may have been set back


def _end_of(challenge: bytes) -> int:
    """When a challenge of ours expires."""
    (ends_at,) = struct.unpack(">Q", challenge[_NONCE_BYTES:-_TAG_BYTES])
    return int(ends_at)


def _for_person(person_id: int) -> bytes:
    return b"create %d" % person_id


def _required() -> Any:
    from fido2.webauthn import UserVerificationRequirement  # noqa: PLC0415 - as in _server

    return UserVerificationRequirement.REQUIRED


def _state(challenge: bytes) -> dict[str, Any]:
    from fido2.utils import websafe_encode  # noqa: PLC0415 - as in _server

    return {"challenge": websafe_encode(challenge), "user_verification": _required()}


def _plain(options: Any) -> dict[str, Any]:
    """What goes to the browser; octets are base64url in it."""
    public_key_options: dict[str, Any] = dict(options)["publicKey"]
    return public_key_options


def _decoded(text: object) -> bytes:
    from fido2.utils import websafe_decode  # noqa: PLC0415 - as in _server

    if not isinstance(text, str) or not text.isascii():
        raise BadPasskey("not an answer of a browser")
    try:
        return bytes(websafe_decode(text))
    except ValueError:
        raise BadPasskey("not an answer of a browser") from None


def _use_json() -> None:
    """Have version 1 read and write JSON as version 2 does."""
    import fido2.features  # noqa: PLC0415 - as in _server

    feature = getattr(fido2.features, "webauthn_json_mapping", None)
    if feature is not None:
        with suppress(ValueError):  # it was set before
            feature.enabled = True
