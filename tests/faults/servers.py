"""The database server dies in the middle of an edition and comes back; the daemon goes on."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

from tests.faults.outcome import Outcome, arrived, await_end, await_taken, furnished
from tests.postgresql import OwnDatabases, is_here, new_server

_TIMES = 20
_READERS_EACH = 250
_RATE = {"rate": "3000/s"}


class NoServer(Exception):
    """PostgreSQL is not installed."""


def server_is_killed(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """All its processes end at once, as by kill -9, at random moments; what relays took meanwhile is noted later."""
    if not is_here():
        raise NoServer("PostgreSQL is missing (apt-get install postgresql)")
    times = min(_TIMES, readers // _READERS_EACH)
    readers *= 2
    with new_server() as server, closing(OwnDatabases(server)) as databases:
        address = server.url(databases.new())
        with furnished(program, folder, readers, server=address, delivery=_RATE) as (instance, sink):
            daemon = instance.start()
            edition = instance.send()["id"]
            for moment in sorted(chance.randrange(readers * 9 // 10) for _ in range(times)):
                await_taken(sink, moment)
                server.stop("immediate")
                server.start()
            await_end(instance, edition)
            noticed = len(daemon.events("dispatch.database_unavailable"))
            note = f"{times} times, which the dispatcher noticed {noticed} times"
            return arrived(sink).outcome("server killed", instance, readers, bound=0, note=note)
