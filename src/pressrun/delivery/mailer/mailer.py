"""Compose the message of a claimed row from its edition or notice, and sign it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.delivery.queue.jobs import CompositionFailed, Job
from pressrun.message.signatures.dkim import NOTHING_KNOWN, KnownHashes, Signer, load_signing_key
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.observe.log import event
from pressrun.services.mails.copy_composer import CopyComposer
from pressrun.services.mails.notice_composer import NoticeComposer, is_passed_on
from pressrun.services.ports import Clock
from pressrun.services.settings import DeliverySettings, TokenSettings
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue.deliveries import ClaimedNotice, SentMail

log = logging.getLogger("pressrun.worker")

# A signature stays valid this long after the last retry: relays and mailboxes behind ours may hold a mail for days.
VALID_AFTER_GIVING_UP_SECONDS = 7 * 86400


def build_signer(keys: Sequence[DkimSettings], delivery: DeliverySettings) -> Signer | None:
    """The signer for these settings, or None without a DKIM key. Raises NoKey for a key that cannot sign."""
    if not keys:
        return None
    lifetime_seconds = int(delivery.give_up_after_seconds) + VALID_AFTER_GIVING_UP_SECONDS
    return Signer([load_signing_key(key) for key in keys], lifetime_seconds=lifetime_seconds)


class Mailer:
    """Composes and signs one message at a time. Its Date is that of the recorded first attempt, also on every retry."""

    def __init__(
        self, *, site: Site, keys: KeyRing, tokens: TokenSettings, signer: Signer | None, clock: Clock
    ) -> None:
        self._copies = CopyComposer(site=site, keys=keys)
        self._notices = NoticeComposer(site=site, keys=keys, tokens=tokens)
        self._signer = signer
        self._clock = clock
        self._cannot_sign = False

    def compose(self, job: Job) -> Outgoing | CompositionFailed:
        """The message of a claimed row, signed if there is a signer. Then nothing is sent without its signature."""
        try:
            outgoing, known = self._compose(job)
        except Exception as problem:  # noqa: BLE001 - the queue reports it, and one bad row must not hold up the others
            return CompositionFailed(type(problem).__name__)
        if self._signer is not None and not is_passed_on(job.row):
            try:
                fields = self._signer.sign(outgoing.content, signed_at=int(self._clock()), known=known)
            except Exception as problem:  # noqa: BLE001 - the same
                return self._unsigned(type(problem).__name__)
            outgoing = replace(outgoing, content=fields + outgoing.content)
            self._cannot_sign = False
        return replace(outgoing, kind=job.queue or "", most=job.most) if job.most else outgoing

    def evidence(self, row: ClaimedNotice, outgoing: Outgoing) -> SentMail | None:
        """What the evidence of consent keeps of a delivered notice."""
        try:
            return self._notices.sent(row, outgoing)
        except Exception:  # the message is delivered, and the results of others in the same batch must be recorded
            log.exception("delivery.no_evidence", extra={"fields": {"delivery": row.id}})
            return None

    def _compose(self, job: Job) -> tuple[Outgoing, KnownHashes]:
        row = job.row
        if isinstance(row, ClaimedNotice):
            return self._notices.compose(row, job.list, job.claimed_at, job.logo), NOTHING_KNOWN
        assert job.edition is not None  # the job of a copy always carries its edition
        if self._signer is None:
            return self._copies.compose(job.edition, row, job.claimed_at), NOTHING_KNOWN
        return self._copies.compose_known(job.edition, row, job.claimed_at)

    def _unsigned(self, fault: str) -> CompositionFailed:
        """Log the first of several failures in a row."""
        if not self._cannot_sign:
            event(log, "dispatch.not_signed", level=logging.ERROR, fault=fault)
        self._cannot_sign = True
        return CompositionFailed(fault, unsigned=True)
