"""A process that takes mail in and deals with it until it is killed: `python -m tests.inbound.victim FOLDER`.

Prints the address of its LMTP listener.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from tests.inbound.mailroom import LOCAL, listening, open_mailroom

from pressrun.inbound.settings import SmtpSettings
from pressrun.sandbox.mail_parser import SandboxedParser


async def main(folder: Path) -> None:
    async with open_mailroom(folder, reader=SandboxedParser()) as room:
        room.now = time.time()
        async with listening(room, SmtpSettings(lmtp=LOCAL)) as listeners:
            print(listeners.addresses["lmtp"], flush=True)
            await asyncio.gather(*(loop.run() for loop in room.processing.loops))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
