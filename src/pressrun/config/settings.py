"""The whole configuration: for `daemon.py` and the verbs, which hand each part what it needs and no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pressrun.core.site import Site
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.signatures.dkim_settings import DkimSettings
from pressrun.observe.settings import LogSettings
from pressrun.services.settings import BounceSettings, DeliverySettings, DnsSettings, LimitSettings, TokenSettings
from pressrun.web.settings import HttpSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one config.toml says. `source` is that file; `warnings` are what works and is probably not meant."""

    source: Path
    data_dir: Path
    site: Site
    http: HttpSettings
    smtp: SmtpSettings | None
    relays: tuple[RelaySettings, ...]
    delivery: DeliverySettings
    bounces: BounceSettings
    limits: LimitSettings
    tokens: TokenSettings
    dkim: tuple[DkimSettings, ...]
    dns: DnsSettings
    log: LogSettings
    warnings: tuple[str, ...] = ()
