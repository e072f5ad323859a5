"""The settings of backups and of `doctor`."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorSettings:
    """`weekly` None means: unless mail_domain is a reserved name, about which nobody outside can say anything."""

    weekly: bool | None = setting(
        kinds.switch(),
        example=True,
        help="Whether the daemon runs `pressrun doctor` once a week, logs its findings, and emails failures to "
        "operator. Default: yes, unless mail_domain is reserved for examples (.example, .test and the like).",
    )
    sends_from: tuple[str, ...] = setting(
        kinds.ip_addresses(),
        example=["192.0.2.10", "2001:db8::10"],
        absent=(),
        help="The public addresses that your mail leaves from, for `pressrun doctor`. Default: those of the relays, "
        "or of this machine if a relay runs on it.",
    )
