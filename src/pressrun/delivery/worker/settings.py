"""What the press is told of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.quantities import Rate
from pressrun.core.site import Site
from pressrun.delivery.mailer.signing import build_signer
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.delivery.relay.tls import client_context
from pressrun.message.signatures.dkim import Signer
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.observe.settings import LogSettings
from pressrun.services.settings import DeliverySettings, TokenSettings

# Rows are taken from the queue before a connection asks, so that none waits for the next: as many as go out in so short
# a time, which blurs a pace by a third of a percent, and never more than so many, which keep the connections busy while
# the daemon is at something else for some milliseconds, and whoever signs, with a batch in hand and one that waits on
# each of two processors. No kill repeats them: a connection has not had them.
AHEAD_SECONDS = 0.003
AHEAD_AT_MOST = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class PressSettings:
    """`site`, `relays`, `delivery`, `tokens`, `dkim` and `log` as the operator wrote them."""

    site: Site
    relays: tuple[RelaySettings, ...]
    delivery: DeliverySettings
    tokens: TokenSettings
    dkim: tuple[DkimSettings, ...]
    log: LogSettings

    def signer(self) -> Signer | None:
        """What signs; None where nothing is signed."""
        return build_signer(self.dkim, self.delivery)

    def check(self) -> None:
        """Raise BadConfiguration for a relay with a bad ca_file, and NoKey for a key that cannot sign."""
        self.signer()
        for relay in self.relays:
            if relay.security != "none":
                client_context(relay.ca_file)

    def ahead(self, name: str) -> int:
        """How many rows may be taken for a relay before a connection asks."""
        rates: list[Rate] = [*self.delivery.rates]
        for relay in self.relays:
            if relay.name == name:
                rates += relay.rates
        longest = max((rate.interval for rate in rates), default=0.0)
        return min(AHEAD_AT_MOST, int(AHEAD_SECONDS / longest)) if longest else AHEAD_AT_MOST
