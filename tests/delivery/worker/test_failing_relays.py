"""A person wants failing relays to be tried now: every process hears it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from tests.delivery.worker.conftest import WorkerRig, relay_at, settings_for

from pressrun.delivery.worker.frames import Order, Probe
from pressrun.delivery.worker.worker_line import WorkerLine
from pressrun.delivery.worker.workers import Workers


@dataclass(slots=True)
class KeptLine:
    """Keeps what is sent to a process."""

    sent: list[Order] = field(default_factory=list)

    def send(self, order: Order) -> None:
        self.sent.append(order)


async def test_every_process_probes(rig: WorkerRig) -> None:
    """Those that run; one that does not has no relay that fails, and tries each of them when it starts."""
    settings = settings_for(relay_at(rig.mailbox.port, connections=3))
    workers = Workers(settings, rig.room.services.keys, rig.dispatcher.broker, None, count=3)
    lines = [KeptLine(), KeptLine()]
    for worker, line in zip(workers._workers, lines, strict=False):
        worker._line = cast(WorkerLine, line)
    workers.probe_relays()
    assert [[Probe()], [Probe()]] == [line.sent for line in lines]
