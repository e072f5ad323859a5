"""The check of an edition's sender, separate from the other services because a preview needs nothing else."""

from __future__ import annotations

from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.operations.dns import DnsRecords
from pressrun.runtime.clock import utc_now
from pressrun.services.editions.sender_check import SenderCheck


def build_sender_check(settings: Current[Settings]) -> SenderCheck:
    """Wire what checks the sender of an edition against signatures and DNS."""
    return SenderCheck(
        site=settings.value.site,
        settings=settings.part(Settings.for_services),
        records=DnsRecords(settings.part(lambda every: every.dns)),
        clock=utc_now,
    )
