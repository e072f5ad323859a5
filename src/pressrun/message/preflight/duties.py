"""What mail to many must have: something to read, a way out, and who sent it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from pressrun.message.finding import Finding, error
from pressrun.message.preflight.draft import Draft, Rule, fixed_text, links_to


def empty_body(draft: Draft) -> Iterator[Finding]:
    has_image = any(True for _ in draft.tree.find_all("img"))
    if not draft.text.strip() and not has_image:
        yield error("body-missing", draft.body_line)


def no_unsubscribe_link(draft: Draft) -> Iterator[Finding]:
    """The built-in footer always has one: this is for a layout that leaves the footer out."""
    for name, pieces in draft.parts():
        if not links_to(pieces, "unsubscribe_url", is_html=name == "html"):
            yield error(f"unsubscribe-missing-{name}")


def no_postal_address(draft: Draft) -> Iterator[Finding]:
    profile = draft.profile
    if not profile.require_postal_address:
        return
    if not profile.postal_address.strip():
        yield error("address-missing", command=f"`pressrun list set {profile.name} postal_address='…'`")
        return
    for name, pieces in draft.parts():
        shown = fixed_text(pieces)
        shown = _plain(html.unescape(re.sub(r"<[^>]*>", " ", shown)) if name == "html" else shown)
        if any(_plain(line) not in shown for line in profile.postal_address.splitlines()):
            yield error(f"address-hidden-{name}")


def owner_outside_ascii(draft: Draft) -> Iterator[Finding]:
    """One that was set when mail was still received, say: only SMTPUTF8 carries it in an envelope (RFC 6531)."""
    profile, site = draft.profile, draft.site
    if profile.owner is not None and profile.owner.needs_smtputf8 and not site.receives_mail:
        command = f"`pressrun list set {profile.name} owner=…`"
        yield error("owner-not-ascii", owner=str(profile.owner), command=command)


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()


RULES: tuple[Rule, ...] = (empty_body, no_unsubscribe_link, no_postal_address, owner_outside_ascii)
