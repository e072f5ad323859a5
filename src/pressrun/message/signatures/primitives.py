"""DKIM keys and hashes, by the `cryptography` library, which is imported when it is first needed.

It takes 7 MB of memory, which a daemon that signs nothing saves. Nothing here reads the key file; the configuration
does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import setting

if TYPE_CHECKING:
    from pathlib import Path
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import Hash

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """One `[dkim]` table. `key_pem` is the private key, RSA or Ed25519, as `key_file` holds it; it is never shown."""

    domain: str = setting(
        kinds.domain(),
        required=True,
        example="example.org",
        help="The signing domain: that of your From addresses, or its parent.",
    )
    selector: str = setting(
        kinds.matching(rf"{_LABEL}(?:\.{_LABEL})*", 'a selector, as in "pressrun"'),
        required=True,
        example="pressrun",
        help="The DNS record is SELECTOR._domainkey.DOMAIN; `pressrun dkim create` prints it.",
    )
    key_file: Path = setting(
        kinds.file("a file with a private key in PEM"),
        required=True,
        example="/etc/pressrun/dkim.pem",
        help="The private key, RSA or Ed25519: a file, or a systemd credential of that name.",
    )
    key_pem: bytes = field(repr=False)


SignDigest: TypeAlias = Callable[[bytes], bytes]


class NoKey(ValueError):
    """A PEM holds no private key that can sign mail; the message completes a sentence about its file."""


def begin_sha256() -> Hash:
    """A hash that has read nothing yet.

    Not hashlib's, which releases the interpreter for these few microseconds, after which a thread waits long to get it
    back.
    """
    return _empty().copy()


def sha256(data: bytes) -> bytes:
    digest = begin_sha256()
    digest.update(data)
    return digest.finalize()


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """`algorithm` is its name in DKIM; `sign` signs a SHA-256 digest, on any thread."""

    algorithm: str
    bits: int
    sign: SignDigest = field(repr=False)


def load_private_key(pem: bytes) -> PrivateKey:
    """The private key in a PEM. Raises NoKey."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise NoKey("a key that is locked by a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise NoKey("which holds no private key in PEM") from None
    if isinstance(key, RSAPrivateKey):
        padding, digest = PKCS1v15(), Prehashed(SHA256())
        return PrivateKey("rsa-sha256", key.key_size, lambda hashed: key.sign(hashed, padding, digest))
    if isinstance(key, Ed25519PrivateKey):
        return PrivateKey("ed25519-sha256", 256, key.sign)  # the digest itself is signed, RFC 8463 §3
    raise NoKey("a key that is neither RSA nor Ed25519")


@cache
def _empty() -> Hash:
    from cryptography.hazmat.primitives.hashes import SHA256, Hash  # noqa: PLC0415

    return Hash(SHA256())
