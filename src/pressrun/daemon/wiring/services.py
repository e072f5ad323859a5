"""The services over one database, each given what it needs and no more."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from pressrun.acts.cases import Cases
from pressrun.acts.door import Door
from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.core.network.origins import origin_of
from pressrun.core.signing.keys import KeyRing
from pressrun.daemon.wiring.sender_check import build_sender_check
from pressrun.operations.sources.rosters import read_roster
from pressrun.runtime.clock import utc_now
from pressrun.sandbox.edition_maker import SandboxedMaker
from pressrun.sandbox.helper import HelperLimits
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.archives.archive_import import ArchiveImport
from pressrun.services.archives.archive_search import ArchiveSearch
from pressrun.services.background import BackgroundLoop, Signal
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.context import ServiceContext
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.drafts.draft_editing import DraftEditing
from pressrun.services.drafts.draft_proofs import DraftProofs
from pressrun.services.drafts.draft_release import DraftRelease
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.services.incoming.handed_in import HandedInReturns
from pressrun.services.jobs.bulk_jobs import BulkJobs
from pressrun.services.jobs.job_runner import RUNNERS, JobQueue, JobRunner
from pressrun.services.jobs.job_survey import RosterSurvey
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.lists.list_admin import ListAdmin
from pressrun.services.log_ins.log_in_services import LogInServices, build_log_ins
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.members.program_members import ProgramMembers
from pressrun.services.members.subscriber_admin import SubscriberAdmin
from pressrun.services.members.suppression_admin import SuppressionAdmin
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.services.people.tokens import Tokens
from pressrun.services.ports import UNOBSERVED, Unobserved, Waker
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.confirmations import Confirmations
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.event_feed import EventFeed
from pressrun.services.upkeep.audit_log import AuditLog
from pressrun.services.upkeep.held_sign_ups import HeldSignUps
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.services.upkeep.kept_mail import KeptMail
from pressrun.services.upkeep.link_keys import LinkKeys
from pressrun.services.upkeep.retention import Retention
from pressrun.store.database import Database
from pressrun.store.programs.job_files import JobFiles
from pressrun.store.upkeep import datadir, key_files
from pressrun.web.use_cases import UseCases

if TYPE_CHECKING:
    from pressrun.observe.metrics import Metrics


class Services(Struct, frozen=True, kw_only=True):
    """All use cases over one open database: those behind actions, behind pages, and for logging in.

    `door` is the way to actions. `asked` are the loops that carry out what was asked for, and `by_the_clock` those for
    what is due.
    """

    context: ServiceContext
    cases: Cases
    pages: UseCases
    log_ins: LogInServices
    preparer: EditionPreparer
    maker: SandboxedMaker
    bounce_handler: BounceHandler
    mail_accepted: Signal
    asked: tuple[BackgroundLoop, ...]
    by_the_clock: tuple[BackgroundLoop, ...]
    door: Door


def build_context(settings: Current[Settings], database: Database, keys: KeyRing, wake: Waker) -> ServiceContext:
    """What all services share."""
    return ServiceContext(
        database=database,
        keys=keys,
        site=settings.value.site,
        settings=settings.part(Settings.for_services),
        clock=utc_now,
        entropy=os.urandom,
        wake=wake,
        job_files=JobFiles(settings.value.data.root),
    )


def build_services(
    settings: Current[Settings],
    context: ServiceContext,
    bounce_handler: BounceHandler,
    *,
    unpause: Callable[[str | None], None] = lambda _domain: None,
    on_new_key: Callable[[], None] = lambda: None,
    observer: Metrics | Unobserved = UNOBSERVED,
) -> Services:
    """Wire the use cases. The last three are the parts of a running daemon that some of them notify."""
    now, data, mail_accepted = settings.value, settings.value.data, Signal()
    maker = SandboxedMaker(limits_of_editions(now.limits))
    builder = EditionBuilder(site=context.site, layouts=OwnLayouts(data.layouts), maker=maker)
    preparer = EditionPreparer(context=context, builder=builder, sender_check=build_sender_check(settings))
    pages = _build_pages(context, builder, observer)
    log_ins = build_log_ins(context, origin_of(now.admin.base_url or now.site.base_url), PasswordHashes())
    jobs, runners = _build_jobs(context, JobFiles(data.root))
    edition_admin, submissions = EditionAdmin(preparer, unpause=unpause), Submissions(context)
    draft_editing = DraftEditing(preparer, submissions)
    cases = Cases(
        database=context.database,
        keys=context.keys,
        audit_log=AuditLog(context),
        lists=ListAdmin(context, builder),
        subscribers=SubscriberAdmin(context),
        members=ProgramMembers(context, sign_ups=pages.sign_ups, web_requests=pages.web_requests),
        jobs=jobs,
        suppressions=SuppressionAdmin(context),
        edition_admin=edition_admin,
        draft_editing=draft_editing,
        draft_release=DraftRelease(preparer, submissions),
        draft_proofs=DraftProofs(context, draft_editing, edition_admin),
        kept_mail=KeptMail(context, mail_accepted),
        held=HeldSignUps(context),
        archive_import=ArchiveImport(preparer),
        link_keys=LinkKeys(
            context,
            make_key=lambda: asyncio.to_thread(key_files.rotate_link_key, data),
            on_new_key=on_new_key,
        ),
        account=log_ins.account,
        people=PeopleAdmin(context),
        tokens=Tokens(context),
        events=EventFeed(context.database),
        returns=HandedInReturns(context, bounce_handler, observer),
    )
    housekeeping = Housekeeping(
        context, keep_head=lambda chain, head: asyncio.to_thread(key_files.keep_head, data, chain, head)
    )
    return Services(
        context=context,
        cases=cases,
        pages=pages,
        log_ins=log_ins,
        preparer=preparer,
        maker=maker,
        bounce_handler=bounce_handler,
        mail_accepted=mail_accepted,
        asked=(*runners, pages.web_requests, *log_ins.loops),
        by_the_clock=(housekeeping, Retention(context, partial(datadir.remove_old_backups, data))),
        door=Door(cases),
    )


def limits_of_editions(limits: LimitSettings) -> HelperLimits:
    """What one step of building an edition may cost, by its keys."""
    return HelperLimits(
        wall_seconds=limits.edition_seconds,
        cpu_seconds=math.ceil(limits.edition_cpu_seconds),
        memory_bytes=limits.edition_memory_bytes,
    )


def _build_jobs(context: ServiceContext, files: JobFiles) -> tuple[BulkJobs, list[JobRunner]]:
    """What takes jobs, and the loops that carry them out."""
    queue = JobQueue()
    survey = RosterSurvey(database=context.database, files=files, read_roster=read_roster)
    runners = [JobRunner(number, context, files, read_roster, queue) for number in range(1, RUNNERS + 1)]
    return BulkJobs(context.database, files, survey, clock=context.clock, wake=queue.wake), runners


def _build_pages(context: ServiceContext, builder: EditionBuilder, observer: Metrics | Unobserved) -> UseCases:
    sign_ups = SignUps(context, observer)
    web_requests = WebRequests(context, sign_ups=sign_ups)
    return UseCases(
        web_requests=web_requests,
        sign_ups=sign_ups,
        confirmations=Confirmations(context),
        unsubscribes=Unsubscribes(context, web_requests.wake),
        never_again=NeverAgain(context),
        preferences=Preferences(context),
        address_changes=AddressChanges(context),
        undo_unsubscribe=UndoUnsubscribe(context),
        archive_search=ArchiveSearch(context),
        draft_approval=DraftApproval(context, builder),
    )
