"""What a certificate in a file says of itself."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path


def read_expiry(path: Path) -> float:
    """When the first certificate of a PEM file expires (UTC seconds); raises OSError, and ValueError for no PEM."""
    from cryptography import x509  # noqa: PLC0415 - few configurations name certificates

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_after_utc.replace(tzinfo=UTC).timestamp()
