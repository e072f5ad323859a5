"""Processor time of the database's thread for a PUT of a subscriber, by how many come together: in process, no socket.

  python -m tests.bench.put_sets [--rounds 60]

Each put adds another member, with its row of the audit log, or puts the same one again. `SQLite` is the part of it
inside statements, the beginning and the commit. Each figure is the least of the rounds, in microseconds for one put, so
that whoever else uses the processors does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.bench.machine import machine_facts
from tests.services.harness import ServiceHarness, open_services

from pressrun.core.addresses.address import parse_address
from pressrun.services.members.member_changes import Confirm, MemberChanges
from pressrun.services.members.member_puts import MemberPuts, PutRequest
from pressrun.services.readers.requests import Origin
from pressrun.store.connection import EngineConnection
from pressrun.store.database import Database
from pressrun.store.group_commit import BatchItem, run_group
from pressrun.store.people.audit import ActionInProgress, Entry, Person, program_by_api
from pressrun.store.sqlite.thread import CallingConnection

SIZES = (1, 8, 32)


class Inside:
    """Adds up the processor time inside of SQLite."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.thread_time() - began

        return call


def _items(puts: MemberPuts, numbers: Iterator[int], size: int) -> list[BatchItem]:
    actor, origin = program_by_api("bench"), Origin(source="api:bench")
    changes = MemberChanges(name="Ada Example", fields={"town": "Bath"})
    items = []
    for number in itertools.islice(numbers, size):
        address = parse_address(f"reader{number}@inbox{number % 97}.example")
        request = PutRequest(list_name="news", address=address, changes=changes, confirm=Confirm.VOUCH, origin=origin)
        person = Person(address_key=address.key, digest=bytes(32))
        salt = os.urandom(16)
        entry = Entry(at=1, actor=actor, action="subscriber.put", list="news", person=person, salt=salt)
        items.append(BatchItem(puts.put, request, actor.who, ActionInProgress(entry, lambda _tx: None)))
    return items


def _least(connection: EngineConnection, puts: MemberPuts, numbers: Iterator[int], size: int, rounds: int) -> str:
    spent = []
    for _ in range(rounds):
        items, inside = _items(puts, numbers, size), Inside()
        with patch.object(CallingConnection, "execute", inside.timed(CallingConnection.execute)):
            began = time.thread_time()
            run_group(lambda work: connection.write(work, lambda _: None), items)
            spent.append((time.thread_time() - began, inside.seconds))
    whole, statements = (min(column) / size * 1e6 for column in zip(*spent, strict=True))
    return f"{whole:.0f} | {statements:.0f}"


async def measure(services: ServiceHarness, rounds: int) -> list[str]:
    """The rows of the table."""
    await services.make_list()
    puts, new = MemberPuts(services.context, services.sign_ups.abuse_limits), itertools.count()

    def on_thread(connection: EngineConnection) -> list[str]:
        lines = []
        for size in SIZES:
            added = _least(connection, puts, new, size, rounds)
            again = _least(connection, puts, itertools.cycle(range(rounds)), size, rounds)
            lines.append(f"| {size} | {added} | {again} |")
        return lines

    return await services.database._writer.run(on_thread)


async def run(rounds: int) -> None:
    """Measure, and print a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="pressrun-put-sets-") as name:
        async with open_services(Path(name), kind=Database) as services:
            lines = await measure(services, rounds)
    print("| in a set | new | SQLite alone | again | SQLite alone |\n|---|---:|---:|---:|---:|")
    print("\n".join([*lines, "", *machine_facts()]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    asyncio.run(run(parser.parse_args().rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
