"""What is looked at before an edition goes out: errors stop a send, warnings are for the editor to judge.

Each finding says what is wrong, where, and how to mend it. Nothing here changes the edition.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pressrun.message.finding import Finding, error, warning
from pressrun.message.html import CleanHtml
from pressrun.message.profile import ListProfile
from pressrun.message.tree import Node, parse_tree

LONGEST_SUBJECT = 78
CLIPPED_AT_BYTES = 100 * 1024

_ANSWER = re.compile(r"(?:re|fwd?|aw|wg|sv|antw|tr)\s*:", re.IGNORECASE)
_LEFTOVER = re.compile(r"\b(?:TODO|FIXME|XXX+|TKTK)\b|\[(?:link|url|image|text|name|date|todo|tbd)\]", re.ASCII)
_LOREM = re.compile(r"lorem ipsum", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An edition as preflight sees it; placeholders of merge fields stand where the fields do.

    `show` gives a text with the fields as the author wrote them; `line_of` finds a text in the source.
    """

    subject: str
    subject_line: int | None
    body_line: int | None
    source: str
    html: CleanHtml | None
    own_text: str
    html_bytes: int
    profile: ListProfile
    show: Callable[[str], str]
    line_of: Callable[[str], int | None]
    is_field: Callable[[str], bool]


def check(draft: Draft) -> list[Finding]:
    """All findings of a draft, errors first, each group by line."""
    findings = [
        *_check_subject(draft),
        *_check_body(draft),
        *_check_leftovers(draft),
    ]
    if draft.html is not None:
        tree = parse_tree(draft.html.body)
        findings += _check_links(draft, tree)
        findings += _check_images(draft, tree)
    return findings


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Each finding once: errors first, then by line."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: (found.severity != "error", found.line or 0)))


def _check_subject(draft: Draft) -> list[Finding]:
    subject = draft.show(draft.subject).strip()
    line = draft.subject_line
    if not subject:
        return [error("the edition has no subject: write `subject: …` between the --- lines at the top", line or 1)]
    findings = []
    if len(subject) > LONGEST_SUBJECT:
        length = len(subject)
        findings.append(
            warning(f"the subject has {length} characters: phones show about 40, keep it below {LONGEST_SUBJECT}", line)
        )
    letters = [character for character in subject if character.isalpha()]
    if len(letters) > 7 and all(character.isupper() for character in letters):
        findings.append(
            warning("the subject is all capitals, which spam filters dislike: write it as a sentence", line)
        )
    if "!!" in subject:
        findings.append(warning("the subject shouts with several exclamation marks: one is enough", line))
    if _ANSWER.match(subject):
        findings.append(
            warning("the subject begins like an answer, which is misleading: take the Re: or Fwd: away", line)
        )
    return findings


def _check_body(draft: Draft) -> list[Finding]:
    findings = []
    has_image = draft.html is not None and "<img" in draft.html.body
    if not draft.own_text.strip() and not has_image:
        findings.append(error("the edition has no text: write its body below the second --- line", draft.body_line))
    if draft.profile.require_postal_address and not draft.profile.postal_address.strip():
        name = draft.profile.name
        findings.append(
            error(
                "the list has no postal address, which mail to many must show by law: "
                f"pressrun list set {name} postal_address='…' (or require_postal_address=false)"
            )
        )
    if draft.html_bytes > CLIPPED_AT_BYTES:
        size = draft.html_bytes // 1024
        findings.append(
            warning(f"the HTML part has {size} KiB: Gmail cuts it after 100, unsubscribe link and all; shorten it")
        )
    return findings


def _check_leftovers(draft: Draft) -> list[Finding]:
    findings = []
    for offset, line in enumerate(draft.source.split("\n")):
        found = _LEFTOVER.search(line) or _LOREM.search(line)
        is_link = found is not None and line[found.end() : found.end() + 1] in ("(", "[", ":")
        if found is not None and not is_link:
            at = None if draft.body_line is None else draft.body_line + offset
            findings.append(warning(f"{found[0]!r} looks like a left-over: write what belongs there", at))
    return findings


def _check_links(draft: Draft, tree: Node) -> list[Finding]:
    findings = []
    targets = {node.attributes.get("id") or node.attributes.get("name") for node in tree.elements()}
    for link in tree.find_all("a"):
        url = link.attributes.get("href")
        if url is None:
            if not link.attributes.keys() & {"id", "name"}:
                text = link.text().strip()
                findings.append(
                    warning(
                        f"the link {draft.show(text)!r} has no usable address: write an http, https, mailto or tel one",
                        draft.line_of(text),
                    )
                )
            continue
        if (problem := _link_problem(url, targets, draft)) is not None:
            findings.append(warning(problem, draft.line_of(url)))
    return findings


def _link_problem(url: str, targets: set[str | None], draft: Draft) -> str | None:
    shown = draft.show(url)
    if url.lower().startswith("http:"):
        return f"{shown} is not encrypted: use https if the site has it"
    if url.startswith("#"):
        if len(url) > 1 and url[1:] not in targets:
            return f"{shown} leads nowhere: nothing in the edition has that id"
        return None if len(url) > 1 else "a link leads to '#', which is nowhere: give it an address"
    if not url.strip():
        return "a link has an empty address: fill it in"
    has_scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url)
    if not has_scheme and not draft.is_field(url):
        return f"{shown} is a relative link, which works in no mail: write the whole address"
    return None


def _check_images(draft: Draft, tree: Node) -> list[Finding]:
    findings = []
    for image in tree.find_all("img"):
        source = image.attributes.get("src", "")
        shown = draft.show(source) or "an image"
        line = draft.line_of(source) if source else None
        if not source:
            findings.append(
                warning("an image has no usable address (few programs show data:): put the file beside the edition")
            )
        elif source.lower().startswith("http:"):
            findings.append(warning(f"{shown} is not encrypted: use https, or put the file beside the edition", line))
        is_decoration = "alt" in image.attributes and image.attributes.get("width") in ("0", "1")
        if not image.attributes.get("alt", "").strip() and not is_decoration:
            findings.append(warning(f"{shown} has no alt text: say in words what it shows", line))
    return findings
