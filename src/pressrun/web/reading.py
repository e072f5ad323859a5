"""How the pages get at the tokens: through a call, because the keys may be rotated while the process runs."""

from __future__ import annotations

from collections.abc import Callable

from pressrun.core.tokens import WebTokens

ReadTokens = Callable[[], WebTokens]
