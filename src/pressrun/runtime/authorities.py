"""The certificate authorities that we trust: the system's, and those of a `ca_file`. Verification is never off.

A daemon may outlive an authority, so the files are read again when they have changed.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from pressrun.core.errors import BadConfiguration
from pressrun.runtime.file_stamps import FileStamp, stamp_of

_Stamp = tuple[FileStamp | None, ...]
CaFileReport = Callable[[Path | None, str | None], None]
"""Receives a `ca_file` and what is wrong with it, or None."""


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later with certificate and host name verified; raises BadConfiguration for an unusable `ca_file`."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    # Python 3.13 also demands every extension of RFC 5280. A CA that `openssl req -x509` makes has no key usage
    # (§4.2.1.3), and Postfix, curl and Python 3.11 accept it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise BadConfiguration(f"ca_file {ca_file} holds no usable certificates in PEM form: {error}") from None
    return context


class Authorities:
    """The authorities of the system and of `ca_file`; raises BadConfiguration for an unusable `ca_file`.

    `report` is called once with what is wrong with a changed `ca_file`, and with None once the file is usable again.
    """

    def __init__(self, ca_file: Path | None, report: CaFileReport) -> None:
        self._ca_file = ca_file
        self._report = report
        self._stamp = _stamp(ca_file)
        self._refused: _Stamp | None = None
        self._context = client_context(ca_file)

    def context(self) -> ssl.SSLContext:
        """The context for the next connection; the former one while a changed `ca_file` is unusable (half written)."""
        stamp = _stamp(self._ca_file)
        if stamp not in (self._stamp, self._refused):
            self._read_again(stamp)
        elif stamp == self._stamp and self._refused is not None:  # the former file is back
            self._accept(stamp)
        return self._context

    def _read_again(self, stamp: _Stamp) -> None:
        try:
            self._context = client_context(self._ca_file)
        except BadConfiguration as problem:
            if self._refused is None:
                self._report(self._ca_file, str(problem))
            self._refused = stamp
        else:
            self._accept(stamp)

    def _accept(self, stamp: _Stamp) -> None:
        self._stamp = stamp
        if self._refused is not None:
            self._refused = None
            self._report(self._ca_file, None)


def _stamp(ca_file: Path | None) -> _Stamp:
    """A value that changes when a file of authorities is written or replaced."""
    paths = ssl.get_default_verify_paths()
    return tuple(_of_file(path) for path in (ca_file, paths.cafile, paths.capath))


def _of_file(path: Path | str | None) -> FileStamp | None:
    if path is None:
        return None
    try:
        return stamp_of(Path(path))
    except OSError:
        return None
