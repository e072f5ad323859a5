"""Putting content into its frame: the HTML page of a mail, and the footer that every edition has in both parts.

The footer says why the reader gets the mail, links to unsubscribing, the preferences and the page on the web, and
names the postal address. An author who placed the unsubscribe link already gets a shorter one, never none.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from pressrun.message.html import ATTRIBUTE, TAG, CleanHtml
from pressrun.message.language import direction_of
from pressrun.message.layouts import fill, frame
from pressrun.message.words import Words

_HIDDEN_SPACE = "&#8199;&#65279;&#847; " * 40
_ALIGNED = re.compile(r"(text-align:\s*(?:left|center|right))\s*;?", re.ASCII)  # as Markdown aligns a column
_RULE = "-" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What stands below an edition; the links may be placeholders. `web_url` is None where the page is not public."""

    list_title: str
    unsubscribe_url: str
    preferences_url: str
    web_url: str | None
    postal_address: str
    is_short: bool = False


def escape(text: str) -> str:
    """Text between tags or in a double-quoted attribute."""
    return html.escape(text, quote=True)


def page(content: CleanHtml, footer: Footer, words: Words, *, title: str, language: str, preheader: str = "") -> str:
    """The HTML part: the author's own document with a footer, or a fragment in the built-in frame."""
    shared = {
        "language": escape(language),
        "direction": direction_of(language),
        "title": escape(title),
        "font": frame.FONT,
        "preheader": _preheader(preheader),
        "footer": footer_html(footer, words),
    }
    if content.is_document:
        return fill(
            frame.HEAD + frame.OWN_DOCUMENT,
            **shared,
            styles=content.styles,
            body_style=escape(content.body_style or "margin:0;padding:0"),
            content=content.body,
        )
    return fill(
        frame.HEAD + frame.SHEET + frame.BODY,
        **shared,
        styles=content.styles,
        head=escape(title),
        content=style_content(content.body),
    )


def framed(content: str, *, title: str, language: str, footer: str) -> str:
    """A page of our own making in the built-in frame; `content` and `footer` are finished HTML."""
    return fill(
        frame.HEAD + frame.SHEET + frame.BODY,
        language=escape(language),
        direction=direction_of(language),
        title=escape(title),
        font=frame.FONT,
        preheader="",
        styles="",
        head=escape(title),
        content=style_content(content),
        footer=footer,
    )


def _preheader(text: str) -> str:
    return fill(frame.PREHEADER, text=escape(text), space=_HIDDEN_SPACE.rstrip()) if text else ""


def footer_html(footer: Footer, words: Words) -> str:
    """The footer as HTML."""
    links = [(footer.unsubscribe_url, words("Unsubscribe")), (footer.preferences_url, words("Preferences"))]
    if footer.web_url is not None:
        links.append((footer.web_url, words("View in browser")))
    shown = [fill(frame.FOOTER_LINK, url=escape(url), words=escape(name)) for url, name in links]
    paragraphs = [] if footer.is_short else [escape(_reason(footer, words))]
    paragraphs.append(" &nbsp;·&nbsp; ".join(shown))
    if footer.postal_address.strip():
        lines = [escape(line.strip()) for line in footer.postal_address.strip().splitlines()]
        paragraphs.append("<br>".join(lines))
    return "\n".join(fill(frame.FOOTER_PARAGRAPH, text=paragraph) for paragraph in paragraphs)


def footer_text(footer: Footer, words: Words) -> str:
    """The footer as plain text, with the rule that sets it apart."""
    lines = [_RULE]
    if not footer.is_short:
        lines.append(_reason(footer, words))
    lines.append(f"{words('Unsubscribe')}: {footer.unsubscribe_url}")
    lines.append(f"{words('Preferences')}: {footer.preferences_url}")
    if footer.web_url is not None:
        lines.append(f"{words('View in browser')}: {footer.web_url}")
    if footer.postal_address.strip():
        lines += ["", *(line.strip() for line in footer.postal_address.strip().splitlines())]
    return "\n".join(lines) + "\n"


def _reason(footer: Footer, words: Words) -> str:
    return words("You get this mail because you are subscribed to {title}.", title=footer.list_title)


def style_content(body: str) -> str:
    """Clean HTML with the frame's inline styles on elements that bring none of their own."""
    in_pre = 0

    def style(tag: re.Match[str]) -> str:
        nonlocal in_pre
        whole: str = tag[0]
        name: str = tag[1]
        in_pre += name == "pre"
        found = frame.CONTENT_STYLES.get(name)
        attributes: dict[str, str] = dict(ATTRIBUTE.findall(tag[2]))
        aligned = _ALIGNED.fullmatch(attributes.get("style", ""))
        if found is None or ("style" in attributes and not aligned) or (name == "code" and in_pre):
            return whole
        if name in ("table", "td", "th") and _is_laid_out(attributes):
            return whole
        class_, styles = found
        if aligned or "align" in attributes:
            styles = styles.replace("text-align:left;", "")
        kept = tag[2].replace(f' style="{attributes["style"]}"', "") if aligned else tag[2]
        added = f' style="{escape(styles)}{";" + aligned[1] if aligned else ""}"'
        marked = f' class="{class_}"' if class_ and "class" not in attributes else ""
        return f"<{name}{marked}{kept}{added}>"

    done = []
    for part in re.split(r"(</pre>)", body):
        if part == "</pre>":
            in_pre = max(0, in_pre - 1)
            done.append(part)
        else:
            done.append(TAG.sub(style, part))
    return "".join(done)


def _is_laid_out(attributes: dict[str, str]) -> bool:
    """Whether an author laid out a table by hand, so that our margins and rules would spoil it."""
    return bool(attributes.keys() & {"bgcolor", "cellpadding", "cellspacing", "border", "role", "width", "height"})
