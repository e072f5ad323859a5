"""The counters, read back by the reference parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from pressrun.core.bounces.classes import FAILURES
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.observe.metrics import MOST_LISTS, Metrics
from pressrun.services.incoming.mail_processing import KINDS
from pressrun.smtp.handover import Outcome


def _samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode("utf-8"))
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("pressrun")
    }


def test_everything_that_is_counted_is_shown() -> None:
    """Names and labels are those that operators' dashboards know."""
    metrics = Metrics("1.2.3")
    metrics.count_delivery("delivered")
    metrics.count_delivery("delivered", 2)
    metrics.set_queue({"queued": 5, "deferred": 1})
    metrics.count_inbound("bounce")
    metrics.count_request("GET", "/confirm/{token}", 200)
    samples = _samples(metrics)
    expected = {
        ("pressrun_deliveries_total", ("delivered",)): 3.0,
        ("pressrun_queue", ("queued",)): 5.0,
        ("pressrun_queue", ("deferred",)): 1.0,
        ("pressrun_inbound_total", ("bounce",)): 1.0,
        ("pressrun_http_requests_total", ("/confirm/{token}", "200", "GET")): 1.0,
    }
    assert expected == {key: samples.get(key) for key in expected}
    assert "1.2.3" in metrics.render().decode()


def test_a_state_that_is_empty_is_0() -> None:
    """The gauge shows the queue as it is now."""
    metrics = Metrics("1")
    metrics.set_queue({"queued": 5})
    metrics.set_queue({"deferred": 1})
    queue = {labels[0]: value for (name, labels), value in _samples(metrics).items() if name == "pressrun_queue"}
    assert {"deferred": 1.0} == {state: value for state, value in queue.items() if value}
    assert {state.value for state in DeliveryState} == set(queue)


def test_what_can_be_counted_is_there_from_the_start() -> None:
    """Series start at 0, so that the first event shows as a rise; no `_created` series exist."""
    metrics = Metrics("1", outcomes=Outcome, kinds=KINDS, classes=FAILURES)
    metrics.name_list("news")
    samples = _samples(metrics)
    wanted: set[tuple[str, tuple[str, ...]]]
    wanted = {("pressrun_deliveries_total", (outcome.value,)) for outcome in Outcome}
    wanted |= {("pressrun_inbound_total", (kind,)) for kind in KINDS}
    wanted |= {("pressrun_sign_ups_total", (name,)) for name in ("taken", "held", "ignored", "throttled")}
    wanted |= {("pressrun_alert_program_runs_total", (outcome,)) for outcome in ("done", "failed")}
    lists = ("", "news")
    wanted |= {("pressrun_bounces_total", tuple(sorted((name, failure)))) for name in lists for failure in FAILURES}
    wanted |= {("pressrun_complaints_total", (name,)) for name in lists}
    assert dict.fromkeys(wanted, 0.0) == {key: value for key, value in samples.items() if key[0].endswith("_total")}
    assert not [name for name, _ in samples if name.endswith("_created")]


def test_errors_of_pages_start_at_0_once_their_routes_are_known() -> None:
    """A burst of errors on a page that nobody has used since the start must show as a rise."""
    metrics = Metrics("1")
    metrics.count_request("POST", "/{name}/subscribe", 503)
    metrics.expect_requests({("GET", "/{name}"), ("POST", "/{name}/subscribe")})
    counted = {labels: value for (name, labels), value in _samples(metrics).items() if "http_requests" in name}
    assert {
        ("/{name}", "500", "GET"): 0.0,
        ("/{name}", "503", "GET"): 0.0,
        ("/{name}/subscribe", "500", "POST"): 0.0,
        ("/{name}/subscribe", "503", "POST"): 1.0,
        ("500", "none", "other"): 0.0,
        ("503", "none", "other"): 0.0,
    } == counted


def test_only_so_many_lists_have_series_of_their_own() -> None:
    """Those beyond share one, so that nothing is left out and the page stays small."""
    metrics = Metrics("1", classes=FAILURES)
    names = [f"list-{number}" for number in range(MOST_LISTS + 2)]
    for name in names:
        metrics.count_complaint(name)
    metrics.set_readers(dict.fromkeys([(name, "active") for name in names], 5))
    samples = _samples(metrics)
    counted = {labels[0]: value for (name, labels), value in samples.items() if name == "pressrun_complaints_total"}
    assert {**dict.fromkeys(names[:MOST_LISTS], 1.0), "": 2.0} == counted
    assert 10.0 == samples["pressrun_readers", ("", "active")]
    assert 5.0 == samples["pressrun_readers", ("active", "list-0")]


def test_a_relay_that_left_the_configuration_is_gone() -> None:
    metrics = Metrics("1")
    metrics.set_all("relay_up", {"one": 1, "two": 0})
    metrics.set_all("relay_up", {"two": 1})
    relays = {labels: value for (name, labels), value in _samples(metrics).items() if name == "pressrun_relay_up"}
    assert {("two",): 1.0} == relays


def test_of_the_process_nothing_shows_that_one_connection_changes() -> None:
    names = {line.split()[0].split("{")[0] for line in Metrics("1").render().decode().splitlines()}
    assert {"process_start_time_seconds", "process_max_fds", "pressrun_info"} <= names
    assert not {"process_open_fds", "python_gc_objects_collected_total", "pressrun_relay_connections"} & names
    assert "pid=" not in Metrics("1").render().decode()


def test_a_made_up_method_makes_no_new_series() -> None:
    """Clients cannot fill the memory with made-up methods."""
    metrics = Metrics("1")
    metrics.count_request("BREW", "other", 405)
    metrics.count_request("MILK", "other", 405)
    assert _samples(metrics)["pressrun_http_requests_total", ("405", "other", "other")] == 2.0


def test_two_processes_share_nothing() -> None:
    """Each object has a registry of its own."""
    metrics, other = Metrics("1"), Metrics("2")
    metrics.count_inbound("post")
    assert ("pressrun_inbound_total", ("post",)) not in _samples(other)
