"""SPF: may our relays send for the domain of the return path?"""

from __future__ import annotations

import ipaddress

from pressrun.core.network.spf import MOST_LOOKUPS, SpfIdentity, SpfVerdict, is_spf
from pressrun.operations.dns import DnsStatus
from pressrun.operations.doctor.finding import DoctorFinding, failed, passed, warned
from pressrun.operations.doctor.senders import SendingAddress, find_senders
from pressrun.operations.doctor.spf_evaluation import SpfResult, evaluate_spf
from pressrun.operations.doctor.subject import DoctorSubject, txt_record

LARGEST_RECORD = 2048  # characters; receivers give up on longer ones, each at a limit of its own
_MANY_LOOKUPS = MOST_LOOKUPS - 2
_OF_NOBODY = "192.0.2.1"  # reserved (RFC 5737): no record names it on purpose


async def check_spf(subject: DoctorSubject) -> list[DoctorFinding]:
    """The record of each return path, evaluated for each address that we are known to send from."""
    senders, unknown = await find_senders(subject)
    findings = [finding for domain in subject.return_domains for finding in await _check(subject, domain, senders)]
    return [*findings, *(warned(f"SPF was not evaluated for every relay: {reason}") for reason in unknown)]


async def _check(subject: DoctorSubject, domain: str, senders: list[SendingAddress]) -> list[DoctorFinding]:
    answer = await subject.dns.query(domain, "TXT")
    if answer.status is DnsStatus.UNKNOWN:
        return [warned(f"SPF of {domain} could not be looked up: {answer.problem}")]
    records = [record for record in answer.records if is_spf(record)]
    wanted = txt_record(domain, f"v=spf1 {_terms(senders)} -all")
    if not records:
        return [failed(f"{domain}, the domain of the return path, has no SPF record", f"Add to DNS: {wanted}")]
    if len(records) > 1:
        listed = "; ".join(records)
        return [failed(f"{domain} has {len(records)} SPF records, so receivers use none: {listed}", "Keep one of them")]
    record = records[0]
    if len(record) > LARGEST_RECORD:
        return [
            failed(f"the SPF record of {domain} has {len(record)} characters", f"Shorten it, for example to {wanted}")
        ]
    whole = await evaluate_spf(subject.dns, domain, _identity(subject, domain, _OF_NOBODY), matches=False)
    if whole.problem:
        return [_error(f"SPF of {domain}", whole, f"Fix the record, for example {wanted}")]
    findings = [await _evaluate(subject, domain, record, sender) for sender in senders]
    return [*findings, *await _weaknesses(subject, domain, record, whole)]


async def _evaluate(subject: DoctorSubject, domain: str, record: str, sender: SendingAddress) -> DoctorFinding:
    result = await evaluate_spf(subject.dns, domain, _identity(subject, domain, sender.address))
    where = f"{sender.address} ({sender.origin})"
    if result.verdict is SpfVerdict.PASS:
        return passed(f"SPF of {domain} passes for {where}")
    if result.problem:
        return _error(f"SPF of {domain} for {where}", result, "Mend the record")
    version, _, terms = record.partition(" ")
    remedy = f"Change the record to {txt_record(domain, f'{version} {_term(sender.address)} {terms}'.rstrip())}"
    message = f"SPF of {domain} says {result.verdict} for {where}"
    if sender.is_certain:
        return failed(message, remedy)
    return warned(
        f"{message}, unless mail leaves from another address", f"{remedy}, or include: what the provider names"
    )


async def _weaknesses(subject: DoctorSubject, domain: str, record: str, whole: SpfResult) -> list[DoctorFinding]:
    anybody = await evaluate_spf(subject.dns, domain, _identity(subject, domain, _OF_NOBODY))
    findings = []
    if anybody.verdict is SpfVerdict.PASS:
        findings.append(failed(f"SPF of {domain} passes for everybody: {record}", "End the record in -all, not +all"))
    if whole.lookups > _MANY_LOOKUPS:
        findings.append(
            warned(
                f"SPF of {domain} needs {whole.lookups} of at most {MOST_LOOKUPS} lookups, "
                f"with includes nested {whole.depth} deep",
                "Replace include: by ip4: and ip6: where you can",
            )
        )
    return findings or [passed(f"SPF of {domain} needs {whole.lookups} of at most {MOST_LOOKUPS} lookups")]


def _error(what: str, result: SpfResult, remedy: str) -> DoctorFinding:
    if result.verdict is SpfVerdict.TEMPERROR:
        return warned(f"{what} could not be evaluated: {result.problem}")
    return failed(f"{what} has an error: {result.problem}", remedy)


def _identity(subject: DoctorSubject, domain: str, address: str) -> SpfIdentity:
    helo = subject.site.mail_domain
    return SpfIdentity(address=ipaddress.ip_address(address), sender=f"postmaster@{domain}", helo=helo)


def _terms(senders: list[SendingAddress]) -> str:
    return " ".join(_term(sender.address) for sender in senders) or "mx"


def _term(address: str) -> str:
    return f"ip{ipaddress.ip_address(address).version}:{address}"
