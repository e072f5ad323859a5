"""Where people log in, for tests: the use cases over a real database, with a clock that stands still until moved."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace
from tests.database import TwiceDatabase
from tests.engines import new_data_dir
from tests.services.log_ins.authenticator import Authenticator

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Holder
from pressrun.core.quantities import Rate
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.account import Account
from pressrun.services.log_ins.ceremonies import Ceremonies
from pressrun.services.log_ins.context import Visitor
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.log_in import LogIns
from pressrun.services.log_ins.log_in_services import LogInServices, build_log_ins
from pressrun.services.log_ins.mailed_codes import MailedCodes
from pressrun.services.log_ins.passwords import HashCost, PasswordHashes
from pressrun.services.log_ins.sessions import Entered, LoggedIn, Sessions
from pressrun.services.settings import ServiceSettings
from pressrun.store.database import Database
from pressrun.store.lists import lists
from pressrun.store.people import people
from pressrun.store.transaction import Transaction

ORIGIN = "https://news.example.org"
PASSWORD = "seven mild harbours"
VISITOR = Visitor(client="192.0.2.1", network="192.0.2.1", agent="Firefox, Linux", language="en")
NOW = 1_800_000_000
CHEAP = HashCost(passes=1, kibibytes=32, lanes=4)


@dataclass(slots=True, kw_only=True)
class LogInHarness:
    """All that a test of logging in touches."""

    database: Database
    keys: KeyRing
    now: float = float(NOW)
    woken: int = 0
    settings: Holder[ServiceSettings] = field(default_factory=lambda: Holder(ServiceSettings()))
    hashes: PasswordHashes = field(default_factory=lambda: PasswordHashes(CHEAP))
    context: ServiceContext = field(init=False)
    sessions: Sessions = field(init=False)
    ceremonies: Ceremonies = field(init=False)
    log_ins: LogIns = field(init=False)
    account: Account = field(init=False)
    services: LogInServices = field(init=False)
    mailed_codes: MailedCodes = field(init=False)
    failures: FailedLogIns = field(init=False)

    def wake(self) -> None:
        self.woken += 1

    async def add_person(self, name: str, *, is_operator: bool = False, may_log_in: bool = True) -> int:
        """A person with an address, who is an editor of `news` unless they are an operator."""

        def add(tx: Transaction) -> int:
            person_id = people.insert_person(
                tx,
                name,
                parse_address(f"{name}@Town.example"),
                int(self.now),
                is_operator=is_operator,
                may_log_in=may_log_in,
            )
            target = lists.find_list(tx, "news")
            assert target is not None
            if not is_operator:
                people.put_permission(tx, target.id, person_id, Role.EDITOR, ReaderAccess.NONE)
            return person_id

        return await self.database.write(add)

    async def set_password(self, person_id: int) -> None:
        await self.account.set_password(person_id, 0, PASSWORD)

    async def by_password(
        self, name: str, password: str = PASSWORD, code: str = "", visitor: Visitor = VISITOR
    ) -> Entered | object:
        return await self.log_ins.by_password(name, password, code, visitor)

    async def who(self, entered: object) -> LoggedIn | None:
        assert isinstance(entered, Entered)
        return await self.sessions.find(entered.secret)

    async def enter(self, name: str) -> tuple[str, int]:
        """The cookie and the id of a new session by password."""
        entered = await self.by_password(name)
        assert isinstance(entered, Entered)
        logged_in = await self.sessions.find(entered.secret)
        assert logged_in is not None
        return entered.secret, logged_in.session.id

    async def add_passkey(self, person_id: int, session_id: int = 0) -> Authenticator:
        authenticator = Authenticator(ORIGIN)
        answer = authenticator.create(await self.account.passkey_options(person_id))
        await self.account.add_passkey(person_id, session_id, answer, "Firefox, Linux")
        return authenticator

    def limit(self, rate: Rate) -> None:
        """Let so many fail."""
        now = self.settings.value
        self.settings.swap(replace(now, limits=dataclasses.replace(now.limits, logins=rate)))

    def offer(self, *ways: str) -> None:
        """Have people log in by these alone."""
        now = self.settings.value
        self.settings.swap(replace(now, login=dataclasses.replace(now.login, sign_in=ways)))


@asynccontextmanager
async def open_log_ins(
    folder: Path, kind: type[Database] = TwiceDatabase, origin: str = ORIGIN
) -> AsyncIterator[LogInHarness]:
    """A new database with one list, `news`."""
    data, keys = new_data_dir(folder / "data")
    database = await kind.open(data.database)
    harness = LogInHarness(database=database, keys=keys)
    harness.context = ServiceContext(
        database=database,
        keys=keys,
        site=Site(base_url=origin, mail_domain="news.example.org"),
        settings=harness.settings,
        clock=lambda: harness.now,
        entropy=os.urandom,
        wake=harness.wake,
    )
    built = harness.services = build_log_ins(harness.context, origin, harness.hashes)
    harness.sessions, harness.ceremonies, harness.failures = built.sessions, built.ceremonies, built.failures
    harness.mailed_codes, harness.log_ins, harness.account = built.mailed_codes, built.log_ins, built.account
    sender = "News <news@town.example>"
    await database.write(lists.insert_list, name="news", title="News", from_address=sender, now=NOW)
    try:
        yield harness
    finally:
        await database.close()
