"""The sender: whether receivers can verify a From address, by our signatures and the DNS.

Receivers compare the domain of From with those of the signatures (DKIM) and of the return path (SPF). If neither
matches, the policy of the From domain decides (DMARC, RFC 9989). Nothing here asks the DNS: the caller passes the
records, and nothing is said about those that could not be looked up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from pressrun.core.network.dmarc import is_dmarc, parse_dmarc, policy_domains
from pressrun.core.network.spf import is_spf
from pressrun.message.finding import Finding, warning

Records = Mapping[str, tuple[str, ...] | None]
"""The TXT records by name; None where the lookup failed."""

_SENDS_NOTHING = re.compile(r"v=spf1\s+-all\s*", re.IGNORECASE)
# Under these, names of two labels belong to different owners.
_SHARED = frozenset("ac co com edu go gob gov gv ne net nom or org".split())


class SenderIdentity(Struct, frozen=True, kw_only=True):
    """Who sends a mail: the address and domain of From, the domain of the return path, and those that sign."""

    address: str
    domain: str
    return_domain: str
    signed_domains: Collection[str]


def names_to_query(sender: SenderIdentity) -> list[str]:
    """The names whose TXT records `check_sender` needs."""
    return list(dict.fromkeys([sender.return_domain, sender.domain, *_policy_names(sender.domain)]))


def check_sender(sender: SenderIdentity, records: Records) -> list[Finding]:
    return [*_unsigned(sender, records), *_spf(sender, records), *_dmarc(sender, records)]


def are_aligned(first: str, second: str) -> bool:
    """Whether two domains have one owner under relaxed DMARC: one above the other, or both below an owned domain."""
    shared = 0
    ours, theirs = first.split(".")[::-1], second.split(".")[::-1]
    while shared < min(len(ours), len(theirs)) and ours[shared] == theirs[shared]:
        shared += 1
    is_owned = shared > 2 or (shared == 2 and not (len(ours[0]) == 2 and ours[1] in _SHARED))
    return is_owned or (shared == min(len(ours), len(theirs)) >= 2)


def _unsigned(sender: SenderIdentity, records: Records) -> Iterator[Finding]:
    if not sender.signed_domains and records.get(sender.domain) is not None:
        yield warning("sender-unsigned", domain=sender.domain)
    if sender.signed_domains and not _is_signed(sender):
        domains = ", ".join(sorted(sender.signed_domains))
        yield warning("sender-signed-by-others", address=sender.address, domains=domains, domain=sender.domain)


def _spf(sender: SenderIdentity, records: Records) -> Iterator[Finding]:
    texts = records.get(sender.return_domain)
    if texts is None:
        return
    policies = [record for record in texts if is_spf(record)]
    domain = sender.return_domain
    if not policies:
        yield warning("spf-missing", domain=domain)
    elif len(policies) > 1:
        yield warning("spf-several", domain=domain)
    elif _SENDS_NOTHING.fullmatch(policies[0]):
        yield warning("spf-nobody", domain=domain)


def _dmarc(sender: SenderIdentity, records: Records) -> Iterator[Finding]:
    names = _policy_names(sender.domain)
    if any(records.get(name) is None for name in (sender.domain, *names)):
        return
    policies = [(name, record) for name in names for record in records[name] or () if is_dmarc(record)]
    if not policies:
        yield warning("dmarc-missing", domain=sender.domain)
        return
    domain, record = policies[0][0].removeprefix("_dmarc."), policies[0][1]
    requested = parse_dmarc(domain, record).for_author(sender.domain)
    is_covered = _is_signed(sender) or are_aligned(sender.domain, sender.return_domain)
    if requested in ("reject", "quarantine") and sender.signed_domains and not is_covered:
        yield warning(f"dmarc-{requested}", policy=domain, domain=sender.domain)


def _is_signed(sender: SenderIdentity) -> bool:
    return any(are_aligned(sender.domain, domain) for domain in sender.signed_domains)


def _policy_names(domain: str) -> list[str]:
    """`_dmarc` of a domain and of those above it, the nearest first, without the top-level domain."""
    return [f"_dmarc.{name}" for name in policy_domains(domain) if "." in name or name == domain]
