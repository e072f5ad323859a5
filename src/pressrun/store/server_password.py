"""The password for a database server, which may be replaced while the daemon runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

_PASSWORD = re.compile(r"(?<=://)([^:/@]*):[^/@]*(?=@)")  # as libpq finds it, in front of the first @ of the host
_PARAMETER = re.compile(r"([?&]([^?&=]*)=)([^?&]*)(\?[^&]*)?")
_SECRETS = frozenset("password sslpassword scram_client_key scram_server_key oauth_client_secret".split())


def only_line(text: str) -> str | None:
    """The password in the text of a file, whose only line it is; None if it is empty or there are several lines."""
    line = text.removesuffix("\n").removesuffix("\r")
    return None if not line or any(character in line for character in "\r\n\0") else line


def without_password(address: str) -> str:
    """The address of a server as it was written but for its password, which may contain colons and question marks."""
    place, mark, query = _PASSWORD.sub(r"\1", address, count=1).partition("?")
    kept = [value for value in query.split("&") if unquote(value.partition("=")[0]) != "password"]
    return f"{place}{mark}{'&'.join(kept)}" if kept else place


def hide_secrets(address: str) -> str:
    """The address of a server as it was written, with `…` in place of each secret."""
    return _PARAMETER.sub(_hide, _PASSWORD.sub(r"\1:…", address, count=1))


def _hide(parameter: re.Match[str]) -> str:
    begin, name, value, rest = parameter.groups("")
    if unquote(name).lower() in _SECRETS:
        return f"{begin}…"
    return f"{begin}{value}{_PARAMETER.sub(_hide, rest)}"


@dataclass(frozen=True, slots=True)
class ServerPassword:
    """The password as it was at the start, and the file that it came from, if any."""

    text: str = field(repr=False, compare=False)
    file: Path | None = None

    def read(self) -> str:
        """The password for a new connection: the one in the file now, or that of the start if the file is unusable."""
        if self.file is None:
            return self.text
        try:
            return only_line(self.file.read_bytes().decode()) or self.text
        except (OSError, UnicodeDecodeError):
            return self.text
