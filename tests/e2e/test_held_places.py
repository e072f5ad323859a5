"""A socket that systemd holds where the configuration has the daemon open one itself: refused, and left alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.instance import Instance
from tests.ports import free_port

# Listens at its second argument, hands that over as systemd does, under the name in the first, and runs the rest.
_HOLD = """
import json, os, socket, sys
name, place = sys.argv[1], json.loads(sys.argv[2])
held = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
held.bind(place if isinstance(place, str) else tuple(place))
held.listen()
os.dup2(held.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": name}
os.execvp(sys.argv[3], sys.argv[3:])
"""

_TABLES: dict[str, Callable[[str], dict[str, dict[str, str]]]] = {
    "http": lambda place: {"http": {"listen": place}},
    "lmtp": lambda place: {"smtp": {"lmtp": place}},
    "admin": lambda place: {"admin": {"listen": place, "base_url": "https://desk.example"}},
}


@pytest.mark.parametrize("name", ["http", "lmtp", "admin"])
@pytest.mark.parametrize("is_unix", [True, False], ids=["a file", "a port"])
def test_it_says_which_unit_holds_the_place(tmp_path: Path, name: str, *, is_unix: bool) -> None:
    """Exit code 69, the key, and both ways out; the file of the socket is still systemd's."""
    port, path = free_port(), tmp_path / "held.sock"
    place = f"unix:{path}" if is_unix else f"127.0.0.1:{port}"
    instance = Instance(folder=tmp_path / "instance", relay_port=free_port())
    instance.configure(**_TABLES[name](place))
    hold = (sys.executable, "-c", _HOLD, name, json.dumps(str(path) if is_unix else ["127.0.0.1", port]))
    done = instance.run("serve", prefix=hold)
    assert 69 == done.code
    key = "[smtp] lmtp" if name == "lmtp" else f"[{name}] listen"
    assert f'{key} = "{place}": systemd already listens there, by pressrun-{name}.socket' in done.err
    assert f'Write "systemd" instead, or run `systemctl disable --now pressrun-{name}.socket`' in done.err
    assert path.is_socket() == is_unix
