"""Which fields of a header a DKIM signature covers, and in which order (RFC 6376 §5.4, RFC 8058 §4, RFC 9477 §3.1).

Each is named once more than it occurs, so that nobody can add one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct

from pressrun.message.signatures.relaxed import Field

LINE = 78  # RFC 5322 §2.1.1

# Named at least once each, so that an absent one cannot be added (RFC 6376 §5.4.2). In the order of h=.
ALWAYS_SIGNED = (
    b"From",
    b"To",
    b"Cc",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"Reply-To",
    b"MIME-Version",
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",
)
# Signed where they occur, as is every other field whose name begins like one of SIGNED_FAMILIES.
ALSO_SIGNED = frozenset(
    (b"sender", b"in-reply-to", b"references", b"feedback-id", b"auto-submitted", b"archived-at", b"precedence")
)
SIGNED_FAMILIES = (b"list-", b"cfbl-")

_ALWAYS = {name.lower(): name for name in ALWAYS_SIGNED}


class SignedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed of a header.

    `names` is the folded h= tag up to the value of bh=. `text` holds the fields in canonical form, in the order of
    hashing. `author` is the field From, or b"".
    """

    names: bytes
    text: bytes
    author: bytes


def signed_header(fields: Sequence[Field]) -> SignedHeader:
    """What is signed of a header with these fields."""
    chosen = _choose(tuple([name for name, _ in fields]))
    return SignedHeader(
        names=chosen.names,
        text=b"".join([fields[index][1] for index in chosen.order]),
        author=b"" if chosen.author is None else fields[chosen.author][1],
    )


class _Chosen(Struct, frozen=True, kw_only=True):
    """What headers with the same fields in the same order share; `order` and `author` are places in the header."""

    order: tuple[int, ...]
    names: bytes
    author: int | None


@lru_cache(maxsize=256)
def _choose(present: tuple[bytes, ...]) -> _Chosen:
    wanted = [name for name in present if name in _ALWAYS or name in ALSO_SIGNED or name.startswith(SIGNED_FAMILIES)]
    names: list[bytes] = []
    order: list[int] = []
    for name in dict.fromkeys([*_ALWAYS, *wanted]):
        places = [index for index, other in enumerate(present) if other == name]
        order += reversed(places)  # of several the last one comes first, RFC 6376 §5.4.2
        names += [_ALWAYS.get(name) or name.title()] * (len(places) + 1)
    author = present.index(b"from") if b"from" in present else None
    return _Chosen(order=tuple(order), names=_named(names) + b"\r\n bh=", author=author)


def _named(names: Sequence[bytes]) -> bytes:
    """The h= tag, folded after colons (RFC 6376 §3.5)."""
    lines = [b" h=" + names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + 2 <= LINE:
            lines[-1] += b":" + name
        else:
            lines[-1] += b":"
            lines.append(b" " + name)
    return b"\r\n" + b"\r\n".join(lines) + b";"
