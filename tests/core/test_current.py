"""The holder of the settings in force."""

from __future__ import annotations

from pressrun.core.current import Holder


def test_a_part_follows_the_whole() -> None:
    """Who keeps a part sees what a swap of the whole makes of it."""
    whole = Holder({"rate": 1, "limit": 5})
    rate = whole.part(lambda values: values["rate"])
    doubled = rate.part(lambda value: value * 2)

    whole.swap({"rate": 7, "limit": 5})

    assert (7, 14) == (rate.value, doubled.value)
