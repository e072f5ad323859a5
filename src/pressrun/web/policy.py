"""What a page allows a browser to do with it: nothing but what is named here (Content Security Policy, level 3)."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

# For answers that are no pages, and the ground of all others.
CONTENT_POLICY = "default-src 'none'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


@lru_cache(maxsize=500)
def page_policy(sheets: tuple[str, ...], *more: str) -> str:
    """The policy of a page that holds these style sheets; `more` are directives besides, as `frame-src 'self'`.

    The sheets stand in the page, which so costs one request; a browser takes them by their digests and nothing else.
    """
    digests = (hashlib.sha256(sheet.encode()).digest() for sheet in sheets)
    styles = " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
    return "; ".join((CONTENT_POLICY, f"style-src {styles}", *more))
