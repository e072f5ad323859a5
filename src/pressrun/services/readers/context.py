"""What the use cases of readers stand on, in one place for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.keys import KeyRing
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.settings import LimitSettings, TokenSettings
from pressrun.store.database import Database


@dataclass(slots=True, kw_only=True)
class ReaderContext:
    """One database and its surroundings; `limits` and `tokens` change when the configuration is reloaded."""

    database: Database
    keys: KeyRing
    limits: LimitSettings
    tokens: TokenSettings
    clock: Clock
    entropy: Entropy
    wake: Waker
