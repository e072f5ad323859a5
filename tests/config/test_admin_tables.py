"""[admin], [api] and [oidc]: what they mean, and what is lawful but unwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.config import Settings, load_settings
from pressrun.core.errors import BadConfiguration
from pressrun.core.network.endpoint import TcpEndpoint, UnixEndpoint
from pressrun.core.quantities import Rate
from pressrun.services.settings import LoginSettings
from pressrun.web.settings import AdminSettings, ApiSettings

_REQUIRED = """data_dir = "data"
base_url = "https://news.example.org"
mail_domain = "news.example.org"
[[relay]]
host = "127.0.0.1"
port = 25
[smtp]
[http]
listen = "127.0.0.1:8080"
"""


def _load(folder: Path, rest: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(_REQUIRED + rest)
    return load_settings(path, {})


def _warnings(settings: Settings, table: str) -> list[str]:
    return [warning.partition(": ")[2] for warning in settings.warnings if f": {table}." in warning]


def test_without_the_tables_everything_has_its_default(tmp_path: Path) -> None:
    """Pages and API are at the address of [http], and there is no issuer."""
    settings = _load(tmp_path, "")
    assert (AdminSettings(), None) == (settings.admin, settings.oidc)
    assert (None, None, None) == (settings.admin.listen, settings.admin.base_url, settings.admin.auth_header)
    assert (
        LoginSettings(sign_in=("passkey", "code", "password"), idle_seconds=43200.0, lifetime_seconds=2592000.0)
        == settings.for_services().login
    )
    assert ApiSettings(rate=Rate(600, 60.0), max_upload_bytes=64 << 20) == settings.api


def test_an_address_of_its_own_comes_with_a_base_url(tmp_path: Path) -> None:
    rest = (
        'trusted_proxies = ["unix"]\n[admin]\nlisten = "unix:/run/pressrun/admin.sock"\n'
        'base_url = "https://desk.example.org"\nauth_header = "Remote-User"\nsign_in = ["code"]\n'
    )
    settings = _load(tmp_path, rest)
    assert (UnixEndpoint("/run/pressrun/admin.sock"), "https://desk.example.org", "Remote-User", ("code",)) == (
        settings.admin.listen,
        settings.admin.base_url,
        settings.admin.auth_header,
        settings.login.sign_in,
    )
    assert [] == _warnings(settings, "admin")


def test_a_header_that_any_program_here_can_send_is_warned_of(tmp_path: Path) -> None:
    """Whoever can connect to a loopback address can send the header; passwords over http travel in the clear."""
    rest = '[admin]\nlisten = "127.0.0.1:8081"\nbase_url = "http://desk.example.org"\nauth_header = "Remote-User"\n'
    settings = _load(tmp_path, rest)
    assert TcpEndpoint("127.0.0.1", 8081) == settings.admin.listen
    assert [
        (
            "admin.auth_header: every program on this machine can connect to that address and log in as anybody. Use a "
            'Unix socket, whose file the proxy\'s group alone can open, and trust "unix"'
        ),
        "admin.base_url: without https, passwords and sessions travel in the clear, and no passkey works",
    ] == _warnings(settings, "admin")


def test_an_untrusted_unix_socket_is_warned_of(tmp_path: Path) -> None:
    rest = (
        '[admin]\nlisten = "unix:/run/pressrun/admin.sock"\nbase_url = "https://desk.example.org"\n'
        'auth_header = "Remote-User"\n'
    )
    assert [
        (
            'admin.listen: is a Unix socket, but http.trusted_proxies does not include "unix". X-Forwarded-For is not '
            "trusted, so all clients share each per-client limit, and Remote-User is not believed"
        )
    ] == _warnings(_load(tmp_path, rest), "admin")


def test_the_secret_of_an_issuer_comes_from_its_file(tmp_path: Path) -> None:
    """The issuer's identifier stays as written, and the secret is in no `repr`."""
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "secret").chmod(0o600)
    rest = (
        '[oidc]\nissuer = "https://id.example.org/realms/town/"\nclient_id = "pressrun"\n'
        'client_secret_file = "secret"\nnetworks = ["10.0.0.0/8", "192.0.2.7"]\n'
    )
    oidc = _load(tmp_path, rest).oidc
    assert oidc is not None
    assert ("https://id.example.org/realms/town/", "s3cret", ("10.0.0.0/8", "192.0.2.7")) == (
        oidc.issuer,
        oidc.client_secret,
        oidc.networks,
    )
    assert "s3cret" not in repr(oidc)


def test_an_issuer_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pressrun.config.admin_tables.find_spec", lambda _name: None)
    (tmp_path / "secret").write_text("s3cret\n")
    rest = '[oidc]\nissuer = "https://id.example.org"\nclient_id = "pressrun"\nclient_secret_file = "secret"\n'
    with pytest.raises(BadConfiguration, match="apt install python3-joserfc"):
        _load(tmp_path, rest)
