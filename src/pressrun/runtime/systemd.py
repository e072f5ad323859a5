"""The protocol between systemd and the daemon: readiness, reload, watchdog, and handed-over sockets.

The protocol is one datagram to `$NOTIFY_SOCKET` (sd_notify(3)) and descriptors from 3 on (sd_listen_fds(3)); no library
is needed. Without systemd everything here does nothing. The environment is passed in, never read here.
"""

from __future__ import annotations

import grp
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Self

from msgspec import Struct

from pressrun.core.errors import BadConfiguration

_FIRST_DESCRIPTOR = 3
_ANSWER_SECONDS = 5.0  # for systemd to answer what a unit has
_OWN_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class Notifier:
    """Notifies systemd of the state of the service. Without `$NOTIFY_SOCKET` every call does nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _notify_address(environ.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def ready(self, status: str = "") -> None:
        """The service is ready: after the start, and after a reload, successful or not."""
        self._send("READY=1", *_status(status))

    def reloading(self) -> None:
        """A reload begins; `ready` must follow."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        self._send("STOPPING=1", *_status(status))

    def watchdog(self) -> None:
        """The loop and the database made progress."""
        self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float, status: str = "") -> None:
        """Allow this many seconds more from now for starting or stopping."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}", *_status(status))

    def close(self) -> None:
        """Close the socket; later calls do nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is None or self._address is None or not lines:
            return
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8"), self._address)
        except OSError:
            # systemd restarts or its queue is full: keep serving, and the next message may get through.
            return


def groups_of_unit(user: str) -> tuple[int, ...]:
    """The groups that pressrun.service gives this user besides their own (SupplementaryGroups= in systemd.exec(5))."""
    command = ["systemctl", "show", "--property=User,SupplementaryGroups", "pressrun.service"]
    try:
        shown = subprocess.run(  # noqa: S603 - nothing in the command comes from elsewhere
            command, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    values = {name: value for name, _, value in (line.partition("=") for line in shown.splitlines())}
    groups = values.get("SupplementaryGroups", "").split() if values.get("User") == user else []
    return tuple(gid for gid in map(_find_group, groups) if gid is not None)


def _find_group(name: str) -> int | None:
    """The number of a group, which may be given by its number."""
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _notify_address(text: str) -> str | None:
    if text.startswith("@"):
        return "\0" + text[1:]  # an abstract socket address of Linux
    return text if text.startswith("/") else None


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={' '.join(text.split())}",) if text.strip() else ()


def watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    """The watchdog timeout of systemd, or None; notify it at half of that time."""
    owner = environ.get("WATCHDOG_PID", "")
    if owner and owner != str(pid):
        return None
    try:
        seconds = int(environ.get("WATCHDOG_USEC", "")) / 1_000_000
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def listen_sockets(
    environ: Mapping[str, str], pid: int, *, first_descriptor: int = _FIRST_DESCRIPTOR
) -> dict[str, socket.socket]:
    """The listening sockets that systemd handed over, by FileDescriptorName; a single one is `http` whatever its name.

    Raises BadConfiguration if one is not a listening stream socket, or if two share a name.
    """
    if environ.get("LISTEN_PID") != str(pid):
        return {}
    try:
        count = int(environ.get("LISTEN_FDS", ""))
    except ValueError:
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    twice = {name for name in names[:count] if names.count(name) > 1}
    if twice:
        raise BadConfiguration(
            f"systemd handed over two sockets named {min(twice)!r}. Each needs its own FileDescriptorName="
        )
    sockets = {name: _adopt(descriptor, name) for descriptor, name in enumerate(names[:count], start=first_descriptor)}
    if len(sockets) == 1 and not sockets.keys() & {"http", "smtp", "lmtp", "admin"}:
        return {"http": next(iter(sockets.values()))}
    return sockets


def _adopt(descriptor: int, name: str) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)
        listener = socket.socket(fileno=descriptor)
        is_listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as problem:
        raise BadConfiguration(f"the descriptor {name!r} from systemd cannot be used: {problem.strerror}") from None
    if listener.type != socket.SOCK_STREAM or not is_listening:
        listener.detach()
        raise BadConfiguration(f"the socket {name!r} from systemd does not listen. Use ListenStream= and Accept=no")
    listener.setblocking(False)
    return listener


def forget_environment(environ: MutableMapping[str, str], names: Iterable[str] = _OWN_VARIABLES) -> None:
    """Remove the variables meant for this process alone, so that no child notifies systemd in our name."""
    for name in names:
        environ.pop(name, None)


class ServiceManager(Struct, frozen=True, kw_only=True):
    """What systemd gave this process: the notification socket, listening sockets by name, and the watchdog interval."""

    notifier: Notifier
    sockets: Mapping[str, socket.socket]
    watchdog_seconds: float | None

    @classmethod
    def read(cls, environ: MutableMapping[str, str], sockets: Mapping[str, socket.socket]) -> Self:
        """Take it from the environment, where child processes must not find it; `sockets` go before others."""
        process = os.getpid()
        manager = cls(
            notifier=Notifier(environ),
            sockets={**listen_sockets(environ, process), **sockets},
            watchdog_seconds=watchdog_seconds(environ, process),
        )
        forget_environment(environ)
        return manager
