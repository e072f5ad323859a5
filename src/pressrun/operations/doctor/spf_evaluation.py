"""SPF evaluated as a receiver does it (RFC 7208 §4), with its limits on lookups."""

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
from pressrun.operations.dns import DnsAnswer, DnsStatus
from pressrun.operations.doctor.subject import CachedLookups

_MOST_EXCHANGERS = 10  # of an `mx` term, RFC 7208 §4.6.4


class SpfResult(Struct, frozen=True, kw_only=True):
    """The verdict; why, for an error; and how many lookups it took, through how many records in a row."""

    verdict: SpfVerdict
    problem: str = ""
    lookups: int = 0
    depth: int = 0


class _SpfError(Exception):
    """The evaluation ends with an error."""

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
