"""docs/how-to/dns.md against doctor: what it says to publish is what doctor wants, and each record is missed by it."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
from tests.dns_server import open_dns_server, text

from pressrun.config import load_settings
from pressrun.core.current import Holder
from pressrun.doctor.machine import find_clock_state
from pressrun.doctor.subject import (
    CachedLookups,
    DoctorFinding,
    DoctorSeverity,
    DoctorSubject,
    ListIdentity,
    World,
)
from pressrun.doctor.table import CHECKS, run_checks
from pressrun.operations.dkim_keys import KeyType, PublishedKey, create_dkim_key
from pressrun.operations.dns import DnsLookups
from pressrun.services.settings import DnsSettings
from pressrun.store.upkeep.disk_usage import measure_room

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "dns.md"
DOMAIN, OPERATOR = "news.example.org", "ops@example.org"
_CONFIG = f"""\
data_dir = "data"
base_url = "https://{DOMAIN}"
mail_domain = "{DOMAIN}"
operator = "{OPERATOR}"

[http]
listen = "127.0.0.1:8080"

[smtp]
listen = "127.0.0.1:2525"

[[relay]]
name = "postfix"
host = "127.0.0.1"
port = 25

[dkim]
domain = "{DOMAIN}"
selector = "pressrun"
key_file = "{{key_file}}"

[doctor]
sends_from = ["192.0.2.10", "2001:db8::10"]
"""
_ROW = re.compile(
    r"^\| (?:reverse of )?`([^`]+)` \| (A|AAAA|MX|TXT|PTR) \| (?:`([^`]+)`|printed by .*?) \|", re.MULTILINE
)
_BY_NAME = ("spf", "dkim", "dmarc", "alignment", "mx", "ptr")  # the checks that need DNS alone
_UNCHECKED = {("mx.example.org", "TXT"), ("news.example.org", "AAAA"), ("news.example.org", "A")}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PublishedKey:
    return create_dkim_key(tmp_path_factory.mktemp("dkim"), domain=DOMAIN, selector="pressrun", key_type=KeyType.RSA)


def rows(key: PublishedKey) -> list[tuple[str, str, str]]:
    """Name, type and value of each record on the page, as a zone file has them."""
    records = []
    for name, kind, value in _ROW.findall(PAGE.read_text(encoding="utf-8")):
        owner = ipaddress.ip_address(name).reverse_pointer if kind == "PTR" else name
        shown = text(value or key.record_value) if kind == "TXT" else f"{value}." if kind in {"MX", "PTR"} else value
        records.append((owner, kind, shown))
    return records


async def examine(zone: list[tuple[str, str, str]], key: PublishedKey, folder: Path) -> list[DoctorFinding]:
    """What the checks of DNS find in it."""
    records: dict[str, Any] = {}
    for name, kind, value in zone:
        records.setdefault(name, {}).setdefault(kind, []).append(value)
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(key_file=key.key_file), encoding="utf-8")
    async with open_dns_server(records) as server:
        world = World(
            dns=CachedLookups(DnsLookups(Holder(DnsSettings(server=server.place)))),
            clock=lambda: 0.0,
            entropy=bytes,
            own_addresses=tuple,
            find_clock_state=find_clock_state,
            measure_room=measure_room,
            is_public=lambda _: True,  # those of the page are reserved
        )
        subject = DoctorSubject(
            settings=load_settings(config),
            files=(),
            keys=None,
            lists=(ListIdentity(name="news", author_domain=DOMAIN, owner=None),),
            tokens=(),
            alert_refusal=None,
            daemon=None,
            world=world,
        )
        return await run_checks(subject, [check for check in CHECKS if check.id in _BY_NAME])


async def test_what_the_page_says_is_what_doctor_wants(key: PublishedKey, tmp_path: Path) -> None:
    """Every check of DNS passes with these records and no others."""
    zone = rows(key)
    assert {"A", "AAAA", "MX", "TXT", "PTR"} == {kind for _, kind, _ in zone}
    findings = await examine(zone, key, tmp_path)
    assert [] == [finding for finding in findings if finding.severity is not DoctorSeverity.PASS]
    assert set(_BY_NAME) == {finding.check for finding in findings}


async def test_each_record_of_the_page_is_missed(key: PublishedKey, tmp_path: Path) -> None:
    """With the record to add, by name and type; addresses of the pages are another check's."""
    zone = rows(key)
    for missing in zone:
        name, kind, _ = missing
        findings = await examine([row for row in zone if row != missing], key, tmp_path)
        remedies = [finding.remedy for finding in findings if finding.severity is not DoctorSeverity.PASS]
        if (name, kind) not in _UNCHECKED:
            assert any(f"{name}. IN {kind} " in remedy for remedy in remedies), (missing, remedies)


def test_every_check_has_its_row() -> None:
    """docs/how-to/doctor.md lists the checks in the order in which they are shown."""
    page = (PAGE.parent / "doctor.md").read_text(encoding="utf-8")
    assert [check.id for check in CHECKS] == re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
