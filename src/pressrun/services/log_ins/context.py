"""What the services for logging in share: who asks, which sessions last, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.access.login_codes import secret_digest
from pressrun.core.addresses.address import find_address_key
from pressrun.core.quantities import RateExceeded
from pressrun.services.context import ServiceContext
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.people.log_ins import LoginSession, Method, SessionWindow
from pressrun.store.transaction import Transaction

FRESH_SECONDS = 15 * 60  # what is dangerous needs a log-in that recent
_SECRET_BYTES = 32


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


class Attempt(Struct, frozen=True):
    """An attempt to log in, which counts in these windows from `counted_at` on, unless it is taken back."""

    meters: Sequence[Meter]
    counted_at: float

    def spend(self, tx: Transaction) -> RateExceeded | None:
        """Count it; or when the next one is accepted, if there were too many."""
        now = self.counted_at
        if limits.spend(tx, self.meters, now):
            return None
        opens_at = limits.opens_at(tx, self.meters, now)
        return RateExceeded(now if opens_at is None else opens_at)

    def refund(self, tx: Transaction) -> None:
        """Take it back, since it has succeeded or could not be checked."""
        limits.refund(tx, self.meters, self.counted_at)


def lasting_sessions(context: ServiceContext) -> SessionWindow:
    """The limits by which a session has not ended yet."""
    now, settings = context.clock(), context.login
    return SessionWindow(
        started_after=int(now - settings.lifetime_seconds), seen_after=int(now - settings.idle_seconds)
    )


def login_meter(context: ServiceContext, subject: bytes) -> Meter:
    """The window of failed log-ins of one account or client."""
    return Meter("logins", subject, context.limits.logins)


def client_meter(context: ServiceContext, visitor: Visitor) -> Meter:
    """The window of failed log-ins of a client, by its network."""
    return login_meter(context, visitor.network.encode())


def typed_address_key(name: str) -> str:
    """The compared form of an address; other text gets a form that no address has."""
    return find_address_key(name) or ""


def new_secret(context: ServiceContext) -> str:
    """The value of a new cookie."""
    return context.entropy(_SECRET_BYTES).hex()


def is_recent(session: LoginSession, now: float) -> bool:
    """Whether the log-in is recent enough for dangerous actions; it is not if the clock was set back far since."""
    return abs(now - session.started_at) < FRESH_SECONDS


def is_proven(session: LoginSession) -> bool:
    """Whether the log-in is enough for all that the person may do: for operators, a password alone is not."""
    return not (session.is_operator and session.method in (Method.PASSWORD, Method.CODE))
