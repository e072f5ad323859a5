"""New DKIM keys in data_dir, and the DNS records that publish their public halves.

A key file is written whole or not at all, is readable by its owner alone, and never replaces another, because email in
transit is still verified with the old key. RFC 6376 §3.6.1, RFC 8301 §3.2, RFC 8463 §4.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct

from pressrun.core.errors import OutputExists
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.store.files import make_directory, name_new_file, new_private_file, sync_directory

RSA_BITS = 2048  # every receiver accepts this size, and the record fits into one DNS reply


class KeyType(StrEnum):
    """The algorithm of a key. Every receiver supports RSA."""

    RSA = "rsa"
    ED25519 = "ed25519"


DEFAULT_SELECTORS = {KeyType.RSA: "pressrun", KeyType.ED25519: "pressrun-ed25519"}


class PublishedKey(Struct, frozen=True, kw_only=True):
    """A key and its DNS record: `record_name` without the final dot, `record_value` not yet split into strings.

    `key_type` is `rsa` or `ed25519`, as `k=` of the record has it.
    """

    domain: str
    selector: str
    key_file: Path
    record_name: str
    record_value: str
    key_type: str
    bits: int


def create_dkim_key(folder: Path, *, domain: str, selector: str, key_type: KeyType) -> PublishedKey:
    """Generate a key and write it to `folder`/DOMAIN.SELECTOR.pem; raises OutputExists."""
    path = folder / f"{domain}.{selector}.pem"
    key: RSAPrivateKey | Ed25519PrivateKey
    if key_type is KeyType.RSA:
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        key = Ed25519PrivateKey.generate()
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return _published(key, domain=domain, selector=selector, key_file=path)


def published_key(settings: DkimSettings) -> PublishedKey:
    """A key of the configuration with its DNS record. The configuration was read, so the key is valid."""
    key = _parse(settings.key_pem)
    assert key is not None
    return _published(key, domain=settings.domain, selector=settings.selector, key_file=settings.key_file)


def created_keys(folder: Path) -> list[PublishedKey]:
    """The keys that `create_dkim_key` wrote to a folder, by name; other files in it are left out. Raises OSError."""
    created = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        domain, _, selector = path.stem.rpartition(".")
        if path.suffix == ".pem" and domain and path.is_file() and (key := _parse(path.read_bytes())) is not None:
            created.append(_published(key, domain=domain, selector=selector, key_file=path))
    return created


def _parse(pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey | None:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # no key, one with a password, one of an unknown kind
        return None
    return key if isinstance(key, RSAPrivateKey | Ed25519PrivateKey) else None


def _published(key: RSAPrivateKey | Ed25519PrivateKey, *, domain: str, selector: str, key_file: Path) -> PublishedKey:
    if isinstance(key, RSAPrivateKey):
        bits = key.key_size
        key_type, public = KeyType.RSA, key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        bits = 256
        key_type, public = KeyType.ED25519, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return PublishedKey(
        domain=domain,
        selector=selector,
        key_file=key_file,
        record_name=f"{selector}._domainkey.{domain}",
        record_value=f"v=DKIM1; k={key_type}; p={b64encode(public).decode('ascii')}",
        key_type=key_type.value,
        bits=bits,
    )


def _write(path: Path, content: bytes) -> None:
    for folder in (path.parent.parent, path.parent):  # with `parents`, a new data_dir would be open to all
        make_directory(folder)
    for left in path.parent.glob(f".{path.stem}.*.new"):  # by a command that was killed
        left.unlink(missing_ok=True)
    draft = path.parent / f".{path.stem}.{secrets.token_hex(8)}.new"
    try:
        with new_private_file(draft) as file:
            file.write(content)
        name_new_file(draft, path)
    except FileExistsError:
        raise OutputExists(
            f"{path} already exists and will not be overwritten. `pressrun dkim show` prints its DNS record. "
            "For another key, choose another --selector"
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)
