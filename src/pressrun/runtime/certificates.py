"""For how long certificates are valid: that of a server, as the module ssl shows it, and one in a file."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from msgspec import Struct


class CertificatePeriod(Struct, frozen=True, kw_only=True):
    """UTC seconds."""

    begins_at: int
    ends_at: int


def read_period(certificate: Mapping[str, Any] | None) -> CertificatePeriod | None:
    """The period of what `SSLObject.getpeercert` returned; None without a certificate."""
    if not certificate:
        return None
    begins_at, ends_at = (int(ssl.cert_time_to_seconds(str(certificate[key]))) for key in ("notBefore", "notAfter"))
    return CertificatePeriod(begins_at=begins_at, ends_at=ends_at)


def read_expiry(path: Path) -> float:
    """When the first certificate of a PEM file expires (UTC seconds); raises OSError, and ValueError for no PEM."""
    from cryptography import x509  # noqa: PLC0415 - few configurations name certificates

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_after_utc.replace(tzinfo=UTC).timestamp()


def period_of(certificate: bytes) -> CertificatePeriod:
    """How long a certificate in DER is valid."""
    from cryptography import x509  # noqa: PLC0415 - as above

    read = x509.load_der_x509_certificate(certificate)
    begins_at, ends_at = (
        int(moment.replace(tzinfo=UTC).timestamp()) for moment in (read.not_valid_before_utc, read.not_valid_after_utc)
    )
    return CertificatePeriod(begins_at=begins_at, ends_at=ends_at)
