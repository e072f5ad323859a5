"""Counters for `GET /metrics`: one object a process, with a registry of its own, so that tests never share numbers.

They count the copies of editions, and requests and mails as they look from outside. A mail that one person caused, by
asking for it, changes none of them, from the queue to the connection. Otherwise whoever reads them could enter an
address somewhere and see whether it is on a list.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Info,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

from pressrun.core.delivery import DeliveryState
from pressrun.core.sign_up import Verdict

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Series:
    """One metric, `pressrun_NAME`; a counter ends in `_total`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


COUNTERS = (
    Series("deliveries_total", "Copies of editions handed to relays, by outcome", ("outcome",)),
    Series("inbound_total", "Messages received, by kind", ("kind",)),
    Series("http_requests_total", "Web requests, by method, route and status", ("method", "route", "status")),
    Series(
        "sign_ups_total",
        "Sign-ups on the web and by mail, by visible outcome, whatever the address is to a list",
        ("outcome",),
    ),
)
GAUGES = (
    Series("config_reload_successful", "1 if the configuration read last is in effect, 0 after a refused reload"),
    Series("last_backup_timestamp_seconds", "The moment that the last good backup shows, 0 if none is known"),
    Series("database_up", "1 if the database answers; while it does not, numbers of rows are the last known ones"),
    Series("queue", "Copies of unfinished editions, by state", ("state",)),
    Series("inbound_kept", "Received mails that wait for an operator"),
    Series("sign_up_attack", "1 while very many sign-ups are turned away"),
    Series("sign_up_holding", "1 while far more sign-ups come in than usual and are held"),
    Series("relay_up", "1 for a relay that works or has not been needed yet, 0 for one that fails", ("relay",)),
    Series("requests_set_aside", "Requests from the web that could not be carried out"),
    Series("loop_failing_seconds", "How long a background loop has been failing, 0 while it works", ("loop",)),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class _Process(ProcessCollector):
    """The process as a whole, without its open files: one mail may need a connection to a relay, which is one more."""

    def collect(self) -> Iterable[Metric]:
        return [metric for metric in super().collect() if metric.name != "process_open_fds"]


class Metrics:
    """The counters of the process. Labels hold names of ours and small closed sets, never an address or a token.

    `outcomes` and `kinds` are all values that deliveries and received mails are counted by: each exists with 0 from the
    start, so that the first one is a change.
    """

    def __init__(self, version: str, *, outcomes: Iterable[str] = (), kinds: Iterable[str] = ()) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nothing needs
        self._registry = CollectorRegistry(auto_describe=True)
        _Process(registry=self._registry)
        PlatformCollector(registry=self._registry)
        info = Info("pressrun", "The version that answers", registry=self._registry)
        info.info({"version": version, "python": sys.version.split()[0]})
        self._counters = {
            each.name: Counter(f"pressrun_{each.name}", each.help, each.labels, registry=self._registry)
            for each in COUNTERS
        }
        self._gauges = {
            each.name: Gauge(f"pressrun_{each.name}", each.help, each.labels, registry=self._registry)
            for each in GAUGES
        }
        self._labelled: dict[tuple[str, ...], Counter] = {}  # looking a label up costs more than counting
        for outcome in outcomes:
            self.count("deliveries_total", outcome, number=0)
        for kind in kinds:
            self.count("inbound_total", kind, number=0)
        for verdict in Verdict:
            if verdict is not Verdict.LIMITED:
                self.count("sign_ups_total", verdict, number=0)
        self.set_queue({})

    def count(self, name: str, *labels: str, number: int = 1) -> None:
        """Add to one of COUNTERS, under these values of its labels."""
        counter = self._labelled.get((name, *labels))
        if counter is None:
            counter = self._labelled[name, *labels] = self._counters[name].labels(*labels)
        counter.inc(number)

    def set(self, name: str, value: float) -> None:
        """Set one of GAUGES that has no labels."""
        self._gauges[name].set(value)

    def set_loops(self, by_name: Mapping[str, float]) -> None:
        """How long each background loop has been failing."""
        for name, seconds in by_name.items():
            self._gauges["loop_failing_seconds"].labels(name).set(seconds)

    def set_queue(self, by_state: Mapping[str, int]) -> None:
        """How many copies are in each state; a state that is not named is 0 from now on."""
        for state in DeliveryState:
            self._gauges["queue"].labels(state).set(by_state.get(state, 0))

    def set_relays_up(self, by_name: Mapping[str, bool]) -> None:
        """Which relays work; one that is not named has left the configuration."""
        self._gauges["relay_up"].clear()
        for relay, is_up in by_name.items():
            self._gauges["relay_up"].labels(relay).set(int(is_up))

    def count_delivery(self, outcome: str, number: int = 1) -> None:
        """Copies handed to a relay with the same `outcome`, one of those given at the start."""
        self.count("deliveries_total", outcome, number=number)

    def count_inbound(self, kind: str) -> None:
        """One received message (`post`, `command`, `bounce`, `complaint`, `refused` …)."""
        self.count("inbound_total", kind)

    def count_sign_up(self, outcome: str) -> None:
        """One sign-up (`taken`, `held`, `ignored`, `throttled`)."""
        self.count("sign_ups_total", outcome)

    def show_attack(self, is_on: bool) -> None:
        """Whether somebody uses the sign-up forms against others now."""
        self.set("sign_up_attack", int(is_on))

    def show_holding(self, is_on: bool) -> None:
        """Whether sign-ups are held now."""
        self.set("sign_up_holding", int(is_on))

    def count_request(self, method: str, route: str, status: int) -> None:
        """One web request; `route` is the pattern, such as `/confirm/{token}`, never the requested path."""
        # Only known methods: clients must not choose how many series there are.
        self.count("http_requests_total", method if method in _METHODS else "other", route, str(status))

    def render(self) -> bytes:
        """Everything in Prometheus' text format; serve it as CONTENT_TYPE."""
        return generate_latest(self._registry)
