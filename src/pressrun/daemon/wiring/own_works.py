"""What carries out the actions that only this process can do: moving its database, and answers to `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pressrun.acts.act import Doing, Work
from pressrun.acts.arguments import Arguments, ArrivedNumber, MoveSwitch
from pressrun.services.upkeep.move_source import MoveSource


def move_works(source: MoveSource) -> Mapping[str, Work]:
    """What the command that moves the database asks of the process that writes to it."""

    async def track(_: Doing, __: Arguments) -> None:
        await source.track_changes()

    async def stop(_: Doing, __: Arguments) -> None:
        await source.stop()

    async def switch(_: Doing, args: MoveSwitch) -> None:
        await source.switch(args.place, args.move)

    async def resume(_: Doing, __: Arguments) -> None:
        await source.resume()

    return {"move.track": track, "move.stop": stop, "move.switch": switch, "move.resume": resume}


def doctor_works(
    find_arrived: Callable[[int], dict[str, Any] | None], mail_addresses: Callable[[], dict[str, str]]
) -> Mapping[str, Work]:
    """What `doctor` asks of the daemon: how a request arrived, and where mail comes in."""

    async def seen(_: Doing, args: ArrivedNumber) -> dict[str, Any] | None:
        return find_arrived(args.number)

    async def listeners(_: Doing, __: Arguments) -> dict[str, str]:
        return mail_addresses()

    return {"doctor.seen": seen, "doctor.listeners": listeners}
