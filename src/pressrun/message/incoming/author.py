"""Who wrote a mail, by its From field: exactly one field with exactly one address, or nobody.

A mail program may show another author than a lenient parser finds, so whatever leaves a doubt is nobody: a second
field, several addresses, a group, a comment, a route, an octet that is no text (RFC 5322 §3.6.2). Linear and bounded,
so that it may be done in the event loop.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pressrun.core.address import Address, parse_address
from pressrun.core.errors import MalformedAddress

_LONGEST = 2000
_BARE = re.compile(r"[ \t]*([^\s<>()\[\]\\,;:\"]{3,320})[ \t]*")
# Words before the address: quoted strings, or whatever stands for itself; each character can be read in one way only.
_NAMED = re.compile(
    r"(?:\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*\"|[^\"(),:;<>@\[\]\\\x00-\x08\x0a-\x1f\x7f])*"
    r"<([^\s<>()\[\]\\,;:\"]{3,320})>[ \t]*"
)


def sole_author(values: Sequence[str | None]) -> Address | None:
    """The author that the From fields name (unfolded; None for one that is no text or too long); None for any doubt."""
    if len(values) != 1 or values[0] is None or len(values[0]) > _LONGEST:
        return None
    found = _BARE.fullmatch(values[0]) or _NAMED.fullmatch(values[0])
    if found is None:
        return None
    try:
        return parse_address(found[1])
    except MalformedAddress:
        return None
