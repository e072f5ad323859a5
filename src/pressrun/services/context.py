"""What the services share: one database and its surroundings."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.current import Current
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.login_settings import LoginSettings
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.settings import ServiceSettings, TokenSettings
from pressrun.store.database import Database
from pressrun.store.programs.job_files import JobFiles


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
