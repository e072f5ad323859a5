"""What a kill at any moment after the 250 leaves: each mail processed exactly once."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest
from tests.inbound.mailroom import D, connected, mail, open_mailroom


async def _round(folder: Path, number: int, wait: float) -> list[str]:
    """Start a process, hand mails over, kill it `wait` seconds after the last 250; returns the accepted senders."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.inbound.victim", str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    address = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    accepted = []
    async with connected(address, hello="LHLO x") as client:
        for index in range(3):
            sender = f"r{number}x{index}@reader.example"
            if "250" == (await client.post(mail(number=number * 10 + index), [f"news-join@{D}"], sender))[:3]:
                accepted.append(sender)
        await asyncio.sleep(wait)
        process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # its pipe would be closed too late
    return accepted


@pytest.mark.thorough
@pytest.mark.only_on("sqlite", "the process that is killed opens a file; tests/faults kills it on both engines")
async def test_each_mail_is_processed_exactly_once_over_kills(tmp_path: Path) -> None:
    """Killed within milliseconds after the 250, again and again, in the middle of whatever it does."""
    kills = 12
    async with open_mailroom(tmp_path) as room:
        await room.make_list()
    chance = random.Random(1)
    accepted: list[str] = []
    for number in range(kills):
        accepted += await _round(tmp_path, number, chance.random() * 0.03)
    assert 3 * kills == len(accepted)
    async with open_mailroom(tmp_path) as room:
        room.now += 10 * 365 * 86400
        await room.processing.recover()
        counts = await room.counts()
        sent = [outgoing.rcpt_to for outgoing in await room.outgoing()]
    assert {"done": len(accepted)} == counts
    assert sorted(accepted) == sorted(sent)
