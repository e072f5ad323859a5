"""Mail that was passed on to an owner or the operator and came back, at once or later: kept again, and told.

Its sender is not written to: who that is nobody has proven (docs/decisions/0039).
"""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.delivery import DeliveryState, FailureKind
from pressrun.core.masking import without_addresses
from pressrun.message.reports.report import RecipientReport
from pressrun.services.mail_results import ReturnedForward
from pressrun.services.mails.forwards import FORWARD, keep_returned
from pressrun.store import bounces
from pressrun.store.deliveries import DeliveryResult
from pressrun.store.transaction import Row, Transaction

SUPPRESSED = "its address is suppressed"


def is_forward(copy: Row | None) -> bool:
    """Whether what a bounce is about is somebody's mail, passed on."""
    return copy is not None and copy["notice_kind"] == FORWARD


def take_back_refused(tx: Transaction, settlements: Sequence[DeliveryResult], now: int) -> tuple[ReturnedForward, ...]:
    """Keep those that no relay took in the end."""
    returned = []
    failed = [one for one in settlements if one.state is DeliveryState.FAILED and one.edition_id is None]
    for one in failed:
        copy = bounces.find_copy(tx, one.id)
        if copy is not None and is_forward(copy):
            what = "given up" if one.kind is FailureKind.EXPIRED else "came back"
            returned.append(_take_back(tx, copy, what, _reason(one.code, one.enhanced), one.reply or "", now))
    return tuple(returned)


def take_back_unsent(tx: Transaction, delivery_ids: Sequence[int], now: int) -> tuple[ReturnedForward, ...]:
    """Keep those that were not sent, as their address is suppressed."""
    copies = [bounces.find_copy(tx, number) for number in delivery_ids]
    return tuple(_take_back(tx, copy, "not sent", SUPPRESSED, "", now) for copy in copies if copy is not None)


def take_back_bounced(tx: Transaction, copy: Row | None, found: RecipientReport | None, now: int) -> ReturnedForward:
    """Keep what a notification says has failed; None for `found` when it says so in words of its own."""
    reason = "not understood" if found is None else _reason(found.code or None, found.status)
    if copy is None:
        return ReturnedForward(None, "", reason)
    return _take_back(tx, copy, "came back", reason, "" if found is None else found.text, now)


def _take_back(tx: Transaction, copy: Row, what: str, reason: str, words: str, now: int) -> ReturnedForward:
    said = " ".join(without_addresses(words).split())
    outcome = f"{what}: {said}" if said.startswith(reason) else f"{what}: {reason} {said}".rstrip()
    return ReturnedForward(keep_returned(tx, copy["id"], outcome, now), copy["list_name"] or "", reason)


def _reason(code: int | None, enhanced: str | None) -> str:
    """Both codes as far as they came."""
    return " ".join(str(one) for one in (code, enhanced) if one) or "no answer"
