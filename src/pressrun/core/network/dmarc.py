"""DMARC records (RFC 9989): where to look for them, what they say, and which domains share an owner.

Nothing here asks the DNS: the caller looks up the names of `policy_domains`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

_MOST_LOOKED_UP = 8  # RFC 9989 §4.10: how far up the tree to look for a policy
_DMARC = re.compile(r"\s*v\s*=\s*DMARC1\s*(?:;|\Z)", re.IGNORECASE)


class DmarcPolicy(Struct, frozen=True, kw_only=True):
    """One record. `requested` is the policy for mail from the domain itself, `below` that for its subdomains."""

    domain: str
    requested: str
    below: str
    strict_dkim: bool = False
    strict_spf: bool = False
    public_suffix: str = "u"  # y, n or u, RFC 9989 §4.7
    has_reports: bool = False

    def for_author(self, domain: str) -> str:
        """The policy for mail from this domain: `none`, `quarantine`, `reject`, or what else the record has."""
        return self.requested if domain == self.domain else self.below


def is_dmarc(record: str) -> bool:
    """Whether a text is meant as a DMARC record, valid or not."""
    return _DMARC.match(record) is not None


def parse_dmarc(domain: str, record: str) -> DmarcPolicy:
    """Parse a text that `is_dmarc`; missing and unknown values get their defaults."""
    tags = parse_tags(record)
    requested = tags.get("p", "none" if "rua" in tags else "").lower()
    return DmarcPolicy(
        domain=domain,
        requested=requested,
        below=tags.get("sp", requested).lower(),
        strict_dkim=tags.get("adkim", "").lower() == "s",
        strict_spf=tags.get("aspf", "").lower() == "s",
        public_suffix=tags.get("psd", "u").lower(),
        has_reports=bool(tags.get("rua")),
    )


def parse_tags(record: str) -> dict[str, str]:
    """`name=value` pairs between semicolons, as records of DMARC and DKIM have them; names in lower case."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}


def policy_domains(domain: str) -> list[str]:
    """A domain and those above it that may have a record, the nearest first, the top-level domain last."""
    labels = domain.split(".")
    above = [".".join(labels[index:]) for index in range(len(labels))]
    return above[:1] + above[1:][-(_MOST_LOOKED_UP - 1) :]


def organisational_domain(domain: str, policies: Mapping[str, DmarcPolicy]) -> str:
    """The domain of the owner by the tree walk of RFC 9989 §4.10.2; `policies` are the valid records by domain."""
    names = [name for name in policy_domains(domain) if name in policies]
    for name in names:
        if policies[name].public_suffix == "n":
            return name
        if policies[name].public_suffix == "y" and name != domain:
            return ".".join(domain.split(".")[-(name.count(".") + 2) :])
    return names[-1] if names else domain
