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
from pressrun.runtime.server_sockets import socket_name

CONNECT_SECONDS = 5.0


def ask_if_running(path: Path, verb: str) -> Any | None:
    """What the running daemon answers to a verb without arguments; None where none runs, or none that knows it."""
    try:
        client = ControlClient.connect(path)
        if client is None:
            return None
        try:
            return client.ask(verb, {}, lambda _: None)
        finally:
            client.close()
    except PressrunError:  # it ends just now, or is of another version
        return None


class ControlClient:
    """A connection to the running daemon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._responses = response_reader()

    @classmethod
    def connect(cls, path: Path) -> Self | None:
        """Reach the daemon, or None when none listens there; raises NotPermitted."""
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
        connection.settimeout(None)  # a verb takes as long as it takes; a daemon that dies closes the connection
        return cls(connection)

    def ask(self, verb: str, arguments: Mapping[str, Any], progress: Callable[[str], None]) -> Any:
        """Have a verb carried out; returns its result or raises the error that it met there."""
        request = encode_message(VerbRequest(verb=verb, arguments=dict(arguments)))
        try:
            self._send(request)
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
        """Give the connection back."""
        self._connection.close()

    def _send(self, request: bytes) -> None:
        # The daemon may have said why before it closed: read on.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(request)
