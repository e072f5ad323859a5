"""The services over one database, each given what it needs and no more."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pressrun.acts.cases import Cases
from pressrun.acts.door import Door
from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.core.keys import KeyRing
from pressrun.daemon.log_in_services import LogInServices, build_log_ins
from pressrun.daemon.sender_check import build_sender_check
from pressrun.operations.sources.rosters import read_roster
from pressrun.runtime.clock import utc_now
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.background import Signal
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.context import ServiceContext
from pressrun.services.editions.archive_reader import ArchiveReader
from pressrun.services.editions.draft_approval import DraftApproval
from pressrun.services.editions.draft_editing import DraftEditing
from pressrun.services.editions.draft_notices import DraftNotices
from pressrun.services.editions.draft_proofs import DraftProofs
from pressrun.services.editions.draft_release import DraftRelease
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.editions.sender_check import SenderCheck
from pressrun.services.editions.workshop import Workshop
from pressrun.services.incoming.handed_in import HandedInReturns
from pressrun.services.operating.archive_import import ArchiveImport
from pressrun.services.operating.audit_log import AuditLog
from pressrun.services.operating.bulk_jobs import BulkJobs
from pressrun.services.operating.held_sign_ups import HeldSignUps
from pressrun.services.operating.housekeeping import Housekeeping
from pressrun.services.operating.job_runner import RUNNERS, JobQueue, JobRunner
from pressrun.services.operating.job_survey import RosterSurvey
from pressrun.services.operating.kept_mail import KeptMail
from pressrun.services.operating.link_keys import LinkKeys
from pressrun.services.operating.list_admin import ListAdmin
from pressrun.services.operating.moving_in import MovingIn
from pressrun.services.operating.program_members import ProgramMembers
from pressrun.services.operating.redirect_admin import RedirectAdmin
from pressrun.services.operating.retention import Retention
from pressrun.services.operating.subscriber_admin import SubscriberAdmin
from pressrun.services.operating.suppression_admin import SuppressionAdmin
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.services.people.tokens import Tokens
from pressrun.services.ports import UNOBSERVED, BounceCounter, LayoutRenderer, SignUpObserver, Waker
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.old_links import OldLinks
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.edition_reports import EditorReports
from pressrun.services.reports.event_feed import EventFeed
from pressrun.services.reports.outcomes import OutcomeReports
from pressrun.services.settings import ServiceSettings
from pressrun.store import datadir
from pressrun.store.database import Database
from pressrun.store.datadir import DataDir
from pressrun.store.job_files import JobFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The use cases of readers."""

    context: ServiceContext
    web_requests: WebRequests
    sign_ups: SignUps
    unsubscribes: Unsubscribes
    never_again: NeverAgain
    preferences: Preferences
    address_changes: AddressChanges
    undo_unsubscribe: UndoUnsubscribe
    old_links: OldLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Editions:
    """The use cases of editors, and the reports about editions."""

    layouts: LayoutRenderer
    sender_check: SenderCheck
    edition_admin: EditionAdmin
    draft_editing: DraftEditing
    draft_release: DraftRelease
    draft_proofs: DraftProofs
    draft_approval: DraftApproval
    editor_reports: EditorReports
    archive_reader: ArchiveReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """The use cases of operators, and what is due by the clock."""

    lists: ListAdmin
    subscribers: SubscriberAdmin
    members: ProgramMembers
    jobs: BulkJobs
    job_runners: tuple[JobRunner, ...]
    suppressions: SuppressionAdmin
    kept_mail: KeptMail
    held: HeldSignUps
    moving_in: MovingIn
    link_keys: LinkKeys
    people: PeopleAdmin
    tokens: Tokens
    housekeeping: Housekeeping
    retention: Retention


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All use cases over one open database; `door` is the way to actions."""

    settings: Current[ServiceSettings]
    database: Database
    keys: KeyRing
    wake: Waker
    readers: Readers
    editions: Editions
    operating: Operating
    log_ins: LogInServices
    bounce_handler: BounceHandler
    returns: HandedInReturns
    mail_accepted: Signal
    audit_log: AuditLog
    door: Door


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The parts of a running daemon that services notify: dispatcher, workers and metrics. By default, none."""

    wake: Waker = lambda: None
    unpause: Callable[[str | None], None] = lambda _domain: None
    on_new_key: Callable[[], None] = lambda: None
    sign_ups: SignUpObserver = UNOBSERVED
    bounces: BounceCounter = UNOBSERVED


NO_HOOKS = Hooks()


def build_services(
    settings: Current[Settings],
    database: Database,
    keys: KeyRing,
    bounce_handler: BounceHandler,
    hooks: Hooks = NO_HOOKS,
) -> Services:
    """Wire the use cases."""
    mail_accepted, files = Signal(), JobFiles(settings.value.data.root)
    context = ServiceContext(
        database=database,
        keys=keys,
        site=settings.value.site,
        settings=settings.part(Settings.for_services),
        clock=utc_now,
        entropy=os.urandom,
        wake=hooks.wake,
        job_files=files,
    )
    readers = _build_readers(context, hooks.sign_ups)
    editions = _build_editions(settings, context, hooks.unpause)
    operating = _build_operating(settings.value.data, readers, editions.layouts, files, mail_accepted, hooks.on_new_key)
    log_ins = build_log_ins(settings, database, keys, hooks.wake)
    audit_log = AuditLog(context)
    returns = HandedInReturns(database, keys, settings.value.site, bounce_handler, hooks.bounces)
    cases = _gather_cases(context, editions, operating, log_ins, audit_log, returns)
    return Services(
        settings=context.settings,
        database=database,
        keys=keys,
        wake=hooks.wake,
        readers=readers,
        editions=editions,
        operating=operating,
        log_ins=log_ins,
        bounce_handler=bounce_handler,
        returns=returns,
        mail_accepted=mail_accepted,
        audit_log=audit_log,
        door=Door(cases),
    )


def _gather_cases(
    context: ServiceContext,
    editions: Editions,
    operating: Operating,
    log_ins: LogInServices,
    audit_log: AuditLog,
    returns: HandedInReturns,
) -> Cases:
    """What actions may use."""
    return Cases(
        database=context.database,
        keys=context.keys,
        audit_log=audit_log,
        lists=operating.lists,
        subscribers=operating.subscribers,
        members=operating.members,
        jobs=operating.jobs,
        suppressions=operating.suppressions,
        edition_admin=editions.edition_admin,
        draft_editing=editions.draft_editing,
        draft_release=editions.draft_release,
        draft_proofs=editions.draft_proofs,
        kept_mail=operating.kept_mail,
        held=operating.held,
        moving_in=operating.moving_in,
        link_keys=operating.link_keys,
        account=log_ins.account,
        people=operating.people,
        tokens=operating.tokens,
        events=EventFeed(context.database),
        returns=returns,
        outcomes=OutcomeReports(context),
    )


def _build_readers(context: ServiceContext, observer: SignUpObserver) -> Readers:
    sign_ups, preferences, unsubscribes = SignUps(context, observer), Preferences(context), Unsubscribes(context)
    return Readers(
        context=context,
        web_requests=WebRequests(context, sign_ups=sign_ups, preferences=preferences, unsubscribes=unsubscribes),
        sign_ups=sign_ups,
        unsubscribes=unsubscribes,
        never_again=NeverAgain(context),
        preferences=preferences,
        address_changes=AddressChanges(context),
        undo_unsubscribe=UndoUnsubscribe(context),
        old_links=OldLinks(context.database),
    )


def _build_editions(
    settings: Current[Settings], context: ServiceContext, unpause: Callable[[str | None], None]
) -> Editions:
    layouts, sender_check = OwnLayouts(settings.value.data.layouts), build_sender_check(settings)
    workshop = Workshop(database=context.database, site=context.site, layouts=layouts, sender_check=sender_check)
    draft_editing = DraftEditing(workshop, clock=context.clock, entropy=context.entropy)
    edition_admin = EditionAdmin(context, layouts=layouts, sender_check=sender_check, unpause=unpause)
    notices = DraftNotices(context.settings, context.entropy)
    return Editions(
        layouts=layouts,
        sender_check=sender_check,
        edition_admin=edition_admin,
        draft_editing=draft_editing,
        draft_release=DraftRelease(workshop, notices, clock=context.clock, wake=context.wake),
        draft_proofs=DraftProofs(context, draft_editing, edition_admin),
        draft_approval=DraftApproval(context),
        editor_reports=EditorReports(context),
        archive_reader=ArchiveReader(context),
    )


def _build_operating(
    data: DataDir,
    readers: Readers,
    layouts: LayoutRenderer,
    files: JobFiles,
    mail_accepted: Waker,
    on_new_key: Callable[[], None],
) -> Operating:
    context, queue = readers.context, JobQueue()
    database, clock = context.database, context.clock
    survey = RosterSurvey(database=database, files=files, read_roster=read_roster)
    return Operating(
        lists=ListAdmin(context, layouts),
        subscribers=SubscriberAdmin(context),
        members=ProgramMembers(
            context,
            sign_ups=readers.sign_ups,
            preferences=readers.preferences,
            web_requests=readers.web_requests,
        ),
        jobs=BulkJobs(database, files, survey, clock=clock, wake=queue.wake),
        job_runners=tuple(JobRunner(number, context, files, read_roster, queue) for number in range(1, RUNNERS + 1)),
        suppressions=SuppressionAdmin(context),
        kept_mail=KeptMail(context, mail_accepted),
        held=HeldSignUps(context, readers.sign_ups),
        moving_in=MovingIn(redirects=RedirectAdmin(database), archive=ArchiveImport(context, layouts)),
        link_keys=LinkKeys(
            context, make_key=lambda: asyncio.to_thread(datadir.rotate_link_key, data), on_new_key=on_new_key
        ),
        people=PeopleAdmin(context),
        tokens=Tokens(context),
        housekeeping=Housekeeping(
            context, keep_head=lambda chain, head: asyncio.to_thread(datadir.keep_head, data, chain, head)
        ),
        retention=Retention(
            database=database,
            settings=context.settings,
            clock=clock,
            remove_backups=partial(datadir.remove_old_backups, data),
        ),
    )
