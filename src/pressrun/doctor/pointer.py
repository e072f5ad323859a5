"""PTR: does each sending address have a name, and does the name resolve back to it?"""

from __future__ import annotations

import ipaddress

from pressrun.doctor.bounce_way import exchangers
from pressrun.doctor.senders import SendingAddress, find_senders
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, failed, passed, warned
from pressrun.operations.dns import DnsStatus

_WHERE = "Set it at the provider of the address"


async def check_ptr(subject: DoctorSubject) -> list[DoctorFinding]:
    """Large providers refuse mail from an address whose PTR is missing or does not resolve back."""
    senders, unknown = await find_senders(subject)
    findings = [await _check(subject, sender) for sender in senders]
    return [*findings, *(warned(f"PTR was not checked for every relay: {reason}") for reason in unknown)]


async def _check(subject: DoctorSubject, sender: SendingAddress) -> DoctorFinding:
    reverse = ipaddress.ip_address(sender.address).reverse_pointer
    answer = await subject.dns.query(reverse, "PTR")
    where = f"{sender.address} ({sender.origin})"
    host = await _name_to_have(subject)
    record = f"{reverse}. IN PTR {host}."
    if answer.status is DnsStatus.UNKNOWN:
        return warned(f"the PTR record of {where} could not be looked up: {answer.problem}")
    if not answer.records:
        return _graded(sender, f"{where} has no PTR record", f"{_WHERE}: {record}")
    for name in answer.records:
        answers = await subject.dns.addresses(name)
        if any(_same(sender.address, each) for lookup in answers for each in lookup.records):
            return passed(f"{where} has the name {name}, which resolves back to it")
        if any(not lookup.is_known for lookup in answers):
            return warned(f"{where} has the name {name}, which could not be looked up: {answers[0].problem}")
    kind = "AAAA" if ":" in sender.address else "A"
    remedy = f"Add to DNS: {answer.records[0]}. IN {kind} {sender.address}"
    return _graded(sender, f"{where} has the name {answer.records[0]}, which does not resolve back to it", remedy)


def _graded(sender: SendingAddress, message: str, remedy: str) -> DoctorFinding:
    if sender.is_certain:
        return failed(message, remedy)
    return warned(f"{message}, if mail leaves from there", remedy)


def _same(address: str, other: str) -> bool:
    return ipaddress.ip_address(address) == ipaddress.ip_address(other)


async def _name_to_have(subject: DoctorSubject) -> str:
    """The first mail exchanger, which is usually the machine that sends, too."""
    answer = await subject.dns.query(subject.site.mail_domain, "MX")
    hosts = [host for host in exchangers(answer.records) if host != "."]
    return hosts[0] if hosts else f"mx.{subject.site.mail_domain}"
