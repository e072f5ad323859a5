"""The part of the configuration that the worker processes need."""

from __future__ import annotations

import dataclasses
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.site import Site
from pressrun.delivery.mailer.mailer import build_signer
from pressrun.delivery.queue.pacing import slot_tolerance_seconds
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.message.signatures.dkim import Signer
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.observe.settings import LogSettings
from pressrun.runtime.authorities import client_context
from pressrun.services.settings import DeliverySettings, TokenSettings


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """`site`, `relays`, `delivery`, `tokens`, `dkim` and `log` as the operator wrote them."""

    site: Site
    relays: tuple[RelaySettings, ...]
    delivery: DeliverySettings
    tokens: TokenSettings
    dkim: tuple[DkimSettings, ...]
    log: LogSettings

    def signer(self) -> Signer | None:
        """The signer for these settings; None if nothing is signed."""
        return build_signer(self.dkim, self.delivery)

    def check(self) -> None:
        """Raise BadConfiguration for a relay with a bad ca_file, and NoKey for a key that cannot sign."""
        self.signer()
        for relay in self.relays:
            if relay.security != "none":
                client_context(relay.ca_file)

    def share(self, number: int, count: int) -> Self:
        """The settings of worker `number` of `count`: it gets its part of the connections to each relay."""
        parts = [(relay, relay.connections // count + (number < relay.connections % count)) for relay in self.relays]
        return replace(
            self, relays=tuple(dataclasses.replace(relay, connections=part) for relay, part in parts if part)
        )

    def tolerance_seconds(self, relay: str) -> float:
        """How late a slot may be used, by the rates of all deliveries and of the relay."""
        of_relay = [
            rate for relay_settings in self.relays if relay_settings.name == relay for rate in relay_settings.rates
        ]
        return slot_tolerance_seconds(self.delivery.rates, of_relay)
