"""The daemon's end of the control socket: data_dir/control.sock, 0600, for its owner and root alone.

The caller holds the lock on the data, so an existing socket belongs to a dead process and is replaced. A verb that has
begun is finished even when its client goes away, and an unexpected error in a verb does not end the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from pressrun.control.protocol import (
    Progress,
    Response,
    VerbRequest,
    VerbResult,
    encode_message,
    failure_of,
    request_reader,
)
from pressrun.core.errors import BadConfiguration, NotPermitted, PressrunError, Refused, TryAgain
from pressrun.observe.log import event
from pressrun.runtime.frames import BadFrame, read_frame
from pressrun.runtime.unix_sockets import bind_unix_socket

_log = logging.getLogger(__name__)

ReportProgress = Callable[[str], None]
VerbHandler = Callable[[msgspec.Raw, ReportProgress], Awaitable[Any]]
"""Carries out a verb with its arguments, which are not decoded yet; returns a value that msgpack can encode."""

MAX_CONNECTIONS = 32
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)


class ControlServer:
    """Serves a table of verbs on a Unix socket."""

    def __init__(self, path: Path, verbs: Mapping[str, VerbHandler]) -> None:
        self._path = path
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._inode = 0
        self._calls: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._busy: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self) -> None:
        """Listen; raises Refused when another kind of file is at the path."""
        try:
            listener = bind_unix_socket(self._path, mode=0o600)
        except BadConfiguration as problem:
            raise Refused(str(problem)) from None
        self._inode = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)
        event(_log, "control.listening", path=str(self._path))

    async def close(self, seconds: float = 5.0) -> None:
        """Accept no more verbs, let those that run finish within `seconds`, and remove the socket."""
        self._closing = True
        with contextlib.suppress(FileNotFoundError):
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()
        if self._server is not None:
            self._server.close()
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
        refusal = self._refusal(writer)
        if refusal is not None:
            await _send(writer, failure_of(refusal))
            return
        requests = request_reader()
        while not self._closing and (request := await read_frame(reader, requests)) is not None:
            self._busy.add(call)
            try:
                await _send(writer, await self._execute(request, writer))
            finally:
                self._busy.discard(call)

    def _refusal(self, writer: asyncio.StreamWriter) -> PressrunError | None:
        peer = writer.get_extra_info("socket")
        _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        if uid not in (0, os.geteuid()):
            return NotPermitted("only root and the owner of the data may use the control socket")
        if len(self._calls) > MAX_CONNECTIONS:
            return TryAgain(f"{MAX_CONNECTIONS} verbs are running already")
        return None

    async def _execute(self, request: VerbRequest, writer: asyncio.StreamWriter) -> Response:
        def report_progress(text: str) -> None:
            if not writer.is_closing():
                writer.write(encode_message(Progress(text=text)))

        handler = self._verbs.get(request.verb)
        if handler is None:
            return failure_of(Refused(f"the running daemon does not know {request.verb}: it is of another version"))
        began = time.monotonic()
        try:
            value = await handler(request.arguments, report_progress)
        except PressrunError as problem:
            event(_log, "control.request", verb=request.verb, failed=type(problem).__name__)
            return failure_of(problem)
        except Exception:  # noqa: BLE001 - a verb that fails must not end the daemon
            event(_log, "control.failed", level=logging.ERROR, error=True, verb=request.verb)
            return failure_of(PressrunError(f"{request.verb} failed in the daemon. See its log"))
        event(_log, "control.request", verb=request.verb, seconds=round(time.monotonic() - began, 3))
        return VerbResult(value=value)


async def _send(writer: asyncio.StreamWriter, response: Response) -> None:
    try:
        frame = encode_message(response)
    except PressrunError as problem:
        frame = encode_message(failure_of(problem))
    writer.write(frame)
    await writer.drain()
