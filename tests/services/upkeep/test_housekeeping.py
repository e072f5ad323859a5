"""What time brings."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
from tests.delivery.harness import LATER, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.delivery import OVER, DeliveryState
from pressrun.core.signing.chain import NO_ROWS, Head
from pressrun.services import background
from pressrun.services.background import LoopFault
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.upkeep import housekeeping
from pressrun.services.upkeep.housekeeping import DAY_SECONDS, MAIL_KNOWN_SECONDS, NOTICE_KEPT_SECONDS
from pressrun.store import limits
from pressrun.store.location import open_for_reading
from pressrun.store.people import enter_links, log_ins
from pressrun.store.programs import idempotency, jobs
from pressrun.store.queue import deliveries, inbound
from pressrun.store.readers import (
    address_changes,
    consent,
    held_sign_ups,
    pending_requests,
    subscriptions,
    unsubscribes,
)
from pressrun.store.readers.suppressions import list_suppressions

ADA = parse_address("ada@reader.example")
WEB = Origin(source="web")
WEEK, MONTH = 7 * 86400, 30 * 86400


async def queue_notice(harness: DeliveryHarness) -> None:
    await harness.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}), [ADA]
    )


async def states(harness: DeliveryHarness) -> list[tuple[Any, ...]]:
    return await harness.rows("select state, state_before from subscription order by id")


async def test_a_request_nobody_confirmed_is_forgotten(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    harness.pass_time(WEEK - 1)
    await harness.housekeeping.round()
    assert [("pending", None)] == await states(harness)
    harness.pass_time(1)
    await harness.housekeeping.round()
    assert ([], []) == (await states(harness), await harness.rows("select * from subscriber"))


async def test_a_later_request_keeps_it_waiting(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    harness.pass_time(86400)
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    harness.pass_time(WEEK - 86400)
    await harness.housekeeping.round()
    assert [("pending", None)] == await states(harness)


async def test_who_had_left_before_has_left_again(harness: DeliveryHarness) -> None:
    await harness.services.subscribers.add("news", ADA)
    await harness.leave(ADA.typed)
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    assert [("pending", "unsubscribed")] == await states(harness)
    harness.pass_time(WEEK)
    await harness.housekeeping.round()
    assert [("unsubscribed", None)] == await states(harness)


async def test_a_member_keeps_their_place_when_a_confirmation_ends(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    await harness.services.confirmations.confirm(1, WEB)
    harness.pass_time(WEEK)
    await harness.housekeeping.round()
    assert [("active", None)] == await states(harness)
    assert [] == await harness.rows("select * from confirmation")


async def test_a_person_of_another_list_is_kept_with_the_evidence(harness: DeliveryHarness) -> None:
    await harness.services.make_list("other")
    await harness.services.subscribers.add("other", ADA)
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    harness.pass_time(WEEK)
    await harness.housekeeping.round()
    assert [("active", None)] == await states(harness)
    assert [] == await harness.rows("select event from consent where content is null")


async def test_a_pause_ends_on_its_day(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    await harness.change(
        "update subscription set state = 'suspended', suspended_for = 'paused', paused_until = ? where id = 1",
        int(harness.services.now) + 100,
    )
    harness.pass_time(99)
    await harness.housekeeping.round()
    assert [("suspended",), ("active",)] == await harness.rows("select state from subscription order by id")
    harness.pass_time(1)
    await harness.housekeeping.round()
    assert [("active", None, None)] == await harness.rows(
        "select state, suspended_for, paused_until from subscription where id = 1"
    )


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("state", OVER)
async def test_a_notice_is_kept_for_a_while(harness: DeliveryHarness, state: DeliveryState, after: int) -> None:
    """However it came to its end."""
    await queue_notice(harness)
    await harness.send_all()
    await harness.change("update delivery set state = ?", state.value)
    harness.pass_time(NOTICE_KEPT_SECONDS - 1 + after)
    await harness.housekeeping.round()
    assert 1 - after == len(await harness.rows("select * from notice"))
    assert 1 - after == len(await harness.rows("select * from delivery"))


@pytest.mark.parametrize("state", ["queued", "deferred"])
async def test_a_notice_that_waits_is_never_swept(harness: DeliveryHarness, state: str) -> None:
    await queue_notice(harness)
    if state == "deferred":
        await harness.send_all(LATER)
    harness.pass_time(NOTICE_KEPT_SECONDS * 2)
    await harness.housekeeping.round()
    assert [(state,)] == await harness.rows("select state from delivery")


async def test_limits_are_swept(harness: DeliveryHarness) -> None:
    """Those of log-ins, too, which hold the network addresses of clients. Each stays for as long as it counts."""
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network="192.0.2.1")
    for at in (harness.services.now, harness.services.now + 10 * 86400):  # by a clock that was far ahead
        await harness.change("insert into limit_event (scope, subject, at, serial) values ('logins', x'01', ?, 0)", at)
    assert 7 == len(await harness.rows("select * from limit_event"))
    harness.pass_time(86400 - 1)
    await harness.housekeeping.round()
    assert ("confirmations_per_address",) in await harness.rows("select scope from limit_event")  # for a day
    harness.pass_time(1)
    await harness.housekeeping.round()
    assert [] == await harness.rows("select * from limit_event")


KEPT: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "a code to log in": (
        0,
        "login_code",
        "expires_at",
        {"asker": "x'0{number}'", "address": "'ada@reader.example'", "language": "'en'"},
    ),
    "a request with a key": (
        DAY_SECONDS,
        "idempotency_key",
        "at",
        {"caller": "'token 7'", "digest": "x'0{number}'", "request": "x'01'"},
    ),
    "a mail that was processed": (
        MAIL_KNOWN_SECONDS,
        "inbound",
        "recorded_at",
        {"digest": "x'0{number}'", "mail_from": "''", "recipient": "'news'", "peer": "''", "utf8": "0"}
        | {"received_at": "1", "state": "'done'"},
    ),
    "an unsubscribe": (
        0,
        "unsubscribe",
        "expires_at",
        {"subscription_id": "1", "former": "'{number}'", "left_at": "1"},
    ),
    "a change of address": (
        0,
        "address_change",
        "expires_at",
        {"subscriber_id": "1", "old_address": "'{number}@x.example'", "new_address": "'n@x.example'"}
        | {"state": "'done'", "created_at": "1"},
    ),
    "a link to enter": (
        0,
        "enter_link",
        "expires_at",
        {"person_id": "1", "kind": "'enter'", "created_at": "1"},
    ),
    "a request that cannot be carried out": (
        90 * DAY_SECONDS,
        "pending_request",
        "set_aside_at",
        {"kind": "'sign-up'", "address": "'ada@reader.example'", "trust": "'proven'"},
    ),
}
"""For how many seconds a row is kept, its table, from the time in which column on, and its other columns."""


@pytest.mark.parametrize("what", KEPT)
async def test_what_is_over_is_deleted_and_not_a_second_sooner(harness: DeliveryHarness, what: str) -> None:
    await harness.readers(1)
    await harness.services.people.add("olga", None)
    await harness.change("delete from enter_link")
    seconds, table, column, others = KEPT[what]
    over_at = int(harness.services.now) - seconds
    for number in range(2):
        values = ", ".join(others.values()).format(number=number)
        await harness.change(
            f"insert into {table} ({column}, {', '.join(others)}) values (?, {values})", over_at + number
        )
    await harness.housekeeping.round()
    assert [(over_at + 1,)] == await harness.rows(f"select {column} from {table}")


async def test_a_request_that_waits_is_never_swept(harness: DeliveryHarness) -> None:
    """It was accepted, however long the database has not let anybody carry it out."""
    await harness.change(
        "insert into pending_request (kind, address, trust) values ('sign-up', 'ada@reader.example', 'proven')"
    )
    harness.pass_time(1000 * DAY_SECONDS)
    await harness.housekeeping.round()
    assert [(None,)] == await harness.rows("select set_aside_at from pending_request")


@pytest.mark.parametrize(
    ("epoch", "started", "seen", "is_kept"),
    [
        (0, MONTH - 1, 12 * 3600 - 1, True),
        (0, MONTH, 0, False),
        (0, 12 * 3600, 12 * 3600, False),
        (1, 0, 0, False),
    ],
    ids=["lasts", "too old", "idle", "ended"],
)
async def test_a_session_is_deleted_once_it_has_ended(
    harness: DeliveryHarness, epoch: int, started: int, seen: int, is_kept: bool
) -> None:
    """With the network address of its client."""
    await harness.services.people.add("olga", None)
    now = int(harness.services.now)
    await harness.change(
        "insert into login_session (digest, person_id, epoch, method, agent, started_at, seen_at)"
        " select x'00', id, epoch + ?, 'passkey', '', ?, ? from person",
        epoch,
        now - started,
        now - seen,
    )
    await harness.housekeeping.round()
    assert int(is_kept) == len(await harness.rows("select * from login_session"))


# ---------------------------------------------------------------------- duties that fail

DUTIES = {
    "unconfirmed requests": (housekeeping, "forget_unconfirmed"),
    "pauses": (subscriptions, "end_pauses"),
    "probes": (housekeeping, "probe_suspended"),
    "drafts": (housekeeping, "cancel_expired_drafts"),
    "limits": (limits, "sweep"),
    "notices": (deliveries, "sweep_notices"),
    "unsubscribes": (unsubscribes, "sweep_unsubscribes"),
    "address changes": (address_changes, "sweep_changes"),
    "received mail": (inbound, "sweep_mail"),
    "held sign-ups": (held_sign_ups, "sweep_held"),
    "sessions": (log_ins, "sweep"),
    "login codes": (log_ins, "sweep_codes"),
    "links to enter": (enter_links, "sweep_links"),
    "keyed requests": (idempotency, "sweep_outcomes"),
    "jobs": (jobs, "sweep_jobs"),
    "hours of sign-ups": (limits, "sweep_sign_ups"),
    "kept mail": (inbound, "sweep_kept"),
    "requests": (pending_requests, "sweep_set_aside"),
    "network addresses": (housekeeping, "age_ips"),
    "consent head": (consent, "read_head"),
}


def named(name: str, called: list[str], problem: Exception | None) -> Callable[..., object]:
    def duty(*arguments: object, **more: object) -> object:
        called.append(name)
        if problem is not None:
            raise problem
        return NO_ROWS if name == "consent head" else 0

    return duty


@pytest.mark.parametrize("broken", DUTIES)
async def test_a_duty_that_fails_keeps_no_other_from_being_done(
    harness: DeliveryHarness, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does it end the loop; the log names it."""
    called: list[str] = []
    for name, (module, function) in DUTIES.items():
        problem = OSError(5, "Input/output error") if name == broken else None
        monkeypatch.setattr(module, function, named(name, called, problem))
    await harness.housekeeping.round()
    assert list(DUTIES) == list(dict.fromkeys(called))
    assert [broken] == [
        record.__dict__["fields"]["subject"] for record in caplog.records if record.message == "loop.failed"
    ]


HEAD_FAULTS = (errno.ENOSPC, errno.EMFILE, errno.EROFS, errno.EIO, errno.EDQUOT)


@pytest.mark.parametrize(
    "problem",
    [
        *(OSError(code, os.strerror(code)) for code in HEAD_FAULTS),
        RuntimeError("can't start new thread"),
    ],
    ids=str,
)
async def test_a_head_that_cannot_be_written_is_written_later(
    harness: DeliveryHarness, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round is taken again, and readiness hears of it meanwhile."""
    monkeypatch.setattr(housekeeping, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)
    faults: list[LoopFault | None] = []
    kept = asyncio.Event()

    async def keep(chain: str, head: Head) -> None:
        if chain != "consent":
            return
        faults.append(harness.housekeeping.fault)
        if len(faults) <= 2:
            raise problem
        kept.set()

    harness.housekeeping._keep_head = keep
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    running = asyncio.create_task(harness.housekeeping.run())
    await kept.wait()
    while harness.housekeeping.fault is not None:  # noqa: ASYNC110 - each step lets the loop turn
        await asyncio.sleep(0)
    running.cancel()
    assert [None, 1, 2] == [fault and fault.times for fault in faults]


async def test_the_heads_are_kept_outside_while_somebody_reads_all_the_time(harness: DeliveryHarness) -> None:
    """As Litestream does, which keeps every checkpoint from emptying the WAL."""
    kept: dict[str, Head] = {}

    async def keep(chain: str, head: Head) -> None:
        kept[chain] = head

    harness.housekeeping._keep_head = keep
    database = harness.services.database
    with open_for_reading(database.location) as snapshot:
        assert [] == list_suppressions(snapshot)
        await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
        await harness.housekeeping.round()
        assert await database.read(consent.read_head) == kept["consent"] != NO_ROWS


async def test_statistics_that_somebody_gathers_meanwhile_are_dropped(harness: DeliveryHarness) -> None:
    """A backup tool that runs ANALYZE changes no plan for longer than a round."""
    await harness.change("analyze")
    await harness.housekeeping.round()
    assert not await harness.services.database.drop_statistics()
