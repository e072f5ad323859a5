"""What inbound.connection takes from inside aiosmtpd is there and works as it did."""

from __future__ import annotations

import ast
import asyncio
import inspect
import ssl
from collections.abc import Callable

import pytest
from aiosmtpd.smtp import SMTP

from pressrun.inbound import connection

USED = {"_handle_client", "_original_transport", "_reader", "_reset_timeout", "_timeout_cb", "_tls_protocol", "_writer"}


class Library(SMTP):
    """aiosmtpd as it is, but for the two methods that we replace."""

    def __init__(self, timeout: float) -> None:
        super().__init__(None, hostname="x.example", timeout=timeout, loop=asyncio.get_running_loop())
        self.called: asyncio.Queue[str] = asyncio.Queue()

    async def _handle_client(self) -> None:
        self.called.put_nowait("handle")

    def _timeout_cb(self) -> None:
        self.called.put_nowait("timeout")


def test_no_other_private_name_is_used() -> None:
    """The module's head names them all."""
    tree = ast.parse(inspect.getsource(connection))
    ours = {"_has_said_all", "_is_refused", "_linger_timer", "_refuse_at", "_stop_lingering"}
    private = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    replaced = {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
    assert (private | {name for name in replaced if name.startswith("_")}) - ours - {"__init__", "_write_end"} == USED
    assert all(f"`{name}`" in (connection.__doc__ or "") for name in USED)


async def _meet(make: Callable[[], SMTP]) -> tuple[asyncio.Server, asyncio.StreamReader, asyncio.StreamWriter]:
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    return server, reader, writer


async def test_the_library_calls_what_we_replace() -> None:
    """The dialogue once a client has come, and the time-out when it is silent; its streams are those we use."""
    came: asyncio.Queue[Library] = asyncio.Queue()

    def make() -> Library:
        library = Library(0.01)
        came.put_nowait(library)
        return library

    server, reader, writer = await _meet(make)
    async with server, asyncio.timeout(20):
        library = await came.get()
        assert ["handle", "timeout"] == [await library.called.get(), await library.called.get()]
        library._reset_timeout()
        assert "timeout" == await library.called.get()
        writer.write(b"hello\r\n")
        assert b"hello\r\n" == await library._reader.readline()
        library._writer.write(b"welcome\r\n")
        assert b"welcome\r\n" == await reader.readline()
        assert (None, None) == (library._original_transport, library._tls_protocol)
        assert library.transport is not None
        library.transport.close()
        writer.close()


async def test_starttls_sets_what_we_look_at() -> None:
    """The plain transport is kept, and the protocol of TLS known, before the client has done anything."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    started = asyncio.Event()
    made: list[SMTP] = []

    class Starting(Library):
        async def _handle_client(self) -> None:
            made.append(self)
            started.set()
            with pytest.raises(connection.GONE):
                await self.smtp_STARTTLS("")
            started.set()

    def make() -> SMTP:
        library = Starting(60.0)
        library.tls_context = context
        return library

    server, reader, writer = await _meet(make)
    async with server, asyncio.timeout(20):
        assert b"220 Ready to start TLS\r\n" == await reader.readline()
        assert made[0]._tls_protocol is not None
        assert made[0]._original_transport is not None
        started.clear()
        writer.write(b"no handshake\r\n")
        await started.wait()
        writer.close()
