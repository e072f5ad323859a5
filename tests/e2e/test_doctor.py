"""`doctor` around a real daemon: one town in which all is well, and many that are broken, each in one way.

This file imports the program: the world of a check is given to it, because nobody may listen on port 25 here.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.authority import Authority, make_authority
from tests.dns_server import Fault, text
from tests.e2e.instance import HOST, Instance
from tests.e2e.town import PASSWORD, ProxyHabit, Town, open_town

from pressrun.config import load_settings
from pressrun.core.upkeep.disk_room import StorageRoom
from pressrun.doctor.installation import build_subject, build_world
from pressrun.doctor.subject import DoctorFinding, DoctorSeverity, is_public
from pressrun.doctor.table import CHECKS, exit_code, run_checks
from pressrun.operations.dkim_keys import KeyType, PublishedKey, create_dkim_key

pytestmark = pytest.mark.only_on(
    "sqlite", "what is checked outside is the same, and tests of the engine have their own"
)

SENDS_FROM = "203.0.113.10"
MX = f"mx.{HOST}"
REVERSE = "10.113.0.203.in-addr.arpa"
ROOM = StorageRoom(free=50 << 30, inodes=900_000)
FULL = StorageRoom(free=100 << 20, inodes=900_000)
NO_INODES = StorageRoom(free=50 << 30, inodes=0)


@pytest.fixture(scope="module")
def daemon_instance(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Iterator[Instance]:
    """A daemon that takes mail and serves pages; its own relay is never used."""
    instance = Instance(folder=tmp_path_factory.mktemp("doctor"), relay_port=1)
    shutil.copytree(furnished, instance.folder / "data")
    instance.do("backup", tmp_path_factory.mktemp("backups"))
    instance.do("list", "create", "tides", "--title", "Tides", "--from", "tides@quay.example")
    instance.start()
    yield instance
    instance.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PublishedKey:
    """The key that signs."""
    return create_dkim_key(tmp_path_factory.mktemp("dkim"), domain=HOST, selector="pressrun", key_type=KeyType.RSA)


@dataclass(kw_only=True)
class Setup:
    """A town and a configuration to be broken before `doctor` looks."""

    town: Town
    zone: dict[str, Any]
    key: PublishedKey
    top: dict[str, str] = field(default_factory=dict)
    relay: dict[str, Any] = field(default_factory=dict)
    http: dict[str, Any] = field(default_factory=dict)
    has_dkim: bool = True
    sends_from: list[str] = field(default_factory=lambda: [SENDS_FROM])
    list_name: str = "news"
    world: dict[str, Any] = field(default_factory=dict)

    def texts(self, name: str, *records: str) -> None:
        """Publish these TXT records at a name, and no others."""
        self.zone[name] = {**self.zone.get(name, {}), "TXT": [text(record) for record in records]}


def good_zone(key: PublishedKey) -> dict[str, Any]:
    """What docs/how-to/dns.md says."""
    return {
        HOST: {
            "A": ["127.0.0.1"],
            "MX": [f"10 {MX}."],
            "TXT": [text(f"v=spf1 ip4:{SENDS_FROM} -all")],
        },
        MX: {"A": ["127.0.0.1"]},
        "out.town.test": {"A": [SENDS_FROM]},
        REVERSE: {"PTR": ["out.town.test."]},
        key.record_name: {"TXT": [text(key.record_value)]},
        f"_dmarc.{HOST}": {"TXT": [text(f"v=DMARC1; p=none; rua=mailto:ops@{HOST}")]},
    }


@asynccontextmanager
async def opened_setup(
    instance: Instance, authority: Authority, key: PublishedKey, **certificates: Any
) -> AsyncIterator[Setup]:
    async with open_town(
        authority, HOST, http_port=instance.http_port, smtp_port=instance.smtp_port, **certificates
    ) as town:
        zone = good_zone(key)
        town.dns.zone = zone
        yield Setup(town=town, zone=zone, key=key)


async def examine(
    setup: Setup, instance: Instance, authority: Authority, check: str | None = None
) -> list[DoctorFinding]:
    """The findings of one check or of all, by a configuration beside that of the daemon."""
    config = write_config(setup, instance, authority)
    settings = load_settings(config)
    world = build_world(settings, setup.town.dns.place)
    quiet: dict[str, Any] = {
        "find_clock_state": lambda: True,
        "measure_room": lambda _: ROOM,
        "is_public": lambda _: True,
        **setup.world,
    }
    world = replace(world, tls=authority.client, smtp_port=setup.town.exchanger.port, **quiet)
    subject = await asyncio.to_thread(build_subject, settings, world, setup.list_name)
    return await run_checks(subject, [listed for listed in CHECKS if check in (None, listed.id)])


def write_config(setup: Setup, instance: Instance, authority: Authority) -> Path:
    folder = instance.folder
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    (folder / "wrong").write_text("guessed")
    (folder / "wrong").chmod(0o600)
    top = {"data_dir": "data", "base_url": f"https://{HOST}:{setup.town.proxy.port}", "mail_domain": HOST, **setup.top}
    relay = {
        "name": "primary",
        "host": "127.0.0.1",
        "port": setup.town.relay.port,
        "security": "starttls",
        "ca_file": str(authority.file),
        "username": "pressrun",
        "password_file": "password",
        **setup.relay,
    }
    tables: dict[str, dict[str, Any]] = {
        "http": {"listen": f"127.0.0.1:{instance.http_port}", **setup.http},
        "smtp": {"listen": f"127.0.0.1:{instance.smtp_port}"},
        "[relay]": relay,
        "doctor": {"sends_from": setup.sends_from},
    }
    if setup.has_dkim:
        key = setup.key
        tables["dkim"] = {"domain": key.domain, "selector": key.selector, "key_file": str(key.key_file)}
    path = folder / "doctor.toml"
    path.write_text(toml(top, tables), encoding="utf-8")
    path.chmod(0o640)
    return path


def toml(top: dict[str, Any], tables: dict[str, dict[str, Any]]) -> str:
    lines = [f"{name} = {json.dumps(value)}" for name, value in top.items()]
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in keys.items() if value is not None)]
    return "\n".join(lines) + "\n"


def shown(findings: list[DoctorFinding], *severities: DoctorSeverity) -> list[str]:
    return [
        f"{finding.severity} {finding.check}: {finding.message} | {finding.remedy}"
        for finding in findings
        if finding.severity in severities
    ]


async def test_all_is_well(daemon_instance: Instance, authority: Authority, key: PublishedKey) -> None:
    """Every check has looked, and found nothing; the test bounce came home and touched nobody."""
    untouched = "select (select count(*) from delivery), (select count(*) from subscription where state <> 'active')"
    before, arrived = daemon_instance.rows(untouched), round_trips(daemon_instance)
    async with opened_setup(daemon_instance, authority, key) as setup:
        findings = await examine(setup, daemon_instance, authority)
    assert [] == shown(findings, DoctorSeverity.WARN, DoctorSeverity.FAIL)
    assert {check.id for check in CHECKS} == {finding.check for finding in findings}
    assert 0 == exit_code(findings)
    assert not any(finding.remedy for finding in findings)
    assert len(setup.town.relay.accepted) == 1
    assert b"DKIM-Signature: " in setup.town.relay.accepted[0]
    assert before == daemon_instance.rows(untouched)
    assert arrived + 1 == round_trips(daemon_instance)


def round_trips(instance: Instance) -> int:
    """How many test bounces came home, as the metric and the database say alike."""
    (number,) = instance.rows("select count(*) from inbound where outcome like 'round trip %' and state = 'done'")
    assert f'pressrun_inbound_total{{kind="round_trip"}} {number}.0' in instance.get("/metrics").text
    return int(number)


Break = Callable[[Setup], object]


def publish(name: str, **records: list[str]) -> Break:
    return lambda setup: setup.zone.update({name: {**setup.zone.get(name, {}), **records}})


def texts(name: str, *records: str) -> Break:
    return lambda setup: setup.texts(name, *records)


def remove(name: str) -> Break:
    return lambda setup: setup.zone.pop(name)


def behave(habit: ProxyHabit) -> Break:
    return lambda setup: setattr(setup.town.proxy, "habit", habit)


def many_includes(setup: Setup) -> None:
    setup.texts(HOST, "v=spf1 " + " ".join(f"include:_{number}.town.test" for number in range(11)) + " -all")
    for number in range(11):
        setup.texts(f"_{number}.town.test", "v=spf1 ip4:198.51.100.0/24 -all")


def included_by_itself(setup: Setup) -> None:
    setup.texts(HOST, "v=spf1 include:a.town.test -all")
    setup.texts("a.town.test", f"v=spf1 include:{HOST} -all")


def alias(setup: Setup) -> None:
    setup.zone |= {MX: {"CNAME": ["b.town.test."]}, "b.town.test": {"A": ["127.0.0.1"]}}


def other_key(setup: Setup) -> None:
    folder = setup.key.key_file.parent / "other"
    path = folder / f"{HOST}.pressrun.pem"
    path.unlink(missing_ok=True)
    other = create_dkim_key(folder, domain=HOST, selector="pressrun", key_type=KeyType.RSA)
    setup.texts(setup.key.record_name, other.record_value)


def key_record(change: Callable[[str], str]) -> Break:
    return lambda setup: setup.texts(setup.key.record_name, change(setup.key.record_value))


def swallow(setup: Setup) -> None:
    setup.town.relay.forwards_to = None
    setup.world["round_trip_seconds"] = 0.5


def at_an_address(setup: Setup) -> None:
    setup.top["base_url"] = f"http://127.0.0.1:{setup.town.proxy.behind}"
    setup.world["is_public"] = is_public


SETUPS: dict[str, tuple[Break, str, str, str]] = {
    "no SPF": (publish(HOST, TXT=[]), "fail", "spf", f'{HOST}. IN TXT "v=spf1 ip4:{SENDS_FROM} -all"'),
    "two SPF records": (texts(HOST, "v=spf1 -all", f"v=spf1 ip4:{SENDS_FROM} -all"), "fail", "spf", "Keep one"),
    "SPF for another address": (
        texts(HOST, "v=spf1 ip4:198.51.100.1 -all"),
        "fail",
        "spf",
        f'| Change the record to {HOST}. IN TXT "v=spf1 ip4:{SENDS_FROM} ip4:198.51.100.1 -all"',
    ),
    "SPF with a mistake": (texts(HOST, "v=spf1 ipv4:203.0.113.10 -all"), "fail", "spf", "'ipv4:203.0.113.10' is not"),
    "SPF with too many lookups": (many_includes, "fail", "spf", "more than 10 lookups"),
    "SPF that includes itself": (included_by_itself, "fail", "spf", "includes itself"),
    "SPF for everybody": (texts(HOST, "v=spf1 +all"), "fail", "spf", "passes for everybody"),
    "an oversized SPF record": (texts(HOST, f"v=spf1 {'ip4:198.51.100.1 ' * 200}-all"), "fail", "spf", "characters"),
    "no DKIM key": (
        lambda setup: setup.zone.pop(setup.key.record_name),
        "fail",
        "dkim",
        "Add to DNS: pressrun._domainkey",
    ),
    "another DKIM key": (other_key, "fail", "dkim", "publishes a different key"),
    "a revoked DKIM key": (key_record(lambda _: "v=DKIM1; p="), "fail", "dkim", "is revoked"),
    "a DKIM key for tests": (key_record(lambda value: f"{value}; t=y"), "warn", "dkim", "marked as a test"),
    "a DKIM key for SHA-1": (key_record(lambda value: f"{value}; h=sha1"), "fail", "dkim", "h=sha1 lacks sha256"),
    "no signature": (lambda setup: setattr(setup, "has_dkim", False), "warn", "dkim", "`pressrun dkim create`"),
    "no DMARC": (remove(f"_dmarc.{HOST}"), "fail", "dmarc", f'_dmarc.{HOST}. IN TXT "v=DMARC1; p=none'),
    "two DMARC records": (
        texts(f"_dmarc.{HOST}", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
        "fail",
        "dmarc",
        "several",
    ),
    "DMARC without reports": (texts(f"_dmarc.{HOST}", "v=DMARC1; p=none"), "warn", "dmarc", "rua=mailto:"),
    "From at another domain": (
        lambda setup: setattr(setup, "list_name", "tides"),
        "fail",
        "alignment",
        "list tides: neither signature nor return path is aligned with From",
    ),
    "no MX": (publish(HOST, MX=[], A=[]), "fail", "mx", f"Add to DNS: {HOST}. IN MX 10"),
    "null MX": (publish(HOST, MX=["0 ."]), "fail", "mx", "null MX record (RFC 7505)"),
    "an MX without an address": (remove(MX), "fail", "mx", f"{MX}. IN A"),
    "an MX that is an alias": (alias, "warn", "mx", "is a CNAME"),
    "an MX that the world cannot reach": (
        lambda setup: setup.world.update(is_public=is_public),
        "warn",
        "mx",
        "has the address 127.0.0.1, which is not public",
    ),
    "an exchanger that refuses bounces": (
        lambda setup: setattr(setup.town.exchanger, "refuses", "550 5.7.1 relaying denied"),
        "fail",
        "bounce-address",
        "relaying denied",
    ),
    "port 25 closed": (
        lambda setup: setattr(setup.town.exchanger, "port", 9),
        "fail",
        "bounce-address",
        "Open TCP port 25",
    ),
    "no PTR": (remove(REVERSE), "fail", "ptr", f"{REVERSE}. IN PTR {MX}."),
    "a PTR that leads elsewhere": (publish("out.town.test", A=["203.0.113.99"]), "fail", "ptr", f"IN A {SENDS_FROM}"),
    "a relay that is away": (lambda setup: setup.relay.update(port=9), "fail", "relay", "Connection refused"),
    "a wrong password": (lambda setup: setup.relay.update(password_file="wrong"), "fail", "relay", "Correct username"),
    "a CA that is not named": (lambda setup: setup.relay.update(ca_file=None), "fail", "relay", "ca_file"),
    "a relay that takes no null sender": (
        lambda setup: setattr(setup.town.relay, "refuses_null_sender", True),
        "warn",
        "round-trip",
        "refuses mail from <>",
    ),
    "a bounce that does not come home": (swallow, "fail", "round-trip", "did not come back within 0.5 s"),
    "a page without HTTPS": (
        lambda setup: setup.top.update(base_url=f"http://{HOST}:{setup.town.proxy.behind}"),
        "fail",
        "base-url",
        f'set base_url = "https://{HOST}"',
    ),
    "a page without an address": (publish(HOST, A=[]), "fail", "base-url", f"{HOST}. IN A"),
    "a page that the world cannot reach": (
        lambda setup: setup.world.update(is_public=is_public),
        "warn",
        "base-url",
        "has the address 127.0.0.1, which is not public",
    ),
    "a page at an address instead of a name": (
        at_an_address,
        "warn",
        "base-url",
        "base_url has the address 127.0.0.1, which is not public | Set base_url to a name",
    ),
    "a page whose proxy has nothing behind it": (behave(ProxyHabit.BROKEN), "fail", "base-url", "answers 502"),
    "a POST that is redirected": (behave(ProxyHabit.REDIRECTING), "fail", "one-click", "redirected to /elsewhere"),
    "a parked page": (behave(ProxyHabit.PARKED), "fail", "one-click", "does not lead to Pressrun"),
    "a proxy that names no client": (
        behave(ProxyHabit.SILENT),
        "fail",
        "proxy",
        "does not pass on the address of the client",
    ),
    "a proxy that believes its clients": (behave(ProxyHabit.CREDULOUS), "fail", "proxy", "anybody can evade"),
    "private pages for everybody": (behave(ProxyHabit.SILENT), "fail", "private-pages", "/metrics, /readyz below"),
    "a DNS server that is silent": (
        lambda setup: setup.zone.update({HOST: Fault.SILENT}),
        "warn",
        "spf",
        "could not be looked up: no usable answer within",
    ),
    "a DNS server that fails": (
        lambda setup: setup.zone.update({HOST: Fault.BROKEN}),
        "warn",
        "mx",
        "could not be looked up: the DNS server answered SERVFAIL",
    ),
    "a DNS server that lies": (
        lambda setup: setup.zone.update({HOST: Fault.OTHER_NAME}),
        "fail",
        "spf",
        "no SPF record",
    ),
    "a CNAME that leads in a circle": (
        publish(HOST, CNAME=[f"{HOST}."], A=[], MX=[], TXT=[]),
        "warn",
        "spf",
        "lead in a circle",
    ),
    "a clock that nothing keeps": (
        lambda setup: setup.world.update(find_clock_state=lambda: False),
        "warn",
        "clock",
        "set-ntp",
    ),
    "a clock that is ahead": (
        lambda setup: setup.world.update(clock=lambda: time.time() + 900),
        "fail",
        "clock",
        "s ahead of that of the proxy",
    ),
    "a backup of last week": (
        lambda setup: setup.world.update(clock=lambda: time.time() + 9 * 86_400),
        "fail",
        "backup",
        "9.0 days old",
    ),
    "a full disk": (lambda setup: setup.world.update(measure_room=lambda _: FULL), "fail", "disk", "100 MiB are free"),
    "no inodes": (
        lambda setup: setup.world.update(measure_room=lambda _: NO_INODES),
        "fail",
        "disk",
        "0 inodes are free",
    ),
}


async def test_no_proxy_is_judged_where_there_is_none(
    daemon_instance: Instance, authority: Authority, key: PublishedKey
) -> None:
    """Pressrun's own clock is not compared with itself either."""
    async with opened_setup(daemon_instance, authority, key) as setup:
        at_an_address(setup)
        setup.world["find_clock_state"] = lambda: None
        proxy = await examine(setup, daemon_instance, authority, "proxy")
        clock = await examine(setup, daemon_instance, authority, "clock")
    assert ["base_url leads straight to Pressrun, without a proxy"] == [finding.message for finding in proxy]
    assert ["the system does not say whether the clock is synchronised"] == [finding.message for finding in clock]


@pytest.mark.parametrize(("change", "severity", "check", "words"), SETUPS.values(), ids=SETUPS)
async def test_what_is_broken_is_found(
    change: Break,
    severity: str,
    check: str,
    words: str,
    daemon_instance: Instance,
    authority: Authority,
    key: PublishedKey,
) -> None:
    """With its remedy, and the exit code of the worst finding."""
    async with opened_setup(daemon_instance, authority, key) as setup:
        change(setup)
        findings = await examine(setup, daemon_instance, authority, check)
    bad = shown(findings, DoctorSeverity.WARN, DoctorSeverity.FAIL)
    assert any(line.startswith(f"{severity} {check}: ") and words in line for line in bad), "\n".join(bad)
    assert (2 if any(line.startswith("fail") for line in bad) else 1) == exit_code(findings)
    assert not any("bug in Pressrun" in line for line in bad)


@pytest.mark.parametrize(
    ("certificates", "severity", "check", "words"),
    [
        ({"page_days": 10}, "warn", "base-url", "valid for 9 more days | Renew it"),
        ({"page_days": 2}, "fail", "base-url", "valid for 1 more days | Renew it now"),
        ({"page_days": -1}, "fail", "base-url", "certificate has expired | Renew the certificate of the proxy"),
        ({"page_host": "other.test"}, "fail", "base-url", "certificate is not valid: Hostname mismatch"),
        ({"relay_days": 10}, "warn", "relay", "valid for 9 more days"),
        ({"relay_days": -1}, "fail", "relay", "certificate has expired | Renew the certificate of 127.0.0.1"),
    ],
    ids=lambda value: (
        next(iter(f"{name} {number}" for name, number in value.items())) if isinstance(value, dict) else ""
    ),
)
async def test_certificates_that_end(
    certificates: dict[str, Any],
    severity: str,
    check: str,
    words: str,
    daemon_instance: Instance,
    authority: Authority,
    key: PublishedKey,
) -> None:
    """Warned of in time, and named when it is too late."""
    async with opened_setup(daemon_instance, authority, key, **certificates) as setup:
        bad = shown(await examine(setup, daemon_instance, authority, check), DoctorSeverity.WARN, DoctorSeverity.FAIL)
    assert any(line.startswith(f"{severity} {check}: ") and words in line for line in bad), "\n".join(bad)


async def test_a_proxy_that_is_not_trusted(
    tmp_path: Path, furnished: Path, authority: Authority, key: PublishedKey
) -> None:
    """The line to add names the proxy, beside those that are trusted already."""
    instance = Instance(folder=tmp_path, relay_port=1, tables={"http": {"trusted_proxies": ["192.0.2.3"]}})
    instance.configure(http={"listen": f"127.0.0.1:{instance.http_port}", "trusted_proxies": ["192.0.2.3"]})
    shutil.copytree(furnished, instance.folder / "data")
    instance.start()
    try:
        async with opened_setup(instance, authority, key) as setup:
            setup.http["trusted_proxies"] = ["192.0.2.3"]
            bad = shown(await examine(setup, instance, authority, "proxy"), DoctorSeverity.WARN, DoctorSeverity.FAIL)
    finally:
        instance.close()
    (line,) = bad
    assert 'under [http]: trusted_proxies = ["192.0.2.3", "127.0.0.1"]' in line


async def test_without_a_daemon_it_says_what_was_not_checked(
    tmp_path: Path, furnished: Path, authority: Authority, key: PublishedKey
) -> None:
    """And checks the rest."""
    instance = Instance(folder=tmp_path, relay_port=1)
    shutil.copytree(furnished, instance.folder / "data")
    async with opened_setup(instance, authority, key) as setup:
        findings = await examine(setup, instance, authority)
    not_checked = {finding.check for finding in findings if "no daemon is running" in finding.message}
    assert {check.id for check in CHECKS if check.needs_daemon} == not_checked
    assert "pass dkim" in " ".join(shown(findings, DoctorSeverity.PASS))
    assert setup.town.relay.accepted == []
