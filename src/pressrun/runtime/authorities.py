"""Whom we believe over TLS: the system's authorities, and private ones beside them. Nothing switches it off.

A process may run for longer than an authority lasts, so the files are read again when they have changed.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from pressrun.core.errors import BadConfiguration

_Stamp = tuple[tuple[int, int, int] | None, ...]


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later with certificate and host name verified; raises BadConfiguration for an unusable `ca_file`."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise BadConfiguration(f"ca_file {ca_file} holds no usable certificates in PEM form: {error}") from None
    return context


class Authorities:
    """Those of the system and of `ca_file`; raises BadConfiguration for an unusable one."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        self._stamp = _stamp(ca_file)
        self._context = client_context(ca_file)

    def context(self) -> ssl.SSLContext:
        """For the next connection. While a changed `ca_file` cannot be used, as it may be half written, the former."""
        stamp = _stamp(self._ca_file)
        if stamp != self._stamp:
            with suppress(BadConfiguration):
                self._context = client_context(self._ca_file)
                self._stamp = stamp
        return self._context


def _stamp(ca_file: Path | None) -> _Stamp:
    """Differs when a file of authorities has been written or replaced."""
    paths = ssl.get_default_verify_paths()
    return tuple(_of_file(path) for path in (ca_file, paths.cafile, paths.capath))


def _of_file(path: Path | str | None) -> tuple[int, int, int] | None:
    if path is None:
        return None
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
