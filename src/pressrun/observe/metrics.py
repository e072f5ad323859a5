"""Counters for `GET /metrics`: one object a process, with a registry of its own, so that tests never share numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Info, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What the process counts. Labels hold names of ours and small closed sets, never an address or a token."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._info = Info("pressrun", "The version and process that answer", registry=self._registry)
        self._info.info({"version": version, "pid": str(os.getpid()), "python": sys.version.split()[0]})
        self._reload = Gauge(
            "pressrun_config_reload_successful",
            "1 while the configuration that was read last is in force, 0 after a reload that was refused",
            registry=self._registry,
        )
        self._deliveries = Counter(
            "pressrun_deliveries_total",
            "Hand-overs to relays by outcome",
            ["outcome"],
            registry=self._registry,
        )
        self._by_outcome: dict[str, Counter] = {}  # looking a label up costs more than counting
        self._queue = Gauge(
            "pressrun_queue",
            "Copies of editions that are not over, and notices that have to go out, by state",
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
            "Sign-ups on the web and by mail by what became of them, whatever the address is to a list",
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
        self._held = Gauge("pressrun_sign_ups_held", "Sign-ups that wait for an operator", registry=self._registry)
        self._by_request: dict[tuple[str, str, int], Counter] = {}
        self._connections = Gauge(
            "pressrun_relay_connections",
            "Open connections by relay",
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
        """One hand-over, or more of the same outcome (`delivered`, `deferred`, `refused`, `unknown`, `unsent`)."""
        counter = self._by_outcome.get(outcome)
        if counter is None:
            counter = self._by_outcome[outcome] = self._deliveries.labels(outcome)
        counter.inc(number)

    def set_queue(self, by_state: Mapping[str, int]) -> None:
        """How many copies stand in each state; a state that is not named is 0 from now on."""
        self._queue.clear()
        for state, number in by_state.items():
            self._queue.labels(state).set(number)

    def count_inbound(self, kind: str) -> None:
        """One received message (`post`, `command`, `bounce`, `complaint`, `refused` …)."""
        self._inbound.labels(kind).inc()

    def set_kept(self, number: int) -> None:
        """How many received mails wait for an operator."""
        self._kept.set(number)

    def count_sign_up(self, outcome: str) -> None:
        """One sign-up (`taken`, `held`, `limited`, `ignored`, `throttled`)."""
        self._sign_ups.labels(outcome).inc()

    def show_attack(self, is_on: bool) -> None:
        """Whether somebody uses the sign-up forms against others now."""
        self._attack.set(int(is_on))

    def show_holding(self, is_on: bool) -> None:
        """Whether sign-ups are held now."""
        self._holding.set(int(is_on))

    def set_held(self, number: int) -> None:
        """How many sign-ups wait for an operator."""
        self._held.set(number)

    def count_request(self, method: str, route: str, status: int) -> None:
        """One web request; `route` is the pattern, such as `/confirm/{token}`, never the path that was asked for."""
        method = method if method in _METHODS else "other"  # or others would choose how many there are
        counter = self._by_request.get((method, route, status))
        if counter is None:
            counter = self._requests.labels(method, route, str(status))
            self._by_request[method, route, status] = counter
        counter.inc()

    def set_relay_connections(self, relay: str, number: int) -> None:
        """How many connections to a relay are open."""
        self._connections.labels(relay).set(number)

    def forget_relay(self, relay: str) -> None:
        """A relay left the configuration."""
        self._connections.remove(relay)

    def render(self) -> bytes:
        """Everything in Prometheus' text format; serve it as CONTENT_TYPE."""
        return generate_latest(self._registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
