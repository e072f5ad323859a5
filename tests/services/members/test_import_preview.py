"""A dry run counts what the import does, also across batches."""

from __future__ import annotations

from collections import Counter

from tests.services.harness import ServiceHarness

from pressrun.services.members.import_decision import ImportOptions
from pressrun.services.members.import_preview import ImportPreview
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.store.transaction import Transaction

BATCHES = [
    [ImportRow(line=1, email="a@x.example"), ImportRow(line=2, email="b@x.example", state="suspended")],
    [ImportRow(line=3, email="A@x.example", name="Ann"), ImportRow(line=4, email="c@x.example")],
    [ImportRow(line=5, email="a@x.example", state="unsubscribed"), ImportRow(line=6, email="d@x.example")],
    [ImportRow(line=7, email="a@x.example"), ImportRow(line=8, email="d@x.example"), ImportRow(line=9, email="?")],
]
SUPPRESSED = [SuppressionRow(line=10, address="d@x.example", reason="operator")]


async def test_what_is_counted_is_what_happens(services: ServiceHarness) -> None:
    """Addresses that come again see what became of them before, and one that is suppressed gets nothing more."""
    await services.make_list()

    def preview(tx: Transaction) -> Counter[str]:
        options = ImportOptions(list_name="news", keys=services.keys, now=int(services.now), asks=False)
        run, counted = ImportPreview(tx, options, {"a@x.example", "d@x.example"}), Counter[str]()
        for number, batch in enumerate(BATCHES):
            if number == 3:
                assert ([10], []) == run.preview_suppressions(SUPPRESSED)
            previews, counts = run.preview_rows(batch)
            counted.update(row.outcome.value for row in previews)
            counted["invalid"] += len(counts.invalid)
        return counted

    counted = await services.database.read(preview)
    happened = Counter[str]()
    for number, batch in enumerate(BATCHES):
        if number == 3:
            await services.suppressions.import_batch(SUPPRESSED)
        answer = await services.subscribers.import_batch("news", batch)
        happened.update({name: number for name, number in answer.items() if isinstance(number, int)})
        happened["invalid"] += len(answer["invalid"])
    assert +happened == +counted
    assert {"added": 4, "updated": 2, "skipped_unsubscribed": 1, "skipped_suppressed": 1, "invalid": 1} == dict(
        +counted
    )
