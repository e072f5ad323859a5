"""What the use cases of readers stand on, in one place for all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from pressrun.core.current import Current
from pressrun.core.keys import KeyRing
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.settings import LimitSettings, ServiceSettings, TokenSettings
from pressrun.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderContext:
    """One database and its surroundings."""

    database: Database
    keys: KeyRing
    settings: Current[ServiceSettings]
    clock: Clock
    entropy: Entropy
    wake: Waker
    asked: asyncio.Event = field(default_factory=asyncio.Event)  # set when there is work for the loop of requests

    @property
    def limits(self) -> LimitSettings:
        """`[limits]` as they are in force."""
        return self.settings.value.limits

    @property
    def tokens(self) -> TokenSettings:
        """`[tokens]` as they are in force."""
        return self.settings.value.tokens
