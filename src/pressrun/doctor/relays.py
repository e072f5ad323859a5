"""The relays: do they take mail from us, with the TLS and the log-in that are configured, and for how much longer?"""

from __future__ import annotations

import asyncio

from pressrun.core.network.endpoint import is_loopback
from pressrun.core.timestamps import rfc3339
from pressrun.delivery.relay.probe import ProbedRelay, examine_relay
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, failed, passed, warned
from pressrun.runtime.certificates import CertificatePeriod
from pressrun.smtp.handover import Outgoing

DAY_SECONDS = 86_400
SOON_DAYS = 14  # a certificate that is renewed automatically is renewed before
LAST_DAYS = 7  # so that the weekly run fails once before it happens
SHORT_DAYS = 30  # a certificate for less than this is usually renewed a few days before its end
LAST_OF_SHORT_DAYS = 3  # its renewal has failed when it has fewer days left
_RELAY_SECONDS = 15.0  # for a relay to greet us, log us in, and take a message


async def check_relays(subject: DoctorSubject) -> list[DoctorFinding]:
    """Each relay greets us; TLS and the log-in work."""
    groups = await asyncio.gather(*(_check(subject, relay) for relay in subject.settings.relays))
    return [finding for findings in groups for finding in findings]


async def contact_relay(subject: DoctorSubject, relay: RelaySettings, outgoing: Outgoing | None = None) -> ProbedRelay:
    """Connect as for mail, with TLS and log-in, and hand over one message if there is one."""
    helo_name = subject.site.mail_domain
    return await examine_relay(relay, helo_name=helo_name, seconds=_RELAY_SECONDS, outgoing=outgoing)


async def _check(subject: DoctorSubject, relay: RelaySettings) -> list[DoctorFinding]:
    report = await contact_relay(subject, relay)
    where = f"relay {relay.name} ({relay.host}:{relay.port})"
    if report.problem is not None:
        return [failed(f"{where} cannot be used: {report.problem}", _remedy(report.problem, relay))]
    findings = [passed(f"{where} accepts mail from us")]
    if report.certificate is not None:
        findings.append(grade_days_left(where, report.certificate, subject.world.clock()))
    if relay.security == "none" and not is_loopback(relay.host):
        remedy = f'Set security = "starttls" or "tls" in its [[relay]], if {relay.host} offers it'
        findings.append(warned(f"mail to {where} is not encrypted", remedy))
    return findings


def _remedy(problem: str, relay: RelaySettings) -> str:
    lowered = problem.lower()
    if "not valid for" in lowered:
        return f"Set host in its [[relay]] to a name in the certificate of {relay.host}"
    if "has expired" in lowered:
        return f"Renew the certificate of {relay.host}"
    if "certificate" in lowered:
        return f"Renew the certificate of {relay.host}, or name its private CA as ca_file in the [[relay]]"
    if "tls" in lowered:
        return f"Enable TLS 1.2 or later on {relay.host}:{relay.port}, or correct port and security in its [[relay]]"
    if "auth" in lowered or "535" in lowered:
        return "Correct username and password_file in its [[relay]], then `pressrun reload`"
    return f"Start the mail server at {relay.host}:{relay.port}, or correct its [[relay]]"


def grade_days_left(where: str, certificate: CertificatePeriod, now: float) -> DoctorFinding:
    """How long a certificate is still valid."""
    days = int((certificate.ends_at - now) // DAY_SECONDS)
    is_short = certificate.ends_at - certificate.begins_at < SHORT_DAYS * DAY_SECONDS
    message = f"the certificate of {where} is valid for {days} more days"
    if certificate.ends_at <= now:
        message = f"the certificate of {where} expired at {rfc3339(certificate.ends_at)}"
    if days < (LAST_OF_SHORT_DAYS if is_short else LAST_DAYS):
        return failed(message, "Renew it now")
    return warned(message, "Renew it, and find out why this was not automatic") if days < SOON_DAYS else passed(message)
