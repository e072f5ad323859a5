"""Limits on the mail that a sign-up may cause, on the web and by mail together.

They count every address alike, by keyed hashes, so what was counted shows nobody who is a member. The operator hears,
once, when very many sign-ups are refused, and when far more come in than usual.
"""

from __future__ import annotations

import logging
import math

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.abuse.rate_anomaly import HOUR_SECONDS, RateAnomaly, first_hour, usual_peak
from pressrun.core.abuse.sign_up import AttackDetector, AttackTerms, Trust, Verdict
from pressrun.core.addresses.address import Address
from pressrun.core.addresses.doubtful import is_disposable, is_role
from pressrun.core.pacing.providers import provider_of
from pressrun.core.quantities import Rate
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.ports import UNOBSERVED, SignUpObserver
from pressrun.services.settings import IGNORE
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.readers")

# Where no other limit is set, one domain, or the unproven sign-ups, may use this share of all confirmations, but at
# least this many, or a small limit would become two.
_SHARE, _LEAST = 2, 500


class _Arrivals(Struct, frozen=True, kw_only=True):
    """The sign-ups in an hour so far and in the one before, and how many the busiest hour usually has."""

    hour: int = -1
    number: int = 0
    before: int = 0
    usual: int = 0


class AbuseLimits:
    """Decides about sign-ups, and counts the decisions once they are on record."""

    def __init__(self, context: ServiceContext, observer: SignUpObserver = UNOBSERVED) -> None:
        self._context = context
        self._observer = observer
        self._attack = AttackDetector(AttackTerms())
        self._anomaly = RateAnomaly()
        self._arrivals = _Arrivals()
        self._work_until = 0.0

    def admit(self, tx: Transaction, address: Address, trust: Trust, now: float) -> Verdict:
        """Decide about a sign-up. One whose mail may go out, now or later, is counted against the limits."""
        if self._is_unwanted(address, trust):
            tx.after_commit(self._record, Verdict.IGNORED, now, Verdict.IGNORED)
            return Verdict.IGNORED
        arrivals = self._count_arrival(tx, now)
        is_held = self._would_hold(arrivals, now) and trust is not Trust.WORKED
        meters = [self._unproven()] if is_held else self._mailed_meters(trust)
        shown = Verdict.HELD if is_held else Verdict.ACCEPTED
        is_within = limits.spend(tx, [*self._address_meters(address), *meters], now)
        verdict = shown if is_within else Verdict.LIMITED
        tx.after_commit(self._watch, arrivals, now, self._work_ends_at(tx, now))
        tx.after_commit(self._record, verdict, now, shown)
        return verdict

    def opens_at(self, tx: Transaction, address: Address, trust: Trust, now: float) -> float | None:
        """When a mail that a limit forbids now may go out; None if no limit forbids it."""
        return limits.opens_at(tx, [*self._address_meters(address), *self._mailed_meters(trust)], now)

    def requires_work(self, now: float) -> bool:
        """Whether our own page makes the browser work now."""
        return self._anomaly.is_on or (self._context.limits.proof_of_work_above is not None and now < self._work_until)

    def throttle(self, tx: Transaction, network: str, now: float) -> float | None:
        """Count a sign-up against its network, or return when the next one is accepted if there are too many."""
        meters = [Meter("sign_ups_per_ip", network.encode(), self._context.limits.sign_ups_per_ip)]
        if limits.spend(tx, meters, now):
            return None
        tx.after_commit(self._record, Verdict.THROTTLED, now, Verdict.THROTTLED)
        return limits.opens_at(tx, meters, now)

    def _record(self, verdict: Verdict, now: float, shown: Verdict) -> None:
        """Count a decision, and log when an attack begins with it.

        The metric counts `shown`: a limit reveals what was asked for an address before, so it must not be visible.
        """
        self._observer.count_sign_up(shown)
        if verdict not in (Verdict.ACCEPTED, Verdict.HELD) and self._attack.record_refusal(now):
            event(log, "subscription.attack", level=logging.WARNING)
            self._observer.show_attack(True)

    def poll(self, now: float) -> None:
        """Log when an attack is over, and when sign-ups are as usual again."""
        self._update_anomaly(now)
        if self._attack.poll(now):
            event(log, "subscription.attack_over", level=logging.WARNING)
            self._observer.show_attack(False)

    # ------------------------------------------------------------------ more sign-ups than usual

    def _count_arrival(self, tx: Transaction, now: float) -> _Arrivals:
        """Count a sign-up in its hour."""
        hour = int(now // HOUR_SECONDS)
        number = limits.count_sign_up(tx, hour)
        if hour == self._arrivals.hour:
            return replace(self._arrivals, number=number)
        past = limits.sign_ups_since(tx, first_hour(now))
        return _Arrivals(hour=hour, number=number, before=past.get(hour - 1, 0), usual=usual_peak(past, hour))

    def _would_hold(self, arrivals: _Arrivals, now: float) -> bool:
        """Whether these are far more sign-ups than usual, which `_watch` finds once they are on record."""
        trial = replace(self._anomaly)
        trial.count(arrivals.hour, arrivals.number, arrivals.before)
        trial.update(now, self._threshold(arrivals.usual))
        return trial.is_on

    def _watch(self, arrivals: _Arrivals, now: float, work_until: float) -> None:
        self._arrivals, self._work_until = arrivals, work_until
        self._anomaly.count(arrivals.hour, arrivals.number, arrivals.before)
        self._update_anomaly(now)

    def _threshold(self, usual: int) -> float | None:
        """How many sign-ups an hour are far more than usual; None when none are held."""
        times, floor = self._context.limits.hold_sign_ups_above, self._context.limits.hold_sign_ups_floor
        return None if times is None else max(floor, times * usual)

    def _update_anomaly(self, now: float) -> None:
        if not self._anomaly.update(now, self._threshold(self._arrivals.usual)):
            return
        is_on = self._anomaly.is_on
        name = "subscription.holding" if is_on else "subscription.holding_over"
        event(log, name, level=logging.WARNING, usual_per_hour=self._arrivals.usual)
        self._observer.show_holding(is_on)

    def _work_ends_at(self, tx: Transaction, now: float) -> float:
        """Until when to ask for work: from half of the limit on, or a page fetched just before would exceed it."""
        rate = self._context.limits.proof_of_work_above
        if rate is None:
            return 0.0
        half = Rate(math.ceil(rate.count / 2), rate.seconds)
        return limits.opens_at(tx, [Meter("proof_of_work_above", b"", half)], now) or 0.0

    # ------------------------------------------------------------------ what is counted

    def _is_unwanted(self, address: Address, trust: Trust) -> bool:
        settings = self._context.limits
        if trust is Trust.TRAP:
            return True
        if settings.disposable_addresses == IGNORE and is_disposable(address.domain, settings.disposable_domains):
            return True
        return settings.role_addresses == IGNORE and is_role(address.local)

    def _address_meters(self, address: Address) -> list[Meter]:
        """What counts against the recipient of the mail."""
        meters = [self._context.meter_of("confirmations_per_address", address)]
        if not provider_of(address.domain):  # the domain of a provider belongs to nobody
            rate = self._context.limits.confirmations_per_domain or self._default_share()
            meters.append(Meter("confirmations_per_domain", address.domain.encode(), rate))
        return meters

    def _mailed_meters(self, trust: Trust) -> list[Meter]:
        """What counts against all sign-ups whose mail goes out, and against those that prove less."""
        settings = self._context.limits
        meters = [Meter("confirmations", b"", settings.confirmations)]
        if trust is Trust.UNPROVEN:
            meters.append(self._unproven())
        if trust is not Trust.WORKED and settings.proof_of_work_above is not None:
            meters.append(Meter("proof_of_work_above", b"", settings.proof_of_work_above))
        return meters

    def _unproven(self) -> Meter:
        return Meter("unproven_sign_ups", b"", self._context.limits.unproven_sign_ups or self._default_share())

    def _default_share(self) -> Rate:
        limit = self._context.limits.confirmations
        return Rate(max(_LEAST, limit.count // _SHARE), limit.seconds)
