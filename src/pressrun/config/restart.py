"""What a reload cannot change: compared key by key, so that the log can say which need a restart."""

from __future__ import annotations

from pressrun.config.keys import HTTP, LIMITS, LOG, SMTP, TOP
from pressrun.config.schema import Table
from pressrun.config.settings import Settings


def changed_needing_restart(old: Settings, new: Settings) -> list[str]:
    """The dotted names of keys that differ and need a restart; empty when a reload is enough."""
    changed = [] if old.data_dir == new.data_dir else ["data_dir"]
    changed += _differing(TOP, old.site, new.site, leave_out="data_dir")
    changed += _differing(HTTP, old.http, new.http)
    changed += _differing(LOG, old.log, new.log)
    if old.smtp is None or new.smtp is None:
        return changed if old.smtp is new.smtp else [*changed, "smtp"]
    return changed + _differing(SMTP, old.smtp, new.smtp) + _differing(LIMITS, old.smtp, new.smtp)


def _differing(table: Table, old: object, new: object, *, leave_out: str = "") -> list[str]:
    prefix = f"{table.name}." if table.name else ""
    return [
        f"{prefix}{key.name}"
        for key in table.keys
        if key.restart and key.name != leave_out
        if getattr(old, key.field or key.name) != getattr(new, key.field or key.name)
    ]
