"""DKIM signatures over whole messages: RSA with SHA-256, and Ed25519 beside it, relaxed/relaxed.

A signature covers the whole body and every field that says who writes to whom, about what, and how to leave. Each such
field is named once more than it occurs, so that nobody can add another one; `l=` is never used. Nothing may touch a
message once it is signed. A `Signer` may be used in several threads at once: the costly steps leave the interpreter.

RFC 6376 (DKIM), RFC 8301 (algorithms), RFC 8463 (Ed25519), RFC 8058 §4 and RFC 9477 §3.1 (which fields must be signed).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pressrun.message.dkim_settings import DkimSettings
from pressrun.message.relaxed import canonical_body, canonical_fields

LINE = 78  # RFC 5322 §2.1.1

# Named at least once each, so that none can be added where there was none (RFC 6376 §5.4.2). In the order of h=.
ALWAYS_SIGNED = (
    b"From",
    b"To",
    b"Cc",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"Reply-To",
    b"MIME-Version",
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",
)
# Signed where they occur; so is every other field whose name begins as one of SIGNED_FAMILIES.
ALSO_SIGNED = frozenset(
    (b"sender", b"in-reply-to", b"references", b"feedback-id", b"auto-submitted", b"archived-at", b"precedence")
)
SIGNED_FAMILIES = (b"list-", b"cfbl-")

_NAME = b"DKIM-Signature"
_ALWAYS = {name.lower(): name for name in ALWAYS_SIGNED}
_DIGEST = Prehashed(SHA256())
_PADDING = PKCS1v15()


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

    def sign(self, content: bytes, *, signed_at: int, body_digest: bytes | None = None) -> bytes:
        """The signature fields to put on top of a message, as `prepare` takes it."""
        unsigned = self.prepare(content, signed_at=signed_at, body_digest=body_digest)
        return b"".join([one.field(one.sign()) for one in unsigned])

    def prepare(self, content: bytes, *, signed_at: int, body_digest: bytes | None = None) -> list[Unsigned]:
        """The fields that are to be signed for a message with CRLF line ends; `signed_at` in UTC seconds.

        `body_digest` is what the body hashes to (BodyHash), where that is known.
        """
        header, _, body = content.partition(b"\r\n\r\n")
        fields = canonical_fields(header)
        chosen = _choose(tuple(name for name, _ in fields))
        canonical = b"".join([fields[index][1] for index in chosen.order])
        body_hash = b2a_base64(body_digest or _sha256(canonical_body(body)), newline=False)
        times = b"t=%d; x=%d;" % (signed_at, signed_at + self._lifetime_seconds)
        prepared = []
        for key in self._keys_for(chosen, fields):
            start = _head(key.algorithm, key.domain, key.selector) + times + chosen.names + body_hash + b";\r\n b="
            digest = _sha256(canonical + _NAME.lower() + b":" + start[len(_NAME) + 2 :].replace(b"\r\n ", b" "))
            prepared.append(Unsigned(start=start, digest=digest, sign_digest=key.sign_digest))
        return prepared

    def _keys_for(self, chosen: _Chosen, fields: Sequence[tuple[bytes, bytes]]) -> tuple[SigningKey, ...]:
        author = b"" if chosen.author is None else fields[chosen.author][1]
        domain = author.rpartition(b"@")[2].rstrip(b"\r\n> ").decode("ascii", "replace").lower()
        while domain:
            found = self._keys.get(domain)
            if found is not None:
                return found
            domain = domain.partition(".")[2]
        return self._keys[self._first]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """Which fields of a message are signed, for all messages with the same fields in the same order.

    `order` are places in the header in the order in which they are hashed, `names` the folded h= tag up to the value of
    bh=, `author` is the place of From.
    """

    order: tuple[int, ...]
    names: bytes
    author: int | None


@lru_cache(maxsize=256)
def _choose(present: tuple[bytes, ...]) -> _Chosen:
    wanted = [name for name in present if _is_signed(name)]
    names: list[bytes] = []
    order: list[int] = []
    for name in dict.fromkeys([*_ALWAYS, *wanted]):
        places = [index for index, other in enumerate(present) if other == name]
        order += reversed(places)  # of several the last one is taken first, RFC 6376 §5.4.2
        names += [_ALWAYS.get(name) or name.title()] * (len(places) + 1)
    author = present.index(b"from") if b"from" in present else None
    return _Chosen(order=tuple(order), names=_named(names) + b"\r\n bh=", author=author)


def _is_signed(name: bytes) -> bool:
    return name in _ALWAYS or name in ALSO_SIGNED or name.startswith(SIGNED_FAMILIES)


def _named(names: Sequence[bytes]) -> bytes:
    """The h= tag, folded behind colons (RFC 6376 §3.5)."""
    lines = [b" h=" + names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + 2 <= LINE:
            lines[-1] += b":" + name
        else:
            lines[-1] += b":"
            lines.append(b" " + name)
    return b"\r\n" + b"\r\n".join(lines) + b";"


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
