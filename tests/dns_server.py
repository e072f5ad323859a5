"""A DNS server on loopback, by UDP and TCP, that answers from a table or misbehaves in one of the ways servers do."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from pressrun.core.network.endpoint import TcpEndpoint

_UDP_OCTETS = 1232  # what resolvers agree on, so that nothing is cut into fragments
_LONGEST_CHAIN = 20


class Fault(Enum):
    """How a name is answered instead of with its records."""

    SILENT = "no answer"
    BROKEN = "SERVFAIL"
    LAME = "REFUSED, as by a server that was never told of the zone"
    GARBAGE = "octets that are no message"
    CUT = "by UDP always truncated, and by TCP whole"
    CUT_FOR_EVER = "by UDP always truncated, and by TCP nothing"
    OTHER_NAME = "records of another name"
    OTHER_QUESTION = "the answer to another question"


Records = Mapping[str, Sequence[str]]
"""Texts as in a zone file by type: {"MX": ["10 mx.a.test."]}; a CNAME stands for all other types."""

Zone = Mapping[str, Records | Fault | tuple[Fault, Records]]
"""By name without the final dot; a name that is not there does not exist."""


@dataclass
class DnsServer(asyncio.DatagramProtocol):
    """`zone` may be changed while it runs."""

    zone: Zone
    asked: list[str] = field(default_factory=list)
    place: TcpEndpoint = field(default_factory=lambda: TcpEndpoint("127.0.0.1", 0))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        wire = self._answer(data, by_udp=True)
        if wire is not None:
            self._transport.sendto(wire, addr)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One query by TCP."""
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            wire = self._answer(await reader.readexactly(length), by_udp=False)
            if wire is not None:
                writer.write(struct.pack("!H", len(wire)) + wire)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, data: bytes, *, by_udp: bool) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        entry = self.zone.get(name)
        fault, records = (
            entry if isinstance(entry, tuple) else (entry, {}) if isinstance(entry, Fault) else (None, entry)
        )
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        match fault:
            case Fault.SILENT:
                return None
            case Fault.BROKEN:
                response.set_rcode(dns.rcode.SERVFAIL)
            case Fault.LAME:
                response.set_rcode(dns.rcode.REFUSED)
            case Fault.GARBAGE:
                return data[:2] + b"\xff" * 9
            case Fault.CUT | Fault.CUT_FOR_EVER if by_udp:
                response.flags |= dns.flags.TC
            case Fault.CUT_FOR_EVER:
                return None
            case Fault.OTHER_NAME:
                response.answer.append(dns.rrset.from_text_list("else.test.", 60, "IN", "TXT", ['"v=spf1 +all"']))
            case Fault.OTHER_QUESTION:
                response.question[0] = dns.rrset.from_text("else.test.", 60, "IN", kind)
            case _ if records is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            case _:
                self._fill(response, name, kind)
        if not by_udp:
            return response.to_wire()
        try:
            return response.to_wire(max_size=_UDP_OCTETS)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        """The records, behind as many CNAMEs as there are, as a resolver that follows them answers."""
        for _ in range(_LONGEST_CHAIN):
            entry = self.zone.get(name)
            records = entry[1] if isinstance(entry, tuple) else {} if isinstance(entry, Fault) else entry or {}
            own = records.get(kind, ())
            if own:
                response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", kind, list(own)))
            alias = records.get("CNAME", ())
            if own or not alias:
                return
            response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "CNAME", list(alias)))
            name = alias[0].rstrip(".")


@asynccontextmanager
async def open_dns_server(zone: Zone) -> AsyncIterator[DnsServer]:
    """A server that answers while the block runs."""
    loop = asyncio.get_running_loop()
    server = DnsServer(zone)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", port))
    server.place = TcpEndpoint("127.0.0.1", port)
    try:
        yield server
    finally:
        transport.close()
        listener.close()


def text(value: str) -> str:
    """The text of a TXT record as a zone file has it, in strings of at most 255 octets."""
    return " ".join(f'"{value[start : start + 255]}"' for start in range(0, len(value), 255))
