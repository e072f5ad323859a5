"""How a writing verb is carried out: by the running daemon, asked over its socket, or by ourselves while none runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pressrun.cli.output import ProgressLine
from pressrun.cli.owner import acting_as_owner
from pressrun.control.client import ControlClient
from pressrun.core.errors import TryAgain

if TYPE_CHECKING:
    from pressrun.cli.invocation import Invocation
    from pressrun.config import Settings
    from pressrun.control.server import VerbHandler

HELD_SECONDS = 5.0  # a daemon that starts holds the data before its socket is there; another verb is soon done
_POLL_SECONDS = 0.05

Tell = Callable[[str], None]


class Actor(Protocol):
    """Whoever carries verbs out."""

    def ask(self, verb: str, arguments: Mapping[str, Any], progress: Tell) -> Any: ...

    def close(self) -> None: ...


class _Alone:
    """Carries verbs out in this process, which holds the data meanwhile."""

    def __init__(self, settings: Settings) -> None:
        from pressrun.daemon import offline_verbs  # noqa: PLC0415 - not needed while a daemon runs

        self._runner = asyncio.Runner()
        self._opened: AbstractAsyncContextManager[Mapping[str, VerbHandler]] = offline_verbs(settings)
        try:
            self._verbs = self._runner.run(self._opened.__aenter__())
        except BaseException:
            self._runner.close()
            raise

    def ask(self, verb: str, arguments: Mapping[str, Any], progress: Tell) -> Any:
        return self._runner.run(self._carry_out(verb, arguments, progress))

    async def _carry_out(self, verb: str, arguments: Mapping[str, Any], progress: Tell) -> Any:
        return await self._verbs[verb](arguments, progress)

    def close(self) -> None:
        try:
            self._runner.run(_left(self._opened))
        finally:
            self._runner.close()


async def _left(opened: AbstractAsyncContextManager[Any]) -> None:
    await opened.__aexit__(None, None, None)


@contextmanager
def acting(invocation: Invocation, *, needs_daemon: bool = False) -> Iterator[Callable[[str, msgspec.Struct], Any]]:
    """Hold whoever carries verbs out, for one or many of them; the block runs as the owner of the data.

    Raises TryAgain when the data are held and nobody answers, or when `needs_daemon` and none runs.
    """
    progress = ProgressLine()
    with acting_as_owner(invocation.settings.data_dir):
        actor = _find_actor(invocation, needs_daemon=needs_daemon)
        try:
            yield lambda verb, arguments: actor.ask(verb, _plain(arguments), progress)
        finally:
            progress.clear()
            actor.close()


def perform(invocation: Invocation, verb: str, arguments: msgspec.Struct) -> Any:
    """Carry out one verb; returns its result."""
    with acting(invocation) as ask:
        return ask(verb, arguments)


def is_daemon_running(invocation: Invocation) -> bool:
    """Whether a daemon answers on the socket; the caller acts as the owner already."""
    client = ControlClient.connect(invocation.data.control_socket)
    if client is None:
        return False
    client.close()
    return True


def _find_actor(invocation: Invocation, *, needs_daemon: bool) -> Actor:
    ends_at = time.monotonic() + HELD_SECONDS
    while True:
        client = ControlClient.connect(invocation.data.control_socket)
        if client is not None:
            return client
        if needs_daemon:
            raise TryAgain(
                "no daemon is running, so --wait would wait for ever. Start `pressrun serve`, or omit --wait"
            )
        try:
            return _Alone(invocation.settings)
        except TryAgain:
            if time.monotonic() >= ends_at:
                raise
        time.sleep(_POLL_SECONDS)


def _plain(arguments: msgspec.Struct) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(arguments, builtin_types=(bytes,))
    return plain
