"""The services that actions use."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.signing.keys import KeyRing
from pressrun.services.archives.archive_import import ArchiveImport
from pressrun.services.drafts.draft_editing import DraftEditing
from pressrun.services.drafts.draft_proofs import DraftProofs
from pressrun.services.drafts.draft_release import DraftRelease
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.incoming.handed_in import HandedInReturns
from pressrun.services.jobs.bulk_jobs import BulkJobs
from pressrun.services.lists.list_admin import ListAdmin
from pressrun.services.log_ins.account import Account
from pressrun.services.members.program_members import ProgramMembers
from pressrun.services.members.subscriber_admin import SubscriberAdmin
from pressrun.services.members.suppression_admin import SuppressionAdmin
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.services.people.tokens import Tokens
from pressrun.services.reports.event_feed import EventFeed
from pressrun.services.upkeep.audit_log import AuditLog
from pressrun.services.upkeep.held_sign_ups import HeldSignUps
from pressrun.services.upkeep.kept_mail import KeptMail
from pressrun.services.upkeep.link_keys import LinkKeys
from pressrun.store.database import Database


class Cases(Struct, frozen=True, kw_only=True):
    """All that an action may reach, over one open database."""

    database: Database
    keys: KeyRing
    audit_log: AuditLog
    lists: ListAdmin
    subscribers: SubscriberAdmin
    members: ProgramMembers
    jobs: BulkJobs
    suppressions: SuppressionAdmin
    edition_admin: EditionAdmin
    draft_editing: DraftEditing
    draft_release: DraftRelease
    draft_proofs: DraftProofs
    kept_mail: KeptMail
    held: HeldSignUps
    archive_import: ArchiveImport
    link_keys: LinkKeys
    account: Account
    people: PeopleAdmin
    tokens: Tokens
    events: EventFeed
    returns: HandedInReturns
