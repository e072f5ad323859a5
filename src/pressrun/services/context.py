"""What the services share: one database and its surroundings."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.current import Current
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import suppression_digest
from pressrun.core.site import Site
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.settings import LoginSettings, ServiceSettings, TokenSettings
from pressrun.store.database import Database
from pressrun.store.limits import Meter
from pressrun.store.programs.job_files import JobFiles

AddressLimit = Literal[
    "confirmations_per_address",
    "preference_links_per_address",
    "pause_notes_per_address",
    "replies_per_sender",
    "posts_per_editor",
    "login_codes_per_address",
]


class ServiceContext(Struct, frozen=True, kw_only=True):
    """One database and its surroundings."""

    database: Database
    keys: KeyRing
    site: Site
    settings: Current[ServiceSettings]
    clock: Clock
    entropy: Entropy
    wake: Waker
    job_files: JobFiles | None = None

    @property
    def limits(self) -> LimitSettings:
        """`[limits]` in force."""
        return self.settings.value.limits

    @property
    def tokens(self) -> TokenSettings:
        """`[tokens]` in force."""
        return self.settings.value.tokens

    @property
    def login(self) -> LoginSettings:
        """How people log in, of `[admin]` in force."""
        return self.settings.value.login

    @property
    def now(self) -> int:
        """The time in whole seconds, as it is stored."""
        return int(self.clock())

    def meter_of(self, limit: AddressLimit, address: Address) -> Meter:
        """The window of an address, by its coarse fold, and by a keyed hash: no unknown or erased one is stored."""
        return Meter(limit, suppression_digest(self.keys, address.fold), getattr(self.limits, limit))
