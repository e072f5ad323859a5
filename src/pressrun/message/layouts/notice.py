"""A notice: one thing to know, on a card."""

from __future__ import annotations

from pressrun.core.colour import Colour
from pressrun.message.layouts.built_in import Headline, Layout, styles

_LARGE = "margin:0 0 20px;font-size:32px;line-height:39px;font-weight:700;letter-spacing:[[tight]];color:[[strong]]"

NOTICE = Layout(
    name="notice",
    summary="one announcement on a card, with a large heading",
    inner_width=502,
    accent=Colour.parse("#2d6a4f"),
    gutter="40px 12px 44px",
    title_style="font-size:14px;line-height:20px;font-weight:700;color:[[strong]]",
    headline=Headline.SUBJECT,
    headline_style=_LARGE,
    content=styles({"h1": ("pr-strong pr-h1", _LARGE)}),
    masthead="""\
<tr><td align="center" style="padding:0 24px 22px;text-align:center">
[[brand]]
</td></tr>
<tr><td class="pr-fill" height="6" bgcolor="[[accent]]" style="height:6px;background-color:[[accent]];\
border-radius:12px 12px 0 0;font-size:1px;line-height:6px;mso-line-height-rule:exactly">&nbsp;</td></tr>""",
    rows="""\
[[masthead]]
<tr><td class="pr-card pr-content pr-text pr-side" align="[[start]]" bgcolor="[[card]]" style="padding:42px 48px 40px;\
background-color:[[card]];border:1px solid [[line]];border-top:0;border-radius:0 0 12px 12px;font-size:17px;\
line-height:28px;color:[[text]];text-align:[[start]];word-wrap:break-word;overflow-wrap:break-word">
[[headline]][[content]]
</td></tr>
<tr><td class="pr-soft pr-side" align="center" style="padding:26px 48px 0;font-size:14px;line-height:22px;\
color:[[soft]];text-align:center">
[[footer]]
</td></tr>""",
    narrow=".pr-gutter { padding-top: 24px !important; }\n",
)
