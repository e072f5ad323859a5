"""What the services for logging in share: one database and its surroundings, and what is known of who asks."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

from pressrun.core.access.login_codes import secret_digest
from pressrun.services.context import ServiceContext
from pressrun.services.login_settings import LoginSettings
from pressrun.store.limits import Meter
from pressrun.store.people.log_ins import LoginSession, Method, SessionWindow

FRESH_SECONDS = 15 * 60  # what is dangerous needs a log-in that recent
_SECRET_BYTES = 32


class LogInContext(ServiceContext, frozen=True, kw_only=True):
    """The same as for all services, and what follows from it for log-ins."""

    @classmethod
    def of(cls, services: ServiceContext) -> Self:
        """The context for logging in, from that of all services."""
        shared = {name: getattr(services, name) for name in services.__struct_fields__}
        return cls(**shared)

    def window(self) -> SessionWindow:
        """Which sessions have not ended by now."""
        return session_window(self.login, self.clock())

    def meter(self, subject: bytes) -> Meter:
        """The window of failed log-ins of one account or client."""
        return Meter("logins", subject, self.limits.logins)

    def new_secret(self) -> str:
        """The value of a new cookie."""
        return self.entropy(_SECRET_BYTES).hex()


class Visitor(Struct, frozen=True, kw_only=True):
    """Who asks, as far as that is known: `network` is what limits count by, `agent` names browser and system.

    `former` is the cookie of a session that a new one replaces.
    """

    client: str | None
    network: str
    agent: str
    language: str = ""
    former: str | None = None

    @property
    def former_digest(self) -> bytes | None:
        """The digest of that cookie."""
        return None if self.former is None else secret_digest(self.former)


def session_window(settings: LoginSettings, now: float) -> SessionWindow:
    """Which sessions have not ended by now."""
    return SessionWindow(
        started_after=int(now - settings.lifetime_seconds), seen_after=int(now - settings.idle_seconds)
    )


def is_recent(session: LoginSession, now: float) -> bool:
    """Whether the log-in is recent enough for what is dangerous."""
    return now - session.started_at < FRESH_SECONDS


def is_proven(session: LoginSession) -> bool:
    """Whether the log-in is enough for all that the person may do: for operators, a password alone is not."""
    return not (session.is_operator and session.method in (Method.PASSWORD, Method.CODE))
