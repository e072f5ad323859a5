"""DKIM signatures over whole messages: RSA with SHA-256, and Ed25519 beside it, relaxed/relaxed.

A signature covers the whole body and every field that says who writes to whom, about what, and how to leave
(signed_fields); `l=` is never used. Nothing may touch a message once it is signed. The signature itself takes longer
than all else and needs no more than a key and a digest: it may be made in another thread, or in another process.

RFC 6376 (DKIM), RFC 8301 (algorithms), RFC 8463 (Ed25519).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from pressrun.message.signatures.primitives import DkimSettings, SignDigest, load_private_key, sha256
from pressrun.message.signatures.relaxed import canonical_body, canonical_fields
from pressrun.message.signatures.signed_fields import LINE, SignedHeader, signed_header

_NAME = b"DKIM-Signature"


class KnownHashes(msgspec.Struct, frozen=True):
    """What is known of a mail before it is looked at: what of its header is signed, and the SHA-256 of its body."""

    header: SignedHeader | None = None
    body_digest: bytes | None = None


NOTHING_KNOWN = KnownHashes()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key with the name under which its public half is published: SELECTOR._domainkey.DOMAIN.

    `sign_digest` may be called on any thread; `pem` is the key for another process.
    """

    domain: str
    selector: str
    algorithm: str
    pem: bytes = field(repr=False)
    sign_digest: SignDigest = field(repr=False)


def load_signing_key(settings: DkimSettings) -> SigningKey:
    """The key of one `[dkim]`; raises NoKey."""
    key = load_private_key(settings.key_pem)
    return SigningKey(
        domain=settings.domain,
        selector=settings.selector,
        algorithm=key.algorithm,
        pem=settings.key_pem,
        sign_digest=key.sign,
    )


class SigningFailed(msgspec.Struct, frozen=True, array_like=True):
    """There is no signature; `fault` is the name of the error."""

    fault: str


def try_to_sign(keys: Sequence[SignDigest], place: int, digest: bytes) -> bytes | SigningFailed:
    """The signature of the key at that place."""
    try:
        return keys[place](digest)
    except Exception as problem:  # noqa: BLE001 - told by whoever asked; nothing goes out without its signature
        return SigningFailed(type(problem).__name__)


class Unsigned(msgspec.Struct, frozen=True):
    """A signature field but for the signature itself: that of `digest` with the signer's key at place `key`."""

    start: bytes
    key: int
    digest: bytes

    def field(self, signature: bytes) -> bytes:
        """The whole field."""
        return self.start + _folded(b2a_base64(signature, newline=False), LINE - len(" b=")) + b"\r\n"


class Signer:
    """Signs messages with the keys of the domain that writes them.

    The keys of the domain of From are used, or those of the nearest domain above it: then the signature is aligned
    (DMARC). For a From that none covers, the keys of the first domain sign. Each key makes one signature, RSA first.
    """

    def __init__(self, keys: Sequence[SigningKey], *, lifetime_seconds: int) -> None:
        if not keys:
            raise ValueError("a signer has at least one key")
        self.keys = tuple(keys)
        by_algorithm = sorted(enumerate(keys), key=lambda placed: placed[1].algorithm != "rsa-sha256")
        self._first = keys[0].domain
        self._keys = {key.domain: tuple(one for one in by_algorithm if one[1].domain == key.domain) for key in keys}
        self._lifetime_seconds = lifetime_seconds

    def sign(self, content: bytes, *, signed_at: int, known: KnownHashes = NOTHING_KNOWN) -> bytes:
        """The signature fields to put on top of a message, as `prepare` takes it."""
        unsigned = self.prepare(content, signed_at=signed_at, known=known)
        return b"".join([one.field(self.keys[one.key].sign_digest(one.digest)) for one in unsigned])

    def prepare(self, content: bytes, *, signed_at: int, known: KnownHashes = NOTHING_KNOWN) -> list[Unsigned]:
        """The fields that are to be signed for a message with CRLF line ends; `signed_at` in UTC seconds.

        What is `known` of the message is taken for true.
        """
        header, body_digest = known.header, known.body_digest
        if header is None or body_digest is None:
            fields, _, body = content.partition(b"\r\n\r\n")
            header = header or signed_header(canonical_fields(fields))
            body_digest = body_digest or sha256(canonical_body(body))
        body_hash = b2a_base64(body_digest, newline=False)
        times = b"t=%d; x=%d;" % (signed_at, signed_at + self._lifetime_seconds)
        prepared = []
        for place, key in self._keys_for(header.author):
            start = _head(key.algorithm, key.domain, key.selector) + times + header.names + body_hash + b";\r\n b="
            digest = sha256(header.text + _NAME.lower() + b":" + start[len(_NAME) + 2 :].replace(b"\r\n ", b" "))
            prepared.append(Unsigned(start, place, digest))
        return prepared

    def _keys_for(self, author: bytes) -> tuple[tuple[int, SigningKey], ...]:
        domain = author.rpartition(b"@")[2].rstrip(b"\r\n> ").decode("ascii", "replace").lower()
        while domain:
            found = self._keys.get(domain)
            if found is not None:
                return found
            domain = domain.partition(".")[2]
        return self._keys[self._first]


@lru_cache(maxsize=64)
def _head(algorithm: str, domain: str, selector: str) -> bytes:
    """The field up to its times: one tag a line, as a domain may be long."""
    tags = (f"{_NAME.decode()}: v=1; a={algorithm}; c=relaxed/relaxed;", f" d={domain};", f" s={selector};", " ")
    return "\r\n".join(tags).encode("ascii")


def _folded(value: bytes, room: int) -> bytes:
    """Base64 over several lines, the first of at most `room`; blanks in it mean nothing (RFC 6376 §3.5)."""
    rest = range(room, len(value), LINE - 1)
    return b"\r\n ".join([value[:room], *(value[start : start + LINE - 1] for start in rest)])
