"""Sockets that the daemon listens on: how they are closed."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from pressrun.core.network.endpoint import UnixEndpoint
from pressrun.runtime.server_sockets import ListenAddress, listen


async def test_a_server_closes_also_where_its_socket_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has become read-only."""

    def refuse_removal(path: Path, *, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    where = ListenAddress(name="http", setting="[http] listen", endpoint=UnixEndpoint(str(tmp_path / "s")))
    server = await listen(asyncio.Protocol, where)
    monkeypatch.setattr(Path, "unlink", refuse_removal)
    await server.stop_accepting()
    await server.wait_closed()
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
        client.connect(str(tmp_path / "s"))
