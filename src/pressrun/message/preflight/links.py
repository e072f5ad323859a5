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
from pressrun.message.preflight.draft import Draft, Rule
from pressrun.message.preflight.leftovers import OTHER_FIELDS

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


def no_address(draft: Draft) -> Iterator[Finding]:
    """What the cleaner took away: nothing is left to click on."""
    told = {finding.line for finding in islice(runs_something(draft), _MOST_LOOKED_AT)}
    for link in _dead_links(draft):
        text = link.text().strip()
        if (line := draft.line_of(text)) is None or line not in told:
            yield warning(
                f"the link {draft.show(text)!r} has no usable address: write an http, https, mailto or tel one", line
            )


def runs_something(draft: Draft) -> Iterator[Finding]:
    """Looked for in the source, because Markdown makes no link of such an address, and the cleaner takes it away."""
    prose, has_dead_links = draft.prose(), any(True for _ in _dead_links(draft))
    for found in _RUNS.finditer(draft.source):
        if has_dead_links if found[0][0] != "]" else found[0] in prose:
            line = None if draft.body_line is None else draft.body_line + draft.source.count("\n", 0, found.start())
            yield warning(f"a {found[1].lower()}: link works in no mail: write an https address", line)


def empty(draft: Draft) -> Iterator[Finding]:
    for link, url in _links(draft):
        if not url.strip():
            yield warning("a link has an empty address: fill it in", draft.line_of(link.text().strip()))
        elif url == "#":
            yield warning("a link leads to '#', which is nowhere: give it an address", draft.line_of("#"))


def without_words(draft: Draft) -> Iterator[Finding]:
    for link, url in _links(draft):
        shows = link.text().strip() or any(image.attributes.get("alt", "").strip() for image in link.find_all("img"))
        if not shows and url.strip() and not link.attributes.keys() & {"id", "name"}:
            yield warning(
                f"the link to {draft.show(url)} has no words, so screen readers have nothing to say: write some into "
                "it, or an alt text for its image",
                draft.line_of(url),
            )


def relative(draft: Draft) -> Iterator[Finding]:
    for _, url in _links(draft):
        is_relative = url.strip() and not url.startswith("#") and not _SCHEME.match(url)
        if is_relative and not draft.is_field(url) and not OTHER_FIELDS.search(unquote(url)):
            yield warning(
                f"{draft.show(url)} is a relative link, which works in no mail: write the whole address",
                draft.line_of(url),
            )


def to_nowhere(draft: Draft) -> Iterator[Finding]:
    targets = {node.attributes.get("id") or node.attributes.get("name") for node in draft.tree.elements()}
    for _, url in _links(draft):
        if url.startswith("#") and len(url) > 1 and url[1:] not in targets:
            yield warning(f"{draft.show(url)} leads nowhere: nothing in the edition has that id", draft.line_of(url))


def duplicated_ids(draft: Draft) -> Iterator[Finding]:
    counts = Counter(node.attributes["id"] for node in draft.tree.elements() if node.attributes.get("id"))
    wanted = {url[1:] for _, url in _links(draft) if url.startswith("#")}
    for name, number in counts.items():
        if number < 2:
            continue
        line = draft.line_of(f'"{name}"') or draft.line_of(name)
        if name in wanted:
            yield warning(f"the id {name} stands {number} times, so a link to it may lead elsewhere: use it once", line)
        else:
            yield note(f"the id {name} stands {number} times: use it once, or leave it out", line)


def not_encrypted(draft: Draft) -> Iterator[Finding]:
    for _, url in _links(draft):
        if url.lower().startswith("http:") and _named_host(url) is not None:
            yield warning(f"{draft.show(url)} is not encrypted: use https if the site has it", draft.line_of(url))


def malformed(draft: Draft) -> Iterator[Finding]:
    for _, url in _links(draft):
        problem = None if draft.is_field(url) else _malformation(url)
        if problem is not None:
            yield warning(f"{draft.show(url)} {problem}", draft.line_of(url))


def to_a_machine(draft: Draft) -> Iterator[Finding]:
    """Addresses that mean something on the author's network alone, and those that name a machine by its number."""
    for _, url in _links(draft):
        host = _named_host(url)
        if host is None or draft.is_field(host) or _malformation(url) is not None:
            continue
        if host in _OWN_MACHINE or host.endswith(_LOCAL_ENDINGS) or ("." not in host and ":" not in host):
            yield warning(
                f"{draft.show(url)} leads to a machine that readers cannot reach: write the public address",
                draft.line_of(url),
            )
        elif _is_number(host):
            yield warning(
                f"{draft.show(url)} names a machine by its number, as fraud does: write its name", draft.line_of(url)
            )


def to_an_example(draft: Draft) -> Iterator[Finding]:
    """example.com and its like, unless this installation itself lives there."""
    own = (draft.site.mail_domain, _named_host(draft.site.base_url) or "")
    if any(_PLACEHOLDER_HOST.fullmatch(name) for name in own):
        return
    for _, url in _links(draft):
        host = url.rpartition("@")[2] if url.lower().startswith("mailto:") else _named_host(url)
        if host and _PLACEHOLDER_HOST.fullmatch(host.partition("?")[0]):
            yield warning(
                f"{draft.show(url)} is an example that nobody replaced: write the real address", draft.line_of(url)
            )


def with_a_user_name(draft: Draft) -> Iterator[Finding]:
    for _, url in _links(draft):
        if (parts := _split(url)) is not None and parts.scheme in ("http", "https") and "@" in parts.netloc:
            yield warning(
                f"{draft.show(url)} holds a user name before the @, as fraud does: leave it out", draft.line_of(url)
            )


def shows_another(draft: Draft) -> Iterator[Finding]:
    """Words that are an address themselves must be that of the link: mail programs warn of fraud otherwise."""
    for link, url in _links(draft):
        words = link.text().strip()
        if draft.is_field(words) or draft.is_field(url):
            continue
        shown, meant = _shown_host(words), _named_host(url)
        if shown is None or meant is None or _are_related(shown, meant):
            continue
        yield warning(
            f"the link shows {words} and leads to {meant}, as fraud does: let it show where it leads",
            draft.line_of(url),
        )


def _links(draft: Draft) -> Iterator[tuple[Node, str]]:
    for link in draft.tree.find_all("a"):
        if "href" in link.attributes:
            yield link, link.attributes["href"]


def _dead_links(draft: Draft) -> Iterator[Node]:
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
    scheme = url.strip().partition(":")[0].lower()
    check = _BY_SCHEME.get(scheme)
    return None if check is None else check(url.strip())


def _web_problem(url: str) -> str | None:
    parts = _split(url)
    if parts is None:
        return "is no web address: look at its brackets"
    if not url.lower().startswith(f"{parts.scheme.lower()}://") or not parts.hostname:
        return "names no site: a web address begins like https://site.tld/"
    if re.match(r"https?(?:$|:)", parts.netloc, re.IGNORECASE):
        return "begins twice: take one https:// away"
    try:
        port = parts.port
    except ValueError:
        port = -1
    if port == -1 or not (_is_number(parts.hostname) or _HOST.fullmatch(parts.hostname)):
        return "names no site that can exist: look at the part between https:// and the next /"
    return None


def _mail_problem(url: str) -> str | None:
    target = url.partition(":")[2].partition("?")[0].replace("%40", "@")
    is_fine = not target or all(_MAILBOX.fullmatch(one.strip()) for one in target.split(","))
    return None if is_fine else "is no mail address: write mailto:name@domain"


def _phone_problem(url: str) -> str | None:
    number = url.partition(":")[2].partition(";")[0].replace("%20", "")
    is_fine = re.fullmatch(r"[+*#]?[\d().\s*#-]{2,40}", number) is not None
    return None if is_fine else "is no phone number: write tel:+4930123456"


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
