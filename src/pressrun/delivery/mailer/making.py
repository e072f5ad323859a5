"""From a claimed row to its mail, be it a copy of an edition or a notice."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.delivery.queue.jobs import Job
from pressrun.message.signatures.dkim import NOTHING_KNOWN, KnownHashes
from pressrun.services.mails.composing import CopyComposer
from pressrun.services.mails.notifying import NoticeComposer
from pressrun.smtp.handover import Outgoing
from pressrun.store.deliveries import ClaimedNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes mails. The Date is what is on record as the first attempt: the same on every retry."""

    copies: CopyComposer
    notices: NoticeComposer

    def make(self, job: Job) -> Outgoing:
        """The mail of a claimed row; raises what its composer raises."""
        row = job.row
        if isinstance(row, ClaimedNotice):
            return self.notices.compose(row, job.list, job.claimed_at, job.logo)
        assert job.edition is not None  # that of the edition whose copy it is
        return self.copies.compose(job.edition, row, job.claimed_at)

    def make_known(self, job: Job) -> tuple[Outgoing, KnownHashes]:
        """The same, to be signed: with what is known of it."""
        row = job.row
        if isinstance(row, ClaimedNotice):
            return self.make(job), NOTHING_KNOWN
        assert job.edition is not None
        return self.copies.compose_known(job.edition, row, job.claimed_at)
