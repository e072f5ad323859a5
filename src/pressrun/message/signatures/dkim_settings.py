"""The settings of a DKIM signature: `[dkim]`. The configuration reads the key; nothing here does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import setting

if TYPE_CHECKING:
    from pathlib import Path

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """One signature. `key_pem` is the private key, RSA or Ed25519, as `key_file` held it; it is never shown."""

    domain: str = setting(
        kinds.domain(),
        required=True,
        example="example.org",
        help="The signing domain: that of your From addresses, or its parent.",
    )
    selector: str = setting(
        kinds.matching(rf"{_LABEL}(?:\.{_LABEL})*", 'a selector, as in "pressrun"'),
        required=True,
        example="pressrun",
        help="The DNS record is SELECTOR._domainkey.DOMAIN; `pressrun dkim create` prints it.",
    )
    key_file: Path = setting(
        kinds.file("a file with a private key in PEM"),
        required=True,
        example="/etc/pressrun/dkim.pem",
        help="The private key, RSA or Ed25519: a file, or a systemd credential of that name.",
    )
    key_pem: bytes = field(repr=False)
