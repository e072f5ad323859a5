"""The preview of an edition as one self-contained page, which the verb writes and the server shows to an editor.

The author's HTML is in a sandboxed frame without script, form or origin. It inherits the page's policy, which loads
nothing, and the page has no script either: the editor's choices (width, colours, part) work by style alone. The page is
in the language of the person who opens it, and in English for the verbs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pressrun.locales.all_languages import own_names
from pressrun.locales.catalogues import words_in
from pressrun.message.finding import Finding, Severity
from pressrun.message.words import Words, direction_of
from pressrun.services.editions.edition_preview import Preview

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"  # fetch nothing
)
# For the HTML of an email in a frame with a URL of its own.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
NEW_WINDOW = '<head>\n<base target="_blank">'  # links never open inside the frame


def render_preview(preview: Preview) -> str:
    copy, shown = preview.copy, preview.shown
    say = words_in(copy.said_in)
    return standalone_template("preview.html").render(
        policy=POLICY,
        preview=copy,
        shown=shown,
        direction=direction_of(copy.language),
        page=None if shown.page is None else shown.page.replace("<head>", NEW_WINDOW, 1),
        language=own_names([copy.language])[0],
        size=say.size(len(copy.message)),
        say=say,
        findings=[(finding.severity.value, labelled(finding, say)) for finding in copy.findings],
        counts=_counts(copy.findings, say),
    )


def labelled(finding: Finding, say: Words) -> str:
    """A finding for a person. Warnings have no label, because most findings are warnings."""
    match finding.severity:
        case Severity.ERROR:
            return say("Error: {finding}", finding=finding.text(say))
        case Severity.NOTE:
            return say("Note: {finding}", finding=finding.text(say))
        case Severity.WARNING:
            return finding.text(say)


def _counts(findings: Sequence[Finding], say: Words) -> str:
    """`1 error · 2 warnings`."""
    numbers = Counter(finding.severity for finding in findings)
    counted = [
        (numbers[Severity.ERROR], say.counted("{number} error", "{number} errors", numbers[Severity.ERROR])),
        (numbers[Severity.WARNING], say.counted("{number} warning", "{number} warnings", numbers[Severity.WARNING])),
        (numbers[Severity.NOTE], say.counted("{number} note", "{number} notes", numbers[Severity.NOTE])),
    ]
    return " · ".join(words for number, words in counted if number)


@cache
def standalone_template(name: str) -> Template:
    """The template of a page that is also written to a file, without the rest of the site."""
    environment = Environment(
        loader=PackageLoader("pressrun.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
