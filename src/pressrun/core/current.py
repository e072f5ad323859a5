"""What a reload changes: one holder of the settings in force, read by everybody and swapped whole in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Current(Generic[T]):
    """Reads a value that a reload may replace: keep this object, and ask for `value` each time it is needed."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read

    @property
    def value(self) -> T:
        """The value in force now."""
        return self._read()

    def part(self, choose: Callable[[T], U]) -> Current[U]:
        """A part of the value, which follows the whole: `settings.part(lambda all: all.limits)`."""
        whole = self.value
        part = choose(whole)

        def read() -> U:
            nonlocal whole, part
            if whole is not self.value:  # chosen again after a swap, not at each access: what it makes may cost
                whole = self.value
                part = choose(whole)
            return part

        return Current(read)


class Holder(Current[T]):
    """The one place that replaces the value; everybody else gets it as a `Current`."""

    def __init__(self, value: T) -> None:
        super().__init__(lambda: self._held)
        self._held = value

    def swap(self, value: T) -> None:
        """Put another value in force, for all parts at once."""
        self._held = value
