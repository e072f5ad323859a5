"""Relays that misbehave, in a thread: tests.delivery.relay.peers for a daemon in a process of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.delivery.relay.peers import Answers, peer


@contextmanager
def crooked_relay(answers: Answers, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A relay whose every reply is decided by `answers`; gives its port."""
    ready, ports = threading.Event(), list[int]()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def stand() -> None:
        async with peer(answers, tls=tls) as port:
            ports.append(port)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(stand()), name="crooked relay")
    thread.start()
    try:
        assert ready.wait(10)
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()
