"""The keys that limit what building an edition may cost reach the processes that build."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.hostile.heavy import ENDLESS
from tests.sandbox.test_edition_maker import build

from pressrun.config import load_settings
from pressrun.core.errors import EditionError
from pressrun.daemon.offline import offline_services
from pressrun.daemon.wiring.services import limits_of_editions
from pressrun.sandbox.helper import HelperLimits
from pressrun.services.limit_settings import LimitSettings


def test_each_key_is_a_limit_of_the_process() -> None:
    """Processor time in whole seconds, as the system counts it."""
    limits = limits_of_editions(
        LimitSettings(edition_seconds=7.5, edition_cpu_seconds=0.2, edition_memory_bytes=1 << 28)
    )
    assert HelperLimits(wall_seconds=7.5, cpu_seconds=1, memory_bytes=1 << 28) == limits


CONFIG = """data_dir = "data"
base_url = "https://news.example.org"
mail_domain = "news.example.org"
[[relay]]
host = "127.0.0.1"
port = 25
[smtp]
[http]
listen = "127.0.0.1:8080"
[limits]
edition_time = "10m"
edition_cpu_time = "1s"
edition_memory = "2 GiB"
"""


@pytest.mark.only_on("sqlite", "processes that build see no database")
async def test_the_processes_of_the_program_have_them(tmp_path: Path) -> None:
    """An edition that takes longer is ended by the configured limit, and another one is built."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    async with offline_services(load_settings(file, {})) as services:
        with pytest.raises(EditionError, match="longer than 1 s of processor time"):
            await build(services.maker, ENDLESS, "a.html")
        assert "<em>you</em>" in (await build(services.maker)).archive_html
