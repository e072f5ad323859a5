"""What only operators get from a use case: plain values that can be printed as JSON, with times as in RFC 3339.

What programs get is a struct beside the use case that makes it.
"""

from __future__ import annotations

from typing import Any

Answer = dict[str, Any]
