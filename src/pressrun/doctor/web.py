"""base_url, and that of [admin]: address, certificate, the one-click POST, the proxy's header, and no private pages."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pressrun.core.network.endpoint import is_loopback
from pressrun.core.network.origins import origin_of, supports_passkeys
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import TEST_ID, WebPurpose, WebTokens
from pressrun.doctor.relays import grade_days_left
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, RunningDaemon, failed, passed, warned
from pressrun.runtime.http_client import HttpAnswer, HttpRequest, fetch

FORGED = "192.0.2.77"  # reserved (RFC 5737): a client that nobody is
_ONE_CLICK = b"List-Unsubscribe=One-Click"
_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_PRIVATE_PATHS = ("/metrics", "/metrics/", "//metrics", "/readyz", "/readyz/")
_NUMBER_BYTES = 6
_USER_AGENT = "pressrun-doctor"
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"  # RFC 9110 §5.6.7
_PROXY_PAGE = "docs/how-to/web-server.md has complete examples for nginx, Caddy and Apache"


async def check_base_url(subject: DoctorSubject) -> list[DoctorFinding]:
    """Each published address answers by HTTPS, with a certificate that stays valid for a while."""
    base_url = subject.site.base_url
    host = urlsplit(base_url).hostname or ""
    findings = []
    if not base_url.startswith("https:"):
        name = subject.site.mail_domain if is_loopback(host) else host
        remedy = f'Put a proxy with HTTPS in front, and set base_url = "https://{name}"'
        findings.append(failed("base_url is not HTTPS, which one-click unsubscribe requires (RFC 8058)", remedy))
    addresses, finding = await _addresses(subject, host)
    findings += [] if finding is None else [finding]
    for address in addresses:
        if not subject.world.is_public(address):
            findings.append(_not_public(host, address))
        findings.append(await _check_address(subject, base_url, address))
    return [*findings, *await _check_admin_url(subject)]


async def _check_admin_url(subject: DoctorSubject) -> list[DoctorFinding]:
    """Check the `base_url` of [admin] in the same way, if it is set. It need not be public."""
    url = subject.settings.admin.base_url
    if url is None:
        return []
    findings = []
    if not supports_passkeys(origin_of(url)):
        message = "[admin] base_url is neither HTTPS with a name nor localhost, so browsers make no passkeys there"
        findings.append(failed(message, f"Put a proxy with HTTPS in front, and name it there. {_PROXY_PAGE}"))
    addresses, finding = await _addresses(subject, urlsplit(url).hostname or "", "[admin] base_url")
    findings += [] if finding is None else [finding]
    return [*findings, *[await _check_address(subject, url, address) for address in addresses]]


def _not_public(host: str, address: str) -> DoctorFinding:
    if host == address:
        message = f"base_url has the address {address}, which is not public"
        return warned(message, "Set base_url to a name with a public address")
    message = f"{host}, the name in base_url, has the address {address}, which is not public"
    return warned(message, f"Replace it in DNS: {host}. IN A ITS-PUBLIC-ADDRESS")


async def _check_address(subject: DoctorSubject, base_url: str, address: str) -> DoctorFinding:
    answer = await _fetch(subject, address, "/", base_url)
    if answer.problem:
        remedy = "Let the proxy listen there, or remove the address from DNS. " + _PROXY_PAGE
        if "certificate" in answer.problem:
            remedy = "Renew the certificate of the proxy, for this name, and with its intermediate certificates"
        return failed(f"{base_url} does not answer at {address}: {answer.problem}", remedy)
    if answer.status >= 500:
        remedy = "Start the service, and check that the proxy passes requests on to it"
        return failed(f"{base_url} answers {answer.status} at {address}", remedy)
    if answer.certificate is None:
        return passed(f"{base_url} answers at {address}")
    return grade_days_left(f"{base_url} at {address}", answer.certificate, subject.world.clock())


async def check_one_click(subject: DoctorSubject) -> list[DoctorFinding]:
    """The POST of a mail program that unsubscribes somebody reaches Pressrun; here, for nobody."""
    if subject.keys is None:
        return []
    address = await _working_address(subject)
    if address is None:
        return []  # check_base_url says so
    tokens = WebTokens(subject.keys)
    answer = await _post(subject, address, tokens.make(WebPurpose.UNSUBSCRIBE, TEST_ID, TEST_ID))
    if answer.problem:
        return [failed(f"a one-click POST to base_url got no answer: {answer.problem}", _PROXY_PAGE)]
    if 300 <= answer.status < 400:
        where = answer.headers.get("location", "elsewhere")
        message = f"a one-click POST to base_url is redirected to {where}, which mail programs do not follow"
        return [failed(message, f"Let the proxy pass POST /unsubscribe/… on without a redirect. {_PROXY_PAGE}")]
    if answer.status != 200:
        remedy = f"Let the proxy pass POST /unsubscribe/… on to Pressrun. {_PROXY_PAGE}"
        return [
            failed(f"a one-click POST to base_url is answered {answer.status}, so one-click unsubscribe fails", remedy)
        ]
    unsigned = await _post(subject, address, "nobody")
    if unsigned.status == 200:
        remedy = f"Let the proxy pass requests on to the address in [http] listen. {_PROXY_PAGE}"
        return [failed("base_url answers every POST with 200, so it does not lead to Pressrun", remedy)]
    return [passed("a one-click POST reaches Pressrun")]


async def check_proxy(subject: DoctorSubject) -> list[DoctorFinding]:
    """X-Forwarded-For reaches us from a proxy that we trust, and nobody else can set it."""
    if subject.keys is None or subject.daemon is None:
        return []
    address = await _working_address(subject)
    if address is None:
        return []
    seen, is_direct = await _send_forged(subject, address, subject.keys, subject.daemon)
    if seen is None:
        return [warned("a request to base_url did not reach this daemon, so the proxy's header was not checked")]
    if is_direct:
        return [passed("base_url leads straight to Pressrun, without a proxy")]
    return [_grade_proxy(subject, seen)]


async def _send_forged(
    subject: DoctorSubject, address: str, keys: KeyRing, daemon: RunningDaemon
) -> tuple[Mapping[str, Any] | None, bool]:
    """How a request with a forged X-Forwarded-For arrived, if it did, and whether it came from us without a proxy."""
    number = int.from_bytes(subject.world.entropy(_NUMBER_BYTES), "big") | 1
    token = WebTokens(keys).make(WebPurpose.UNSUBSCRIBE, TEST_ID, number)
    answer = await _post(subject, address, token, forwarded=FORGED)
    seen = await daemon.seen(number)
    return seen, seen is not None and (seen["peer"], seen.get("port")) == answer.local


def _grade_proxy(subject: DoctorSubject, seen: Mapping[str, Any]) -> DoctorFinding:
    peer = seen["peer"] or "unix"
    forwarded = [item.strip() for field in seen["forwarded"] for item in field.split(",")]
    if not forwarded:
        remedy = f"Let the proxy set X-Forwarded-For to the address of the client. {_PROXY_PAGE}"
        message = "the proxy does not pass on the address of the client, so all visitors share one limit"
        return failed(message, remedy)
    if forwarded[-1] == FORGED:
        message = "the proxy passes on an X-Forwarded-For that its client forged, so anybody can evade the limits"
        return failed(message, f"Let the proxy overwrite the field with the address of the client. {_PROXY_PAGE}")
    if not seen["is_trusted"]:
        trusted = ", ".join(f'"{name}"' for name in (*subject.settings.http.trusted_proxies, peer))
        message = f"the proxy at {peer} is not trusted, so all visitors share one limit"
        return failed(message, f"Add to config.toml, under [http]: trusted_proxies = [{trusted}]")
    return passed(f"the proxy at {peer} is trusted and passes on the address of the client")


async def check_private_pages(subject: DoctorSubject) -> list[DoctorFinding]:
    """`/metrics` and `/readyz` are private, however their path is written.

    If base_url leads to this machine alone, no request to it comes from outside.
    """
    if is_loopback(urlsplit(subject.site.base_url).hostname or ""):
        return [warned("/metrics and /readyz were not checked from outside, as base_url leads to this machine alone")]
    address = await _working_address(subject)
    if address is None:
        return []
    leaking = []
    for path in _PRIVATE_PATHS:
        answer = await _fetch(subject, address, path)
        if _is_private(answer):
            leaking.append(path)
    if not leaking:
        return [passed("/metrics and /readyz cannot be reached from outside")]
    remedy = f"Use a proxy that sets X-Forwarded-For and answers 404 for these paths. {_PROXY_PAGE}"
    return [failed(f"{', '.join(leaking)} below base_url can be reached from outside", remedy)]


async def date_of_page(subject: DoctorSubject) -> float | None:
    """The time by the clock of the proxy at base_url, in UTC seconds; None without an answer, or without a proxy."""
    address = await _working_address(subject)
    if address is None:
        return None
    if subject.keys is not None and subject.daemon is not None:
        _, is_direct = await _send_forged(subject, address, subject.keys, subject.daemon)
        if is_direct:
            return None
    date = (await _fetch(subject, address, "/healthz")).headers.get("date", "")
    try:
        return datetime.strptime(date, _HTTP_DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_private(answer: HttpAnswer) -> bool:
    """Whether this is what Pressrun shows at /metrics or /readyz, where an obstacle is plain text with 503."""
    is_plain = answer.headers.get("content-type", "").startswith("text/plain")
    return is_plain and (b"pressrun_" in answer.body or answer.body == b"ready\n" or answer.status == 503)


async def _addresses(
    subject: DoctorSubject, host: str, setting: str = "base_url"
) -> tuple[list[str], DoctorFinding | None]:
    """The addresses of the host in a setting, and what is wrong with them."""
    try:
        return [str(ipaddress.ip_address(host))], None
    except ValueError:
        pass
    answers = await subject.dns.addresses(host)
    addresses = [record for answer in answers for record in answer.records]
    problems = [answer.problem for answer in answers if not answer.is_known]
    if problems and not addresses:
        return [], warned(f"the address of {host} could not be looked up: {problems[0]}")
    if not addresses:
        remedy = f"Add to DNS: {host}. IN A THE-ADDRESS-OF-YOUR-PROXY"
        return [], failed(f"{host}, the name in {setting}, has no address", remedy)
    return addresses, None


async def _working_address(subject: DoctorSubject) -> str | None:
    """The first address that answers."""
    addresses, _ = await _addresses(subject, urlsplit(subject.site.base_url).hostname or "")
    for address in addresses:
        if not (await _fetch(subject, address, "/")).problem:
            return address
    return None


async def _fetch(subject: DoctorSubject, address: str, path: str, base_url: str | None = None) -> HttpAnswer:
    request = HttpRequest(url=(base_url or subject.site.base_url) + path, address=address, user_agent=_USER_AGENT)
    return await fetch(request, subject.world.tls(), subject.world.contact_seconds)


async def _post(subject: DoctorSubject, address: str, token: str, forwarded: str | None = None) -> HttpAnswer:
    headers = [_FORM] if forwarded is None else [_FORM, ("X-Forwarded-For", forwarded)]
    url = subject.site.url("unsubscribe", token)
    request = HttpRequest(
        url=url, address=address, method="POST", headers=headers, body=_ONE_CLICK, user_agent=_USER_AGENT
    )
    return await fetch(request, subject.world.tls(), subject.world.contact_seconds)
