"""What carries out the actions that only this process can: moving its database, and answering `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pressrun.acts.act import Doing, Work
from pressrun.acts.arguments import Arguments, ArrivedNumber
from pressrun.services.upkeep.move_source import MoveSource


def move_works(source: MoveSource) -> Mapping[str, Work]:
    """What the command that moves the database asks of the process that writes to it."""
    return {
        "move.track": lambda _, __: source.track_changes(),
        "move.stop": lambda _, __: source.stop(),
        "move.switch": lambda _, args: source.switch(args.place, args.move),
        "move.resume": lambda _, __: source.resume(),
    }


def doctor_works(
    find_arrived: Callable[[int], dict[str, Any] | None], mail_addresses: Callable[[], dict[str, str]]
) -> Mapping[str, Work]:
    """What `doctor` asks of the daemon: how a request arrived, and where mail comes in."""

    async def seen(_: Doing, args: ArrivedNumber) -> dict[str, Any] | None:
        return find_arrived(args.number)

    async def listeners(_: Doing, __: Arguments) -> dict[str, str]:
        return mail_addresses()

    return {"doctor.seen": seen, "doctor.listeners": listeners}
