"""The period for which the certificate of a server is valid, as the module ssl shows it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
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
