"""An edition is built before the transaction that stores it, and again if something else was stored in between."""

from __future__ import annotations

import pytest

from pressrun.core.errors import Refused
from pressrun.services.editions.edition_storage import STORE_ATTEMPTS, ChangedSinceBuild, again_if_changed


class Builder:
    """Stores what it builds, after others were faster a number of times."""

    def __init__(self, overtaken: int) -> None:
        self.built = 0
        self._overtaken = overtaken

    @again_if_changed("others were faster. Try again")
    async def store(self, name: str) -> str:
        self.built += 1
        if self.built <= self._overtaken:
            raise ChangedSinceBuild("the slug is no longer free")
        return f"{name} {self.built}"


async def test_it_is_built_anew_for_what_is_there_now() -> None:
    """The caller gets the result of the first attempt that nobody overtook."""
    assert "edition 3" == await Builder(overtaken=2).store("edition")


async def test_it_is_refused_when_others_are_faster_each_time() -> None:
    """A busy list does not keep anybody waiting for ever."""
    builder = Builder(overtaken=STORE_ATTEMPTS)
    with pytest.raises(Refused, match="others were faster"):
        await builder.store("edition")
    assert builder.built == STORE_ATTEMPTS
