"""Moving the style sheet of an author's HTML into its elements, with the optional extra `css`.

Some mail programs drop a style sheet, none drops a `style` attribute. What only works in a sheet stays there: media
queries, `:hover` and the like. The library has no limits and overflows the stack on deep nesting, so depth and work
are bounded first. It fetches nothing, and its result is cleaned again.
"""

from __future__ import annotations

import html
import importlib.util
import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from pressrun.message.content.html import CleanHtml, clean_again
from pressrun.message.content.tree import Node, parse_tree
from pressrun.message.finding import Finding, warning

LARGEST_SHEET = 128 * 1024  # characters; Gmail drops a sheet above 16 KiB anyway
DEEPEST_PAGE = 90  # nested elements; the stack overflows some thousand deeper
MOST_MATCHES = 5_000_000  # rules times elements: a tenth of a second

_DYNAMIC = re.compile(
    r"::|:(?:hover|focus|active|visited|link|target|checked|disabled|enabled|root|before|after|first-l|selection|lang)",
    re.IGNORECASE,
)
_ONE_ELEMENT = CleanHtml(body="<p></p>")
_BODY = re.compile(r"<body([^>]*)>(.*)</body>", re.DOTALL)
_STYLE = re.compile(r'style="([^"]*)"')


def inline_styles(page: CleanHtml) -> tuple[CleanHtml, list[Finding]]:
    """`page` with its plain rules in `style` attributes as far as possible, and a finding that says why not."""
    rules = list(split_rules(page.styles))
    plain = [rule for rule in rules if not rule.startswith("@") and not _DYNAMIC.search(rule.partition("{")[0])]
    if not plain:
        return page, []
    obstacle = _obstacle(page, len(plain))
    if obstacle is not None:
        return page, [warning(obstacle)]
    try:
        body_style, body = _inlined(page, plain)
    except ValueError:
        plain = [rule for rule in plain if _is_readable(rule)]
        try:
            body_style, body = _inlined(page, plain)
        except ValueError as problem:
            return page, [warning("sheet-stays-unreadable", problem=str(problem))]
    inlined = frozenset(plain)
    kept = "\n".join(rule for rule in rules if rule not in inlined)
    return clean_again(replace(page, body=body, styles=kept), body_style), []


def _is_readable(rule: str) -> bool:
    """Whether the library can parse a rule; it refuses a whole sheet for a single one."""
    try:
        _inlined(_ONE_ELEMENT, [rule])
    except ValueError:
        return False
    return True


def _inlined(page: CleanHtml, rules: Sequence[str]) -> tuple[str, str]:
    """The style of the body, and its content. Raises ValueError where a rule cannot be parsed."""
    from css_inline import CSSInliner  # noqa: PLC0415 - the extra [css] need not be installed

    inliner = CSSInliner(
        inline_style_tags=False,
        keep_style_tags=False,
        keep_link_tags=False,
        load_remote_stylesheets=False,
        extra_css="\n".join(rules),
    )
    done = inliner.inline(f'<html><body style="{html.escape(page.body_style)}">{page.body}</body></html>')
    match = _BODY.search(done)
    assert match is not None, "the library writes whole documents"
    style = _STYLE.search(match[1])
    return html.unescape(style[1]) if style else "", match[2]


def is_installed() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("css_inline") is not None


def _obstacle(page: CleanHtml, rules: int) -> str | None:
    """The code of what prevents it, or None."""
    if not is_installed():
        return "sheet-stays-install"
    if len(page.styles) > LARGEST_SHEET:
        return "sheet-stays-long"
    tree = parse_tree(page.body)
    elements = sum(1 for _ in tree.elements())
    if rules * elements > MOST_MATCHES:
        return "sheet-stays-long"
    if _depth(tree) > DEEPEST_PAGE:
        return "sheet-stays-deep"
    return None


def _depth(node: Node) -> int:
    """How deep elements are nested; the depth of the tree is limited."""
    return 1 + max((_depth(child) for child in node.children if isinstance(child, Node)), default=0)


def split_rules(sheet: str) -> Iterator[str]:
    """The rules and at-rules of a sheet, without those that are not closed."""
    start, depth, quote = 0, 0, ""
    for index, character in enumerate(sheet):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth <= 0:
                rule, start, depth = sheet[start : index + 1].strip(), index + 1, 0
                if rule != "}":
                    yield rule
        elif character == ";" and depth == 0:
            start = index + 1
