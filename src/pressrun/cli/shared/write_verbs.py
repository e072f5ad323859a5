"""Verbs that write: the running daemon carries them out over its socket, or this process while no daemon runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol

import msgspec

from pressrun.cli.shared.invocation import Invocation, acting_for_data
from pressrun.cli.shared.output import ProgressLine
from pressrun.control.client import ControlClient
from pressrun.core.errors import TryAgain
from pressrun.store.upkeep.data_lock import describe_user, is_used
from pressrun.store.upkeep.datadir import DataDir

HELD_SECONDS = 5.0  # a starting daemon holds the data before its socket is there; another verb is soon done
_POLL_SECONDS = 0.05


class Executor(Protocol):
    """Carries verbs out: the daemon (ControlClient), or this process (cli.shared.offline)."""

    def start(self, verb: str, arguments: object) -> None: ...

    def finish(self, progress: Callable[[str], None]) -> Any: ...

    def close(self) -> None: ...


class _InTurn:
    """Several connections to the daemon, used in turn: it carries out the verbs of all of them at the same time."""

    def __init__(self, clients: Sequence[Executor]) -> None:
        self._idle = deque(clients)
        self._busy = deque[Executor]()

    def start(self, verb: str, arguments: object) -> None:
        client = self._idle.popleft()
        client.start(verb, arguments)
        self._busy.append(client)

    def finish(self, progress: Callable[[str], None]) -> Any:
        client = self._busy.popleft()
        self._idle.append(client)
        return client.finish(progress)

    def close(self) -> None:
        for client in (*self._busy, *self._idle):
            client.close()


class VerbCalls:
    """Carries out one verb after the other, and shows how far each of them is."""

    def __init__(self, invocation: Invocation, executor: Executor, progress: ProgressLine) -> None:
        self._invocation = invocation
        self._executor = executor
        self._progress = progress

    def __call__(self, verb: str, arguments: msgspec.Struct) -> Any:
        """Carry out a verb; returns its result."""
        self.start(verb, arguments)
        return self.finish()

    def unrecorded(self, verb: str, arguments: msgspec.Struct) -> Any:
        """Carry out a verb without a row in the audit log: it only reads, or this command records what it does."""
        self._executor.start(verb, arguments)
        return self.finish()

    def start(self, verb: str, arguments: msgspec.Struct) -> None:
        """Hand over a verb; the daemon carries it out while this process goes on."""
        self._invocation.is_recorded = True
        self._executor.start(verb, arguments)

    def finish(self) -> Any:
        """Wait for the verb that was started first; returns its result."""
        return self._executor.finish(self._progress)


@contextmanager
def executing(invocation: Invocation, *, needs_daemon: bool = False, at_once: int = 1) -> Iterator[VerbCalls]:
    """What carries out verbs, one or many; the block runs as the owner of the data.

    `at_once` is how many verbs may be started before the first of them is finished; the daemon may carry them out in
    any order. Raises TryAgain when another process holds the data and does not answer, or when `needs_daemon` and none
    runs.
    """
    with acting_for_data(invocation), ProgressLine() as progress:
        executor = _find_executor(invocation, needs_daemon=needs_daemon)
        if isinstance(executor, ControlClient) and at_once > 1:
            executor = _InTurn([executor, *_connect_more(invocation, at_once - 1)])
        try:
            yield VerbCalls(invocation, executor, progress)
        finally:
            executor.close()


def _connect_more(invocation: Invocation, number: int) -> list[Executor]:
    """Further connections to the daemon that has just answered; raises TryAgain where it answers no more."""
    clients = [ControlClient.connect(invocation.control_socket) for _ in range(number)]
    if None in clients:
        raise TryAgain("the daemon is stopping. Nothing was changed")
    return [client for client in clients if client is not None]


def execute(invocation: Invocation, verb: str, arguments: msgspec.Struct) -> Any:
    """Carry out one verb; returns its result."""
    with executing(invocation) as call:
        return call(verb, arguments)


def execute_unrecorded(invocation: Invocation, verb: str, arguments: msgspec.Struct) -> Any:
    """Carry out a verb without a row in the audit log; returns its result."""
    with executing(invocation) as call:
        return call.unrecorded(verb, arguments)


def is_daemon_running(invocation: Invocation) -> bool:
    """Whether a daemon answers on the socket, or the process that holds the data may be a daemon that has lost it."""
    with acting_for_data(invocation):
        client = ControlClient.connect(invocation.control_socket)
        if client is None:
            return invocation.group_socket is None and is_used(invocation.data)
    client.close()
    return True


def _find_executor(invocation: Invocation, *, needs_daemon: bool) -> Executor:
    if invocation.group_socket is not None:
        # Imported by name: only members of the group need it.
        connected: Executor = import_module("pressrun.cli.shared.remote_reading").connect_as_member(
            invocation.group_socket
        )
        return connected
    ends_at = time.monotonic() + HELD_SECONDS
    while True:
        client = ControlClient.connect(invocation.data.control_socket)
        if client is not None:
            return client
        if needs_daemon:
            _require_starting(invocation.data, ends_at)
        else:
            try:
                # Imported by name: it brings the whole program with it, which takes longer than most verbs.
                executor: Executor = import_module("pressrun.cli.shared.offline").OfflineExecutor(invocation.settings)
            except TryAgain:
                if time.monotonic() >= ends_at:
                    raise
            else:
                return executor
        time.sleep(_POLL_SECONDS)


def _require_starting(data: DataDir, ends_at: float) -> None:
    """Raise TryAgain unless the process that holds the data may still answer until then."""
    if not is_used(data):
        raise TryAgain("no daemon is running, so --wait would never end. Start `pressrun serve`, or omit --wait")
    if time.monotonic() >= ends_at:
        raise TryAgain(describe_user(data))
