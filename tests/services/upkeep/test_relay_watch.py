"""The operator hears of a relay that fails, once a day for each, by whichever relay works."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from tests.database import select
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.errors import Unavailable
from pressrun.core.site import Site
from pressrun.services.ports import RelayStatus
from pressrun.services.upkeep.relay_watch import RelayWatch
from pressrun.store.database import Gate

DAY = 86400
SITE = Site(base_url="https://news.example", mail_domain="news.example", operator="ops@harbour.example")


class Relays:
    """What is known of each relay, set by a test."""

    def __init__(self) -> None:
        self.relays: list[RelayStatus] = []

    def fail(self, name: str, since: float, error: str = "cannot connect: refused by mx@relay.example") -> None:
        self.relays = [status for status in self.relays if status.name != name]
        self.relays.append(RelayStatus(name=name, connections=0, failing_since=since, last_error=error))

    def work(self, name: str) -> None:
        self.relays = [status for status in self.relays if status.name != name]
        self.relays.append(RelayStatus(name=name, connections=1, failing_since=None, last_error=None))

    def statuses(self) -> list[RelayStatus]:
        return self.relays

    def wake(self) -> None:
        raise AssertionError("nobody is woken here")

    def recall(self) -> None:
        raise AssertionError("nothing is recalled here")

    def probe_relays(self) -> None:
        raise AssertionError("nothing is probed here")

    def capacity(self, relay: str | None = None) -> int:
        raise AssertionError("nothing is sent here")

    async def drain(self, seconds: float) -> None:
        raise AssertionError("nothing is drained here")


def watch(services: ServiceHarness, relays: Relays, site: Site = SITE) -> RelayWatch:
    return RelayWatch(replace(services.context, site=site, entropy=bytes), relays)


async def told(services: ServiceHarness) -> Sequence[tuple[str, str]]:
    """Kind and recipient of each mail."""
    sql = "select kind, address from notice order by id"
    return await select(services.database, sql)


async def test_a_relay_that_fails_for_a_minute_is_told_once_a_day(services: ServiceHarness) -> None:
    """A restart, another failure on the same day, and a look every few seconds say nothing more."""
    await services.make_list()
    relays = Relays()
    watching = watch(services, relays)
    relays.fail("primary", NOW)
    await watching.check()
    assert [] == await told(services)
    services.now += 60
    await watching.check()
    assert [("relay_alert", "ops@harbour.example")] == await told(services)
    assert 1 == services.woken
    await watching.check()
    relays.work("primary")
    await watching.check()
    relays.fail("primary", services.now)
    services.now += 600
    await watching.check()
    await watch(services, relays).check()
    assert 1 == len(await told(services))
    services.now += DAY
    await watch(services, relays).check()
    assert 2 == len(await told(services))


async def test_a_relay_that_goes_on_failing_is_told_each_day(services: ServiceHarness) -> None:
    """Also where the first mail of the day was about another failure. The journal says once that it fails."""
    await services.make_list()
    relays = Relays()
    watching = watch(services, relays)
    relays.work("second")
    relays.fail("primary", NOW - 100)
    await watching.check()
    relays.work("primary")
    await watching.check()
    relays.fail("primary", services.now)
    for _ in range(3 * 24 + 1):
        services.now += 3600
        await watching.check()
    assert 4 == len(await told(services))
    events = await select(services.database, "select type from event where type like 'relay%' order by id")
    assert [("relay.failed",), ("relay.recovered",), ("relay.failed",)] == events


async def test_a_relay_that_works_again_while_the_database_is_away_is_in_the_journal(services: ServiceHarness) -> None:
    """As soon as the database takes the event."""
    await services.make_list()
    relays, gate = Relays(), Gate()
    context = replace(services.context, site=SITE, entropy=bytes, database=services.database.behind(gate))
    watching = RelayWatch(context, relays)
    relays.fail("primary", NOW - 100)
    await watching.check()
    relays.work("primary")
    gate.reason = "the database server restarts"
    with pytest.raises(Unavailable):
        await watching.check()
    gate.reason = None
    for _ in range(2):
        await watching.check()
    events = await select(services.database, "select type from event where type like 'relay%' order by id")
    assert [("relay.failed",), ("relay.recovered",)] == events


async def test_without_any_relay_one_mail_waits(services: ServiceHarness) -> None:
    """More would only arrive together with it, once a relay works again."""
    await services.make_list()
    relays = Relays()
    watching = watch(services, relays)
    relays.fail("primary", NOW - 100)
    for _ in range(3):
        await watching.check()
        services.now += DAY
    assert 1 == len(await told(services))


async def test_each_relay_is_a_cause_of_its_own(services: ServiceHarness) -> None:
    await services.make_list()
    relays = Relays()
    relays.fail("primary", NOW - 100)
    relays.fail("second", NOW - 100)
    await watch(services, relays).check()
    assert 2 == len(await told(services))


async def test_where_nobody_can_be_told_the_log_is_all(services: ServiceHarness) -> None:
    """Without an operator, and before there is a list in whose name to write."""
    relays = Relays()
    relays.fail("primary", NOW - 100)
    await watch(services, relays).check()
    await services.make_list()
    await watch(services, relays, Site(base_url="https://news.example", mail_domain="news.example")).check()
    assert [] == await told(services)


async def test_verbs_get_what_the_relays_said_without_addresses(services: ServiceHarness) -> None:
    relays = Relays()
    relays.fail("primary", NOW)
    relays.work("second")
    [first, second] = await watch(services, relays).statuses({}, pytest.fail)
    assert {
        "name": "primary",
        "failing_since": "2027-01-15T08:00:00Z",
        "error": "cannot connect: refused by …",
    } == first
    assert {"name": "second", "failing_since": None, "error": None} == second
