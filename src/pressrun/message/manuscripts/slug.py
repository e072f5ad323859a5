"""The name of an edition in URLs, made from its subject."""

from __future__ import annotations

import re
import unicodedata

LONGEST_SLUG = 60
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th"})


def make_slug(subject: str) -> str:
    """Words of `[a-z0-9]` joined by `-`, at most 60 characters; `edition` where nothing else is left."""
    plain = unicodedata.normalize("NFKD", subject.lower().translate(_SPELLED)).encode("ascii", "ignore").decode("ascii")
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    slug = ""
    for word in words:
        if len(slug) + len(word) + 1 > LONGEST_SLUG:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug or (words[0][:LONGEST_SLUG] if words else "edition")
