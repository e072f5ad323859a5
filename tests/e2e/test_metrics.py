"""Whoever reads the counters learns nothing about an address: they move alike, whatever it is to a list.

For each thing that anybody may ask for by an address, the counters are read before, and again when all that came of
it has gone out, once for each kind of address.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from urllib.parse import quote

from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import DOMAIN, Instance, until

# What the process takes as a whole: it moves with everything, be it the reading itself.
NOISE = (
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "pressrun_data_dir_free_bytes",  # others write there
    "pressrun_database_bytes",  # in steps of 1 MiB: whoever happens to come next makes it one larger
    "pressrun_database_wal_bytes",  # so is this one
    "pressrun_event_loop_lag_seconds",
    "pressrun_lease_seconds_left",
    "pressrun_measured_timestamp_seconds",
    "pressrun_readers_counted_timestamp_seconds",
)
STRANGER, OFTEN = "stranger@elsewhere.example", "often@elsewhere.example"
ADDRESSES = {
    "stranger": STRANGER,
    "member": READERS[0],
    "pending": "pending@elsewhere.example",
    "left": "left@elsewhere.example",
    "never again": "never@elsewhere.example",
    "hard bounce": "hard@elsewhere.example",
    "complaint": "complained@elsewhere.example",
    "over its limit": OFTEN,
    "refused by the relay": "hard-mailbox@elsewhere.example",
    "deferred by the relay": "soft1-mailbox@elsewhere.example",
}

Ask = Callable[[Instance, str], object]


def by_mail(local: str) -> Ask:
    def ask(instance: Instance, address: str) -> None:
        with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
            client.sendmail(address, [f"{local}@{DOMAIN}"], f"From: {address}\r\n\r\n.\r\n".encode())

    return ask


def bad_links(instance: Instance, address: str) -> None:
    for page in ("confirm", "unsubscribe", "preferences", "unsubscribe/never-again"):
        instance.get(f"/{page}/{quote(address)}")
        instance.post(f"/{page}/{quote(address)}", {"List-Unsubscribe": "One-Click"})


# What anybody may ask for by an address.
REQUESTS: dict[str, Ask] = {
    "POST /NAME/subscribe": lambda instance, address: instance.post("/news/subscribe", {"email": address}),
    "POST /preferences": lambda instance, address: instance.post("/preferences", {"email": address}),
    "confirm and unsubscribe with bad tokens": bad_links,
    "mail to NAME-subscribe": by_mail("news-subscribe"),
    "mail to NAME-unsubscribe": by_mail("news-unsubscribe"),
    "mail to NAME-request": by_mail("news-request"),
}


def counters(instance: Instance) -> dict[str, float]:
    lines = instance.get("/metrics").text.splitlines()
    counters = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    return {name: value for name, value in counters.items() if not name.startswith(NOISE)}


def set_up(instance: Instance) -> None:
    """An address of each kind; none of them has anything on its way."""
    instance.do("subscriber", "add", "news", ADDRESSES["pending"], "--send-confirmation")
    instance.do("subscriber", "add", "news", ADDRESSES["left"])
    instance.do("subscriber", "rm", "news", ADDRESSES["left"])
    for kind, reason in (("never again", "never-again"), ("hard bounce", "hard-bounce"), ("complaint", "complaint")):
        instance.do("suppression", "add", ADDRESSES[kind], "--reason", reason)
    for _ in range(3):
        instance.post("/news/subscribe", {"email": OFTEN})
    settle(instance)


def settle(instance: Instance) -> None:
    """Wait until all that was asked for has been done, and all that came of it has gone out or failed."""
    waiting = (
        "select (select count(*) from pending_request) + (select count(*) from inbound where state = 'received') + "
    )
    waiting += "(select count(*) from delivery where state in ('queued', 'claimed', 'deferred'))"
    until(lambda: instance.rows(waiting) == [0])


def test_they_move_alike_whatever_an_address_is_to_a_list(make_instance: MakeInstance) -> None:
    limits = {"sign_ups_per_ip": "1000/h", "preference_links_per_ip": "1000/h", "replies_per_sender": "1000/h"}
    instance = make_instance(limits=limits)
    instance.start()
    set_up(instance)
    counters(instance)  # the request for them is a series of its own from now on
    mailed = len(instance.lines())
    for name, ask in REQUESTS.items():
        changes = {}
        for kind, address in ADDRESSES.items():
            before = counters(instance)
            ask(instance, address)
            settle(instance)
            moved = {series: value - before.get(series, 0) for series, value in counters(instance).items()}
            changes[kind] = {series: by for series, by in moved.items() if by}
        for kind, change in changes.items():
            assert changes["stranger"] == change, f"{name}, {kind}"
        assert any("_total" in series for series in changes["stranger"]), name
    assert mailed + 10 < len(instance.lines())  # many of them were mailed


def test_they_tell_of_editions(make_instance: MakeInstance) -> None:
    instance = make_instance()
    instance.start()
    before = counters(instance)
    instance.send()
    instance.await_mails(len(READERS))
    name = 'pressrun_deliveries_total{outcome="delivered"}'
    until(lambda: counters(instance)[name] == len(READERS))
    assert 0.0 == before[name]
    assert {0.0} == {value for series, value in before.items() if series.startswith("pressrun_queue")}


def test_errors_are_counted_from_0_at_every_route(instance: Instance) -> None:
    """Before anybody has asked for a page. There are few enough of them for each scrape."""
    instance.start()
    lines = instance.get("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("pressrun_http_requests_total{")]
    member = "/api/v1/lists/{list}/subscribers/{address}"
    for method, route in (("POST", "/{name}/subscribe"), ("GET", "/admin/people"), ("PUT", member), ("GET", "none")):
        assert f'pressrun_http_requests_total{{method="{method}",route="{route}",status="500"}} 0.0' in counted
    assert 200 < len(counted) < 1000
