"""Settings that tests change as a reload does."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pressrun.core.current import Current, Holder
from pressrun.services.settings import ServiceSettings


def change(settings: Current[ServiceSettings], **parts: Any) -> None:
    """Put other parts of the services' settings in force: `change(desk.settings, limits=LimitSettings(…))`."""
    assert isinstance(settings, Holder)
    settings.swap(replace(settings.value, **parts))
