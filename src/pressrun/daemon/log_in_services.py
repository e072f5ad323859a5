"""The services for logging in, wired together."""

from __future__ import annotations

import os

from msgspec import Struct

from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.core.network.origins import origin_of
from pressrun.core.signing.keys import KeyRing
from pressrun.runtime.clock import utc_now
from pressrun.services.log_ins.account import Account
from pressrun.services.log_ins.ceremonies import Ceremonies
from pressrun.services.log_ins.context import LogInContext
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.identities import Identities
from pressrun.services.log_ins.links import EnterLinks
from pressrun.services.log_ins.log_in import LogIns
from pressrun.services.log_ins.mailed_codes import MailedCodes
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.log_ins.proxied import ProxiedLogIns
from pressrun.services.log_ins.sessions import Sessions
from pressrun.services.ports import Waker
from pressrun.store.database import Database


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
    proxied: ProxiedLogIns


def build_log_ins(settings: Current[Settings], database: Database, keys: KeyRing, wake: Waker) -> LogInServices:
    """Wire them."""
    context = LogInContext(
        database=database,
        keys=keys,
        settings=settings.part(Settings.for_services),
        clock=utc_now,
        entropy=os.urandom,
        wake=wake,
    )
    now = settings.value
    origin = origin_of(now.admin.base_url or now.site.base_url)
    hashes, sessions, failures = PasswordHashes(), Sessions(context), FailedLogIns(context)
    ceremonies = Ceremonies(origin, keys=keys, clock=utc_now, entropy=os.urandom)
    return LogInServices(
        ceremonies=ceremonies,
        sessions=sessions,
        log_ins=LogIns(context, sessions, hashes, ceremonies, failures),
        links=EnterLinks(context, sessions),
        account=Account(context, hashes, ceremonies),
        mailed_codes=MailedCodes(context),
        failures=failures,
        identities=Identities(context, sessions, failures),
        proxied=ProxiedLogIns(context),
    )
