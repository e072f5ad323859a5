"""The certificate of the mail listeners: its files are renewed every few weeks, and used as soon as they change."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from msgspec import Struct

from pressrun.core.errors import BadConfiguration
from pressrun.inbound.settings import SmtpSettings
from pressrun.observe.log import event
from pressrun.runtime.certificates import read_file
from pressrun.runtime.file_stamps import FileStamp, stamp_of

log = logging.getLogger("pressrun.inbound")

Stamp = tuple[FileStamp, ...]


class OwnCertificate(Struct, frozen=True, kw_only=True):
    """A loaded certificate: the context for STARTTLS, when it expires (UTC seconds), and the stamp of its files.

    `expires_at` is None if OpenSSL can read the certificate but its expiry date cannot be read.
    """

    tls: ssl.SSLContext
    expires_at: float | None
    stamp: Stamp


def load_certificate(settings: SmtpSettings) -> OwnCertificate | None:
    """The certificate of the configuration, or None without one. Raises BadConfiguration."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        stamp = _stamp(settings.certificate_file, settings.key_file)
        # A locked key must not make OpenSSL ask for its passphrase.
        context.load_cert_chain(settings.certificate_file, settings.key_file, password=lambda: b"")
    except (OSError, ValueError) as problem:  # SSLError is an OSError
        raise BadConfiguration(f"[smtp] certificate_file and key_file cannot be used: {problem}") from problem
    return OwnCertificate(tls=context, expires_at=_measure_expiry(settings.certificate_file), stamp=stamp)


def _measure_expiry(certificate_file: Path) -> float | None:
    try:
        return read_file(certificate_file).ends_at
    except (OSError, ValueError) as problem:
        event(log, "inbound.certificate_not_measured", level=logging.WARNING, problem=str(problem))
        return None


class CertificateRenewal:
    """Loads the certificate again when its files have changed. Logs unusable files once: they may be half renewed."""

    def __init__(self) -> None:
        self._refused: Stamp | None = None

    def renew(self, used: OwnCertificate, settings: SmtpSettings) -> OwnCertificate | None:
        """Load the certificate if its files have changed since `used`; None if they have not, or cannot be used."""
        assert settings.certificate_file is not None
        assert settings.key_file is not None
        try:
            stamp = _stamp(settings.certificate_file, settings.key_file)
        except OSError:
            return None  # one of them is about to be replaced
        if stamp in (used.stamp, self._refused):
            return None
        try:
            renewed = load_certificate(settings)
        except BadConfiguration as problem:
            self._refused = stamp
            event(log, "inbound.certificate_refused", level=logging.WARNING, problem=str(problem))
            return None
        event(log, "inbound.certificate_renewed")
        return renewed


def _stamp(*paths: Path) -> Stamp:
    return tuple(map(stamp_of, paths))
