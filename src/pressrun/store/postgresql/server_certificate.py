"""When the certificate of a server expires: libpq verifies it for each connection, but does not show its dates.

Open sessions outlive the certificate, so nobody would notice before the next restart of the server.
"""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Any

import psycopg

from pressrun.runtime.certificates import CertificatePeriod, period_of

_SSL_REQUEST = struct.pack(">ii", 8, 80877103)  # PostgreSQL, Frontend/Backend Protocol, SSLRequest
_SECONDS = 10.0
_VERIFIES = ("verify-ca", "verify-full")


def read_server_period(connection: psycopg.Connection[Any]) -> CertificatePeriod | None:
    """How long the certificate is valid; None if connections do not verify it, or if it cannot be read."""
    parameters = connection.info.get_parameters()
    verifies = parameters.get("sslmode") in _VERIFIES or "sslrootcert" in parameters
    if not (verifies and connection.pgconn.ssl_in_use):
        return None
    try:
        certificate = _ask(connection.info.host, connection.info.port)
        return None if certificate is None else period_of(certificate)
    except (OSError, ValueError):
        return None


def _ask(host: str, port: int) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # libpq has just verified it
    with socket.create_connection((host, port), _SECONDS) as plain:
        plain.sendall(_SSL_REQUEST)
        if plain.recv(1) != b"S":
            return None
        with context.wrap_socket(plain, server_hostname=host) as secured:
            return secured.getpeercert(binary_form=True)
