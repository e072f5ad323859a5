"""Gauges that are too costly, or tell too much, to be read at each scrape: measured in the background, at intervals.

Sizes are in whole MiB. The exact size of the write-ahead log, or of the room on the disk, would change with a single
sign-up, and so tell readers of the metrics whether an address is on a list (docs/decisions/0045).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.current import Current
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.text.masking import without_addresses
from pressrun.core.timestamps import rfc3339
from pressrun.core.upkeep.alerts import ALERT_SECONDS, Cause
from pressrun.observe.log import event
from pressrun.observe.metrics import Metrics
from pressrun.runtime.clock import utc_now
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.editions.advance import AFTER_CANARY
from pressrun.services.editions.lifecycle import PAUSED_BY_PERSON
from pressrun.services.upkeep.alert_watch import AlertReports
from pressrun.store.database import Database
from pressrun.store.queue import copy_counts
from pressrun.store.readers import held_sign_ups, pending_requests
from pressrun.store.upkeep import monitoring
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.last_backup import last_backup_at

log = logging.getLogger("pressrun.alerts")

MEASURE_SECONDS = 15.0
READERS_SECONDS = 900.0  # counting a million readers takes 0.1 s in all, in slices
OLD_BACKUP_SECONDS = 2 * 86400.0
AHEAD_SECONDS = 86400.0  # by how much the clock of the last backup may have been ahead
EXPIRES_SOON_SECONDS = 7 * 86400.0
WAITING_SECONDS = 60.0  # a mail that waits for less is being processed
MIB = 1024 * 1024
ENDS = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.CANCELLED)
# Signing up changes how many are pending, or have unsubscribed, so that these numbers would tell what an address is.
SHOWN_STATES = (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED)


class Measurements(BackgroundLoop):
    """Measures files, then the database, which may be what fails."""

    name = "measurements"
    unavailable = "housekeeping.database_unavailable"

    def __init__(
        self,
        data: DataDir,
        renew_certificate: Callable[[], float | None],
        database: Database,
        metrics: Metrics,
        reports: AlertReports,
        operator: Current[str | None],
    ) -> None:
        super().__init__(utc_now)
        self._data = data
        self._renew_certificate = renew_certificate
        self._database = database
        self._metrics = metrics
        self._reports = reports
        self._operator = operator
        self._oldest_due_at: int | None = None
        self._refusal: str | None = None  # of the latest alert to the operator
        self._over = -1  # copies of live editions that had been completed
        self._readers_at = float("-inf")

    async def step(self) -> bool:
        """Measure once, then wait."""
        await self.measure(utc_now())
        self.works()
        await asyncio.sleep(until_next(MEASURE_SECONDS))
        return True

    def oldest_due_seconds(self, now: float) -> float:
        """For how long the oldest copy has been due, by the last measurement."""
        return 0.0 if self._oldest_due_at is None else max(0.0, now - self._oldest_due_at)

    async def measure(self, now: float) -> None:
        """Measure everything that is due; raises Unavailable."""
        with self.isolated("disk"):
            await self._measure_disk()
        with self.isolated("backup"):
            self._reports.set(Cause.BACKUP, _describe_backup(await asyncio.to_thread(last_backup_at, self._data), now))
        with self.isolated("certificate"):
            self._look_at_certificate()
        await self._measure_database(int(now))
        if not 0 <= now - self._readers_at < READERS_SECONDS:
            await self._count_readers()
            await self._look_at_alerts()
            self._readers_at = now
            self._metrics.set("readers_counted_timestamp_seconds", now)
        self._metrics.set("measured_timestamp_seconds", now)

    async def _measure_disk(self) -> None:
        disk, wal = await asyncio.to_thread(_stat, self._data.root, self._database.location.wal_bytes)
        self._metrics.set("data_dir_bytes", disk.f_blocks * disk.f_frsize)
        self._metrics.set("data_dir_free_bytes", _whole_mib(disk.f_bavail * disk.f_frsize))
        if wal is not None:
            self._metrics.set("database_wal_bytes", _whole_mib(wal))

    def _look_at_certificate(self) -> None:
        """Use a renewed certificate, and measure when it expires: the program that renews it may not notify us."""
        expires_at = self._renew_certificate()
        expiry = {} if expires_at is None else {"smtp": expires_at}
        self._metrics.set_all("certificate_expiry_timestamp_seconds", expiry)
        self._reports.set(Cause.CERTIFICATE, _describe_expiry(expires_at, utc_now()))

    async def _measure_database(self, now: int) -> None:
        read, metrics = self._database.read, self._metrics
        metrics.set("database_bytes", _whole_mib(await read(monitoring.database_bytes)))
        self._note_oldest(await read(monitoring.oldest_due_at, now), await read(copy_counts.count_live), now)
        waiting = await read(monitoring.count_waiting_mail, int(now - WAITING_SECONDS))
        metrics.set_all("inbound_waiting", {queue: waiting.get(queue, 0) for queue in MailQueue})
        on_purpose, by_itself = await read(monitoring.count_paused, (PAUSED_BY_PERSON, AFTER_CANARY.text))
        metrics.set_all("editions_paused", {"itself": by_itself, "person": on_purpose})
        self._reports.set(Cause.HELD, _describe_held(await read(held_sign_ups.first_end_at)))
        since = now - int(ALERT_SECONDS)  # nobody can do anything about older ones, which an alert has already named
        self._reports.set(Cause.SET_ASIDE, _describe_set_aside(await read(pending_requests.count_set_aside, since)))
        for name in (await read(monitoring.list_names)).values():
            metrics.name_list(name)

    async def _look_at_alerts(self) -> None:
        """Raise an alert if the latest one by email did not arrive: the operator may have left years ago."""
        operator, refusal = self._operator.value, None
        if operator is not None:
            address = parse_address(operator).typed
            refusal = await self._database.read(monitoring.refusal_of_latest_alert, address)
        if refusal is not None and self._refusal is None:
            event(log, "alert.not_arrived", level=logging.ERROR, reply=without_addresses(refusal))
        self._refusal = refusal
        text = f"an alert by email did not arrive: {refusal or 'the reason is unknown'}"
        self._reports.set(Cause.OPERATOR, None if refusal is None else text)

    def _note_oldest(self, due_at: int | None, counts: Mapping[str, int], now: int) -> None:
        """Note since when the oldest copy has been due.

        While no relay works, copies are claimed and given back again and again, and those that are claimed cannot be
        seen. So the oldest one remains so while no copy has come to its end, and one that is claimed is due now.
        """
        over = sum(counts[state] for state in ENDS)
        if due_at is None and counts[DeliveryState.CLAIMED]:
            due_at = now
        if due_at is not None and self._oldest_due_at is not None and over == self._over:
            due_at = min(self._oldest_due_at, due_at)
        self._oldest_due_at, self._over = due_at, over

    async def _count_readers(self) -> None:
        numbers: dict[tuple[str, str], int] = {}
        for list_id, name in (await self._database.read(monitoring.list_names)).items():
            for state in SHOWN_STATES:
                number, after, counted = 0, 0, monitoring.SLICE
                while counted == monitoring.SLICE:
                    counted, after = await self._database.read(monitoring.count_readers, list_id, state, after)
                    number += counted
                numbers[name, state] = number
        self._metrics.set_readers(numbers)


def _stat(data_dir: Path, wal_bytes: Callable[[], int | None]) -> tuple[os.statvfs_result, int | None]:
    return os.statvfs(data_dir), wal_bytes()


def _describe_held(ends_at: int | None) -> str | None:
    """The text of the alert about held sign-ups, which are discarded unless somebody decides; None without any."""
    if ends_at is None:
        return None
    return f"far more sign-ups came in than usual, so some are held; the first are discarded at {rfc3339(ends_at)}"


def _describe_set_aside(number: int) -> str | None:
    return f"requests of the last day set aside because of an error in Pressrun: {number}" if number else None


def _describe_backup(made_at: int, now: float) -> str | None:
    """What to alert to, if `pressrun backup` is in use and has made no backup for too long."""
    if not made_at or -AHEAD_SECONDS <= now - made_at <= OLD_BACKUP_SECONDS:
        return None
    return f"the latest good backup is from {rfc3339(made_at)}"


def _describe_expiry(expires_at: float | None, now: float) -> str | None:
    """What to alert to, if a certificate is about to expire or has expired."""
    if expires_at is None or expires_at - now > EXPIRES_SOON_SECONDS:
        return None
    return f"the certificate_file of [smtp] that is in use expires at {rfc3339(int(expires_at))}"


def _whole_mib(octets: int) -> int:
    return octets // MIB * MIB
