"""Logging in: PLAIN (RFC 4616) and LOGIN, within the AUTH command of RFC 4954.

The password appears in no repr. Whether it may be sent unencrypted is decided in session_setup.py.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from pressrun.smtp.errors import LocalProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A name and its password; raises LocalProtocolError if no mechanism can transmit them."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.username or "\0" in self.username or "\0" in self.password:
            raise LocalProtocolError("a user name must not be empty, and neither it nor the password may hold NUL")


def login_script(credentials: Credentials, mechanisms: frozenset[str]) -> list[bytes] | None:
    """The lines to send, each after the first in reply to a 334; None if no mechanism is shared."""
    name, password = credentials.username.encode(), credentials.password.encode()
    if "PLAIN" in mechanisms:
        return [b"AUTH PLAIN " + b64encode(b"\0" + name + b"\0" + password) + b"\r\n"]
    if "LOGIN" in mechanisms:
        return [b"AUTH LOGIN\r\n", b64encode(name) + b"\r\n", b64encode(password) + b"\r\n"]
    return None
