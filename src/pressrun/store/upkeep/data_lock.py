"""The locks of a data directory: one for the single process that writes, one for a command that moves the database."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from pressrun.core.errors import NotPermitted, TryAgain
from pressrun.core.upkeep.resources import is_out_of_resources
from pressrun.store.disk_faults import SEE_CHECK, explain
from pressrun.store.upkeep import restore_switch
from pressrun.store.upkeep.datadir import DataDir

LOOKS, LOOK_SECONDS = 20, 0.05  # for a lock that somebody holds for a moment to see whether anybody does


class DataLock:
    """The lock of the one process that writes, held in a `with` block or until `release`.

    The kernel releases it when the process ends, however it ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @classmethod
    def acquire(cls, data: DataDir) -> Self:
        """Acquire the lock, or raise TryAgain nearly at once."""
        lock = cls.find_free(data.lock)
        if lock is None:
            time.sleep(LOOK_SECONDS)  # another process may have held it only to see whether it is free
            lock = cls.find_free(data.lock)
        if lock is None:
            raise TryAgain(describe_user(data))
        try:
            restore_switch.finish_restore(data.root, data.server)
        except BaseException:
            lock.release()
            raise
        return lock

    @classmethod
    def acquire_for_move(cls, data: DataDir) -> Self:
        """Acquire the lock of the one command that moves the database; raises TryAgain."""
        for _ in range(LOOKS):
            lock = cls.find_free(data.move_lock)
            if lock is not None:
                return lock
            time.sleep(LOOK_SECONDS)
        raise TryAgain(f"another command is moving the database of {data.root}. Wait for it, or stop it")

    @classmethod
    def find_free(cls, path: Path) -> Self | None:
        """Lock this file, or return None at once; raises NotPermitted or Unavailable."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as problem:
            raise NotPermitted(f"{path} cannot be opened by the owner of the data. {SEE_CHECK}") from problem
        except OSError as problem:
            if not is_out_of_resources(problem):
                raise
            raise explain(f"{path} cannot be opened", path.parent, str(problem.strerror).lower()) from problem
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def is_moving(data: DataDir) -> bool:
    """Whether a command that moves the database is running."""
    return _is_locked(data.move_lock)


def is_used(data: DataDir) -> bool:
    """Whether a process writes to the data: a daemon, or a verb without one."""
    return _is_locked(data.lock)


def describe_user(data: DataDir) -> str:
    """What to do about the process that writes to the data and does not answer. A daemon is deaf without its socket."""
    deaf = "" if data.control_socket.exists() else ". If it is the service, its control.sock is gone: restart it"
    return f"another process is using {data.root}. Wait for it, or stop it{deaf}"


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = DataLock.find_free(path)
    if lock is not None:
        lock.release()
    return lock is None
