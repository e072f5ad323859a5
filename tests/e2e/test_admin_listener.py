"""An address of [admin]'s own, as a proxy finds it: pages and API are there, and not beside those of readers."""

from __future__ import annotations

from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

from tests.e2e.instance import Instance
from tests.ports import free_port


def _status(port: int, path: str) -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as line:
        line.request("GET", path)
        return line.getresponse().status


def test_each_address_has_its_own_pages(tmp_path: Path) -> None:
    port = free_port()
    with closing(Instance(folder=tmp_path / "instance", relay_port=1)) as instance:
        instance.configure(admin={"listen": f"127.0.0.1:{port}", "base_url": "https://desk.example.org"})
        instance.create_list()
        daemon = instance.start()
        statuses = {
            (each, path): _status(each, path) for each in (instance.http_port, port) for path in ("/news", "/admin")
        }
        assert (200, 404, 404) == (
            statuses[instance.http_port, "/news"],
            statuses[instance.http_port, "/admin"],
            statuses[port, "/news"],
        )
        assert [f"127.0.0.1:{port}"] == [event["admin"] for event in daemon.events("daemon.started")]
        assert 0 == daemon.stop()
        with suppress(ConnectionRefusedError):
            raise AssertionError(f"still listening: {_status(port, '/healthz')}")
