"""What happens as time passes: unconfirmed requests expire, pauses end, and old limits and notices are deleted.

All work is in short transactions, so that nothing else has to wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec

from pressrun.core.abuse.rate_anomaly import first_hour
from pressrun.core.abuse.sign_up import FORM_USED, FORM_USES
from pressrun.core.signing.chain import NO_ROWS, Head
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.bounces.operator_alerts import ALERT_RATE, ALERTS
from pressrun.services.context import ServiceContext
from pressrun.services.editions.lifecycle import cancel_expired_drafts, carry_on
from pressrun.services.evidence import age_ips
from pressrun.services.incoming.mail_quota import drop_kept_mail
from pressrun.services.lists.list_end import complete_closing, complete_removal
from pressrun.services.log_ins.context import lasting_sessions
from pressrun.services.log_ins.failures import FAILED_LOG_INS, ROWS_FOR_ONE
from pressrun.services.ports import Entropy
from pressrun.services.readers.erasure import forget_strangers
from pressrun.services.readers.suspension import probe_suspended
from pressrun.store import bulk_changes, limits
from pressrun.store.lists import list_removals, lists
from pressrun.store.people import audit, enter_links, log_ins
from pressrun.store.programs import events, idempotency, jobs
from pressrun.store.queue import copy_counts, deliveries, inbound
from pressrun.store.readers import (
    address_changes,
    bounces,
    consent,
    held_sign_ups,
    pending_requests,
    subscriptions,
    unsubscribes,
)
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import clock_set_back

log = logging.getLogger("pressrun.housekeeping")

ROUND_SECONDS = 30.0
DAY_SECONDS = 86400
# The numbers of an edition are compared with its rows for this long after its end. Bounces may come until then;
# comparing the whole archive each night would keep pages waiting for what no longer changes.
COUNTS_CHECKED_SECONDS = 30 * DAY_SECONDS
POLL_SECONDS = 1.0  # how late a pause may end or a probe go out
# Kept after a notice was sent, so that a bounce of it can be told from a forgery.
NOTICE_KEPT_SECONDS = 30 * 86400
# Readers complain about mail of a removed list, too: most of them soon, some when they tidy up their mailbox.
FORMER_READERS_KEPT_SECONDS = 90 * 86400
# Mail servers may hand over the same email again for as long as they retry, which is 5 days; with a margin.
MAIL_KNOWN_SECONDS = 30 * 86400
LOG_HEAD_SECONDS = 3600.0  # the shortest time between two log events with the head of a chain
HEAD_EVENTS = {"consent": "consent.head", "audit": "audit.head"}

P = ParamSpec("P")
KeepHead = Callable[[str, Head], Awaitable[None]]  # with the name of the chain


class Housekeeping(BackgroundLoop):
    """A round over the database every ROUND_SECONDS, and in between whatever is due.

    A duty that fails does not keep the others from being done; the round is then repeated.
    """

    name = "housekeeping"
    unavailable = "housekeeping.database_unavailable"

    def __init__(self, context: ServiceContext, keep_head: KeepHead | None = None) -> None:
        super().__init__(context.clock)
        self._context = context
        self._database = context.database
        self._keep_head = keep_head
        self._heads: dict[str, Head] = {}
        self._heads_logged_at: dict[str, float] = {}
        self._next_round_at = 0.0
        self._counts_checked = int(context.clock() // DAY_SECONDS)  # the number of the day
        self._seen_at = math.inf  # the clock at the last step; it may also have been set back while no daemon ran

    async def step(self) -> bool:
        """Wait a moment, then do what is due, or a whole round."""
        await asyncio.sleep(until_next(POLL_SECONDS))
        now = self._context.clock()
        if now < self._seen_at:
            await self._follow_clock(int(now))
        self._seen_at = now
        self._context.keys.retire_due(now)
        if not 0 <= self._next_round_at - now <= ROUND_SECONDS:
            await self.round()
            if not self.has_failed:
                self._next_round_at = self._context.clock() + ROUND_SECONDS
        elif await self._database.read(
            _is_due, int(now - self._context.settings.value.bounces.probe_after_seconds), int(now)
        ):
            await self._do_what_is_due(int(now))
        return True

    async def _follow_clock(self, now: int) -> None:
        """Bring times in the future closer after the clock was set back, so that nothing waits for a wrong time."""
        number = await self._database.write(clock_set_back.cut_times, now)
        while some := await self._database.write(clock_set_back.cut_copies, now):
            number += some
        if number:
            event(log, "housekeeping.clock_set_back", level=logging.WARNING, number=number)
            self._context.wake()

    async def round(self) -> None:
        """Do everything once."""
        now, limit_settings = self._context.clock(), self._context.limits
        await self._do_what_is_due(int(now))
        with self.isolated("limits"):
            await self._database.record(self._sweep_limits, now)
        await self._sweep("notices", deliveries.sweep_notices, int(now) - NOTICE_KEPT_SECONDS)
        await self._sweep("unsubscribes", unsubscribes.sweep_unsubscribes, int(now))
        await self._sweep("address changes", address_changes.sweep_changes, int(now))
        await self._sweep("former readers", list_removals.sweep_readers, int(now) - FORMER_READERS_KEPT_SECONDS)
        await self._sweep("received mail", inbound.sweep_mail, int(now) - MAIL_KNOWN_SECONDS)
        await self._sweep("held sign-ups", held_sign_ups.sweep_held, int(now))
        await self._sweep("sessions", log_ins.sweep, lasting_sessions(self._context))
        await self._sweep("login codes", log_ins.sweep_codes, int(now))
        await self._sweep("links to enter", enter_links.sweep_links, int(now))
        await self._sweep("keyed requests", idempotency.sweep_outcomes, int(now) - idempotency.KEPT_SECONDS)
        await self._sweep("jobs", jobs.sweep_jobs, int(now))
        await self._sweep("hours of sign-ups", limits.sweep_sign_ups, first_hour(now))
        with self.isolated("kept mail"):
            await drop_kept_mail(self._database, limit_settings, int(now))
        await self._sweep("requests", pending_requests.sweep_set_aside, int(now - limit_settings.kept_mail_seconds))
        keep_seconds = self._context.settings.value.retention.addresses_of_requests_seconds
        if keep_seconds is not None:
            await self._sweep("network addresses", age_ips, keep_seconds, self._context.entropy, now)
        events_seconds = self._context.settings.value.retention.events_seconds
        if events_seconds is not None:
            await self._sweep("events", events.sweep, int(now - events_seconds))
        await self._check_counts(int(now // DAY_SECONDS))
        with self.isolated("statistics"):
            if await self._database.drop_statistics():
                event(log, "housekeeping.statistics_dropped")
        for name, read_head in (("consent", consent.read_head), ("audit", audit.read_head)):
            with self.isolated(f"{name} head"):
                head = await self._database.read(read_head)
                is_on_disk = await self._database.checkpoint()
                await self._keep_latest_head(name, head, now, is_on_disk=is_on_disk)

    async def _check_counts(self, day: int) -> None:
        """Once a day: compare the kept numbers of copies with the rows, and mend what differs."""
        if day == self._counts_checked:
            return
        with self.isolated("numbers of copies"):
            after = 0
            over_since = day * DAY_SECONDS - COUNTS_CHECKED_SECONDS
            while ids := await self._database.read(copy_counts.changing_editions, after, over_since):
                for edition_id in ids:
                    if await self._database.read(copy_counts.find_difference, edition_id) is None:
                        continue
                    if await self._database.write(copy_counts.recount, edition_id):
                        event(log, "housekeeping.counts_mended", level=logging.WARNING, edition=edition_id)
                        self._context.wake()
                after = ids[-1]
            self._counts_checked = day

    async def _sweep(
        self, subject: str, work: Callable[Concatenate[Transaction, P], int], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Delete in batches until nothing is left to delete."""
        with self.isolated(subject):
            while await self._database.record(work, *args, **kwargs):
                pass

    async def _keep_latest_head(self, chain: str, head: Head, now: float, *, is_on_disk: bool) -> None:
        """Keep the head of a chain outside the database, once the database has it on disk."""
        if self._keep_head is None or head == self._heads.get(chain, NO_ROWS):
            return
        if not is_on_disk:  # somebody reads: Litestream does so all the time
            await self._database.flush()
        await self._keep_head(chain, head)
        self._heads[chain] = head
        if not 0 <= now - self._heads_logged_at.get(chain, 0.0) < LOG_HEAD_SECONDS:
            self._heads_logged_at[chain] = now
            event(log, HEAD_EVENTS[chain], head=str(head))

    async def _do_what_is_due(self, now: int) -> None:
        with self.isolated("audiences"):
            await carry_on(self._context)
        with self.isolated("closed lists"):
            for list_id in await self._database.read(lists.closing_lists):
                await complete_closing(self._database, list_id, self._context.clock, self._context.entropy)
        with self.isolated("removed lists"):
            for list_id in await self._database.read(list_removals.all_lists):
                await complete_removal(self._database, list_id, self._context.clock)
        with self.isolated("unconfirmed requests"):
            while await self._database.write(forget_unconfirmed, self._context.entropy, now):
                pass
        with self.isolated("pauses"):
            while await self._database.write(subscriptions.end_pauses, now):
                pass
        with self.isolated("probes"):
            while await self._database.record(
                probe_suspended, self._context.settings.value.bounces, self._context.entropy, now
            ):
                self._context.wake()
        with self.isolated("drafts"):
            while await self._database.write(cancel_expired_drafts, now):
                pass

    def _sweep_limits(self, tx: Transaction, now: float) -> None:
        settings = self._context.limits
        for scope, rate in (
            ("sign_ups_per_ip", settings.sign_ups_per_ip),
            ("confirmations_per_address", settings.confirmations_per_address),
            ("confirmations_per_domain", settings.confirmations_per_domain or settings.confirmations),
            ("confirmations", settings.confirmations),
            ("unproven_sign_ups", settings.unproven_sign_ups or settings.confirmations),
            ("proof_of_work_above", settings.proof_of_work_above or settings.confirmations),
            ("preference_links_per_address", settings.preference_links_per_address),
            ("preference_links_per_ip", settings.preference_links_per_ip),
            ("logins", settings.logins),
            ("login_codes_per_address", settings.login_codes_per_address),
            ("address_changes_per_reader", settings.address_changes_per_reader),
            ("leaving_notes_per_address", settings.unsubscribe_notes_per_address),
            ("pause_notes_per_address", settings.pause_notes_per_address),
            ("replies_per_sender", settings.replies_per_sender),
            ("posts_per_editor", settings.posts_per_editor),
            ("test_copies", settings.test_copies),
            (FAILED_LOG_INS, ROWS_FOR_ONE),
            (ALERTS, ALERT_RATE),
            (FORM_USED, FORM_USES),
            ("requests_per_form", settings.requests_per_form),
        ):
            limits.sweep(tx, scope, rate, now)


def _is_due(tx: Transaction, suspended_before: int, now: int) -> bool:
    """Whether a request or a pause has ended, a probe is due, or something made in slices is not complete."""
    if bulk_changes.find_oldest(tx) is not None or list_removals.all_lists(tx) or lists.closing_lists(tx):
        return True
    return bounces.is_probe_due(tx, suspended_before) or subscriptions.is_anything_over(tx, now)


def forget_unconfirmed(tx: Transaction, entropy: Entropy, now: int) -> int:
    """Delete a batch of requests whose token has expired; returns how many.

    Former members become unsubscribed again; people who never were members are deleted.
    """
    number, people = subscriptions.forget_expired(tx, now)
    forget_strangers(tx, people, entropy, now)
    return number
