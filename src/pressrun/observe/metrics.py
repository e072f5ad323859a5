"""Counters for `GET /metrics`: one object a process, with a registry of its own, so that tests never share numbers.

They tell of the copies of editions, and of requests and mails as they look from outside. What is mailed to one person
because somebody asked for it moves none of them, from the queue to the connection: else whoever reads them could ask
for an address, and see what it is to a list.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

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


class _Process(ProcessCollector):
    """The process as a whole, without its open files: a connection to a relay, which one mail may need, is one more."""

    def collect(self) -> Iterable[Metric]:
        return [metric for metric in super().collect() if metric.name != "process_open_fds"]


class Metrics:
    """What the process counts. Labels hold names of ours and small closed sets, never an address or a token.

    `outcomes` and `kinds` are all that hand-overs and received mails are counted as: each is there with 0 from the
    start, so that a first one is a change.
    """

    def __init__(self, version: str, *, outcomes: Iterable[str] = (), kinds: Iterable[str] = ()) -> None:
        # A second series for each counter, which Prometheus needs for nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry(auto_describe=True)
        _Process(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._info = Info("pressrun", "The version that answers", registry=self._registry)
        self._info.info({"version": version, "python": sys.version.split()[0]})
        self._reload = Gauge(
            "pressrun_config_reload_successful",
            "1 while the configuration that was read last is in force, 0 after a reload that was refused",
            registry=self._registry,
        )
        self._deliveries = Counter(
            "pressrun_deliveries_total",
            "Hand-overs of copies of editions to relays by outcome",
            ["outcome"],
            registry=self._registry,
        )
        self._by_outcome: dict[str, Counter] = {}  # looking a label up costs more than counting
        self._queue = Gauge(
            "pressrun_queue",
            "Copies of editions that are not over by state",
            ["state"],
            registry=self._registry,
        )
        self._inbound = Counter(
            "pressrun_inbound_total",
            "Messages received by kind",
            ["kind"],
            registry=self._registry,
        )
        self._kept = Gauge("pressrun_inbound_kept", "Received mails that wait for an operator", registry=self._registry)
        self._requests = Counter(
            "pressrun_http_requests_total",
            "Web requests by method, route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._sign_ups = Counter(
            "pressrun_sign_ups_total",
            "Sign-ups on the web and by mail by what shows of them, whatever the address is to a list",
            ["outcome"],
            registry=self._registry,
        )
        self._attack = Gauge(
            "pressrun_sign_up_attack",
            "1 while very many sign-ups are turned away",
            registry=self._registry,
        )
        self._holding = Gauge(
            "pressrun_sign_up_holding",
            "1 while far more sign-ups come in than usual and are held",
            registry=self._registry,
        )
        self._by_request: dict[tuple[str, str, int], Counter] = {}
        self._relays_up = Gauge(
            "pressrun_relay_up",
            "1 for a relay that works or has not been needed yet, 0 for one that fails",
            ["relay"],
            registry=self._registry,
        )
        self._set_aside = Gauge(
            "pressrun_requests_set_aside",
            "Requests from the web that could not be carried out",
            registry=self._registry,
        )
        self._loops = Gauge(
            "pressrun_loop_failing_seconds",
            "For how long a background loop has failed, 0 while it is well",
            ["loop"],
            registry=self._registry,
        )

        for outcome in outcomes:
            self._deliveries.labels(outcome)
        for kind in kinds:
            self._inbound.labels(kind)
        for verdict in Verdict:
            if verdict is not Verdict.LIMITED:
                self._sign_ups.labels(verdict)
        self.set_queue({})

    def set_requests_aside(self, number: int) -> None:
        """How many requests from the web could not be carried out."""
        self._set_aside.set(number)

    def set_loops(self, by_name: Mapping[str, float]) -> None:
        """For how long each background loop has failed."""
        for name, seconds in by_name.items():
            self._loops.labels(name).set(seconds)

    def show_reload(self, is_successful: bool) -> None:
        """Whether what the configuration said when it was last read is in force."""
        self._reload.set(int(is_successful))

    def count_delivery(self, outcome: str, number: int = 1) -> None:
        """One hand-over of a copy, or more of the same `outcome`, which is one of those given at the start."""
        counter = self._by_outcome.get(outcome)
        if counter is None:
            counter = self._by_outcome[outcome] = self._deliveries.labels(outcome)
        counter.inc(number)

    def set_queue(self, by_state: Mapping[str, int]) -> None:
        """How many copies stand in each state; a state that is not named is 0 from now on."""
        for state in DeliveryState:
            self._queue.labels(state).set(by_state.get(state, 0))

    def count_inbound(self, kind: str) -> None:
        """One received message (`post`, `command`, `bounce`, `complaint`, `refused` …)."""
        self._inbound.labels(kind).inc()

    def set_kept(self, number: int) -> None:
        """How many received mails wait for an operator."""
        self._kept.set(number)

    def count_sign_up(self, outcome: str) -> None:
        """One sign-up (`taken`, `held`, `ignored`, `throttled`)."""
        self._sign_ups.labels(outcome).inc()

    def show_attack(self, is_on: bool) -> None:
        """Whether somebody uses the sign-up forms against others now."""
        self._attack.set(int(is_on))

    def show_holding(self, is_on: bool) -> None:
        """Whether sign-ups are held now."""
        self._holding.set(int(is_on))

    def count_request(self, method: str, route: str, status: int) -> None:
        """One web request; `route` is the pattern, such as `/confirm/{token}`, never the path that was asked for."""
        method = method if method in _METHODS else "other"  # or others would choose how many there are
        counter = self._by_request.get((method, route, status))
        if counter is None:
            counter = self._requests.labels(method, route, str(status))
            self._by_request[method, route, status] = counter
        counter.inc()

    def set_relays_up(self, by_name: Mapping[str, bool]) -> None:
        """Which relays work; one that is not named has left the configuration."""
        self._relays_up.clear()
        for relay, is_up in by_name.items():
            self._relays_up.labels(relay).set(int(is_up))

    def render(self) -> bytes:
        """Everything in Prometheus' text format; serve it as CONTENT_TYPE."""
        return generate_latest(self._registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
