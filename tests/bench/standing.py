"""What the daemon needs beside speed: memory, time for its pages, and a start with a full queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.asker import Asker
from tests.bench.contest import Contender, rate_of
from tests.bench.newsroom import EDITION, Newsroom
from tests.bench.visitors import percentile, unsubscribe_paths
from tests.database import execute_at
from tests.e2e.instance import Instance, until
from tests.sink import Sink

MEGABYTE = 1_000_000
_FIRST_COPIES = 500
# Rows as an edition to so many readers makes them; the few that are there were made by the daemon itself.
_FILL = """
insert into subscriber (address, address_key, domain, suppression_digest, name, created_at)
select 'q' || i || '@inbox' || (i % 97) || '.example', 'q' || i || '@inbox' || (i % 97) || '.example',
  'inbox' || (i % 97) || '.example', randomblob(32), 'Reader ' || i, 1 from
  (with recursive counting(i) as (select 1 union all select i + 1 from counting where i < {copies})
  select i from counting);
insert into subscription (list_id, subscriber_id, state, source, since)
select 1, id, 'active', 'import', 1 from subscriber where address like 'q%';
insert into delivery (edition_id, subscription_id, domain, state, due_at)
select {edition}, subscription.id, subscriber.domain, 'queued', {now}
from subscription join subscriber on subscriber.id = subscriber_id where address like 'q%';
update edition set audience = audience + {copies} where id = {edition};
"""


def memory(newsroom: Newsroom, readers: int) -> list[Contender]:
    """Peak resident memory over one edition, of the daemon itself and of a worker: one run gives both."""
    workers: list[float] = []

    def run(folder: Path) -> float:
        with newsroom.opened(folder, readers) as (instance, sink):
            daemon = instance.start()
            instance.send(EDITION, "--wait")
            peak = daemon.peak_kib() * 1024 / MEGABYTE
            workers.append(daemon.peak_kib("pressrun.delivery.worker") * 1024 / MEGABYTE)
            daemon.stop()
            sink.ask("XFLUSH")
            rate_of(sink.log, readers)
        return peak

    own = Contender(
        key=f"memory-{readers}", name=f"Peak memory, {readers:,} readers", unit="MB", readers=readers, run=run
    )
    name = f"Peak memory of a worker, {readers:,} readers"
    beside = Contender(key=f"worker-memory-{readers}", name=name, unit="MB", readers=readers, run=lambda _: workers[-1])
    return [own, beside]


def pages(newsroom: Newsroom, readers: int) -> list[Contender]:
    """The p99 of the unsubscribe page by GET and POST during an edition: one run gives both."""
    post: list[float] = []

    def run(folder: Path) -> float:
        silent = {"undo_unsubscribe_lifetime": "0s"}  # no mails but the copies, which are counted
        with newsroom.opened(folder, readers, "--grab", "List-Unsubscribe", tokens=silent) as (instance, sink):
            daemon = instance.start()
            got, posted = _visited(instance, sink)
            daemon.stop()
            sink.ask("XFLUSH")
            rate_of(sink.log, readers)
        post.append(percentile(posted, 0.99))
        return percentile(got, 0.99)

    first = Contender(key="get", name="GET of the unsubscribe page, p99", unit="ms", readers=readers, run=run)
    second = Contender(
        key="post", name="POST of the unsubscribe page, p99", unit="ms", readers=readers, run=lambda _: post[-1]
    )
    return [first, second]


def _visited(instance: Instance, sink: Sink) -> tuple[list[float], list[float]]:
    sending = threading.Thread(target=lambda: instance.send(EDITION, "--wait"))
    sending.start()
    until(lambda: sink.stats()["recipients"] >= _FIRST_COPIES or None, 60.0)
    paths = unsubscribe_paths(sink)
    half = len(paths) // 2
    getting = Asker(instance.http_port, paths[:half])
    posting = Asker(instance.http_port, paths[half:], "POST")
    with getting, posting:
        sending.join()
    return getting.seconds, posting.seconds


def start_to_ready(newsroom: Newsroom, folder: Path, copies: int) -> Contender:
    """Seconds from the start of the process to READY=1 with so many copies queued, by a database filled once."""

    def run(_: Path) -> float:
        instance = filled()
        began = time.perf_counter()
        daemon = instance.start()
        seconds = time.perf_counter() - began
        daemon.stop()
        return seconds

    filled = _filled_once(newsroom, folder, copies)
    return Contender(key="ready", name=f"Start to ready, {copies:,} copies queued", unit="s", readers=copies, run=run)


def _filled_once(newsroom: Newsroom, folder: Path, copies: int) -> Callable[[], Instance]:
    made: list[Instance] = []

    def instance() -> Instance:
        if not made:
            folder.mkdir()
            with newsroom.opened(folder, 10, delivery={"rate": "1/day"}) as (fresh, _):
                daemon = fresh.start()
                edition = fresh.send(EDITION)["id"]
                until(lambda: fresh.show(edition)["state"] == "sending" or None)
                daemon.kill()
                for statement in _FILL.format(copies=copies, edition=edition, now=int(time.time())).split(";"):
                    execute_at(fresh.database, statement)
                made.append(fresh)
        return made[0]

    return instance
