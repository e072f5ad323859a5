"""A power cut in the middle of an edition, at moments chosen from the record of all that was written and synced.

The edition goes out once, recorded. Then a daemon starts on what the disk may have kept at each moment, with a relay of
its own, and finishes. Only copies that the relay had in the last second before the cut may go out again.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.instance import Instance
from tests.faults.disk_record import DiskRecord, Kept, compile_shim, recording
from tests.faults.outcome import Arrived, Outcome, arrived, await_end, furnished
from tests.sink import Sink

from pressrun.delivery.queue.dispatcher import SYNC_SECONDS

CUTS = 8
_RATE = {"rate": "200/s"}
_SPARE_SECONDS = 0.5  # for the turn that waits for the disk, on a machine that has much else to do


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """What came of one: `late` copies went out again that were recorded long before it."""

    lost: int
    repeated: int
    late: int
    differing: int
    problem: str


def power_is_cut(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """Nobody is lost, and no copy goes out again that was recorded more than a second before."""
    with furnished(program, folder / "first", readers, delivery=_RATE) as (instance, sink):
        data = instance.folder / "data"
        before = folder / "before"
        shutil.copytree(data, before, ignore=shutil.ignore_patterns("*.sock"))
        environment = recording(compile_shim(folder), data, folder / "record")
        instance.start(environment=environment)
        edition = instance.send()["id"]
        await_end(instance, edition)
        record, first = DiskRecord(before, data, folder / "record"), arrived(sink)
    begun, ended = record.index_at(round(min(first.first_at.values()) * 1_000_000)), len(record.operations) - 1
    cuts = [
        _cut(program, folder / f"cut{number}", record, chance.randint(begun, ended), edition, first, chance)
        for number in range(CUTS)
    ]
    return Outcome(
        name="power cut",
        audience=readers,
        counts=dict(first.outcome("", instance, readers, bound=0, note="").counts),
        lost=sum(cut.lost for cut in cuts),
        repeated=sum(cut.repeated for cut in cuts),
        bound=sum(cut.repeated - cut.late for cut in cuts),
        differing=sum(cut.differing for cut in cuts),
        note=f"{CUTS} moments; at 200/s at most {max(cut.repeated for cut in cuts)} copies went out again after one",
        problem="; ".join(cut.problem for cut in cuts if cut.problem),
    )


def _cut(
    program: Path,
    folder: Path,
    record: DiskRecord,
    index: int,
    edition: int,
    first: Arrived,
    chance: random.Random,
) -> _Cut:
    folder.mkdir()
    kept, has_journal = chance.choice([*Kept]), chance.random() < 1 / 2
    at = record.operations[index].at / 1_000_000
    had = {reader: when for reader, when in first.first_at.items() if when < at}
    with Sink(program, folder, "--grab", "Message-ID") as sink:
        instance = Instance(folder=folder / "instance", relay_port=sink.port, sink=sink)
        record.write_image(instance.folder / "data", index, kept, chance, has_journal=has_journal)
        try:
            instance.start()
            await_end(instance, edition)
            is_true = instance.run("consent", "verify").code == instance.run("audit", "verify").code == 0
            again = arrived(sink)
        finally:
            instance.close()
    repeated = had.keys() & again.times.keys()
    return _Cut(
        lost=len(first.times.keys() - had.keys() - again.times.keys()),
        repeated=len(repeated),
        late=sum(at - had[reader] > SYNC_SECONDS + _SPARE_SECONDS for reader in repeated),
        differing=sum(first.message_ids[reader] != again.message_ids[reader] for reader in repeated),
        problem="" if is_true else f"evidence or audit log after {kept.value} was kept",
    )
