"""The settings of backups."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """`[backup]`."""

    recipients: tuple[str, ...] = setting(
        kinds.age_recipients(),
        example=["age1vju7nwlyf4x4kpp3jmqacurtuamly75rj07dwxmv97qknpthwynshsk5xv"],
        absent=(),
        help="Public keys of age or SSH. `pressrun backup` encrypts for them. Keep the private keys elsewhere. "
        "Without any, backups are not encrypted.",
    )
