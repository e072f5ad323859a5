"""The services for logging in, connected to each other."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pressrun.services.background import BackgroundLoop
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.account import Account
from pressrun.services.log_ins.ceremonies import Ceremonies
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.identities import Identities
from pressrun.services.log_ins.links import EnterLinks
from pressrun.services.log_ins.log_in import LogIns
from pressrun.services.log_ins.mailed_codes import MailedCodes
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.log_ins.sessions import Sessions
from pressrun.services.settings import LoginSettings


class LogInServices(Struct, frozen=True, kw_only=True):
    """The use cases around logging in."""

    ceremonies: Ceremonies
    sessions: Sessions
    log_ins: LogIns
    links: EnterLinks
    account: Account
    mailed_codes: MailedCodes
    failures: FailedLogIns
    identities: Identities
    settings: Callable[[], LoginSettings]  # in force

    @property
    def loops(self) -> tuple[BackgroundLoop, ...]:
        """The background loops."""
        return self.mailed_codes, self.failures


def build_log_ins(context: ServiceContext, origin: str, hashes: PasswordHashes) -> LogInServices:
    """Create the services; `origin` is that of the pages on which people log in."""
    sessions, failures = Sessions(context), FailedLogIns(context)
    ceremonies = Ceremonies(origin, keys=context.keys, clock=context.clock, entropy=context.entropy)
    mailed_codes = MailedCodes(context)
    return LogInServices(
        ceremonies=ceremonies,
        sessions=sessions,
        log_ins=LogIns(context, sessions, hashes, ceremonies, failures, mailed_codes.wake),
        links=EnterLinks(context, sessions),
        account=Account(context, hashes, ceremonies),
        mailed_codes=mailed_codes,
        failures=failures,
        identities=Identities(context, sessions, failures),
        settings=lambda: context.login,
    )
