"""Whom we believe to be the relay: the system's authorities, and a private one beside them. Nothing switches it off."""

from __future__ import annotations

import ssl
from pathlib import Path

from pressrun.core.errors import BadConfiguration


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
