"""The limit of open files, and how many the configuration may need."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pressrun.config import load_settings
from pressrun.config.settings import Settings
from pressrun.control.server import MAX_CONNECTIONS
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.daemon.descriptors import HELPERS, RESERVE, needed, shortage
from pressrun.inbound.settings import SmtpSettings
from pressrun.web.settings import AdminSettings

PLACE = TcpEndpoint("127.0.0.1", 1)
OURS = MAX_CONNECTIONS + HELPERS + RESERVE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """100 web connections, and 3 and 4 to two relays; no inbound mail."""
    path = tmp_path / "config.toml"
    path.write_text(
        'data_dir = "data"\nbase_url = "https://n.example"\nmail_domain = "n.example"\n'
        '[http]\nlisten = "127.0.0.1:1"\nconnections = 100\n'
        '[[relay]]\nname = "a"\nhost = "127.0.0.1"\nport = 25\nconnections = 3\n'
        '[[relay]]\nname = "b"\nhost = "127.0.0.1"\nport = 25\nconnections = 4\n',
        encoding="utf-8",
    )
    return load_settings(path)


@pytest.mark.parametrize(
    ("smtp", "incoming"),
    [
        (None, 100),
        (SmtpSettings(listen=PLACE, connections=50), 150),
        (SmtpSettings(listen=PLACE, lmtp=PLACE, connections=50), 200),
    ],
)
def test_every_connection_that_is_allowed_needs_a_descriptor(
    settings: Settings, smtp: SmtpSettings | None, incoming: int
) -> None:
    """Each mail listener has the full number of connections."""
    assert incoming + 7 + OURS == needed(replace(settings, smtp=smtp))


def test_an_address_for_admin_has_connections_of_its_own(settings: Settings) -> None:
    admin = AdminSettings(listen=PLACE, base_url="https://desk.example")
    assert 200 + 7 + OURS == needed(replace(settings, admin=admin))


@pytest.mark.parametrize(("more", "warns"), [(-1, True), (0, False), (None, False)])
def test_what_does_not_fit_is_warned_of(
    settings: Settings, more: int | None, warns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = needed(settings)
    hard = resource.RLIM_INFINITY if more is None else wanted + more
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, hard))
    warning = shortage(settings)
    assert warns == (warning is not None)
    if warning is not None:
        assert f"may need {wanted} open files, but this process may open only {hard}" in warning


def test_the_soft_limit_becomes_the_hard_one() -> None:
    """In a separate process with a lower limit."""
    code = (
        "import resource; from pressrun.daemon.descriptors import raise_limit;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512)); raise_limit();"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "(512, 512)\n" == done.stdout
