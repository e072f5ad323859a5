"""Names for lists that move in: as close to the old ones as our alphabet allows, and each once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from pressrun.core.errors import BadInput
from pressrun.core.names import MAX_NAME, parse_list_name


def propose_name(text: str, taken: Collection[str]) -> str:
    """A name for a list that was called `text`: valid, and none of those that are `taken`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_NAME].strip("-") or "list"
    if not _is_valid(base):
        base = f"{base[: MAX_NAME - 5].strip('-')}-list"
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base[: MAX_NAME - len(str(number)) - 1].strip('-')}-{number}"
    return name


def _is_valid(name: str) -> bool:
    try:
        parse_list_name(name)
    except BadInput:
        return False
    return True
