"""DMARC (RFC 9989): the policy of each From domain, and whether our mail is aligned with it."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from pressrun.core.network.dmarc import DmarcPolicy, is_dmarc, organisational_domain, parse_dmarc, policy_domains
from pressrun.doctor.subject import (
    DoctorFinding,
    DoctorSubject,
    ListIdentity,
    failed,
    passed,
    txt_record,
    warned,
)
from pressrun.message.signatures.dkim import signing_domain
from pressrun.operations.dns import DnsStatus

_POLICIES = frozenset({"none", "quarantine", "reject"})


class _Walk(Struct, frozen=True, kw_only=True):
    """The records from a domain upwards, those that exist once; `problem` when one could not be looked up."""

    policies: dict[str, DmarcPolicy]
    several: tuple[str, ...]
    problem: str = ""

    def owner(self, domain: str) -> str:
        return organisational_domain(domain, self.policies)

    def policy_of(self, domain: str) -> DmarcPolicy | None:
        return self.policies.get(domain) or self.policies.get(self.owner(domain))


async def check_dmarc(subject: DoctorSubject) -> list[DoctorFinding]:
    """The policy that receivers find for each From domain."""
    return [
        finding
        for domain in subject.author_domains
        for finding in _check_policy(subject, domain, await _walk(subject, domain))
    ]


def _check_policy(subject: DoctorSubject, domain: str, walk: _Walk) -> list[DoctorFinding]:
    reports = f"; rua=mailto:{subject.site.operator}" if subject.site.operator else ""
    wanted = f"Add to DNS: {txt_record(f'_dmarc.{domain}', f'v=DMARC1; p=none{reports}')}"
    if walk.several:
        return [
            failed(f"_dmarc.{walk.several[0]} has several DMARC records, so receivers use none", "Keep one of them")
        ]
    policy = walk.policy_of(domain)
    if policy is None and walk.problem:
        return [warned(f"the DMARC policy of {domain} could not be looked up: {walk.problem}")]
    if policy is None:
        return [failed(f"From domain {domain} has no DMARC policy, which large providers ask for", wanted)]
    requested = policy.for_author(domain)
    if requested not in _POLICIES:
        message = f"the DMARC record of {policy.domain} has p={requested or '(nothing)'}, which is not a valid policy"
        return [failed(message, f"Write p=none, p=quarantine or p=reject. {wanted}")]
    findings = [passed(f"From domain {domain} has the DMARC policy {requested}, at _dmarc.{policy.domain}")]
    if not policy.has_reports:
        remedy = f"Add rua=mailto:YOUR-ADDRESS to the record at _dmarc.{policy.domain}"
        findings.append(warned(f"nobody gets reports on mail of {domain}: the DMARC record has no rua=", remedy))
    return findings


async def check_alignment(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether the signature or the return path is aligned with the From domain, for each list."""
    targets = subject.lists or (ListIdentity(name="", author_domain=subject.site.mail_domain, owner=None),)
    return [await _check_list(subject, target) for target in targets]


async def _check_list(subject: DoctorSubject, target: ListIdentity) -> DoctorFinding:
    author = target.author_domain
    returns = subject.return_domain(target)
    signers = list(dict.fromkeys(key.domain for key in subject.settings.dkim))
    signer = signing_domain(author, signers) or (signers[0] if signers else None)
    walk, of_returns = await asyncio.gather(_walk(subject, author), _walk(subject, returns))
    of_signer = walk if signer is None else await _walk(subject, signer)
    policy = walk.policy_of(author)
    signed = signer is not None and _agree(
        author, signer, walk, of_signer, is_strict=bool(policy and policy.strict_dkim)
    )
    spf = _agree(author, returns, walk, of_returns, is_strict=bool(policy and policy.strict_spf))
    who = f"list {target.name}: " if target.name else ""
    parts = f"From {author}, signed by {signer or 'nobody'}, return path {returns}"
    if signed:
        return passed(f"{who}aligned by DKIM{' and SPF' if spf else ''}: {parts}")
    remedy = f"Run `pressrun dkim create {author}`, then publish the record and add the [dkim] table that it prints"
    if spf:
        return warned(f"{who}aligned by SPF only, which forwarding breaks: {parts}", remedy)
    return failed(f"{who}neither signature nor return path is aligned with From, so DMARC fails: {parts}", remedy)


def _agree(first: str, second: str, walk: _Walk, other: _Walk, *, is_strict: bool) -> bool:
    return first == second or (not is_strict and walk.owner(first) == other.owner(second))


async def _walk(subject: DoctorSubject, domain: str) -> _Walk:
    """Look up a domain and those above it; a name that could not be looked up counts as one without a record."""
    domains = policy_domains(domain)
    answers = await asyncio.gather(*(subject.dns.query(f"_dmarc.{name}", "TXT") for name in domains))
    records = {
        name: [text for text in answer.records if is_dmarc(text)] for name, answer in zip(domains, answers, strict=True)
    }
    problems = [answer.problem for answer in answers if answer.status is DnsStatus.UNKNOWN]
    return _Walk(
        policies={name: parse_dmarc(name, texts[0]) for name, texts in records.items() if len(texts) == 1},
        several=tuple(name for name, texts in records.items() if len(texts) > 1),
        problem=problems[0] if problems else "",
    )
