"""SPF: may our relays send for the domain of the return path?

It is evaluated as a receiver does it (RFC 7208 §4), with its limits on lookups.
"""

from __future__ import annotations

import ipaddress

from msgspec import Struct

from pressrun.core.network.spf import (
    MOST_LOOKUPS,
    MOST_VOID_LOOKUPS,
    SpfIdentity,
    SpfMechanism,
    SpfSyntaxError,
    SpfVerdict,
    expand_macros,
    is_spf,
    parse_spf,
)
from pressrun.doctor.senders import SendingAddress, find_senders
from pressrun.doctor.subject import (
    CachedLookups,
    DoctorFinding,
    DoctorSubject,
    failed,
    passed,
    txt_record,
    warned,
)
from pressrun.operations.dns import DnsAnswer, DnsStatus

LARGEST_RECORD = 2048  # characters; receivers give up on longer ones, each at a limit of its own
_MANY_LOOKUPS = MOST_LOOKUPS - 2
_MOST_EXCHANGERS = 10  # of an `mx` term, RFC 7208 §4.6.4
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


class SpfResult(Struct, frozen=True, kw_only=True):
    """The verdict; why, for an error; and how many lookups it took, through how many records in a row."""

    verdict: SpfVerdict
    problem: str = ""
    lookups: int = 0
    depth: int = 0


class _SpfError(Exception):
    def __init__(self, verdict: SpfVerdict, problem: str) -> None:
        super().__init__(problem)
        self.verdict = verdict
        self.problem = problem


async def evaluate_spf(dns: CachedLookups, domain: str, identity: SpfIdentity, *, matches: bool = True) -> SpfResult:
    """What the record of a domain says about an address; without `matches` no term ends it, so all lookups count."""
    evaluation = _SpfEvaluation(dns, identity, matches=matches)
    try:
        verdict, problem = await evaluation.check(domain, ()), ""
    except _SpfError as error:
        verdict, problem = error.verdict, error.problem
    return SpfResult(verdict=verdict, problem=problem, lookups=evaluation.lookups, depth=evaluation.depth)


class _SpfEvaluation:
    """One evaluation, and its counts so far."""

    def __init__(self, dns: CachedLookups, identity: SpfIdentity, *, matches: bool) -> None:
        self._dns = dns
        self._identity = identity
        self._ends_at_match = matches
        self._void = 0
        self.lookups = 0
        self.depth = 0

    async def check(self, domain: str, through: tuple[str, ...]) -> SpfVerdict:
        """The verdict of a domain's record, reached `through` the records of others."""
        if domain in through:
            raise _SpfError(SpfVerdict.PERMERROR, f"the record of {domain} includes itself")
        path = (*through, domain)
        self.depth = max(self.depth, len(path) - 1)
        text = await self._find_record(domain)
        if text is None:
            return SpfVerdict.NONE
        try:
            record = parse_spf(text)
        except SpfSyntaxError as problem:
            raise _SpfError(SpfVerdict.PERMERROR, f"the record of {domain} is malformed: {problem}") from None
        for mechanism in record.mechanisms:
            if mechanism.needs_lookup:
                self._count(domain)
            if await self._is_match(mechanism, domain, path) and self._ends_at_match:
                return mechanism.verdict
        if record.redirect is None or any(each.name == "all" for each in record.mechanisms):
            return SpfVerdict.NEUTRAL
        self._count(domain)
        verdict = await self.check(self._expand(record.redirect, domain), path)
        if verdict is SpfVerdict.NONE:
            raise _SpfError(SpfVerdict.PERMERROR, f"{domain} redirects to {record.redirect}, which has no SPF record")
        return verdict

    async def _find_record(self, domain: str) -> str | None:
        answer = await self._dns.query(domain, "TXT")
        if not answer.is_known:
            raise _SpfError(SpfVerdict.TEMPERROR, f"{domain} could not be looked up: {answer.problem}")
        records = [record for record in answer.records if is_spf(record)]
        if len(records) > 1:
            raise _SpfError(SpfVerdict.PERMERROR, f"{domain} has {len(records)} SPF records, so receivers use none")
        return records[0] if records else None

    def _count(self, domain: str) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _SpfError(
                SpfVerdict.PERMERROR,
                f"the record needs more than {MOST_LOOKUPS} lookups, the limit of RFC 7208 §4.6.4 (at {domain})",
            )

    def _expand(self, value: str, domain: str) -> str:
        try:
            return expand_macros(value, self._identity, domain) if value else domain
        except SpfSyntaxError as problem:
            raise _SpfError(SpfVerdict.PERMERROR, f"the record of {domain} is malformed: {problem}") from None

    async def _is_match(self, mechanism: SpfMechanism, domain: str, path: tuple[str, ...]) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.name in {"ip4", "ip6"}:
            return self._is_in(mechanism.value, mechanism)
        target = self._expand(mechanism.value, domain)
        match mechanism.name:
            case "include":
                verdict = await self.check(target, path)
                if verdict is SpfVerdict.NONE:
                    problem = f"{domain} includes {target}, which has no SPF record"
                    raise _SpfError(SpfVerdict.PERMERROR, problem)
                return verdict is SpfVerdict.PASS
            case "a":
                return any(self._is_in(address, mechanism) for address in await self._addresses(target))
            case "mx":
                return await self._is_exchanger(target, mechanism)
            case "exists" if self._ends_at_match:  # its name usually holds the address, which nobody has otherwise
                return bool(self._records(await self._dns.query(target, "A")))
            case _:  # ptr: receivers are advised against it, so nothing should depend on it
                return False

    async def _is_exchanger(self, target: str, mechanism: SpfMechanism) -> bool:
        hosts = [record.split()[-1] for record in self._records(await self._dns.query(target, "MX"))]
        if len(hosts) > _MOST_EXCHANGERS:
            raise _SpfError(SpfVerdict.PERMERROR, f"mx:{target} has more than {_MOST_EXCHANGERS} exchangers")
        addresses = [address for host in hosts if host != "." for address in await self._addresses(host)]
        return any(self._is_in(address, mechanism) for address in addresses)

    async def _addresses(self, host: str) -> tuple[str, ...]:
        kind = "A" if self._identity.address.version == 4 else "AAAA"
        return self._records(await self._dns.query(host, kind))

    def _records(self, answer: DnsAnswer) -> tuple[str, ...]:
        if not answer.is_known:
            raise _SpfError(SpfVerdict.TEMPERROR, f"{answer.name} could not be looked up: {answer.problem}")
        if answer.status is not DnsStatus.FOUND:
            self._void += 1
            if self._void > MOST_VOID_LOOKUPS:
                problem = f"more than {MOST_VOID_LOOKUPS} names in the record do not exist (the last is {answer.name})"
                raise _SpfError(SpfVerdict.PERMERROR, problem)
        return answer.records

    def _is_in(self, network: str, mechanism: SpfMechanism) -> bool:
        ours = self._identity.address
        start = ipaddress.ip_address(network)
        prefix = mechanism.ipv4_prefix if ours.version == 4 else mechanism.ipv6_prefix
        if start.version != ours.version:
            return False
        return ours in ipaddress.ip_network((start, prefix), strict=False)
