"""The large mailbox providers of `assets/providers.toml`: their domains, and how many copies at a time they accept.

A *destination* is what limits, slow-downs and blocks apply to: a domain that the operator configured, else a provider
with all its domains. Nothing here asks the DNS. Who hosts a small domain is unknown, so such a domain has no
destination here until the operator configures one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Protocol

import msgspec

from pressrun.assets import convert_asset, read_asset
from pressrun.core.quantities import Rate


class Limits(Protocol):
    """What an operator set for one domain; None and () mean not set."""

    @property
    def rates(self) -> tuple[Rate, ...]: ...

    @property
    def connections(self) -> int | None: ...

    @property
    def messages_per_connection(self) -> int | None: ...


class DestinationLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one destination; None and () mean no limit. `connections` counts copies in flight at a time."""

    rates: tuple[Rate, ...] = ()
    connections: int | None = None
    messages_per_connection: int | None = None


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider as its table in the file describes it."""

    domains: tuple[str, ...] = ()
    endings: dict[str, str] = {}
    below: dict[str, str] = {}
    connections: int | None = None
    messages_per_connection: int | None = None

    def all_domains(self) -> list[str]:
        """Its domains, spelled out."""
        return [
            *(f"{name}.{ending}" for name, endings in self.endings.items() for ending in endings.split()),
            *self.domains,
            *(f"{name}.{domain}" for domain, names in self.below.items() for name in names.split()),
        ]


@cache
def providers() -> Mapping[str, Provider]:
    """The providers by name. Raises AssetError."""
    tables = read_asset("providers")
    return {name: convert_asset("providers", name, table, Provider) for name, table in tables.items()}


@cache
def _names_by_domain() -> Mapping[str, str]:
    return {domain: name for name, provider in providers().items() for domain in provider.all_domains()}


def provider_of(domain: str) -> str:
    """The name of the provider that a domain (lower-case A-labels) belongs to, or ""."""
    return _names_by_domain().get(domain, "")


class DestinationTable:
    """The destinations of one configuration: each domain that it configures, then the providers.

    `by_domain` maps every domain that has one to its destination. That of a configured domain has the domain's name.
    """

    __slots__ = ("_limits", "by_domain")

    def __init__(self, configured: Mapping[str, Limits]) -> None:
        """`configured`: the tables `[delivery.domain]` by domain, in lower-case A-labels."""
        self.by_domain: Mapping[str, str] = {**_names_by_domain(), **{domain: domain for domain in configured}}
        self._limits = {name: _limits_of(name) for name in providers()}
        self._limits |= {domain: _completed(domain, limits) for domain, limits in configured.items()}

    def destination_of(self, domain: str) -> str:
        """The destination of a recipient's domain, or ""; always the same answer."""
        return self.by_domain.get(domain, "")

    def limits_of(self, destination: str) -> DestinationLimits:
        """The limits of a destination; none for a name that is neither configured nor a provider."""
        return self._limits.get(destination, _NO_LIMITS)


_NO_LIMITS = DestinationLimits()


def _limits_of(name: str) -> DestinationLimits:
    provider = providers()[name]
    return DestinationLimits(connections=provider.connections, messages_per_connection=provider.messages_per_connection)


def _completed(domain: str, limits: Limits) -> DestinationLimits:
    """What the operator set for a domain, completed by what its provider likes."""
    name = provider_of(domain)
    usual = _limits_of(name) if name else _NO_LIMITS
    return DestinationLimits(
        rates=limits.rates,
        connections=usual.connections if limits.connections is None else limits.connections,
        messages_per_connection=(
            usual.messages_per_connection if limits.messages_per_connection is None else limits.messages_per_connection
        ),
    )
