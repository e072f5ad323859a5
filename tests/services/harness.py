"""Services for tests: the use cases over a real database, with a clock that only the test moves."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.database import TwiceDatabase
from tests.editions.inline_builder import builder_at, preparer_of
from tests.editions.stored import new_edition
from tests.engines import new_data_dir

from pressrun.core.current import Holder
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.operations.sources.rosters import read_roster
from pressrun.services.archives.archive_import import ArchiveImport
from pressrun.services.context import ServiceContext
from pressrun.services.jobs.bulk_jobs import BulkJobs
from pressrun.services.jobs.job_runner import JobQueue, JobRunner
from pressrun.services.jobs.job_survey import RosterSurvey
from pressrun.services.lists.list_admin import ListAdmin
from pressrun.services.members.program_members import ProgramMembers
from pressrun.services.members.subscriber_admin import SubscriberAdmin
from pressrun.services.members.suppression_admin import SuppressionAdmin
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.services.people.tokens import Tokens
from pressrun.services.readers.confirmations import Confirmations
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.settings import ServiceSettings
from pressrun.services.upkeep.held_sign_ups import HeldSignUps
from pressrun.store.database import Database
from pressrun.store.editions.editions import find_edition, insert_edition
from pressrun.store.lists.lists import find_list
from pressrun.store.programs.job_files import JobFiles
from pressrun.store.queue import audiences
from pressrun.store.transaction import Transaction

NOW = 1_800_000_000


@dataclass(slots=True, kw_only=True)
class ServiceHarness:
    """The services, with what a test needs to drive them."""

    database: Database
    keys: KeyRing
    path: Path
    now: float = float(NOW)
    woken: int = 0
    settings: Holder[ServiceSettings] = field(
        default_factory=lambda: Holder(ServiceSettings(relays=frozenset({"primary", "second"})))
    )
    lists: ListAdmin = field(init=False)
    subscribers: SubscriberAdmin = field(init=False)
    suppressions: SuppressionAdmin = field(init=False)
    context: ServiceContext = field(init=False)
    sign_ups: SignUps = field(init=False)
    confirmations: Confirmations = field(init=False)
    held: HeldSignUps = field(init=False)
    archive_import: ArchiveImport = field(init=False)
    unsubscribes: Unsubscribes = field(init=False)
    people: PeopleAdmin = field(init=False)
    tokens: Tokens = field(init=False)
    web_requests: WebRequests = field(init=False)
    members: ProgramMembers = field(init=False)
    job_files: JobFiles = field(init=False)
    jobs: BulkJobs = field(init=False)
    runner: JobRunner = field(init=False)

    def wake(self) -> None:
        self.woken += 1

    async def make_list(self, name: str = "news", **settings: str) -> None:
        await self.lists.create_list(name, {"title": "News", "postal_address": "1 Road", **settings})

    async def make_edition(self, name: str = "news", state: EditionState = EditionState.SCHEDULED) -> int:
        def insert(tx: Transaction) -> int:
            target = find_list(tx, name)
            assert target is not None
            slug = f"an-edition-{os.urandom(4).hex()}"
            new = new_edition(target.id, slug, state=state, source_name="a.txt", source=b"x", text="x")
            return insert_edition(tx, new, int(self.now))

        return await self.database.write(insert)

    async def queue_audience(self, edition_id: int) -> int:
        """Queue the copies of an edition for all who are on the first list."""

        def queue(tx: Transaction) -> int:
            assert find_edition(tx, edition_id) is not None  # and lock it
            now = int(self.now)
            return audiences.queue_audience(
                tx, edition_id=edition_id, list_id=1, members=(0, 1 << 40), started_at=now, now=now
            )

        return await self.database.write(queue)


@asynccontextmanager
async def open_services(
    folder: Path, *, receives_mail: bool = True, kind: type[Database] = TwiceDatabase
) -> AsyncIterator[ServiceHarness]:
    """A new database with its services."""
    data, keys = new_data_dir(folder / "data")
    database = await kind.open(data.database)
    try:
        yield build_services(database, keys, data.root, receives_mail=receives_mail)
    finally:
        await database.close()


def build_services(database: Database, keys: KeyRing, root: Path, *, receives_mail: bool = True) -> ServiceHarness:
    """The services over an open database."""
    services = ServiceHarness(database=database, keys=keys, path=root)
    site = Site(base_url="https://n.example", mail_domain="lists.example", receives_mail=receives_mail)
    clock, settings = (lambda: services.now), services.settings
    services.context = ServiceContext(
        database=database,
        keys=keys,
        site=site,
        settings=settings,
        clock=clock,
        entropy=os.urandom,
        wake=services.wake,
        job_files=JobFiles(root),
    )
    builder = builder_at(site, root.parent / "layouts")
    services.lists, services.suppressions = ListAdmin(services.context, builder), SuppressionAdmin(services.context)
    services.subscribers = SubscriberAdmin(services.context)
    services.sign_ups, services.confirmations = SignUps(services.context), Confirmations(services.context)
    services.people, services.tokens = PeopleAdmin(services.context), Tokens(services.context)
    services.web_requests = WebRequests(services.context, sign_ups=services.sign_ups)
    services.unsubscribes = Unsubscribes(services.context, services.web_requests.wake)
    services.members = ProgramMembers(services.context, sign_ups=services.sign_ups, web_requests=services.web_requests)
    services.job_files, queue = JobFiles(root), JobQueue()
    services.jobs = BulkJobs(
        database,
        services.job_files,
        RosterSurvey(database=database, files=services.job_files, read_roster=read_roster),
        clock=clock,
        wake=queue.wake,
    )
    services.runner = JobRunner(1, services.context, services.job_files, read_roster, queue)
    services.held = HeldSignUps(services.context)
    services.archive_import = ArchiveImport(preparer_of(services.context, builder))
    return services
