"""The daemon's end of the control socket: data_dir/control.sock, 0600, for its owner and root; one more for a group.

The kernel says who calls, whatever the modes of the files are. The caller of `start` holds the lock on the data, so an
existing socket belongs to a dead process and is replaced. A verb that has begun is finished even when its client goes
away, and an unexpected error in a verb does not end the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pressrun.acts.call import Call, Caller, CarryOut
from pressrun.control.protocol import (
    CALLER,
    NOT_FOR_YOU,
    Progress,
    Response,
    VerbRequest,
    VerbResult,
    encode_message,
    failure_of,
    request_reader,
)
from pressrun.core.access.rights import GROUP_MEMBER, OWNER
from pressrun.core.errors import BadConfiguration, NotPermitted, PressrunError, Refused, TryAgain
from pressrun.observe.log import event
from pressrun.runtime.frames import BadFrame, read_frame
from pressrun.runtime.identity import peer_of, plain_name
from pressrun.runtime.unix_sockets import bind_unix_socket

log = logging.getLogger("pressrun.control")

MAX_CONNECTIONS = 32
MAX_OF_MEMBERS = 16  # beyond this, members are refused: root and the owner always get through


class GroupSocket(Struct, frozen=True, kw_only=True):
    """A second socket for the members of a group."""

    path: Path
    gid: int


class ControlServer:
    """Has the requests that come in over Unix sockets carried out."""

    def __init__(self, path: Path, carry_out: CarryOut, group: GroupSocket | None = None) -> None:
        self._path = path
        self._carry_out = carry_out
        self._group = group
        self._servers: list[asyncio.Server] = []
        self._inodes: dict[Path, int] = {}
        self._calls: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._busy: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self) -> None:
        """Listen; raises Refused when another kind of file is at a path, or the group cannot be given its socket."""
        await self._serve_on(self._bind(self._path, mode=0o600), self._path)
        if self._group is not None:
            try:
                _make_folder(self._group.path.parent)
                listener = self._bind(self._group.path, mode=0o660, gid=self._group.gid)
            except OSError as problem:
                raise Refused(
                    f"{self._group.path} cannot be opened ({problem.strerror}). Create its folder, or set "
                    "[control] socket to a socket in a folder of this user that members of the group can enter"
                ) from None
            await self._serve_on(listener, self._group.path)

    def _bind(self, path: Path, *, mode: int, gid: int | None = None) -> socket.socket:
        try:
            listener = bind_unix_socket(path, mode=mode, gid=gid)
        except BadConfiguration as problem:
            raise Refused(str(problem)) from None
        self._inodes[path] = path.stat().st_ino
        return listener

    async def _serve_on(self, listener: socket.socket, path: Path) -> None:
        self._servers.append(await asyncio.start_unix_server(self._serve, sock=listener))
        event(log, "control.listening", path=str(path))

    async def close(self, seconds: float = 5.0) -> None:
        """Accept no more verbs, let those that run finish within `seconds`, and remove the sockets."""
        self._closing = True
        for path, inode in self._inodes.items():
            with contextlib.suppress(OSError):  # gone, or on a read-only disk: the next start replaces it
                if path.lstat().st_ino == inode:
                    path.unlink()
        for server in self._servers:
            server.close()
        for call, writer in self._calls.items():
            if call not in self._busy:
                writer.close()
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=seconds)
            for call in late:
                call.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls[call] = writer
        try:
            await self._serve_calls(call, reader, writer)
        except (BadFrame, ConnectionError):
            pass  # the client went away, or does not speak the protocol
        finally:
            del self._calls[call]
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve_calls(
        self, call: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            caller = self._identify(writer.get_extra_info("socket"))
        except PressrunError as refusal:
            await _send(writer, failure_of(refusal))
            return
        requests = request_reader()
        while not self._closing and (request := await read_frame(reader, requests)) is not None:
            if request.verb == CALLER:
                actor = replace(caller.actor, claimed=_claimed(request.arguments))
                caller = replace(caller, actor=actor)
                await _send(writer, VerbResult())
                continue
            self._busy.add(call)
            try:
                await _send(writer, await self._execute(request, caller, writer))
            finally:
                self._busy.discard(call)

    def _identify(self, peer: socket.socket) -> Caller:
        """The identity of the client; raises NotPermitted, and TryAgain when too many are connected."""
        user = peer_of(peer)
        is_owner = user.uid in (0, os.geteuid())
        if not is_owner and (self._group is None or self._group.gid not in user.groups):
            raise NotPermitted(NOT_FOR_YOU)
        most = MAX_CONNECTIONS if is_owner else MAX_OF_MEMBERS
        if len(self._calls) > most:
            raise TryAgain(f"{most} verbs are running already. Try again in a moment")
        return Caller.at_shell(user.name, user.uid, holdings=OWNER if is_owner else GROUP_MEMBER)

    async def _execute(self, request: VerbRequest, caller: Caller, writer: asyncio.StreamWriter) -> Response:
        def report_progress(text: str) -> None:
            if not writer.is_closing():
                writer.write(encode_message(Progress(text=text)))

        call = Call(act=request.verb, arguments=request.arguments, caller=caller)
        began = time.monotonic()
        try:
            value = await self._carry_out(call, report_progress)
        except PressrunError as problem:
            event(log, "control.request", verb=request.verb, failed=type(problem).__name__)
            return failure_of(problem)
        except Exception:  # noqa: BLE001 - a verb that fails must not end the daemon
            event(log, "control.failed", level=logging.ERROR, exc_info=True, verb=request.verb)
            return failure_of(PressrunError(f"{request.verb} failed in the daemon. See its log"))
        event(log, "control.request", verb=request.verb, seconds=round(time.monotonic() - began, 3))
        return VerbResult(value=value)


def _claimed(arguments: msgspec.Raw) -> str | None:
    """Who became root by sudo, as the client says."""
    try:
        return plain_name(msgspec.msgpack.decode(arguments, type=dict[str, str]).get("sudo_user"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def _send(writer: asyncio.StreamWriter, response: Response) -> None:
    try:
        frame = encode_message(response)
    except PressrunError as problem:
        frame = encode_message(failure_of(problem))
    writer.write(frame)
    await writer.drain()


def _make_folder(folder: Path) -> None:
    """Make the folder of the group's socket, which everybody may enter, as systemd makes it for the unit."""
    if not folder.exists():
        folder.mkdir()
        folder.chmod(0o755)
