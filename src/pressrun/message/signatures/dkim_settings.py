"""What an operator can tell about a DKIM signature: `[dkim]`. The key is read by the configuration, never here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """One signature. `key_pem` is the private key, RSA or Ed25519, as `key_file` held it; it is never shown."""

    domain: str
    selector: str
    key_file: Path
    key_pem: bytes = field(repr=False)
