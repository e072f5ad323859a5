"""Links that somebody copied from a mail they received: they act or count for that person, no matter who follows them.

Our own are recognised by their token, those of other services by the form of their addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule

_OUR_TOKEN = re.compile(r"/[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{43}(?:/|\Z)")
_LEAVING = re.compile(
    r"(?:unsub|unsubscribe|optout|opt-out|unsubscribe-all|abmelden|abbestellen|desinscription|desabonnement|baja"
    r"|cancelar-inscricao)(?:\.\w{2,5})?",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?=.*[0-9@])[\w.@%+=~-]{8,}", re.ASCII)  # a number, a hash, an address
# Host and path of what large services, and two that check the links of a company's mail, put in place of a link.
_COUNTERS = re.compile(
    r"[^/]*(?:list-manage\d?\.com/track/click|\.ct\.sendgrid\.net/|/ss/c/[\w-]{20}|/click/\d+\.\d+/|mandrillapp\.com/track/click|/(?:ls|wf)/click\b|\.mjt\.lu/lnk/|/mk/cl/f/"
    r"|sendib[mt]\d\.com/|substack\.com/redirect/|convertkit-mail\d?\.com/|mlsend\d?\.com/|klclick\d?\.com/"
    r"|(?:cmail|createsend)\d{0,3}\.com/t/|rs6\.net/tn\.jsp|hubspotlinks\.com/|/e[23]t/|/lt\.php|awstrack\.me/|/c/eJ\w{20}"
    r"|safelinks\.protection\.outlook\.com/|urldefense\.(?:proofpoint\.)?com/)",
    re.IGNORECASE,
)


def copied(edition: CheckedEdition) -> Iterator[Finding]:
    """The first link of each site: a copied newsletter has dozens, and all have one remedy."""
    own_host, reported = urlsplit(edition.site.base_url).netloc.lower(), set[str]()
    for link in edition.tree.find_all("a"):
        url = link.attributes.get("href", "")
        parts = _split(url)
        if parts is None or edition.is_field(url):
            continue
        host = parts.netloc.lower()
        is_copied = bool(_OUR_TOKEN.search(parts.path)) if host == own_host else _is_of_a_copy(parts)
        if is_copied and host not in reported:
            reported.add(host)
            yield warning("link-copied", edition.line_of(url), url=url)


def _is_of_a_copy(parts: SplitResult) -> bool:
    return bool(_COUNTERS.match(parts.netloc + parts.path)) or _unsubscribes_somebody(parts)


def _unsubscribes_somebody(parts: SplitResult) -> bool:
    """Whether a link is there to unsubscribe and names who, unlike an article about that."""
    segments = [segment for segment in (parts.netloc.partition(".")[0], *parts.path.split("/")) if segment]
    others = [segment for segment in segments[1:] if not _LEAVING.fullmatch(segment)]
    values = [value for _, value in parse_qsl(parts.query)]
    return any(map(_LEAVING.fullmatch, (*segments, *values))) and any(map(_OPAQUE.fullmatch, (*others, *values)))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return parts if parts.scheme.lower() in ("http", "https") else None


RULES: tuple[Rule, ...] = (copied,)
