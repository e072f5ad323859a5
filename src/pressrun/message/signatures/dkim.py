"""DKIM signatures over whole messages: RSA with SHA-256, and Ed25519 beside it, relaxed/relaxed.

A signature covers the whole body and every field that says who writes to whom, about what, and how to leave
(signed_fields); `l=` is never used. Nothing may touch a message once it is signed. A `Signer` may be used in several
threads at once: the costly steps leave the interpreter.

RFC 6376 (DKIM), RFC 8301 (algorithms), RFC 8463 (Ed25519).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pressrun.message.signatures.dkim_settings import DkimSettings
from pressrun.message.signatures.relaxed import canonical_body, canonical_fields
from pressrun.message.signatures.signed_fields import LINE, SignedHeader, signed_header

_NAME = b"DKIM-Signature"
_DIGEST = Prehashed(SHA256())
_PADDING = PKCS1v15()


class Known(msgspec.Struct, frozen=True):
    """What is known of a mail before it is looked at: what of its header is signed, and the SHA-256 of its body."""

    header: SignedHeader | None = None
    body_digest: bytes | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key with the name under which its public half is published: SELECTOR._domainkey.DOMAIN."""

    domain: str
    selector: str
    algorithm: str
    sign_digest: Callable[[bytes], bytes] = field(repr=False)


def load_signing_key(settings: DkimSettings) -> SigningKey:
    """The key of one `[dkim]`; raises TypeError for one that is neither RSA nor Ed25519."""
    key = load_pem_private_key(settings.key_pem, password=None)
    if isinstance(key, RSAPrivateKey):
        algorithm, sign = "rsa-sha256", lambda digest: key.sign(digest, _PADDING, _DIGEST)
    elif isinstance(key, Ed25519PrivateKey):
        algorithm, sign = "ed25519-sha256", key.sign  # the digest itself is signed, RFC 8463 §3
    else:
        raise TypeError("a DKIM key is RSA or Ed25519")
    return SigningKey(domain=settings.domain, selector=settings.selector, algorithm=algorithm, sign_digest=sign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """A signature field but for the signature itself; that takes longer than all else, and needs no interpreter."""

    start: bytes
    digest: bytes
    sign_digest: Callable[[bytes], bytes] = field(repr=False)

    def sign(self) -> bytes:
        """The signature; may be called on any thread."""
        return self.sign_digest(self.digest)

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
        by_algorithm = sorted(keys, key=lambda key: key.algorithm != "rsa-sha256")
        self._first = keys[0].domain
        self._keys = {key.domain: tuple(one for one in by_algorithm if one.domain == key.domain) for key in keys}
        self._lifetime_seconds = lifetime_seconds

    def sign(self, content: bytes, *, signed_at: int, known: Known = NOTHING_KNOWN) -> bytes:
        """The signature fields to put on top of a message, as `prepare` takes it."""
        unsigned = self.prepare(content, signed_at=signed_at, known=known)
        return b"".join([one.field(one.sign()) for one in unsigned])

    def prepare(self, content: bytes, *, signed_at: int, known: Known = NOTHING_KNOWN) -> list[Unsigned]:
        """The fields that are to be signed for a message with CRLF line ends; `signed_at` in UTC seconds.

        What is `known` of the message is taken for true.
        """
        header, body_digest = known.header, known.body_digest
        if header is None or body_digest is None:
            fields, _, body = content.partition(b"\r\n\r\n")
            header = header or signed_header(canonical_fields(fields))
            body_digest = body_digest or _sha256(canonical_body(body))
        body_hash = b2a_base64(body_digest, newline=False)
        times = b"t=%d; x=%d;" % (signed_at, signed_at + self._lifetime_seconds)
        prepared = []
        for key in self._keys_for(header.author):
            start = _head(key.algorithm, key.domain, key.selector) + times + header.names + body_hash + b";\r\n b="
            digest = _sha256(header.text + _NAME.lower() + b":" + start[len(_NAME) + 2 :].replace(b"\r\n ", b" "))
            prepared.append(Unsigned(start=start, digest=digest, sign_digest=key.sign_digest))
        return prepared

    def _keys_for(self, author: bytes) -> tuple[SigningKey, ...]:
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


def _sha256(data: bytes) -> bytes:
    # hashlib gives the interpreter away for these few microseconds, and a thread then waits long to have it back.
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def _folded(value: bytes, room: int) -> bytes:
    """Base64 over several lines, the first of at most `room`; blanks in it mean nothing (RFC 6376 §3.5)."""
    rest = range(room, len(value), LINE - 1)
    return b"\r\n ".join([value[:room], *(value[start : start + LINE - 1] for start in rest)])
