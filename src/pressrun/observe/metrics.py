"""Counters for `GET /metrics`: one object a process, with a registry of its own, so that tests never share numbers.

They count the copies of editions, and requests and mails as they look from outside. A mail that one person caused, by
asking for it, changes none of them, from the queue to the connection. Otherwise somebody who reads the metrics could
enter an address somewhere and see whether it is on a list.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from msgspec import Struct
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

from pressrun.core.abuse.sign_up import Verdict
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.upkeep.disk_room import DiskLevel

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Series(Struct, frozen=True):
    """One metric, `pressrun_NAME`; a counter ends in `_total`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


# Lists with series of their own, the oldest first; all later ones share the empty name. Each list has a dozen series.
MOST_LISTS = 100

COUNTERS = (
    Series("alert_program_runs_total", "Runs of the program of `[alerts]`, by outcome: done or failed", ("outcome",)),
    Series("bounces_total", "Copies of editions that bounced, by list and class", ("list", "class")),
    Series("complaints_total", "Readers who reported a copy of an edition as spam, by list", ("list",)),
    Series("deliveries_total", "Copies of editions handed to relays, by outcome", ("outcome",)),
    Series("inbound_total", "Messages received, by kind", ("kind",)),
    Series("http_requests_total", "Web requests, by method, route and status", ("method", "route", "status")),
    Series(
        "sign_ups_total",
        "Sign-ups on the web and by mail, by visible outcome, whatever the address is to a list",
        ("outcome",),
    ),
)
# Those that a background loop measures say so; the others are as they are at the moment of the scrape.
GAUGES = (
    Series("config_reload_successful", "1 if the configuration read last is in effect, 0 after a refused reload"),
    Series("last_backup_timestamp_seconds", "Time of the latest good backup, 0 if none is known"),
    Series("certificate_expiry_timestamp_seconds", "When a certificate that is in use expires", ("use",)),
    Series("data_dir_bytes", "Size of the file system of data_dir; measured every 15 s"),
    Series("data_dir_free_bytes", "Free space for Pressrun on that file system, in whole MiB; measured every 15 s"),
    Series("database_bytes", "Size of the database, in whole MiB; measured every 15 s"),
    Series("database_up", "1 if the database answers; while it does not, numbers of rows are the last known ones"),
    Series("database_wal_bytes", "Size of SQLite's write-ahead log, in whole MiB; measured every 15 s"),
    Series("doctor_findings", "Findings of the latest weekly run of `pressrun doctor`, by severity", ("severity",)),
    Series("doctor_timestamp_seconds", "When the daemon last ran `pressrun doctor`, 0 if not since the start"),
    Series("editions_paused", "Paused editions, by what paused them: itself or person; measured every 15 s", ("by",)),
    Series("event_loop_lag_seconds", "Longest delay of the event loop in the latest 30 to 60 s"),
    Series("inbound_waiting", "Incoming messages that have waited for a minute or longer", ("queue",)),
    Series(
        "lease_seconds_left",
        "For how long this process may still hand out copies if the database does not answer; +Inf without a server",
    ),
    Series("measured_timestamp_seconds", "When the gauges that are measured in the background were last measured"),
    Series("may_send", "1 while this process may hand out copies, 0 after its lease has expired"),
    Series("oldest_due_copy_seconds", "For how long the oldest copy has been due; measured every 15 s"),
    Series("queue", "Copies of unfinished editions, by state", ("state",)),
    Series("inbound_kept", "Received mails that wait for an operator"),
    Series("sign_up_attack", "1 while very many sign-ups are turned away"),
    Series("sign_up_holding", "1 while far more sign-ups come in than usual and are held"),
    Series("ready", "1 while `/readyz` answers 200"),
    Series("readers", "Readers of a list, by state; counted every 15 minutes", ("list", "state")),
    Series("readers_counted_timestamp_seconds", "When readers were last counted"),
    Series("relay_up", "1 for a relay that works or has not been needed yet, 0 for one that fails", ("relay",)),
    Series("requests_set_aside", "Requests from the web that could not be carried out"),
    Series("disk_nearly_full", "1 while the disk is nearly full, so that no edition starts and nothing is imported"),
    Series("loop_failing_seconds", "How long a background loop has been failing, 0 while it works", ("loop",)),
)
_SERVER_ERRORS = ("500", "503")  # of web requests that fail without being wrong themselves
_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class _Process(ProcessCollector):
    """The process as a whole, without its open files: one mail may need a connection to a relay, which is one more."""

    def collect(self) -> Iterable[Metric]:
        return [metric for metric in super().collect() if metric.name != "process_open_fds"]


class Metrics:
    """The counters of the process. Labels hold names of ours and small closed sets, never an address or a token.

    `outcomes`, `kinds` and `classes` are all values that deliveries, received mails and bounces are counted by: each
    exists with 0 from the start, so that the first one is a change.
    """

    def __init__(
        self, version: str, *, outcomes: Iterable[str] = (), kinds: Iterable[str] = (), classes: Iterable[str] = ()
    ) -> None:
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
        self._classes = tuple(classes)
        self._lists: set[str] = set()
        self.name_list("")
        for outcome in outcomes:
            self.count("deliveries_total", outcome, number=0)
        for kind in kinds:
            self.count("inbound_total", kind, number=0)
        for end in ("done", "failed"):
            self.count_alert_run(end, number=0)
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

    def set_all(self, name: str, by_label: Mapping[str, float]) -> None:
        """Set one of GAUGES that has a label, by its values; a value that is not named is gone."""
        self._gauges[name].clear()
        for label, value in by_label.items():
            self._gauges[name].labels(label).set(value)

    def set_readers(self, by_list: Mapping[tuple[str, str], int]) -> None:
        """How many readers each list has in each state. Lists without series of their own are added up."""
        totals: dict[tuple[str, str], int] = {}
        for (name, state), number in by_list.items():
            key = (self.name_list(name), state)
            totals[key] = totals.get(key, 0) + number
        self._gauges["readers"].clear()
        for labels, number in totals.items():
            self._gauges["readers"].labels(*labels).set(number)

    def name_list(self, name: str) -> str:
        """The label of a list: its name or, beyond MOST_LISTS, the empty one. Its counters exist from now on."""
        if name not in self._lists:
            if len(self._lists) > MOST_LISTS:  # the empty one is among them
                return ""
            self._lists.add(name)
            self.count("complaints_total", name, number=0)
            for bounce_class in self._classes:
                self.count("bounces_total", name, bounce_class, number=0)
        return name

    def show_disk(self, level: DiskLevel) -> None:
        """Whether the disk of data_dir is nearly full."""
        self.set("disk_nearly_full", int(level is DiskLevel.NEARLY_FULL))

    def show_findings(self, by_severity: Mapping[str, int], at: float) -> None:
        """How many findings `doctor` had of each severity, and when it ran (UTC seconds)."""
        self.set_all("doctor_findings", by_severity)
        self.set("doctor_timestamp_seconds", at)

    def set_queue(self, by_state: Mapping[str, int]) -> None:
        """How many copies are in each state; a state that is not named is 0 from now on."""
        for state in DeliveryState:
            self._gauges["queue"].labels(state).set(by_state.get(state, 0))

    def count_delivery(self, outcome: str, number: int = 1) -> None:
        """Copies handed to a relay with the same `outcome`, one of those given at the start."""
        self.count("deliveries_total", outcome, number=number)

    def count_alert_run(self, outcome: str, number: int = 1) -> None:
        """A run of the program of `[alerts]` (`done`, `failed`)."""
        self.count("alert_program_runs_total", outcome, number=number)

    def count_bounce(self, list_name: str, bounce: str, number: int = 1) -> None:
        """Copies of editions of a list that bounced, of a class given at the start."""
        self.count("bounces_total", self.name_list(list_name), bounce, number=number)

    def count_complaint(self, list_name: str) -> None:
        """A reader who complained about an edition of a list."""
        self.count("complaints_total", self.name_list(list_name))

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

    def expect_requests(self, requests: Iterable[tuple[str, str]]) -> None:
        """These methods are served at these routes. The counters of their errors exist from now on."""
        for method, route in (*requests, ("other", _NO_ROUTE)):
            for status in _SERVER_ERRORS:
                self.count("http_requests_total", method, route, status, number=0)

    def count_request(self, method: str, route: str, status: int) -> None:
        """One web request; `route` is the pattern, such as `/confirm/{token}`, never the requested path."""
        # Only known methods: clients must not choose how many series there are.
        self.count("http_requests_total", method if method in _METHODS else "other", route, str(status))

    def count_refusal(self, status: int) -> None:
        """One web request that was refused before it had a route, because of a limit or because it is not HTTP."""
        self.count_request("other", _NO_ROUTE, status)

    def render(self) -> bytes:
        """Everything in Prometheus' text format; serve it as CONTENT_TYPE."""
        return generate_latest(self._registry)
