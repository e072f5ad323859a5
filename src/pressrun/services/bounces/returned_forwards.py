"""Mail that was forwarded to an owner or the operator and came back, at once or later: it is kept again and logged.

Its sender gets no mail, because nobody has proved who that is (docs/decisions/0039).
"""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.core.text.masking import without_addresses
from pressrun.message.reports.report import RecipientReport
from pressrun.services.mail_results import ReturnedForward
from pressrun.services.mails.forwards import FORWARD, keep_returned
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.readers import bounces
from pressrun.store.readers.bounces import ReportedCopy
from pressrun.store.transaction import Transaction

SUPPRESSED = "its address is suppressed"


def is_forward(copy: ReportedCopy | None) -> bool:
    """Whether a copy is somebody's mail that was forwarded."""
    return copy is not None and copy.notice_kind == FORWARD


def keep_refused_forwards(tx: Transaction, results: Sequence[DeliveryResult], now: int) -> tuple[ReturnedForward, ...]:
    """Keep those that no relay accepted in the end."""
    returned = []
    failed = [result for result in results if result.state is DeliveryState.FAILED and result.edition_id is None]
    copies = bounces.find_copies(tx, [result.id for result in failed]) if failed else {}
    for result in failed:
        copy = copies.get(result.id)
        if copy is not None and is_forward(copy):
            what = "given up" if result.kind is FailureKind.EXPIRED else "came back"
            returned.append(_keep(tx, copy, what, _reason(result.code, result.enhanced), result.reply or "", now))
    return tuple(returned)


def keep_unsent_forwards(tx: Transaction, delivery_ids: Sequence[int], now: int) -> tuple[ReturnedForward, ...]:
    """Keep those that were not sent because their address is suppressed."""
    copies = bounces.find_copies(tx, delivery_ids) if delivery_ids else {}
    return tuple(
        _keep(tx, copies[number], "not sent", SUPPRESSED, "", now) for number in delivery_ids if number in copies
    )


def keep_bounced_forward(
    tx: Transaction, copy: ReportedCopy | None, recipient: RecipientReport | None, now: int
) -> ReturnedForward:
    """Keep one that a notification says has failed; `recipient` is None when only its prose says so."""
    reason = "not understood" if recipient is None else _reason(recipient.code or None, recipient.status)
    if copy is None:
        return ReturnedForward(None, "", reason)
    return _keep(tx, copy, "came back", reason, "" if recipient is None else recipient.text, now)


def _keep(tx: Transaction, copy: ReportedCopy, what: str, reason: str, words: str, now: int) -> ReturnedForward:
    said = " ".join(without_addresses(words).split())
    outcome = f"{what}: {said}" if said.startswith(reason) else f"{what}: {reason} {said}".rstrip()
    return ReturnedForward(keep_returned(tx, copy.id, outcome, now), copy.list_name or "", reason)


def _reason(code: int | None, enhanced: str | None) -> str:
    """The codes of the reply, if there are any."""
    return " ".join(str(part) for part in (code, enhanced) if part) or "no answer"
