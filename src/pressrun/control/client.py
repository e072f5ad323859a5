"""The client side of the control socket. It sends one request at a time and blocks until the result arrives."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pressrun.control.protocol import (
    CALLER,
    NOT_FOR_YOU,
    Progress,
    VerbFailure,
    VerbRequest,
    VerbResult,
    answer_of,
    encode_arguments,
    encode_message,
    error_of,
    response_reader,
)
from pressrun.core.errors import NotPermitted, PressrunError, Refused, TryAgain
from pressrun.runtime.frames import BadFrame, receive_frame
from pressrun.runtime.identity import claimed_user
from pressrun.runtime.unix_sockets import socket_name

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0  # for what a daemon does at once, unless it is stuck


def call_if_running(path: Path, verb: str, arguments: Mapping[str, object] | None = None) -> Any | None:
    """The result of a quick verb; None if no daemon is running, it does not answer, or the call fails."""
    try:
        client = ControlClient.connect(path, seconds=ANSWER_SECONDS)
        if client is None:
            return None
        with contextlib.closing(client):
            return client.call(verb, arguments or {}, lambda _: None)
    except PressrunError:  # such as a daemon that is stopping, or one of another version without this verb
        return None


@contextmanager
def _name_for_caller(path: Path) -> Iterator[str]:
    """A name to connect to, which root does as root though it acts as the owner: the daemon is to know who calls.

    The owner could have put anything there, so root connects only to a socket that the owner has bound.
    """
    if os.getuid() != 0 or os.geteuid() == 0:
        with socket_name(path) as name:
            yield name
        return
    owner, descriptor = os.geteuid(), os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISSOCK(status.st_mode) or status.st_uid != owner:
            raise NotPermitted(f"{path} is not a socket of the owner of the data. Remove it")
        os.seteuid(0)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.seteuid(owner)
        os.close(descriptor)


class ControlClient:
    """A connection to the running daemon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._responses = response_reader()
        self._verb = ""  # the last one that was started

    @classmethod
    def connect(cls, path: Path, *, seconds: float | None = None) -> Self | None:
        """Connect to the daemon; None when none is listening. It then has `seconds` for each message that is awaited.

        By default a verb may take any time: a daemon that dies closes the connection. Raises NotPermitted for a user
        other than its owner.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            with _name_for_caller(path) as name:
                connection.connect(name)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError, TimeoutError, BlockingIOError):
            connection.close()
            return None
        except PermissionError:
            connection.close()
            raise NotPermitted(f"{path}: {NOT_FOR_YOU}") from None
        client = cls(connection)
        try:
            connection.settimeout(ANSWER_SECONDS)
            client._introduce()
        except BaseException:
            connection.close()
            raise
        connection.settimeout(seconds)
        return client

    def _introduce(self) -> None:
        """Tell the daemon who became root by sudo."""
        name = claimed_user(os.environ)
        if name is not None:
            with contextlib.suppress(Refused):  # a daemon of an earlier version
                self.call(CALLER, {"sudo_user": name}, lambda _: None)

    def call(self, verb: str, arguments: object, progress: Callable[[str], None]) -> Any:
        """Run a verb in the daemon and return its result; `progress` gets each message about how far it is.

        Raises the error with which the verb failed there, and TryAgain when the connection is lost. Reading a member
        that a daemon of another version has left out of the result raises IncompleteAnswer.
        """
        self.start(verb, arguments)
        return self.finish(progress)

    def start(self, verb: str, arguments: object) -> None:
        """Send a verb without waiting for its result, which `finish` returns."""
        request = encode_message(VerbRequest(verb=verb, arguments=encode_arguments(arguments)))
        self._verb = verb
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
                    case VerbResult() as result:
                        return answer_of(self._verb, result)
                    case VerbFailure() as failure:
                        raise error_of(failure)
                    case None:
                        raise ConnectionResetError("the daemon closed the connection")
        except TimeoutError:
            raise TryAgain("the daemon runs but does not answer. If this goes on, restart the service") from None
        except (OSError, BadFrame):
            raise TryAgain(
                "connection to the daemon lost: the command may or may not have run. Check before retrying"
            ) from None

    def close(self) -> None:
        self._connection.close()
