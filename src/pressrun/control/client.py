"""The client side of the control socket. It sends one request at a time and blocks until the result arrives."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from pressrun.control.protocol import (
    Progress,
    VerbFailure,
    VerbRequest,
    VerbResult,
    encode_arguments,
    encode_message,
    error_of,
    response_reader,
)
from pressrun.core.errors import NotPermitted, PressrunError, TryAgain
from pressrun.runtime.frames import BadFrame, receive_frame
from pressrun.runtime.unix_sockets import socket_name

CONNECT_SECONDS = 5.0


def call_if_running(path: Path, verb: str) -> Any | None:
    """The result of a verb without arguments; None when no daemon is running or the call fails for any reason."""
    try:
        client = ControlClient.connect(path)
        if client is None:
            return None
        with contextlib.closing(client):
            return client.call(verb, {}, lambda _: None)
    except PressrunError:  # such as a daemon that is stopping, or one of another version without this verb
        return None


class ControlClient:
    """A connection to the running daemon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._responses = response_reader()

    @classmethod
    def connect(cls, path: Path) -> Self | None:
        """Connect to the daemon; None when none is listening. Raises NotPermitted for a user other than its owner."""
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

    def call(self, verb: str, arguments: object, progress: Callable[[str], None]) -> Any:
        """Run a verb in the daemon and return its result; `progress` gets each message about how far it is.

        Raises the error with which the verb failed there, and TryAgain when the connection is lost.
        """
        self.start(verb, arguments)
        return self.finish(progress)

    def start(self, verb: str, arguments: object) -> None:
        """Send a verb without waiting for its result, which `finish` returns."""
        request = encode_message(VerbRequest(verb=verb, arguments=encode_arguments(arguments)))
        # The daemon may have sent an error before it closed the connection, which `finish` reads.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(request)

    def finish(self, progress: Callable[[str], None]) -> Any:
        """The result of the verb that was started; raises as `call` does."""
        try:
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
