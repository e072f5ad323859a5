"""The services behind the pages of readers and editors; it loads none of the pages."""

from __future__ import annotations

from msgspec import Struct

from pressrun.services.archives.archive_search import ArchiveSearch
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.confirmations import Confirmations
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests


class UseCases(Struct, frozen=True, kw_only=True):
    web_requests: WebRequests
    sign_ups: SignUps
    confirmations: Confirmations
    unsubscribes: Unsubscribes
    never_again: NeverAgain
    preferences: Preferences
    address_changes: AddressChanges
    undo_unsubscribe: UndoUnsubscribe
    archive_search: ArchiveSearch
    draft_approval: DraftApproval
