"""Links: an address that works from inside a mail, and words that do not lie about it."""

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
# Words that are a host by themselves; with any ending, file names and the names of programs would be taken for one.
_AS_HOST = re.compile(r"(?:[\w-]+\.)+(?:com|org|net|edu|gov|info|biz)(?:/\S*)?", re.IGNORECASE)
_MOST_LOOKED_AT = 100
_OWN_MACHINE = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
_LOCAL_ENDINGS = (".localhost", ".local", ".lan", ".internal", ".home.arpa")


def no_address(draft: CheckedEdition) -> Iterator[Finding]:
    """What the cleaner took away: nothing is left to click on."""
    told = {finding.line for finding in islice(runs_something(draft), _MOST_LOOKED_AT)}
    for link in _dead_links(draft):
        text = link.text().strip()
        if (line := draft.line_of(text)) is None or line not in told:
            yield warning("link-dead", line, text=draft.show(text))


def runs_something(draft: CheckedEdition) -> Iterator[Finding]:
    """Looked for in the source, because Markdown makes no link of such an address, and the cleaner takes it away."""
    prose, has_dead_links = draft.prose(), any(True for _ in _dead_links(draft))
    for found in _RUNS.finditer(draft.source):
        if has_dead_links if found[0][0] != "]" else found[0] in prose:
            line = None if draft.body_line is None else draft.body_line + draft.source.count("\n", 0, found.start())
            yield warning("link-runs", line, scheme=f"{found[1].lower()}:")


def empty(draft: CheckedEdition) -> Iterator[Finding]:
    for link, url in _links(draft):
        if not url.strip():
            yield warning("link-empty", draft.line_of(link.text().strip()))
        elif url == "#":
            yield warning("link-hash", draft.line_of("#"))


def without_words(draft: CheckedEdition) -> Iterator[Finding]:
    for link, url in _links(draft):
        shows = link.text().strip() or any(image.attributes.get("alt", "").strip() for image in link.find_all("img"))
        if not shows and url.strip() and not link.attributes.keys() & {"id", "name"}:
            yield _about("link-wordless", draft, url)


def relative(draft: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(draft):
        is_relative = url.strip() and not url.startswith("#") and not _SCHEME.match(url)
        if is_relative and not draft.is_field(url) and not OTHER_FIELDS.search(unquote(url)):
            yield _about("link-relative", draft, url)


def to_nowhere(draft: CheckedEdition) -> Iterator[Finding]:
    targets = {node.attributes.get("id") or node.attributes.get("name") for node in draft.tree.elements()}
    for _, url in _links(draft):
        if url.startswith("#") and len(url) > 1 and url[1:] not in targets:
            yield _about("link-nowhere", draft, url)


def duplicated_ids(draft: CheckedEdition) -> Iterator[Finding]:
    counts = Counter(node.attributes["id"] for node in draft.tree.elements() if node.attributes.get("id"))
    wanted = {url[1:] for _, url in _links(draft) if url.startswith("#")}
    for name, number in counts.items():
        if number < 2:
            continue
        line = draft.line_of(f'"{name}"') or draft.line_of(name)
        if name in wanted:
            yield warning("id-repeated-linked", line, id=name)
        else:
            yield note("id-repeated", line, id=name)


def not_encrypted(draft: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(draft):
        if url.lower().startswith("http:") and _named_host(url) is not None:
            yield _about("link-not-encrypted", draft, url)


def malformed(draft: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(draft):
        problem = None if draft.is_field(url) else _malformation(url)
        if problem is not None:
            yield _about(problem, draft, url)


def to_a_machine(draft: CheckedEdition) -> Iterator[Finding]:
    """Addresses that mean something on the author's network alone, and those that name a machine by its number."""
    for _, url in _links(draft):
        host = _named_host(url)
        if host is None or draft.is_field(host) or _malformation(url) is not None:
            continue
        if host in _OWN_MACHINE or host.endswith(_LOCAL_ENDINGS) or ("." not in host and ":" not in host):
            yield _about("link-private", draft, url)
        elif _is_number(host):
            yield _about("link-number", draft, url)


def to_an_example(draft: CheckedEdition) -> Iterator[Finding]:
    """example.com and its like, unless this installation itself lives there."""
    own = (draft.site.mail_domain, _named_host(draft.site.base_url) or "")
    if any(_PLACEHOLDER_HOST.fullmatch(name) for name in own):
        return
    for _, url in _links(draft):
        host = url.rpartition("@")[2] if url.lower().startswith("mailto:") else _named_host(url)
        if host and _PLACEHOLDER_HOST.fullmatch(host.partition("?")[0]):
            yield _about("link-example", draft, url)


def with_a_user_name(draft: CheckedEdition) -> Iterator[Finding]:
    for _, url in _links(draft):
        if (parts := _split(url)) is not None and parts.scheme in ("http", "https") and "@" in parts.netloc:
            yield _about("link-user-name", draft, url)


def shows_another(draft: CheckedEdition) -> Iterator[Finding]:
    """Words that are an address themselves must be that of the link: mail programs warn of fraud otherwise."""
    for link, url in _links(draft):
        words = link.text().strip()
        if draft.is_field(words) or draft.is_field(url):
            continue
        shown, meant = _shown_host(words), _named_host(url)
        if shown is None or meant is None or _are_related(shown, meant):
            continue
        yield warning("link-shows-another", draft.line_of(url), shown=words, meant=meant)


def _about(code: str, draft: CheckedEdition, url: str) -> Finding:
    return warning(code, draft.line_of(url), url=draft.show(url))


def _links(draft: CheckedEdition) -> Iterator[tuple[Node, str]]:
    for link in draft.tree.find_all("a"):
        if "href" in link.attributes:
            yield link, link.attributes["href"]


def _dead_links(draft: CheckedEdition) -> Iterator[Node]:
    for link in draft.tree.find_all("a"):
        if not link.attributes.keys() & {"href", "id", "name"}:
            yield link


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None


def _named_host(url: str) -> str | None:
    """The host of a web address, lower-cased and without brackets; None where it has none."""
    parts = _split(url)
    if parts is None or parts.scheme.lower() not in ("http", "https"):
        return None
    return (parts.hostname or "").rstrip(".") or None


def _malformation(url: str) -> str | None:
    """The code of what is wrong with an address, None where it may be right."""
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
    is_fine = not target or all(_MAILBOX.fullmatch(one.strip()) for one in target.split(","))
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


def _are_related(one: str, other: str) -> bool:
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


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
