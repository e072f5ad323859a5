"""What a reload changes: one holder of the settings in force, read everywhere and replaced as a whole in one place."""

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
    """The only place that replaces the value; all others get it as a `Current`."""

    def __init__(self, value: T) -> None:
        super().__init__(lambda: self._held)
        self._held = value

    def swap(self, value: T) -> None:
        """Replace the value, for all parts at once."""
        self._held = value
