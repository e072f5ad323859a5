"""The table of checks, and how they run: at once, each within a limit, and none stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.doctor.access import check_issuer, check_operator, check_tokens
from pressrun.doctor.bounce_way import check_bounce_address, check_mx
from pressrun.doctor.dkim import check_dkim
from pressrun.doctor.dmarc import check_alignment, check_dmarc
from pressrun.doctor.engine import check_backup, check_database, check_engine
from pressrun.doctor.machine import check_clock, check_disk, check_files
from pressrun.doctor.pointer import check_ptr
from pressrun.doctor.relays import check_relays
from pressrun.doctor.round_trip import check_round_trip
from pressrun.doctor.spf import check_spf
from pressrun.doctor.subject import DoctorFinding, DoctorSeverity, DoctorSubject, warned
from pressrun.doctor.web import check_base_url, check_one_click, check_private_pages, check_proxy
from pressrun.observe.log import event
from pressrun.store.upkeep.data_lock import describe_user, is_used

log = logging.getLogger("pressrun.doctor")

MOST_AT_ONCE = 8  # checks; each asks several servers
CHECK_SECONDS = 45.0  # for one check; the round trip has a limit of its own beside this


class DoctorCheck(Struct, frozen=True, kw_only=True):
    """One row: its id, what it looks at, and what it needs besides this machine."""

    id: str
    what: str
    run: Callable[[DoctorSubject], Awaitable[list[DoctorFinding]]]
    needs_daemon: bool = False


CHECKS = (
    DoctorCheck(id="spf", what="our relays may send for the return path", run=check_spf),
    DoctorCheck(id="dkim", what="the published keys are ours", run=check_dkim),
    DoctorCheck(id="dmarc", what="each From domain has a policy", run=check_dmarc),
    DoctorCheck(id="alignment", what="signature or return path is aligned with From", run=check_alignment),
    DoctorCheck(id="mx", what="mail to mail_domain can be routed", run=check_mx),
    DoctorCheck(
        id="bounce-address", what="bounces are accepted, by the MX hosts and by Pressrun", run=check_bounce_address
    ),
    DoctorCheck(id="ptr", what="sending addresses have matching PTR records", run=check_ptr),
    DoctorCheck(id="relay", what="relays accept mail, with TLS and login", run=check_relays),
    DoctorCheck(id="round-trip", what="a test bounce comes back", run=check_round_trip, needs_daemon=True),
    DoctorCheck(id="base-url", what="the pages answer by HTTPS with a valid certificate", run=check_base_url),
    DoctorCheck(
        id="one-click", what="mail programs can unsubscribe people (RFC 8058)", run=check_one_click, needs_daemon=True
    ),
    DoctorCheck(
        id="proxy", what="the proxy is trusted and passes on the client's address", run=check_proxy, needs_daemon=True
    ),
    DoctorCheck(
        id="private-pages", what="/metrics and /readyz cannot be reached from outside", run=check_private_pages
    ),
    DoctorCheck(id="clock", what="the clock is right", run=check_clock),
    DoctorCheck(id="disk", what="there is enough disk space", run=check_disk),
    DoctorCheck(id="files", what="only their owner can read keys, passwords and data", run=check_files),
    DoctorCheck(id="database", what="the database is intact and matches its keys", run=check_database),
    DoctorCheck(id="backup", what="the last backup is not old", run=check_backup),
    DoctorCheck(id="tokens", what="no token that a program uses expires soon", run=check_tokens),
    DoctorCheck(id="operator", what="alerts by email reach the operator", run=check_operator),
    DoctorCheck(id="issuer", what="people can log in through the issuer of [oidc]", run=check_issuer),
    DoctorCheck(id="engine", what="the database engine has no known fault that matters", run=check_engine),
)


async def run_checks(subject: DoctorSubject, checks: Sequence[DoctorCheck] = CHECKS) -> list[DoctorFinding]:
    """The findings of all checks in the order of the table; what needs a daemon says so where none runs."""
    slots = asyncio.Semaphore(MOST_AT_ONCE)
    runnable = [check for check in checks if subject.daemon is not None or not check.needs_daemon]
    groups = await asyncio.gather(*(_run(subject, check, slots) for check in runnable))
    findings = [finding for group in groups for finding in group]
    left_out = [check for check in checks if check not in runnable]
    return [*findings, *_left_out(subject, left_out)]


async def _run(subject: DoctorSubject, check: DoctorCheck, slots: asyncio.Semaphore) -> list[DoctorFinding]:
    seconds = CHECK_SECONDS + (subject.world.round_trip_seconds if check.run is check_round_trip else 0.0)
    try:
        async with slots, asyncio.timeout(seconds):
            findings = await check.run(subject)
    except TimeoutError:
        findings = [warned(f"this check took longer than {seconds:g} s and was stopped")]
    except Exception as problem:  # noqa: BLE001 - a fault of one check must not hide what the others found
        event(log, "doctor.check_failed", level=logging.ERROR, exc_info=True, check=check.id)
        findings = [warned(f"this check failed because of a bug in Pressrun ({type(problem).__name__})")]
    return [replace(finding, check=check.id) for finding in findings]


def _left_out(subject: DoctorSubject, checks: Sequence[DoctorCheck]) -> list[DoctorFinding]:
    why, remedy = "no daemon is running", "Start the service, and run doctor again"
    if checks and is_used(subject.data):
        why, remedy = "no daemon answers", describe_user(subject.data)
    return [
        replace(warned(f"{why}, so this could not be checked: {check.what}", remedy), check=check.id)
        for check in checks
    ]


def count_findings(findings: Sequence[DoctorFinding]) -> dict[DoctorSeverity, int]:
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in DoctorSeverity}


def exit_code(findings: Sequence[DoctorFinding]) -> int:
    """0, 1 with warnings, 2 with failures."""
    counts = count_findings(findings)
    return 2 if counts[DoctorSeverity.FAIL] else 1 if counts[DoctorSeverity.WARN] else 0
