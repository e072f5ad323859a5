"""Alerts: what lasts is passed on by the way of its cause, once a day, whatever the database does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.database import execute
from tests.delivery.harness import RELAY, SITE, DeliveryHarness

from pressrun.core.current import Holder
from pressrun.core.errors import Unavailable
from pressrun.core.upkeep.alerts import ALERT_SECONDS, CAUSES, Cause, Way
from pressrun.runtime.program import ProgramEnd
from pressrun.services.bounces.operator_alerts import alert_operator
from pressrun.services.ports import RelayStatus
from pressrun.services.settings import AlertSettings
from pressrun.services.upkeep.alert_watch import (
    LASTING_SECONDS,
    RETRY_SECONDS,
    AlertReports,
    AlertWatch,
    AlertWays,
)
from pressrun.services.upkeep.readiness import RELAYS_FAILING_SECONDS, Obstacle, Readiness
from pressrun.store.upkeep.alert_history import AlertHistory


@dataclass(slots=True)
class Pager:
    """The ways of alerts, as a test sees them."""

    problem: str = ""
    alerts: list[dict[str, Any]] = field(default_factory=list)
    mailed: list[Obstacle] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    is_mail_down: bool = False
    has_operator: bool = True
    asked: int = 0

    async def run(self, _: Sequence[str], octets: bytes, __: float) -> ProgramEnd:
        self.alerts.append(json.loads(octets))
        return ProgramEnd(self.problem, "")

    async def mail(self, obstacle: Obstacle) -> bool:
        if self.is_mail_down:
            raise Unavailable("disk full")
        self.asked += 1
        if not self.has_operator:
            return False
        self.mailed.append(obstacle)
        return True


@pytest.fixture
def pager() -> Pager:
    return Pager()


@pytest.fixture
def reports() -> AlertReports:
    return AlertReports()


def watch_of(harness: DeliveryHarness, folder: Path, pager: Pager, reports: AlertReports, *command: str) -> AlertWatch:
    readiness = Readiness(
        database=harness.services.database,
        progress=harness.dispatcher,
        relays=harness.pool,
        loops=list,
        clock=harness.clock,
    )
    ways = AlertWays(
        settings=Holder(AlertSettings(exec=command, timeout_seconds=1.0)),
        history=AlertHistory(folder / "alerts"),
        run=pager.run,
        mail=pager.mail,
        count=pager.counted.append,
    )
    return AlertWatch(readiness=readiness, reports=reports, ways=ways, site=SITE, clock=harness.clock)


def fail_relay(harness: DeliveryHarness) -> None:
    since = harness.clock() - RELAYS_FAILING_SECONDS
    words = "refused: 550 <ada@reader.example> no"
    harness.pool.status = RelayStatus(name=RELAY, connections=0, failing_since=since, last_error=words)


async def pass_time(harness: DeliveryHarness, seconds: float) -> None:
    """So much later, with a queue that makes progress."""
    harness.pass_time(seconds)
    await harness.run_cycle()


async def watch_three_times(harness: DeliveryHarness, watch: AlertWatch) -> None:
    for _ in range(3):
        await watch.check()
        await pass_time(harness, LASTING_SECONDS)


async def test_the_program_hears_of_a_relay_that_fails_for_long(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports
) -> None:
    """With what a script or a person needs, and nobody's address."""
    watch = watch_of(harness, tmp_path, pager, reports, "/usr/local/bin/page-me")
    fail_relay(harness)
    await watch.check()
    await pass_time(harness, LASTING_SECONDS - 1)
    await watch.check()
    assert [] == pager.alerts
    await pass_time(harness, 1)
    await watch.check()
    [alert] = pager.alerts
    assert ("relays", CAUSES[Cause.RELAYS].when, CAUSES[Cause.RELAYS].advice) == (
        alert["cause"],
        alert["when"],
        alert["advice"],
    )
    assert f"every relay fails: {RELAY}: refused: 550 <…> no" == alert["text"]
    assert {"since", "base_url", "host", "version"} < alert.keys()
    assert (["done"], []) == (pager.counted, pager.mailed)


async def test_each_cause_is_passed_on_once_a_day_over_restarts(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports
) -> None:
    reports.set(Cause.DISK, "3 % free")
    await watch_three_times(harness, watch_of(harness, tmp_path, pager, reports, "/page-me"))
    watch = watch_of(harness, tmp_path, pager, reports, "/page-me")
    await watch_three_times(harness, watch)
    assert ["disk"] == [alert["cause"] for alert in pager.alerts]
    reports.set(Cause.DISK, None)
    await pass_time(harness, ALERT_SECONDS)
    await watch.check()
    reports.set(Cause.DISK, "2 % free")
    await watch.check()
    assert 1 == len(pager.alerts)  # it has to last again
    await pass_time(harness, LASTING_SECONDS)
    await watch.check()
    assert ["3 % free", "2 % free"] == [alert["text"] for alert in pager.alerts]


async def test_a_program_that_fails_is_tried_again(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports, caplog: pytest.LogCaptureFixture
) -> None:
    pager.problem = "it ended with 1"
    reports.set(Cause.DISK, "3 % free")
    watch = watch_of(harness, tmp_path, pager, reports, "/page-me")
    for seconds in (LASTING_SECONDS, 1, RETRY_SECONDS):
        await watch.check()
        await pass_time(harness, seconds)
    pager.problem = ""
    for _ in range(3):
        await watch.check()
        await pass_time(harness, RETRY_SECONDS)
    assert ["failed", "done"] == pager.counted
    assert 1 == sum(record.message == "alert.not_passed_on" for record in caplog.records)


@pytest.mark.parametrize("cause", CAUSES)
async def test_the_table_says_by_which_way(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports, cause: Cause
) -> None:
    reports.set(cause, "as it is")
    watch = watch_of(harness, tmp_path, pager, reports, "/page-me")
    for seconds in (LASTING_SECONDS, LASTING_SECONDS, LASTING_SECONDS):
        await watch.check()
        await pass_time(harness, seconds)
    way = CAUSES[cause].way
    assert (way is not Way.MAIL, way is not Way.PROGRAM) == (len(pager.alerts) == 1, len(pager.mailed) == 1)


async def test_one_outage_is_one_alert(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports
) -> None:
    """What only follows from it is told when it lasts longer than its cause."""
    watch = watch_of(harness, tmp_path, pager, reports, "/page-me")
    for cause in (Cause.LOOP, Cause.QUEUE, Cause.DATABASE):
        reports.set(cause, "as it is")
    await watch_three_times(harness, watch)
    assert ["database"] == [alert["cause"] for alert in pager.alerts]
    reports.set(Cause.DATABASE, None)
    await watch_three_times(harness, watch)
    assert ["database", "queue"] == [alert["cause"] for alert in pager.alerts]


async def test_an_email_that_cannot_be_queued_is_tried_again(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports
) -> None:
    """And it keeps the program from nothing."""
    pager.is_mail_down = True
    reports.set(Cause.DISK, "none free")
    watch = watch_of(harness, tmp_path, pager, reports, "/page-me")
    await watch.check()
    await pass_time(harness, LASTING_SECONDS)
    await watch.check()
    assert (1, 0) == (len(pager.alerts), len(pager.mailed))
    pager.is_mail_down = False
    await watch.check()
    assert (1, 1) == (len(pager.alerts), len(pager.mailed))


async def test_an_email_without_an_operator_or_a_list_is_tried_again_soon_then_later(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports
) -> None:
    """A minute later, then each time twice as late, and every hour in the end: there may be an operator by then."""
    pager.has_operator = False
    reports.set(Cause.BACKUP, "three days old")
    watch = watch_of(harness, tmp_path, pager, reports)
    await watch.check()
    await pass_time(harness, LASTING_SECONDS)
    waits = (0, 60, 120, 240, 480, 960, 1920, 3600, 3600)
    for number, seconds in enumerate(waits, start=1):
        await pass_time(harness, seconds - 1)
        await watch.check()
        await pass_time(harness, 1)
        await watch.check()
        assert number == pager.asked
    pager.has_operator = True
    await pass_time(harness, 3600)
    await watch.check()
    assert 1 == len(pager.mailed)


async def test_a_restart_keeps_no_email_waiting_for_another_day(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports
) -> None:
    """One went out an hour before: the next one goes out when a day has passed since, not since the restart."""
    pager.has_operator = False  # as the limit says so long as a day has not passed
    reports.set(Cause.BACKUP, "three days old")
    watch = watch_of(harness, tmp_path, pager, reports)
    await watch.check()
    for _ in range(23):
        await pass_time(harness, 3600)
        await watch.check()
    pager.has_operator = True
    await pass_time(harness, 3600)
    await watch.check()
    assert 1 == len(pager.mailed)


async def test_a_database_that_never_answers_is_noticed(
    harness: DeliveryHarness, tmp_path: Path, pager: Pager, reports: AlertReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch does not wait for it."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("pressrun.services.upkeep.alert_watch.ANSWER_SECONDS", 0.01)
    watch = watch_of(harness, tmp_path, pager, reports, "/page-me")
    monkeypatch.setattr(harness.services.database, "read", never)
    await watch.check()
    harness.pass_time(LASTING_SECONDS)
    await watch.check()
    assert ["database"] == [alert["cause"] for alert in pager.alerts]


async def test_an_email_that_fails_is_mailed_again_soon_then_later(harness: DeliveryHarness) -> None:
    """An hour after it failed, then two; never while one waits, nor within a day of one that arrived."""
    database, site, began = (
        harness.services.database,
        replace(SITE, operator="ops@harbour.example"),
        int(harness.clock()),
    )

    async def alert(hours: float, cause: Cause = Cause.DISK) -> bool:
        context = structs.replace(harness.services.context, site=site, clock=lambda: began + hours * 3600)
        return await database.record(alert_operator, cause, "", context)

    async def end(state: str, hours: float) -> None:
        at = int(began + hours * 3600)
        changed = "update delivery set state = ?, recorded_at = ? where state = 'queued' and notice_id is not null"
        await execute(database, changed, state, at)

    assert [True, False] == [await alert(0), await alert(5)]  # it waits
    await end("failed", 5)
    assert [False, True, False] == [await alert(5.9), await alert(6), await alert(7.5)]
    await end("failed", 8)
    assert [False, True] == [await alert(9.9), await alert(10)]
    assert await alert(10, Cause.BACKUP)
    await end("delivered", 10)
    assert [False, False, True] == [await alert(12), await alert(33.9), await alert(34.1)]


async def test_another_operator_is_mailed_what_the_former_one_could_not_get(harness: DeliveryHarness) -> None:
    """As `pressrun doctor` and the program of [alerts] advise."""
    database, context, began = harness.services.database, harness.services.context, int(harness.clock())

    async def alert(operator: str, at: int) -> bool:
        changed = structs.replace(context, site=replace(SITE, operator=operator), clock=lambda: at)
        return await database.record(alert_operator, Cause.DISK, "", changed)

    assert await alert("full@harbour.example", began)
    await execute(database, "update delivery set state = 'failed', recorded_at = ? where notice_id is not null", began)
    assert await alert("ops@harbour.example", began + 3600)


async def test_the_email_names_what_is_wrong_and_what_to_do(harness: DeliveryHarness) -> None:
    """Once a day for each cause; without an operator there is none."""
    database, site = harness.services.database, replace(SITE, operator="ops@harbour.example")
    now = int(harness.clock())

    async def alert(cause: Cause, at: int = now) -> bool:
        context = structs.replace(harness.services.context, site=site, clock=lambda: at)
        return await database.record(alert_operator, cause, "to <ada@x.example>", context)

    assert [True, False, True] == [await alert(cause) for cause in (Cause.DISK, Cause.DISK, Cause.BACKUP)]
    assert await alert(Cause.DISK, now + int(ALERT_SECONDS) + 1)
    mails = [mail for mail in await harness.send_all() if mail.rcpt_to == "ops@harbour.example"]
    mail = message_from_bytes(mails[0].content, policy=default)
    assert f"Pressrun on {SITE.mail_domain}: {CAUSES[Cause.DISK].when}" == mail["Subject"]
    body = mail.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    text = " ".join(body.get_content().split())
    assert f"to <…> What to do: {CAUSES[Cause.DISK].advice}" in text
    site = replace(site, operator=None)
    assert not await alert(Cause.BACKUP, now + 3 * int(ALERT_SECONDS))
