"""A magazine or digest: a large opening picture, headlines in a book face, a rule above each section."""

from __future__ import annotations

from pressrun.core.colour import Colour
from pressrun.message.layouts import shell
from pressrun.message.layouts.built_in import Headline, Layout, styles

_FACE = f"font-family:{shell.SERIF};font-weight:700"
_RULE = "padding:18px 0 0;border-top:3px solid [[accent]]"
_ASIDE = "padding:4px 0;padding-[[start]]:22px;border-[[start]]:3px solid [[accent]]"
_LARGE = f"margin:0 0 20px;font-size:36px;line-height:43px;letter-spacing:[[tight]];{_FACE};color:[[strong]]"

MAGAZINE = Layout(
    name="magazine",
    summary="a large opening picture, headlines in a book face, a rule above each section",
    inner_width=520,
    accent=Colour.parse("#a23b2a"),
    gutter="0 12px 40px",
    mso_heading_font="Georgia, serif",
    title_style=f"font-size:26px;line-height:33px;letter-spacing:[[tight]];{_FACE};color:[[strong]]",
    headline=Headline.SUBJECT,
    headline_style=_LARGE,
    has_hero=True,
    content=styles(
        {
            "h1": ("pr-strong pr-h1", _LARGE),
            "h2": (
                "pr-strong pr-bar",
                f"margin:44px 0 14px;{_RULE};font-size:25px;line-height:32px;{_FACE};color:[[strong]]",
            ),
            "h3": ("pr-strong", f"margin:30px 0 8px;font-size:20px;line-height:27px;{_FACE};color:[[strong]]"),
            "blockquote": (
                "pr-strong pr-bar pr-quote",
                f"margin:28px 0;{_ASIDE};font-size:20px;line-height:31px;font-family:{shell.SERIF};color:[[strong]]",
            ),
        }
    ),
    masthead="""\
<tr><td class="pr-side" align="center" style="padding:34px 40px 26px;text-align:center">
[[brand]]
</td></tr>""",
    rows="""\
[[masthead]]
[[hero]]<tr><td class="pr-card pr-content pr-text pr-side" align="[[start]]" bgcolor="[[card]]" \
style="padding:40px 40px 44px;background-color:[[card]];font-size:18px;line-height:30px;color:[[text]];\
text-align:[[start]];word-wrap:break-word;overflow-wrap:break-word">
[[headline]][[content]]
</td></tr>
<tr><td class="pr-soft pr-side" align="center" style="padding:28px 40px 0;font-size:14px;line-height:22px;\
color:[[soft]];text-align:center">
[[footer]]
</td></tr>""",
    narrow="""\
.pr-hero { width: 100% !important; }
.pr-h1 { font-size: 30px !important; line-height: 36px !important; }
""",
)
