"""The addresses that our mail leaves from, as far as they can be known."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from msgspec import Struct

from pressrun.delivery.relay.settings import RelaySettings
from pressrun.doctor.subject import DoctorSubject, is_public

_ELSEWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))  # no packet goes there
_TO_SAY_SO = 'To name it yourself, add to config.toml, under [doctor]: sends_from = ["ADDRESS"]'


class SendingAddress(Struct, frozen=True, kw_only=True):
    """One address; `is_certain` unless a provider's relay may send from others."""

    address: str
    origin: str
    is_certain: bool


async def find_senders(subject: DoctorSubject) -> tuple[list[SendingAddress], list[str]]:
    """The addresses, each once, and a line for each relay whose addresses cannot be known."""
    if sends_from := subject.settings.doctor.sends_from:
        origin = "[doctor] sends_from"
        return [SendingAddress(address=each, origin=origin, is_certain=True) for each in sends_from], []
    senders: dict[str, SendingAddress] = {}
    unknown: list[str] = []
    for relay in subject.settings.relays:
        own = await _senders_of(subject, relay)
        if not own:
            unknown.append(f"the public address that relay {relay.name} sends from is unknown. {_TO_SAY_SO}")
        for each in own:
            senders.setdefault(each.address, each)
    return list(senders.values()), unknown


async def _senders_of(subject: DoctorSubject, relay: RelaySettings) -> list[SendingAddress]:
    addresses = await _resolve(subject, relay.host)
    public = [address for address in addresses if is_public(address)]
    if addresses and not public:
        own = [each for each in subject.world.own_addresses() if is_public(each)]
        origin = f"this machine, where relay {relay.name} runs"
        # A mail server may be told to send by IPv4 alone.
        return [SendingAddress(address=each, origin=origin, is_certain=":" not in each) for each in own]
    origin = f"relay {relay.name}"
    return [SendingAddress(address=each, origin=origin, is_certain=False) for each in public]


async def _resolve(subject: DoctorSubject, host: str) -> list[str]:
    """By DNS, or as this machine knows the name: it may be in /etc/hosts."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    records = [record for answer in await subject.dns.addresses(host) for record in answer.records]
    if records:
        return records
    try:
        async with asyncio.timeout(subject.world.contact_seconds):
            resolved = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError):
        return []
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in resolved))


def own_addresses() -> list[str]:
    """The addresses that this machine would connect to the world from; nothing is sent."""
    addresses = []
    for address, family in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                addresses.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return addresses
