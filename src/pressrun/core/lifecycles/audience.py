"""How many readers somebody expects an edition to reach, so that it does not go to another number by mistake."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from pressrun.core.errors import Refused


class AudienceBounds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many readers an edition is expected to reach."""

    min: Annotated[int, Meta(ge=0)] | None = None
    max: Annotated[int, Meta(ge=0)] | None = None

    def require(self, audience: int) -> None:
        """Raise Refused, with the number, for another one."""
        if self.min is not None and audience < self.min:
            raise _another_audience(audience, f"fewer than {self.min}")
        if self.max is not None and audience > self.max:
            raise _another_audience(audience, f"more than {self.max}")


def _another_audience(audience: int, how_it_differs: str) -> Refused:
    readers = "1 reader" if audience == 1 else f"{audience} readers"
    return Refused(f"it would reach {readers}, {how_it_differs}: nothing was sent", audience=audience)
