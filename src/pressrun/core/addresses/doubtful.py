"""Addresses that an operator may not want to write to: disposable and role ones (assets/doubtful_addresses.toml)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from msgspec import Struct

from pressrun.assets import convert_asset, read_asset


class DoubtfulAddresses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lists of the file."""

    disposable_domains: frozenset[str]
    roles: frozenset[str]


@cache
def doubtful_addresses() -> DoubtfulAddresses:
    """The lists. Raises AssetError."""
    return convert_asset("doubtful_addresses", "", read_asset("doubtful_addresses"), DoubtfulAddresses)


def is_disposable(domain: str, more: Collection[str] = ()) -> bool:
    """Whether a domain, or a parent domain, offers disposable mailboxes; `more` are domains that an operator adds."""
    labels = domain.split(".")
    names = {".".join(labels[start:]) for start in range(len(labels) - 1)}
    return not names.isdisjoint(doubtful_addresses().disposable_domains) or not names.isdisjoint(more)


def is_role(local: str) -> bool:
    """Whether the part before the @ names a role."""
    return local.lower().split("+", 1)[0] in doubtful_addresses().roles
