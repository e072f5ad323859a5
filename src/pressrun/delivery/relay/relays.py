"""All relays as one: what services.ports.RelayPool asks for. Each relay pulls from the same feed; one that fails is
left to its probe while the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pressrun.delivery.relay.pool import Pool
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.runtime.clock import utc_now
from pressrun.services.ports import Feed, RelayStatus


class Relays:
    """The connections to all relays; made and used on the event loop, ended by `drain`.

    `helo_name` is the argument of EHLO, a full domain name (RFC 5321 §4.1.1.1). `changed` is called when the status or
    the capacity of a relay may have changed otherwise than by a result. Raises BadConfiguration for a bad ca_file.
    """

    def __init__(
        self,
        settings: Sequence[RelaySettings],
        feed: Feed,
        *,
        helo_name: str,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = utc_now,
    ) -> None:
        self._feed = feed
        self._changed = changed
        self._helo_name = helo_name
        self._clock = clock
        self._pools = [self._pool(relay_settings) for relay_settings in settings]
        self._retired: list[Pool] = []
        self._first = 0

    def wake(self) -> None:
        """There is something to take; the relays take turns at being asked first."""
        pools = self._pools
        if not pools:
            return
        self._first = (self._first + 1) % len(pools)
        for pool in pools[self._first :] + pools[: self._first]:
            pool.wake()

    def probe_relays(self) -> None:
        """Try the relays that fail now, instead of after their delay."""
        for pool in self._pools:
            pool.probe_now()

    def statuses(self) -> list[RelayStatus]:
        return [pool.status() for pool in self._pools]

    def capacity(self, relay: str | None = None) -> int:
        """How many messages may be on their way to a relay together, or to all of them."""
        return sum([pool.capacity for pool in self._pools if relay is None or pool.settings.name == relay])

    def reconfigure(self, settings: Sequence[RelaySettings]) -> None:
        """Swap the settings whole or, raising BadConfiguration, not at all.

        Relays that changed finish what is in flight under their old settings; the others are left alone.
        """
        present = {pool.settings: pool for pool in self._pools}
        pools = [
            present[relay_settings] if relay_settings in present else self._pool(relay_settings)
            for relay_settings in settings
        ]
        self._retired = [pool for pool in self._retired if not pool.is_empty]
        for pool in self._pools:
            if pool not in pools:
                pool.retire()
                self._retired.append(pool)
        self._pools = pools
        self.wake()

    async def drain(self, seconds: float) -> None:
        """Take nothing more, finish what is in flight, close; what has no answer by then is settled without one."""
        await asyncio.gather(*(pool.drain(seconds) for pool in (*self._pools, *self._retired)))

    def _pool(self, settings: RelaySettings) -> Pool:
        return Pool(settings, self._feed, helo_name=self._helo_name, changed=self._changed, clock=self._clock)
