"""The opening picture of a magazine: an image with which the content begins, lifted out of it to the full width."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from pressrun.message.content.html import ATTRIBUTE
from pressrun.message.layouts.filling import fill
from pressrun.message.layouts.shell import WIDTH

_IMAGE = r'(?P<link><a href="[^"]*"[^>]*>)?\s*<img(?P<image>(?:[^>"]|"[^"]*")*)>\s*(?:</a>)?'
_OPENING = re.compile(
    r"\A(?P<heading>\s*<h1[^>]*>(?:(?!</h1>).)*</h1>)?\s*"
    rf"(?:<p>\s*{_IMAGE}\s*</p>|<figure[^>]*>\s*{_IMAGE.replace('P<', 'P<f')}\s*"
    r"(?:<figcaption[^>]*>(?P<caption>(?:(?!</figcaption>).)*)</figcaption>)?\s*</figure>)",
    re.DOTALL,
)
_NARROWEST = 480  # pixels
_ROW = """\
<tr><td class="pr-card" bgcolor="[[card]]" style="padding:0;background-color:[[card]]">
[[open]]<img class="pr-hero pr-soft" src="[[source]]" alt="[[alt]]" width="[[width]]" style="display:block;width:100%;\
max-width:[[width]]px;height:auto;border:0;font-size:16px;line-height:24px;font-style:italic;color:[[soft]]">[[close]]
[[caption]]</td></tr>
"""
_CAPTION = """\
<p class="pr-soft pr-side" style="margin:0;padding:12px 40px 0;font-size:14px;line-height:20px;color:[[soft]]">\
[[words]]</p>
"""


def lift_hero(body: str, named: Mapping[str, str], pictures: Mapping[str, int]) -> tuple[str, str]:
    """The row of the opening picture, "" where the content begins otherwise, and the content without it.

    A heading of the first rank may stand before it and stays with the content. `pictures` are the widths that are
    known: a small picture is not blown up.
    """
    found = _OPENING.match(body)
    if found is None:
        return "", body
    parts = found.groupdict(default="")
    attributes: dict[str, str] = dict(ATTRIBUTE.findall(parts["image"] or parts["fimage"]))
    source = html.unescape(attributes.get("src", ""))
    if not source or pictures.get(source, WIDTH) < _NARROWEST:
        return "", body
    link = parts["link"] or parts["flink"]
    row = fill(
        _ROW,
        source=attributes["src"],
        alt=attributes.get("alt", ""),
        width=str(WIDTH),
        open=link,
        close="</a>" if link else "",
        caption=fill(_CAPTION, words=parts["caption"], **named) if parts["caption"] else "",
        **named,
    )
    return row, parts["heading"] + body[found.end() :]
