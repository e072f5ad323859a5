"""Who may cause a mail to somebody: the limits on sign-ups, on the web and by mail together.

They count every address alike, by keyed hashes, whatever it is to a list: what was counted shows nobody who is a
member. When very many are turned away, or far more come in than usual, the operator hears of it, once.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace

from pressrun.core.address import Address
from pressrun.core.doubtful import is_disposable, is_role
from pressrun.core.providers import provider_of
from pressrun.core.quantities import Rate
from pressrun.core.rate_anomaly import HOUR_SECONDS, RateAnomaly, first_hour, usual_peak
from pressrun.core.sign_up import AttackDetector, AttackTerms, Trust, Verdict
from pressrun.core.tokens import suppression_digest
from pressrun.observe.log import event
from pressrun.services.ports import UNOBSERVED, SignUpObserver
from pressrun.services.readers.context import ReaderContext
from pressrun.services.settings import IGNORE
from pressrun.store import limits
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.readers")

# What one domain, or the unproven ones, may have of all confirmations where nothing else is said: half, but so many at
# least, or a small limit would be two.
_SHARE, _LEAST = 2, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrivals:
    """How many sign-ups came in an hour so far and in the one before, and how many the busiest hour usually has."""

    hour: int = -1
    number: int = 0
    before: int = 0
    usual: int = 0


class AbuseLimits:
    """Lets sign-ups through or turns them away, and counts both once that is on record."""

    def __init__(self, context: ReaderContext, observer: SignUpObserver = UNOBSERVED) -> None:
        self._context = context
        self._observer = observer
        self._siege = AttackDetector(AttackTerms())
        self._surge = RateAnomaly()
        self._arrivals = _Arrivals()
        self._work_until = 0.0

    def admit(self, tx: Transaction, address: Address, trust: Trust, now: float) -> Verdict:
        """What becomes of a sign-up; one whose mail may go out, now or later, is counted against the limits."""
        if self._is_unwanted(address, trust):
            tx.after_commit(self._note, Verdict.IGNORED, now, Verdict.IGNORED)
            return Verdict.IGNORED
        arrivals_seen = self._count_arrival(tx, now)
        is_held = self._would_hold(arrivals_seen, now) and trust is not Trust.WORKED
        meters = self._held_meters() if is_held else self._mailed_meters(trust)
        shown = Verdict.HELD if is_held else Verdict.TAKEN
        is_within = limits.spend_all(tx, [*self._meters_of(address), *meters], now)
        verdict = shown if is_within else Verdict.LIMITED
        tx.after_commit(self._watch, arrivals_seen, now, self._work_ends_at(tx, now))
        tx.after_commit(self._note, verdict, now, shown)
        return verdict

    def asks_for_work(self, now: float) -> bool:
        """Whether our own page has the browser do work now."""
        return self._surge.is_on or (self._context.limits.proof_of_work_above is not None and now < self._work_until)

    def throttle(self, tx: Transaction, network: str, now: float) -> float | None:
        """Count a sign-up against its network; when it is too many, when the next one will be taken."""
        rate = self._context.limits.sign_ups_per_ip
        retry_at = limits.opens_at(tx, "sign_ups_per_ip", network.encode(), rate, now)
        if retry_at is None:
            limits.spend(tx, "sign_ups_per_ip", network.encode(), rate, now)
        else:
            tx.after_commit(self._note, Verdict.THROTTLED, now, Verdict.THROTTLED)
        return retry_at

    def _note(self, verdict: Verdict, now: float, shown: Verdict) -> None:
        """Tell of the verdict with which an attack begins, unless that is told already.

        It is counted as it is `shown`: a limit says what was asked for an address before, so it is not to be seen.
        """
        self._observer.count_sign_up(shown)
        if verdict not in (Verdict.TAKEN, Verdict.HELD) and self._siege.turn_away(now):
            event(log, "subscription.attack", level=logging.WARNING)
            self._observer.show_attack(True)

    def look(self, now: float) -> None:
        """Tell when an attack is over, and when sign-ups are as usual again."""
        self._judge(now)
        if self._siege.look(now):
            event(log, "subscription.attack_over", level=logging.WARNING)
            self._observer.show_attack(False)

    def _count_arrival(self, tx: Transaction, now: float) -> _Arrivals:
        """Count a sign-up in its hour."""
        hour = int(now // HOUR_SECONDS)
        number = limits.count_sign_up(tx, hour)
        if hour == self._arrivals.hour:
            return replace(self._arrivals, number=number)
        past = limits.sign_ups_since(tx, first_hour(now))
        return _Arrivals(hour=hour, number=number, before=past.get(hour - 1, 0), usual=usual_peak(past, hour))

    def _would_hold(self, seen: _Arrivals, now: float) -> bool:
        """Whether so many sign-ups are far more than usual: what `_watch` finds once they are on record."""
        trial = replace(self._surge)
        trial.count(seen.hour, seen.number, seen.before)
        trial.judge(now, self._mark(seen.usual))
        return trial.is_on

    def _watch(self, seen: _Arrivals, now: float, work_until: float) -> None:
        self._arrivals, self._work_until = seen, work_until
        self._surge.count(seen.hour, seen.number, seen.before)
        self._judge(now)

    def _mark(self, usual: int) -> float | None:
        """How many sign-ups an hour are far more than usual."""
        times, floor = self._context.limits.hold_sign_ups_above, self._context.limits.hold_sign_ups_floor
        return None if times is None else max(floor, times * usual)

    def _judge(self, now: float) -> None:
        if not self._surge.judge(now, self._mark(self._arrivals.usual)):
            return
        is_on = self._surge.is_on
        name = "subscription.holding" if is_on else "subscription.holding_over"
        event(log, name, level=logging.WARNING, usual_per_hour=self._arrivals.usual)
        self._observer.show_holding(is_on)

    def _work_ends_at(self, tx: Transaction, now: float) -> float:
        """Until when to ask for work: from half of the limit on, or a page fetched just before would exceed it."""
        rate = self._context.limits.proof_of_work_above
        if rate is None:
            return 0.0
        half = Rate(math.ceil(rate.count / 2), rate.seconds)
        return limits.opens_at(tx, "proof_of_work_above", b"", half, now) or 0.0

    def _is_unwanted(self, address: Address, trust: Trust) -> bool:
        if trust is Trust.TRAP:
            return True
        if self._context.limits.disposable_addresses == IGNORE and is_disposable(
            address.domain, self._context.limits.disposable_domains
        ):
            return True
        return self._context.limits.role_addresses == IGNORE and is_role(address.local)

    def _some(self) -> Rate:
        limit = self._context.limits.confirmations
        return Rate(max(_LEAST, limit.count // _SHARE), limit.seconds)

    def _meters_of(self, address: Address) -> list[limits.Meter]:
        """What counts against whoever gets the mail."""
        settings = self._context.limits
        # By the coarse fold, under the keyed hash: no address is kept that was erased.
        fold = suppression_digest(self._context.keys, address.fold)
        meters = [limits.Meter("confirmations_per_address", fold, settings.confirmations_per_address)]
        if not provider_of(address.domain):  # a domain of millions is nobody's mailbox
            rate = settings.confirmations_per_domain or self._some()
            meters.append(limits.Meter("confirmations_per_domain", address.domain.encode(), rate))
        return meters

    def _mailed_meters(self, trust: Trust) -> list[limits.Meter]:
        """What counts against all sign-ups whose mail goes out, and against those that prove less."""
        settings = self._context.limits
        meters = [limits.Meter("confirmations", b"", settings.confirmations)]
        if trust is Trust.UNPROVEN:
            meters.append(self._unproven())
        if trust is not Trust.WORKED and settings.proof_of_work_above is not None:
            meters.append(limits.Meter("proof_of_work_above", b"", settings.proof_of_work_above))
        return meters

    def _held_meters(self) -> list[limits.Meter]:
        """What counts against those that are held: nothing that others need, yet they are not without end."""
        return [self._unproven()]

    def _unproven(self) -> limits.Meter:
        return limits.Meter("unproven_sign_ups", b"", self._context.limits.unproven_sign_ups or self._some())
