"""The preview of an edition as one page that needs nothing beside it: written by the verb, served to an editor.

The author's HTML stands in a sandboxed frame without script, form or origin, under a policy that lets nothing be
fetched; it inherits the page's, which has no script either. What the editor chooses (width, colours, which part) is
chosen by style alone. It speaks the language of whoever looks at it, English to the verbs.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pressrun.locales.catalogues import words_in
from pressrun.locales.own_names import own_names
from pressrun.message.editions.read_back import shown_source, with_images_inside
from pressrun.message.finding import Finding, Severity
from pressrun.message.words import Words, direction_of
from pressrun.services.editions.edition_preview import Preview

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"  # fetch nothing
)
# For the HTML of a mail that stands in a frame from a URL of its own.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
NEW_WINDOW = '<head>\n<base target="_blank">'  # a link opens beside the preview, never in its frame


def render_preview(preview: Preview) -> str:
    """The page."""
    say = words_in(preview.said_in)
    header, body = shown_source(preview.message)
    page = with_images_inside(preview.parts)
    return _template().render(
        policy=POLICY,
        preview=preview,
        direction=direction_of(preview.language),
        page=None if page is None else page.replace("<head>", NEW_WINDOW, 1),
        header=header,
        body=body,
        language=own_names([preview.language])[0],
        size=say.size(len(preview.message)),
        say=say,
        findings=[(found.severity.value, labelled(found, say)) for found in preview.findings],
        counts=_counts(preview, say),
    )


def labelled(found: Finding, say: Words) -> str:
    """A finding for a person: an error and a note say that they are one, most are warnings."""
    match found.severity:
        case Severity.ERROR:
            return say("Error: {finding}", finding=found.text(say))
        case Severity.NOTE:
            return say("Note: {finding}", finding=found.text(say))
        case Severity.WARNING:
            return found.text(say)


def _counts(preview: Preview, say: Words) -> str:
    """`1 error · 2 warnings`."""
    numbers = Counter(one.severity for one in preview.findings)
    counted = [
        (numbers[Severity.ERROR], say.counted("{number} error", "{number} errors", numbers[Severity.ERROR])),
        (numbers[Severity.WARNING], say.counted("{number} warning", "{number} warnings", numbers[Severity.WARNING])),
        (numbers[Severity.NOTE], say.counted("{number} note", "{number} notes", numbers[Severity.NOTE])),
    ]
    return " · ".join(words for number, words in counted if number)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pressrun.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("preview.html")
