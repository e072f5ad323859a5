"""What asks DNS about senders, wired; apart from the rest, because a preview needs it and no more."""

from __future__ import annotations

import time

from pressrun.config.settings import Settings
from pressrun.operations.dns import DnsRecords
from pressrun.services.editions.vetting import Vetting
from pressrun.services.ports import TextRecords


def build_vetting(settings: Settings) -> Vetting:
    """Wire what looks at the sender of an edition."""
    vetting = Vetting(site=settings.site, signed_domains=(), records=None, clock=time.time)
    reload_vetting(vetting, settings)
    return vetting


def reload_vetting(vetting: Vetting, settings: Settings) -> None:
    """Go on with other signatures and other servers."""
    records: TextRecords | None = DnsRecords(settings.dns) if settings.dns.preflight else None
    vetting.signed_domains = frozenset(signature.domain for signature in settings.dkim)
    vetting.records = records
