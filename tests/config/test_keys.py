"""The table of keys against the settings types: one truth in two places, so a test holds them together."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import Any

import pytest

from pressrun.config.keys import (
    BOUNCES,
    DELIVERY,
    DKIM,
    DNS,
    DOMAIN,
    HTTP,
    LIMITS,
    LOG,
    RELAY,
    SMTP,
    TABLES,
    TOKENS,
    TOP,
)
from pressrun.config.schema import Key, Table
from pressrun.core.site import Site
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.signatures.dkim_settings import DkimSettings
from pressrun.observe.settings import LogSettings
from pressrun.services.settings import (
    BounceSettings,
    DeliverySettings,
    DnsSettings,
    DomainSettings,
    LimitSettings,
    TokenSettings,
)
from pressrun.web.settings import HttpSettings

_TYPES: dict[str, tuple[type[Any], ...]] = {
    TOP.name: (Site,),
    HTTP.name: (HttpSettings,),
    SMTP.name: (SmtpSettings,),
    RELAY.name: (RelaySettings, RelayTimeouts),
    DELIVERY.name: (DeliverySettings,),
    DOMAIN.name: (DomainSettings,),
    BOUNCES.name: (BounceSettings,),
    LIMITS.name: (LimitSettings, SmtpSettings),
    TOKENS.name: (TokenSettings,),
    DKIM.name: (DkimSettings,),
    DNS.name: (DnsSettings,),
    LOG.name: (LogSettings,),
}
# Fields that no key sets by itself: made of several, or of what stands elsewhere.
_MADE = {"receives_mail", "timeouts", "domains", "key_pem"}
_KEYS = [pytest.param(table, key, id=f"{table.name or 'top'}.{key.name}") for table in TABLES for key in table.keys]


def _fields(table: Table) -> dict[str, Any]:
    return {field.name: field for kind in _TYPES[table.name] for field in dataclasses.fields(kind)}


@pytest.mark.parametrize(("table", "key"), _KEYS)
def test_a_default_is_that_of_the_settings_type(table: Table, key: Key) -> None:
    """What the documentation calls the default is what a configuration without the key gives."""
    if (table.name, key.name) == ("", "data_dir"):
        assert key.required
        return
    field = _fields(table)[key.field or key.name]
    if key.default is None:
        assert key.required or field.default in (None, ()) or (table.name, key.name) == ("relay", "name")
    else:
        assert field.default == key.kind.read(tomllib.loads(f"x = {key.default}")["x"])


@pytest.mark.parametrize(("table", "key"), _KEYS)
def test_what_is_shown_can_be_written(table: Table, key: Key) -> None:
    """A key shows a default or an example, and both are values that it takes."""
    shown = [text for text in (key.default, key.example) if text is not None]
    assert shown
    for text in shown:
        key.kind.read(tomllib.loads(f"x = {text}")["x"])


def test_every_setting_has_a_key() -> None:
    """There is no limit or time-out without a key."""
    by_key = {key.field or key.name for table in TABLES for key in table.keys} | _MADE
    missing = {
        f"{kind.__name__}.{field.name}"
        for kinds in _TYPES.values()
        for kind in kinds
        for field in dataclasses.fields(kind)
        if field.name not in by_key
    }
    assert missing == set()
