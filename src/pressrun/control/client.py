"""The verbs' end of the control socket: one request at a time, waiting for its answer. Synchronous on purpose."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from pressrun.control.protocol import (
    Progress,
    VerbFailure,
    VerbRequest,
    VerbResult,
    encode_message,
    error_of,
    response_reader,
)
from pressrun.core.errors import NotPermitted, PressrunError, TryAgain
from pressrun.runtime.frames import BadFrame, receive_frame
from pressrun.runtime.unix_sockets import socket_name

CONNECT_SECONDS = 5.0


def call_if_running(path: Path, verb: str) -> Any | None:
    """The result of a verb without arguments; None when no daemon runs, or the running one does not know the verb."""
    try:
        client = ControlClient.connect(path)
        if client is None:
            return None
        try:
            return client.call(verb, {}, lambda _: None)
        finally:
            client.close()
    except PressrunError:  # the daemon is just ending, or is of another version
        return None


class ControlClient:
    """A connection to the running daemon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._responses = response_reader()

    @classmethod
    def connect(cls, path: Path) -> Self | None:
        """Connect to the daemon; None when none listens. Raises NotPermitted."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            with socket_name(path) as name:
                connection.connect(name)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError, TimeoutError, BlockingIOError):
            connection.close()
            return None
        except PermissionError:
            connection.close()
            raise NotPermitted(f"{path} may only be used by the owner of the data") from None
        connection.settimeout(None)  # a verb may take any time; a daemon that dies closes the connection
        return cls(connection)

    def call(self, verb: str, arguments: Mapping[str, Any], progress: Callable[[str], None]) -> Any:
        """Have a verb carried out; returns its result, or raises the error that it met in the daemon."""
        request = encode_message(VerbRequest(verb=verb, arguments=dict(arguments)))
        try:
            # A daemon that closes the connection may have said why before: read on.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._connection.sendall(request)
            while True:
                match receive_frame(self._connection, self._responses):
                    case Progress(text=text):
                        progress(text)
                    case VerbResult(value=value):
                        return value
                    case VerbFailure() as failure:
                        raise error_of(failure)
                    case None:
                        raise ConnectionResetError("the daemon closed the connection")
        except (OSError, BadFrame):
            raise TryAgain(
                "connection to the daemon lost: the command may or may not have run. Check before retrying"
            ) from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
