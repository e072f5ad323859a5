"""Errors across the socket: the class goes by its name and comes out as the same class, with its exit code."""

from __future__ import annotations

from pressrun.control.frames import Failure
from pressrun.core.errors import PressrunError


def failure_of(problem: PressrunError) -> Failure:
    """What is sent of an error; a class that only the daemon knows goes as the nearest one of core.errors."""
    known = _classes()
    name = next(found.__name__ for found in type(problem).__mro__ if found.__name__ in known)
    return Failure(error=name, message=str(problem))


def error_of(failure: Failure) -> PressrunError:
    """The error to raise; an unknown class is the root."""
    return _classes().get(failure.error, PressrunError)(failure.message)


def _classes() -> dict[str, type[PressrunError]]:
    found = [PressrunError]
    for one in found:
        found += [below for below in one.__subclasses__() if below.__module__ == PressrunError.__module__]
    return {one.__name__: one for one in found}
