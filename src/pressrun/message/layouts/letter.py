"""A letter: a letterhead with the list's name, the text, and nothing that stands between a writer and a reader.

It has the type and the grounds of the list's page on the web.
"""

from __future__ import annotations

from pressrun.core.colour import Colour
from pressrun.message.layouts.built_in import Layout, styles

_LARGE = "margin:0 0 20px;font-size:32px;line-height:38px;letter-spacing:[[tight]];font-weight:700;color:[[strong]]"
_QUOTED = "padding:2px 0;padding-[[start]]:20px;border-[[start]]:3px solid [[link]];color:[[soft]]"

LETTER = Layout(
    name="letter",
    summary="a letter below the list's name, for who writes in person",
    inner_width=600,
    accent=Colour.parse("#1a56c4"),
    is_on_card=True,
    gutter="0 24px 40px",
    title_style="font-size:24px;line-height:30px;letter-spacing:[[tight]];font-weight:700;color:[[strong]]",
    logo_type="font-size:17px;line-height:22px;font-weight:700;color:[[strong]]",
    tagline_style="margin:4px 0 0;font-size:16px;line-height:24px;color:[[soft]]",
    day_style="margin:14px 0 0;font-size:14px;line-height:20px;color:[[soft]]",
    content=styles(
        {
            "h1": ("pr-strong pr-h1", _LARGE),
            "h2": ("pr-strong", "margin:40px 0 12px;font-size:24px;line-height:30px;font-weight:700;color:[[strong]]"),
            "h3": ("pr-strong", "margin:32px 0 8px;font-size:20px;line-height:27px;font-weight:700;color:[[strong]]"),
            "p": ("", "margin:0 0 20px"),
            "blockquote": ("pr-soft pr-bar pr-quote", f"margin:28px 0;{_QUOTED}"),
        }
    ),
    masthead="""\
<tr><td style="padding:0"><table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>\
<td class="pr-fill" width="56" height="6" bgcolor="[[link]]" style="width:56px;height:6px;background-color:[[link]];\
border-radius:0 0 3px 3px;font-size:1px;line-height:6px;mso-line-height-rule:exactly">&nbsp;</td></tr></table></td></tr>
<tr><td class="pr-line pr-head" align="[[start]]" style="padding:34px 0 22px;border-bottom:1px solid [[line]];\
text-align:[[start]]">
[[brand]][[tagline]][[day]]
</td></tr>""",
    rows="""\
[[masthead]]
<tr><td class="pr-content pr-text" align="[[start]]" style="padding:32px 0 44px;font-size:18px;line-height:30px;\
color:[[text]];text-align:[[start]];word-wrap:break-word;overflow-wrap:break-word">
[[headline]][[content]]
</td></tr>
<tr><td class="pr-soft pr-band" align="[[start]]" bgcolor="[[band]]" style="padding:22px 24px 14px;\
background-color:[[band]];border-radius:10px;font-size:14px;line-height:22px;color:[[soft]];text-align:[[start]]">
[[footer]]
</td></tr>""",
    narrow="""\
.pr-gutter { padding: 0 20px 24px !important; }
.pr-head { padding: 24px 0 18px !important; }
""",
)
