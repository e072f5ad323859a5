"""Links: an address that works in a mail, and words that do not lie about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from itertools import islice
from urllib.parse import SplitResult, unquote, urlsplit

from pressrun.message.content.tree import Node
from pressrun.message.finding import Finding, note, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule
from pressrun.message.preflight.placeholders import OTHER_FIELDS

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_RUNS = re.compile(r"(?:\bhref\s*=\s*[\"']?|\]\(\s*<?)\s*(javascript|vbscript|data|file)\s*:", re.IGNORECASE)
_HOST = re.compile(r"(?=.{1,253}\.?$)(?:[\w](?:[\w-]{0,61}[\w])?\.)*[\w](?:[\w-]{0,61}[\w])?\.?")
_PLACEHOLDER_HOST = re.compile(r"(?:.*\.)?example\.(?:com|net|org)", re.IGNORECASE)
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+|[^@\s]+@\[[^\]]+\]")
_AS_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# Words that are a host name. With any ending, file and program names would count as one.
_AS_HOST = re.compile(r"(?:[\w-]+\.)+(?:com|org|net|edu|gov|info|biz)(?:/\S*)?", re.IGNORECASE)
_MOST_EXAMINED = 100
_OWN_MACHINE = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
_LOCAL_ENDINGS = (".localhost", ".local", ".lan", ".internal", ".home.arpa")


def no_address(edition: CheckedEdition) -> Iterator[Finding]:
    """Links whose address the cleaner removed."""
    reported = {finding.line for finding in islice(runs_something(edition), _MOST_EXAMINED)}
    for link in _dead_links(edition):
        text = link.text().strip()
        if (line := edition.line_of(text)) is None or line not in reported:
            yield warning("link-dead", line, text=edition.show(text))


def runs_something(edition: CheckedEdition) -> Iterator[Finding]:
    """Searches the source, because Markdown makes no link of such an address and the cleaner removes it."""
    prose, has_dead_links = edition.prose(), any(True for _ in _dead_links(edition))
    for match in _RUNS.finditer(edition.source):
        if has_dead_links if match[0][0] != "]" else match[0] in prose:
            line = (
                None if edition.body_line is None else edition.body_line + edition.source.count("\n", 0, match.start())
            )
            yield warning("link-runs", line, scheme=f"{match[1].lower()}:")


def empty(edition: CheckedEdition) -> Iterator[Finding]:
    for link, url in _links(edition):
        if not url.strip():
            yield warning("link-empty", edition.line_of(link.text().strip()))
        elif url == "#":
            yield warning("link-hash", edition.line_of("#"))


def without_words(edition: CheckedEdition) -> Iterator[Finding]:
    for link, url in _links(edition):
        shows = link.text().strip() or any(image.attributes.get("alt", "").strip() for image in link.find_all("img"))
        if not shows and url.strip() and not link.attributes.keys() & {"id", "name"}:
            yield _about("link-wordless", edition, url)


def relative(edition: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(edition):
        is_relative = url.strip() and not url.startswith("#") and not _SCHEME.match(url)
        if is_relative and not edition.is_field(url) and not OTHER_FIELDS.search(unquote(url)):
            yield _about("link-relative", edition, url)


def to_nowhere(edition: CheckedEdition) -> Iterator[Finding]:
    targets = {node.attributes.get("id") or node.attributes.get("name") for node in edition.tree.elements()}
    for _, url in _links(edition):
        if url.startswith("#") and len(url) > 1 and url[1:] not in targets:
            yield _about("link-nowhere", edition, url)


def duplicated_ids(edition: CheckedEdition) -> Iterator[Finding]:
    counts = Counter(node.attributes["id"] for node in edition.tree.elements() if node.attributes.get("id"))
    wanted = {url[1:] for _, url in _links(edition) if url.startswith("#")}
    for name, number in counts.items():
        if number < 2:
            continue
        line = edition.line_of(f'"{name}"') or edition.line_of(name)
        if name in wanted:
            yield warning("id-repeated-linked", line, id=name)
        else:
            yield note("id-repeated", line, id=name)


def not_encrypted(edition: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(edition):
        if url.lower().startswith("http:") and _named_host(url) is not None:
            yield _about("link-not-encrypted", edition, url)


def malformed(edition: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(edition):
        problem = None if edition.is_field(url) else _malformation(url)
        if problem is not None:
            yield _about(problem, edition, url)


def to_a_machine(edition: CheckedEdition) -> Iterator[Finding]:
    """Addresses that work only on the author's network, and those that name a machine by its number."""
    for _, url in _links(edition):
        host = _named_host(url)
        if host is None or edition.is_field(host) or _malformation(url) is not None:
            continue
        if host in _OWN_MACHINE or host.endswith(_LOCAL_ENDINGS) or ("." not in host and ":" not in host):
            yield _about("link-private", edition, url)
        elif _is_number(host):
            yield _about("link-number", edition, url)


def to_an_example(edition: CheckedEdition) -> Iterator[Finding]:
    """example.com and the like, unless this installation itself is there."""
    own = (edition.site.mail_domain, _named_host(edition.site.base_url) or "")
    if any(_PLACEHOLDER_HOST.fullmatch(name) for name in own):
        return
    for _, url in _links(edition):
        host = url.rpartition("@")[2] if url.lower().startswith("mailto:") else _named_host(url)
        if host and _PLACEHOLDER_HOST.fullmatch(host.partition("?")[0]):
            yield _about("link-example", edition, url)


def with_a_user_name(edition: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(edition):
        if (parts := _split(url)) is not None and parts.scheme in ("http", "https") and "@" in parts.netloc:
            yield _about("link-user-name", edition, url)


def shows_another(edition: CheckedEdition) -> Iterator[Finding]:
    """Words that look like an address must match the link, because mail programs warn of fraud otherwise."""
    for link, url in _links(edition):
        words = link.text().strip()
        if edition.is_field(words) or edition.is_field(url):
            continue
        shown, meant = _shown_host(words), _named_host(url)
        if shown is None or meant is None or _are_related(shown, meant):
            continue
        yield warning("link-shows-another", edition.line_of(url), shown=words, meant=meant)


def _about(code: str, edition: CheckedEdition, url: str) -> Finding:
    return warning(code, edition.line_of(url), url=edition.show(url))


def _links(edition: CheckedEdition) -> Iterator[tuple[Node, str]]:
    for link in edition.tree.find_all("a"):
        if "href" in link.attributes:
            yield link, link.attributes["href"]


def _dead_links(edition: CheckedEdition) -> Iterator[Node]:
    for link in edition.tree.find_all("a"):
        if not link.attributes.keys() & {"href", "id", "name"}:
            yield link


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None


def _named_host(url: str) -> str | None:
    """The host of a web address in lower case without brackets, or None."""
    parts = _split(url)
    if parts is None or parts.scheme.lower() not in ("http", "https"):
        return None
    return (parts.hostname or "").rstrip(".") or None


def _malformation(url: str) -> str | None:
    """The code of what is wrong with an address, or None."""
    scheme = url.strip().partition(":")[0].lower()
    check = _BY_SCHEME.get(scheme)
    return None if check is None else check(url.strip())


def _web_problem(url: str) -> str | None:
    parts = _split(url)
    if parts is None:
        return "link-brackets"
    if not url.lower().startswith(f"{parts.scheme.lower()}://") or not parts.hostname:
        return "link-no-site"
    if re.match(r"https?(?:$|:)", parts.netloc, re.IGNORECASE):
        return "link-begins-twice"
    try:
        port = parts.port
    except ValueError:
        port = -1
    if port == -1 or not (_is_number(parts.hostname) or _HOST.fullmatch(parts.hostname)):
        return "link-bad-site"
    return None


def _mail_problem(url: str) -> str | None:
    target = url.partition(":")[2].partition("?")[0].replace("%40", "@")
    is_fine = not target or all(_MAILBOX.fullmatch(mailbox.strip()) for mailbox in target.split(","))
    return None if is_fine else "link-bad-email"


def _phone_problem(url: str) -> str | None:
    number = url.partition(":")[2].partition(";")[0].replace("%20", "")
    is_fine = re.fullmatch(r"[+*#]?[\d().\s*#-]{2,40}", number) is not None
    return None if is_fine else "link-bad-phone"


_BY_SCHEME: dict[str, Callable[[str], str | None]] = {
    "http": _web_problem,
    "https": _web_problem,
    "mailto": _mail_problem,
    "tel": _phone_problem,
}


def _is_number(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return host.isdigit()  # 3232235777 is an address too
    return True


def _shown_host(words: str) -> str | None:
    if _AS_URL.fullmatch(words):
        return _named_host(words if words.lower().startswith("http") else f"https://{words}")
    if _AS_HOST.fullmatch(words):
        return _named_host(f"https://{words}")
    return None


def _are_related(shown: str, meant: str) -> bool:
    shown, meant = shown.removeprefix("www."), meant.removeprefix("www.")
    return shown == meant or shown.endswith(f".{meant}") or meant.endswith(f".{shown}")


RULES: tuple[Rule, ...] = (
    no_address,
    runs_something,
    empty,
    without_words,
    relative,
    to_nowhere,
    duplicated_ids,
    not_encrypted,
    malformed,
    to_a_machine,
    to_an_example,
    with_a_user_name,
    shows_another,
)
