"""A name server on loopback that answers TXT questions from a table, fails, or keeps silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from pressrun.core.endpoint import TcpEndpoint

SILENT, BROKEN, GARBAGE = "silent", "broken", "garbage"


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """`records` are texts by name; a name that is not there does not exist."""

    records: Mapping[str, tuple[str, ...] | str]
    asked: list[str] = field(default_factory=list)
    place: TcpEndpoint = field(default_factory=lambda: TcpEndpoint("127.0.0.1", 0))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        found = self.records.get(name)
        if found == SILENT:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found == BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(found, tuple) and found:
            answer.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "TXT", list(found)))
        wire = answer.to_wire() if found != GARBAGE else data[:2] + b"\xff" * 9
        self._transport.sendto(wire, addr)


@asynccontextmanager
async def open_name_server(records: Mapping[str, tuple[str, ...] | str]) -> AsyncIterator[NameServer]:
    """A server that answers while the block runs."""
    server = NameServer(records)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )
    server.place = TcpEndpoint("127.0.0.1", transport.get_extra_info("sockname")[1])
    try:
        yield server
    finally:
        transport.close()
