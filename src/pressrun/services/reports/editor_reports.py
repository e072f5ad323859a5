"""Reports for the editor who approved an edition that came by mail."""

from __future__ import annotations

from dataclasses import replace

from pressrun.services.editions.draft_approval import find_held
from pressrun.services.ports import Clock
from pressrun.services.reports.edition_reports import EditionReport, report_edition
from pressrun.store.database import Database
from pressrun.store.transaction import Transaction


class EditorReports:
    """Reports on editions that came by mail."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, edition_id: int) -> EditionReport | None:
        """The report on an approved edition; None before approval and once its editor has been removed."""
        return await self._database.read(_report, edition_id, int(self._clock()))


def _report(tx: Transaction, edition_id: int, now: int) -> EditionReport | None:
    held = find_held(tx, edition_id)
    if held is None or held.edition.started_at is None:
        return None
    return replace(report_edition(tx, edition_id, now), language=held.language)
