"""How many mails a second are accepted, each committed before its 250: `python -m tests.bench.bench_inbound [MAILS]`.

Ten sessions hand over mails of 10 KB by SMTP from a process of their own, one transaction after the other; the server
deals with them meanwhile, as in life. Prints one line.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.inbound.mailroom import ADA, LOCAL, D, connected, listening, mail, open_mailroom

from pressrun.inbound.settings import SmtpSettings

SESSIONS = 10
SIZE = 10_000


async def hand_over(address: str, numbers: range) -> None:
    """One session."""
    body = ("x" * 70 + "\n") * (SIZE // 72)
    async with connected(address) as client:
        for number in numbers:
            head = f"MAIL FROM:<{ADA}>\r\nRCPT TO:<news-owner@{D}>\r\nDATA\r\n".encode()
            await client.send(head)
            for _ in range(3):
                await client.reply()
            await client.send(mail(body, number=number) + b".\r\n")
            reply = await client.reply()
            if not reply.startswith("250"):
                raise RuntimeError(reply)


async def clients(address: str, mails: int) -> None:
    """All sessions at once; prints the seconds."""
    share = mails // SESSIONS
    started = time.perf_counter()
    await asyncio.gather(*(hand_over(address, range(n * share, (n + 1) * share)) for n in range(SESSIONS)))
    print(time.perf_counter() - started)


async def serve(mails: int, *, deals: bool) -> None:
    """The server, and the clients beside it."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        async with open_mailroom(Path(folder)) as room:
            await room.make_list()
            async with listening(room, SmtpSettings(listen=LOCAL)) as listeners:
                dealing = asyncio.create_task(room.receiving.run()) if deals else None
                program = [sys.executable, "-m", "tests.bench.bench_inbound", listeners.addresses["smtp"], str(mails)]
                process = await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE)
                output, _ = await process.communicate()
                if dealing is not None:
                    dealing.cancel()
                seconds = float(output)
                counts = await room.counts()
    print(f"{mails} mails of {SIZE} octets, {SESSIONS} sessions: {mails / seconds:.0f}/s accepted, then {counts}")


async def main(mails: int) -> None:
    """Accepting alone, then with the mail dealt with meanwhile."""
    await serve(mails, deals=False)
    await serve(mails, deals=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(clients(sys.argv[1], int(sys.argv[2])))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000))
