"""How long certificates are valid: a server's, as the module ssl shows it, and one in a file."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography import x509


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


def read_file(path: Path) -> CertificatePeriod:
    """How long the first certificate of a PEM file is valid; raises OSError, or ValueError if it cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - few configurations name certificates

    return _period(x509.load_pem_x509_certificate, path.read_bytes())


def period_of(certificate: bytes) -> CertificatePeriod:
    """How long a certificate in DER is valid; raises ValueError if it cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - as above

    return _period(x509.load_der_x509_certificate, certificate)


def _period(read: Callable[[bytes], x509.Certificate], octets: bytes) -> CertificatePeriod:
    """The validity period of a certificate. Its parser is stricter than OpenSSL, and raises errors of its own."""
    try:
        certificate = read(octets)
        moments = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except Exception as problem:
        raise ValueError(f"the certificate cannot be read: {problem}") from problem
    begins_at, ends_at = (int(moment.replace(tzinfo=UTC).timestamp()) for moment in moments)
    return CertificatePeriod(begins_at=begins_at, ends_at=ends_at)
