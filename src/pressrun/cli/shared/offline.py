"""Writing verbs while no daemon runs: this process holds the data and carries them out itself."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from pressrun.acts.call import Call, Caller
from pressrun.cli.shared.held_back import warn_of_held
from pressrun.config import Settings
from pressrun.control.protocol import encode_arguments
from pressrun.daemon.offline import offline_services
from pressrun.runtime.identity import claimed_user, process_user


class OfflineExecutor:
    """Carries verbs out in this process; raises TryAgain while another one holds the data."""

    def __init__(self, settings: Settings) -> None:
        self._runner = asyncio.Runner()
        self._started = deque[tuple[str, msgspec.Raw]]()
        self._stack = AsyncExitStack()
        user = process_user()
        self._caller = Caller.at_shell(user.name, user.uid, claimed=claimed_user(os.environ))
        try:
            services = self._runner.run(self._stack.enter_async_context(offline_services(settings, warn_of_held)))
        except BaseException:
            self._runner.close()
            raise
        self._door = services.door

    def start(self, verb: str, arguments: object) -> None:
        """Remember a verb, which `finish` carries out."""
        self._started.append((verb, encode_arguments(arguments)))

    def finish(self, progress: Callable[[str], None]) -> Any:
        """Carry out the verb that was started first; returns its result as it would come from a daemon."""
        verb, arguments = self._started.popleft()
        call = Call(act=verb, arguments=arguments, caller=self._caller)
        result = self._runner.run(self._door.carry_out(call, progress))
        return msgspec.to_builtins(result, builtin_types=(bytes,))

    def close(self) -> None:
        """Close the database and release the data."""
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()
