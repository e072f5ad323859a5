"""The counters, read back by the reference parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from pressrun.observe.metrics import Metrics


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
    metrics.set_relay_connections("primary", 3)
    samples = _samples(metrics)
    expected = {
        ("pressrun_deliveries_total", ("delivered",)): 3.0,
        ("pressrun_queue", ("queued",)): 5.0,
        ("pressrun_queue", ("deferred",)): 1.0,
        ("pressrun_inbound_total", ("bounce",)): 1.0,
        ("pressrun_http_requests_total", ("/confirm/{token}", "200", "GET")): 1.0,
        ("pressrun_relay_connections", ("primary",)): 3.0,
    }
    assert expected == {key: samples.get(key) for key in expected}
    assert "1.2.3" in metrics.render().decode()


def test_a_state_that_is_empty_is_gone() -> None:
    """The queue is what it is now, not what it once was."""
    metrics = Metrics("1")
    metrics.set_queue({"queued": 5})
    metrics.set_queue({"deferred": 1})
    assert {key for key in _samples(metrics) if key[0] == "pressrun_queue"} == {("pressrun_queue", ("deferred",))}


def test_a_relay_that_left_is_gone() -> None:
    """A reload may take a relay out."""
    metrics = Metrics("1")
    metrics.set_relay_connections("primary", 3)
    metrics.forget_relay("primary")
    assert not [key for key in _samples(metrics) if key[0] == "pressrun_relay_connections"]


def test_a_made_up_method_makes_no_new_series() -> None:
    """Strangers cannot fill the memory with names of their own."""
    metrics = Metrics("1")
    metrics.count_request("BREW", "other", 405)
    metrics.count_request("MILK", "other", 405)
    assert _samples(metrics)["pressrun_http_requests_total", ("405", "other", "other")] == 2.0


def test_two_processes_share_nothing() -> None:
    """Each object has a registry of its own."""
    one, other = Metrics("1"), Metrics("2")
    one.count_inbound("post")
    assert ("pressrun_inbound_total", ("post",)) not in _samples(other)
