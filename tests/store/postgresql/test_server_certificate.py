"""An expiring certificate of a server, which nobody would notice before its next restart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.authority import DAY, NOW, Authority, make_authority
from tests.postgresql import ROLE, Server, new_server

from pressrun.core.errors import Unavailable
from pressrun.core.timestamps import rfc3339
from pressrun.store.postgresql.location import PostgresDatabase

ADDRESS = "127.0.0.77"  # nobody else has it, so the port is free


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Server]:
    """One with TLS on TCP."""
    with new_server(listen_addresses=ADDRESS, ssl_cert_file="server.pem", ssl_key_file="server.pem") as server:
        yield server


def show(server: Server, authority: Authority, until: dt.datetime) -> None:
    """Have the server use a certificate that expires then."""
    known = set(authority.folder.glob("*.pem"))
    authority.server(host=ADDRESS, until=until)
    [new] = set(authority.folder.glob("*.pem")) - known
    path = server.folder / "data" / "server.pem"
    path.write_bytes(new.read_bytes())
    server.own(path)
    path.chmod(0o600)
    with server.connect() as admin:
        admin.execute("alter system set ssl = on")
    server.stop()
    server.start()


def place(authority: Authority, mode: str) -> PostgresDatabase:
    return PostgresDatabase(f"postgresql://{ROLE}@{ADDRESS}/postgres?sslmode={mode}&sslrootcert={authority.file}")


@pytest.mark.parametrize(("days", "is_said"), [(2, True), (5, False)])
def test_a_certificate_that_ends_soon(server: Server, authority: Authority, days: int, is_said: bool) -> None:
    """Reported in time, if connections verify it."""
    show(server, authority, NOW + days * DAY)
    unverified = PostgresDatabase(f"postgresql://{ROLE}@{ADDRESS}/postgres?sslmode=require")
    places = {"full": place(authority, "verify-full"), "ca": place(authority, "verify-ca"), "none": unverified}
    said = {
        name: [risk.state for risk in database.find_risks() if "certificate" in risk.state]
        for name, database in places.items()
    }
    ends_at = rfc3339(int((NOW + days * DAY).timestamp()))
    expected = [f"the certificate of the server expires at {ends_at}"] if is_said else []
    assert {"full": expected, "ca": expected, "none": []} == said


def test_a_certificate_that_has_ended(server: Server, authority: Authority) -> None:
    show(server, authority, NOW - DAY)
    with pytest.raises(Unavailable, match="Renew the certificate of the server, or correct host and sslrootcert"):
        place(authority, "verify-full").find_risks()
