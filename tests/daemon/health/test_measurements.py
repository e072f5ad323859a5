"""The gauges that are measured in the background, and that no single request by address changes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.delivery.harness import DeliveryHarness

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.current import Holder
from pressrun.core.upkeep.alerts import Cause
from pressrun.daemon.health.event_loop_lag import SAMPLE_SECONDS, EventLoopLag
from pressrun.daemon.health.measurements import (
    AHEAD_SECONDS,
    MIB,
    OLD_BACKUP_SECONDS,
    READERS_SECONDS,
    WAITING_SECONDS,
    Measurements,
)
from pressrun.observe.metrics import Metrics
from pressrun.services.upkeep.alert_watch import AlertReports
from pressrun.store.upkeep import last_backup, monitoring
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.last_backup import LastBackup


def nobody() -> None:
    """No certificate is in use."""


NO_OPERATOR: Holder[str | None] = Holder(None)


def gauges(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by its labels, which the page has in alphabetical order."""
    families = text_string_to_metric_families(metrics.render().decode())
    samples = [sample for family in families if family.name == f"pressrun_{name}" for sample in family.samples]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


async def measured(harness: DeliveryHarness, folder: Path) -> Metrics:
    metrics = Metrics("1", classes=[BounceClass.GONE])
    await Measurements(
        DataDir(folder), nobody, harness.services.database, metrics, AlertReports(), NO_OPERATOR
    ).measure(harness.clock())
    return metrics


async def test_readers_are_counted_by_list_and_state(
    harness: DeliveryHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In slices, and only in those states that no request by address changes."""
    monkeypatch.setattr(monitoring, "SLICE", 2)
    await harness.readers(5)
    await harness.change("update subscription set state = 'suspended', suspended_for = 'bounces' where id = 2")
    await harness.change("update subscription set state = 'pending' where id = 3")
    metrics = await measured(harness, tmp_path)
    assert {("news", "active"): 3.0, ("news", "suspended"): 1.0} == gauges(metrics, "readers")
    assert {("gone", "news"): 0.0, ("gone", ""): 0.0} == gauges(metrics, "bounces")


async def test_the_oldest_copy_is_that_which_may_go_and_does_not(harness: DeliveryHarness, tmp_path: Path) -> None:
    """Whatever its destination; not those of a paused edition, and not those that are due later."""
    await harness.readers(3)
    paused, sending = await harness.edition("paused"), await harness.edition("sending")
    await harness.run_cycle()
    await harness.edition_admin.pause(paused)
    now = int(harness.clock())
    of = "where edition_id = ?"
    await harness.change(f"update delivery set state = 'queued', claimed_by = null, due_at = 5 {of}", paused)
    await harness.change(f"update delivery set state = 'queued', claimed_by = null, due_at = ? {of}", now + 60, sending)
    first_of = "id = (select min(id) from delivery where edition_id = ?)"
    await harness.change(
        f"update delivery set state = 'deferred', destination = 'slow.example', due_at = ? where {first_of}",
        now - 70,
        sending,
    )
    await harness.change(
        "insert into destination_domain (domain, destination, learned) values ('slow.example', 'slow.example', 1)"
    )
    metrics = Metrics("1")
    measurements = Measurements(
        DataDir(tmp_path), nobody, harness.services.database, metrics, AlertReports(), NO_OPERATOR
    )
    await measurements.measure(harness.clock())
    assert 70.0 == measurements.oldest_due_seconds(now)
    assert {("itself",): 0.0, ("person",): 1.0} == gauges(metrics, "editions_paused")
    await harness.change("update edition set pause_reason = 'too many refusals' where id = ?", paused)
    await measurements.measure(harness.clock())
    assert {("itself",): 1.0, ("person",): 0.0} == gauges(metrics, "editions_paused")


async def test_a_copy_that_is_given_back_again_and_again_stays_the_oldest(
    harness: DeliveryHarness, tmp_path: Path
) -> None:
    """As while no relay works; until one has come to its end."""
    await harness.readers(2)
    number = await harness.edition()
    await harness.run_cycle()
    now = int(harness.clock())
    measurements = Measurements(
        DataDir(tmp_path), nobody, harness.services.database, Metrics("1"), AlertReports(), NO_OPERATOR
    )
    oldest = []
    for due_at, states in ((now - 90, "queued"), (now - 5, "queued"), (now - 2, "claimed"), (now - 1, "queued")):
        await harness.change("update delivery set state = ?, claimed_by = null, due_at = ?", states, due_at)
        claimed = 2 * (states == "claimed")
        await harness.change("update copy_count set queued = ?, claimed = ?", 2 - claimed, claimed)
        await measurements.measure(now)
        oldest.append(measurements.oldest_due_seconds(now))
    assert [90.0] * 4 == oldest
    await harness.change("update copy_count set queued = 1, delivered = 1 where edition_id = ?", number)
    await measurements.measure(now)
    assert 1.0 == measurements.oldest_due_seconds(now)
    await harness.change("update delivery set state = 'claimed'")
    await harness.change("update copy_count set queued = 0, claimed = 1, delivered = 1")
    again = Measurements(
        DataDir(tmp_path), nobody, harness.services.database, Metrics("1"), AlertReports(), NO_OPERATOR
    )
    for seconds in (0, 30):
        await again.measure(now + seconds)
    assert 30.0 == again.oldest_due_seconds(now + 30)  # claimed whenever one looks
    await harness.change("update copy_count set claimed = 0")
    await harness.change("update delivery set state = 'deferred', due_at = ?", now + 60)
    await measurements.measure(now)
    assert 0.0 == measurements.oldest_due_seconds(now)


async def test_mail_counts_when_it_has_waited(harness: DeliveryHarness, tmp_path: Path) -> None:
    """A mail that is being processed shows nowhere: it may be about one person."""
    now = int(harness.clock())
    for number, age in enumerate((0, WAITING_SECONDS - 1, WAITING_SECONDS + 1)):
        await harness.change(
            "insert into inbound (digest, mail_from, recipient, peer, utf8, received_at, state, queue) "
            f"values (cast(? as {await blob(harness)}), '', 'news', '', 0, ?, 'received', 'bounces')",
            str(number),
            int(now - age),
        )
    metrics = await measured(harness, tmp_path)
    assert {("bounces",): 1.0, ("readers",): 0.0, ("strangers",): 0.0} == gauges(metrics, "inbound_waiting")


async def blob(harness: DeliveryHarness) -> str:
    return "blob" if harness.services.database.location.is_exclusive else "bytea"


async def test_sizes_are_in_whole_mib(harness: DeliveryHarness, tmp_path: Path) -> None:
    metrics = await measured(harness, tmp_path)
    for name in ("database_bytes", "data_dir_free_bytes", "database_wal_bytes"):
        [size] = gauges(metrics, name).values()
        assert 0 == size % MIB
    assert gauges(metrics, "data_dir_bytes")[()] > 0


async def test_the_expiry_is_that_of_the_certificate_in_use(harness: DeliveryHarness, tmp_path: Path) -> None:
    """Each look has a renewed one used, and there may be none after a reload."""
    metrics, expiries = Metrics("1"), iter((1e9, 2e9, None))
    measurements = Measurements(
        DataDir(tmp_path), lambda: next(expiries), harness.services.database, metrics, AlertReports(), NO_OPERATOR
    )
    shown = []
    for _ in range(3):
        await measurements.measure(harness.clock())
        shown.append(gauges(metrics, "certificate_expiry_timestamp_seconds"))
    assert [{("smtp",): 1e9}, {("smtp",): 2e9}, {}] == shown


async def test_what_wants_a_person_is_reported_until_it_is_over(
    harness: DeliveryHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate and a backup that age; who makes no backups with us hears nothing of them."""
    data, reports, now = DataDir(tmp_path), AlertReports(), harness.clock()
    expiries = iter((now + 6 * 86_400, None, None, None))
    measurements = Measurements(
        data, lambda: next(expiries), harness.services.database, Metrics("1"), reports, NO_OPERATOR
    )
    monkeypatch.setattr("pressrun.daemon.health.measurements.utc_now", harness.clock)
    await measurements.measure(now)
    assert {Cause.CERTIFICATE} == {obstacle.cause for obstacle in reports.obstacles()}
    for made_at in (now - OLD_BACKUP_SECONDS - 1, now + AHEAD_SECONDS + 1):
        last_backup.record(data, LastBackup(at=int(made_at), place="-", size=1))
        await measurements.measure(now)
        assert {Cause.BACKUP} == {obstacle.cause for obstacle in reports.obstacles()}
    last_backup.record(data, LastBackup(at=int(now), place="-", size=1))
    await measurements.measure(now)
    assert [] == reports.obstacles()


async def test_sign_ups_that_wait_for_a_person_are_reported_until_they_do_not(
    harness: DeliveryHarness, tmp_path: Path
) -> None:
    """Held ones are discarded after some days: who looks at neither log nor metrics would lose real readers."""
    reports = AlertReports()
    measurements = Measurements(
        DataDir(tmp_path), nobody, harness.services.database, Metrics("1"), reports, NO_OPERATOR
    )
    await harness.change(
        "insert into notice (kind, list_id, address, language, message_secret, created_at)"
        " values ('confirmation', 1, 'r@d.example', 'en', x'00', 1)"
    )
    await harness.change(
        "insert into held_notice (notice_id, domain, expires_at) select id, 'd.example', 1800000000 from notice"
    )
    await harness.change(
        "insert into pending_request (kind, list_id, address, trust, set_aside_at)"
        " values ('sign-up', 1, 'r@d.example', 'proven', ?)",
        harness.clock() - 3600,
    )
    await measurements.measure(harness.clock())
    texts = {obstacle.cause: obstacle.text for obstacle in reports.obstacles()}
    assert {Cause.HELD, Cause.SET_ASIDE} == texts.keys()
    assert "discarded at 2027-01-15T08:00:00Z" in texts[Cause.HELD]
    await harness.change("delete from held_notice")
    await measurements.measure(harness.clock() + 86_400)
    assert [] == reports.obstacles(), "it is kept for months, and one mail about it is enough"


async def test_an_operator_who_is_gone(
    harness: DeliveryHarness, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every other alert goes to a mailbox that nobody has, so the program of `[alerts]` passes this one on."""
    reports, operator = AlertReports(), Holder[str | None]("ops@site.example")
    measurements = Measurements(DataDir(tmp_path), nobody, harness.services.database, Metrics("1"), reports, operator)
    monitored, ends = [], (("failed", "550 ops@site.example unknown"), ("delivered", None), ("failed", None))
    for step, (state, reply) in enumerate((("queued", None), *ends)):
        await harness.change(
            "insert into notice (kind, address, language, message_secret, created_at)"
            " values ('operator_alert', 'ops@site.example', 'en', x'00', 1)"
        )
        await harness.change(
            "insert into delivery (notice_id, domain, due_at, state, reply)"
            " select max(id), 'site.example', 1, ?, ? from notice",
            state,
            reply,
        )
        await measurements.measure(harness.clock() + step * READERS_SECONDS)
        monitored.append([obstacle.cause for obstacle in reports.obstacles()])
    assert [[], [Cause.OPERATOR], [], [Cause.OPERATOR]] == monitored
    assert ["an alert by email did not arrive: the reason is unknown"] == [known.text for known in reports.obstacles()]
    assert "ops@site.example unknown" not in caplog.text
    operator.swap("new@site.example")
    await measurements.measure(harness.clock() + 4 * READERS_SECONDS)
    assert [] == reports.obstacles(), "the new one has had no alert yet"


async def test_what_holds_up_the_loop_is_seen() -> None:
    blocked = 2 * SAMPLE_SECONDS
    lag = EventLoopLag(window_seconds=blocked)
    step = asyncio.create_task(lag.step())
    await asyncio.sleep(0)
    time.sleep(blocked)  # noqa: ASYNC251 - this is what must not happen
    await step
    assert lag.seconds >= blocked - SAMPLE_SECONDS
