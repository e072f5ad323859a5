"""A Unix socket of systemd's outlives the daemon: what connects during a restart waits."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.inbound.mailroom import connected, open_mailroom

from pressrun.core.network.endpoint import SystemdEndpoint
from pressrun.inbound.listeners import Listeners
from pressrun.inbound.settings import SmtpSettings


async def test_the_file_of_a_given_socket_stays(tmp_path: Path) -> None:
    """Whatever the loop does by itself, the next daemon is found at the same place."""
    path = tmp_path / "lmtp.sock"
    settings = SmtpSettings(lmtp=SystemdEndpoint())
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as held:
        held.bind(str(path))
        held.listen()
        async with open_mailroom(tmp_path / "data") as room:
            for _ in range(2):
                listeners = Listeners(settings, room.acceptance, {"lmtp": held.dup()})
                await listeners.start()
                async with connected(f"unix:{path}", hello="LHLO client.example") as client:
                    assert (await client.say("NOOP"))[:3] == "250"
                await listeners.stop(5)
                assert path.is_socket()
