"""The route of a bounce to us: MX, port 25 of each MX host, and our own SMTP or LMTP behind it.

To see whether a server takes a bounce, it is sent MAIL, RCPT, RSET and QUIT, and never any content.
"""

from __future__ import annotations

import asyncio

from msgspec import Struct

from pressrun.core.network.endpoint import Endpoint, SystemdEndpoint, TcpEndpoint, UnixEndpoint, parse_endpoint
from pressrun.core.signing.tokens import TEST_ID
from pressrun.doctor.relays import grade_days_left
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, RunningDaemon, failed, passed, warned
from pressrun.inbound.settings import SmtpSettings
from pressrun.operations.dns import DnsStatus
from pressrun.runtime.certificates import read_file
from pressrun.runtime.http_client import words_of
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply, describe

_MOST_EXCHANGERS = 5  # that are connected to; who has more has a provider that watches them
_READ_OCTETS = 4096
_NO_MAIL = "Pressrun receives no mail, as there is no [smtp] in the configuration: bounces go to the list owners"


async def check_mx(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether mail to mail_domain can be routed."""
    domain = subject.site.mail_domain
    if not subject.site.receives_mail:
        return [passed(_NO_MAIL)]
    answer = await subject.dns.query(domain, "MX")
    wanted = f"Add to DNS: {domain}. IN MX 10 YOUR-MAIL-SERVER."
    if answer.status is DnsStatus.UNKNOWN:
        return [warned(f"MX of {domain} could not be looked up: {answer.problem}")]
    if not answer.records:
        if any(lookup.records for lookup in await subject.dns.addresses(domain)):
            return [warned(f"{domain} has no MX record; mail goes to its address instead", wanted)]
        return [failed(f"{domain} has no MX record, so no bounce can arrive", wanted)]
    hosts = exchangers(answer.records)
    if "." in hosts:
        message = f"{domain} has a null MX record (RFC 7505), so no bounce can arrive"
        return [failed(message, f"Replace it. {wanted}")]
    return [finding for host in hosts for finding in await _check_host(subject, host)]


async def _check_host(subject: DoctorSubject, host: str) -> list[DoctorFinding]:
    domain = subject.site.mail_domain
    answers = await subject.dns.addresses(host)
    addresses = [record for answer in answers for record in answer.records]
    if not addresses:
        unknown = [answer.problem for answer in answers if not answer.is_known]
        if unknown:
            return [warned(f"{host}, an MX host of {domain}, could not be looked up: {unknown[0]}")]
        return [failed(f"{host}, an MX host of {domain}, has no address", f"Add to DNS: {host}. IN A ITS-ADDRESS")]
    if any(answer.is_alias for answer in answers):
        message = f"{host}, an MX host of {domain}, is a CNAME, which some servers refuse (RFC 2181 §10.3)"
        return [warned(message, f"Replace it in DNS: {host}. IN A {addresses[0]}")]
    hidden = [address for address in addresses if not subject.world.is_public(address)]
    if hidden:
        message = f"{host}, an MX host of {domain}, has the address {hidden[0]}, which is not public"
        return [warned(message, f"Replace it in DNS: {host}. IN A ITS-PUBLIC-ADDRESS")]
    return [passed(f"mail to {domain} goes to {host} ({', '.join(addresses)})")]


def exchangers(records: tuple[str, ...]) -> list[str]:
    """The hosts of MX records, those to be tried first before others."""
    pairs = sorted((int(preference), host) for preference, _, host in (record.partition(" ") for record in records))
    return [host for _, host in pairs]


async def check_bounce_address(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether a bounce address of ours is accepted: by each exchanger, and by Pressrun itself behind it."""
    recipient = subject.bounce_address(TEST_ID)
    if not subject.site.receives_mail:
        return [passed(_NO_MAIL)]
    if recipient is None:
        return []  # the check of the database says that there is none
    own = [*await _check_own(subject, recipient), *_check_certificate(subject)]
    return [*own, *await _check_exchangers(subject, recipient)]


def _check_certificate(subject: DoctorSubject) -> list[DoctorFinding]:
    """How long our own certificate is valid. `pressrun check` checks whether it can be used at all."""
    smtp = subject.settings.smtp
    if smtp is None or smtp.certificate_file is None:
        return []
    try:
        period = read_file(smtp.certificate_file)
    except (OSError, ValueError):
        return []
    return [grade_days_left("[smtp]", period, subject.world.clock())]


async def _check_own(subject: DoctorSubject, recipient: str) -> list[DoctorFinding]:
    smtp, daemon = subject.settings.smtp, subject.daemon
    if smtp is None or daemon is None:
        return []
    findings = []
    for name, place in _mail_listeners(smtp, daemon).items():
        offered = await _offer(subject, place, recipient, speaks_lmtp=name == "lmtp")
        if offered.is_accepted:
            findings.append(passed(f"Pressrun accepts bounces at {place} ({name.upper()})"))
        else:
            remedy = "See `pressrun queue ls`, /readyz and the log of the service"
            findings.append(
                failed(f"Pressrun does not accept bounces at {place} ({name.upper()}): {offered.words}", remedy)
            )
    return findings


def _mail_listeners(smtp: SmtpSettings, daemon: RunningDaemon) -> dict[str, Endpoint]:
    """Where mail comes in. What systemd passes on, only the daemon knows."""
    endpoints = {name: place for name, place in (("smtp", smtp.listen), ("lmtp", smtp.lmtp)) if place is not None}
    if any(isinstance(place, SystemdEndpoint) for place in endpoints.values()):
        bound = daemon.mail_addresses
        endpoints = {name: parse_endpoint(bound[name]) for name in endpoints if name in bound}
    return endpoints


async def _check_exchangers(subject: DoctorSubject, recipient: str) -> list[DoctorFinding]:
    domain = subject.site.mail_domain
    answer = await subject.dns.query(domain, "MX")
    if not answer.is_known:
        return []  # check_mx says so
    hosts = [host for host in exchangers(answer.records) if host != "."] or ([] if answer.records else [domain])
    places = [(host, address) for host in hosts[:_MOST_EXCHANGERS] for address in await _addresses(subject, host)]
    offers = await asyncio.gather(
        *(_offer(subject, TcpEndpoint(address, subject.world.smtp_port), recipient) for _, address in places)
    )
    return [
        _grade(subject, f"{host} ({address})", offered) for (host, address), offered in zip(places, offers, strict=True)
    ]


async def _addresses(subject: DoctorSubject, host: str) -> list[str]:
    return [record for answer in await subject.dns.addresses(host) for record in answer.records]


def _grade(subject: DoctorSubject, where: str, offered: OfferedBounce) -> DoctorFinding:
    domain = subject.site.mail_domain
    if offered.is_accepted:
        return passed(f"{where} accepts bounces to {domain}")
    if offered.reply is not None and offered.reply.is_permanent:
        remedy = f"Configure the mail server there to pass mail for {domain} on to Pressrun (docs/how-to/mail.md)"
        return failed(f"{where} refuses bounces to {domain}: {offered.words}", remedy)
    if offered.reply is not None:
        return warned(f"{where} does not accept bounces to {domain} at the moment: {offered.words}")
    remedy = f"Open TCP port 25 of {where} to the internet, and let the mail server listen there"
    message = f"cannot connect to port 25 of {where} from here: {offered.words}"
    if offered.timed_out:  # many hosting companies close the way out to port 25, which says nothing about the way in
        return warned(message, f"Try from another network. If it fails there, too: {remedy[:1].lower()}{remedy[1:]}")
    return failed(message, remedy)


class OfferedBounce(Struct, frozen=True, kw_only=True):
    """The server's reply to the recipient; or, in a few words, why there was none."""

    reply: Reply | None = None
    problem: str = ""
    timed_out: bool = False

    @property
    def is_accepted(self) -> bool:
        return self.reply is not None and self.reply.is_positive

    @property
    def words(self) -> str:
        """The refusal, or the problem."""
        return self.problem if self.reply is None else describe(self.reply)


async def _offer(
    subject: DoctorSubject, place: Endpoint, recipient: str, *, speaks_lmtp: bool = False
) -> OfferedBounce:
    """Offer a mail from the null sender to a recipient; never raises for what the server does."""
    seconds, hello = subject.world.contact_seconds, "LHLO" if speaks_lmtp else "EHLO"
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await _connect(place)
            try:
                return await _converse(reader, writer, recipient, f"{hello} {subject.site.mail_domain}")
            finally:
                writer.close()
    except TimeoutError:
        return OfferedBounce(problem=f"no answer within {seconds:g} s", timed_out=True)
    except OSError as problem:
        return OfferedBounce(problem=words_of(problem))
    except (EOFError, RemoteProtocolError, UnicodeError) as problem:
        return OfferedBounce(problem=str(problem) or "the server closed the connection")


async def _connect(place: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    match place:
        case TcpEndpoint(host=host, port=port):
            return await asyncio.open_connection(host, port)
        case UnixEndpoint(path=path):
            return await asyncio.open_unix_connection(path)
        case _:
            raise OSError(0, "systemd alone knows the address")


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str, hello: str
) -> OfferedBounce:
    replies = ReplyReader()
    for command in (None, hello, "MAIL FROM:<>"):
        reply = await _send(reader, writer, replies, command)
        if not reply.is_positive:
            stage = "its greeting" if command is None else command.partition(" ")[0]
            return OfferedBounce(problem=f"{stage} was answered {describe(reply)}")
    answer = await _send(reader, writer, replies, f"RCPT TO:<{recipient}>")
    for command in ("RSET", "QUIT"):
        writer.write(f"{command}\r\n".encode())
    return OfferedBounce(reply=answer)


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, replies: ReplyReader, command: str | None
) -> Reply:
    if command is not None:
        writer.write(f"{command}\r\n".encode("ascii"))
    while not replies.next_code():
        received = await reader.read(_READ_OCTETS)
        if not received:
            raise EOFError
        replies.feed(received)
    return replies.reply()
