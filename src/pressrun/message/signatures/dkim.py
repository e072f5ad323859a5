"""DKIM signatures over whole messages: RSA with SHA-256, and Ed25519 beside it, relaxed/relaxed.

A signature covers the whole body and every field that says who writes to whom, about what, and how to leave
(signed_fields); `l=` is never used. Nothing may change a message once it is signed.

RFC 6376 (DKIM), RFC 8301 (algorithms), RFC 8463 (Ed25519).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from pressrun.message.signatures.primitives import DkimSettings, SignDigest, load_private_key, sha256
from pressrun.message.signatures.relaxed import canonical_body, canonical_fields
from pressrun.message.signatures.signed_fields import LINE, SignedHeader, signed_header

_NAME = b"DKIM-Signature"


class KnownHashes(msgspec.Struct, frozen=True):
    """What is known of a mail before it is signed: the signed part of its header, and the SHA-256 of its body."""

    header: SignedHeader | None = None
    body_digest: bytes | None = None


NOTHING_KNOWN = KnownHashes()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key, and the name of its public half in the DNS, SELECTOR._domainkey.DOMAIN."""

    domain: str
    selector: str
    algorithm: str
    sign_digest: SignDigest = field(repr=False)


def load_signing_key(settings: DkimSettings) -> SigningKey:
    """The key of one `[dkim]` table. Raises NoKey."""
    key = load_private_key(settings.key_pem)
    return SigningKey(
        domain=settings.domain,
        selector=settings.selector,
        algorithm=key.algorithm,
        sign_digest=key.sign,
    )


class Signer:
    """Signs messages with the keys of the domain in From.

    The keys of that domain are used, or those of the nearest domain above it, so that the signature is aligned (DMARC).
    If there are none, the keys of the first domain sign. Each key makes one signature, RSA first.
    """

    def __init__(self, keys: Sequence[SigningKey], *, lifetime_seconds: int) -> None:
        if not keys:
            raise ValueError("a signer has at least one key")
        self.keys = tuple(keys)
        rsa_first = sorted(keys, key=lambda key: key.algorithm != "rsa-sha256")
        self._first = keys[0].domain
        self._keys = {key.domain: [other for other in rsa_first if other.domain == key.domain] for key in keys}
        self._lifetime_seconds = lifetime_seconds

    def sign(self, content: bytes, *, signed_at: int, known: KnownHashes = NOTHING_KNOWN) -> bytes:
        """The signature fields to put on top of a message with CRLF line ends; `signed_at` is in UTC seconds.

        What is `known` of the message is not checked.
        """
        header, body_digest = known.header, known.body_digest
        if header is None or body_digest is None:
            fields, _, body = content.partition(b"\r\n\r\n")
            header = header or signed_header(canonical_fields(fields))
            body_digest = body_digest or sha256(canonical_body(body))
        body_hash = b2a_base64(body_digest, newline=False)
        times = b"t=%d; x=%d;" % (signed_at, signed_at + self._lifetime_seconds)
        signed = []
        for key in self._keys_for(header.author):
            start = _head(key.algorithm, key.domain, key.selector) + times + header.names + body_hash + b";\r\n b="
            digest = sha256(header.text + _NAME.lower() + b":" + start[len(_NAME) + 2 :].replace(b"\r\n ", b" "))
            signature = b2a_base64(key.sign_digest(digest), newline=False)
            signed.append(start + _folded(signature, LINE - len(" b=")) + b"\r\n")
        return b"".join(signed)

    def _keys_for(self, author: bytes) -> Sequence[SigningKey]:
        domain = author.rpartition(b"@")[2].rstrip(b"\r\n> ").decode("ascii", "replace").lower()
        return self._keys[signing_domain(domain, self._keys) or self._first]


def signing_domain(author_domain: str, domains: Container[str]) -> str | None:
    """Which of the domains signs for an author: their own, or the nearest above it; None for neither."""
    domain = author_domain
    while domain:
        if domain in domains:
            return domain
        domain = domain.partition(".")[2]
    return None


@lru_cache(maxsize=64)
def _head(algorithm: str, domain: str, selector: str) -> bytes:
    """The field up to its times, one tag a line because a domain may be long."""
    tags = (f"{_NAME.decode()}: v=1; a={algorithm}; c=relaxed/relaxed;", f" d={domain};", f" s={selector};", " ")
    return "\r\n".join(tags).encode("ascii")


def _folded(value: bytes, room: int) -> bytes:
    """Base64 over several lines, the first of at most `room`; blanks in it do not count (RFC 6376 §3.5)."""
    rest = range(room, len(value), LINE - 1)
    return b"\r\n ".join([value[:room], *(value[start : start + LINE - 1] for start in rest)])
