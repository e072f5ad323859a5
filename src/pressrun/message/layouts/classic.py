"""The classic newsletter: a masthead in the list's colour, the text on a sheet below it."""

from __future__ import annotations

from pressrun.core.colour import Colour
from pressrun.message.layouts.built_in import Layout

CLASSIC = Layout(
    name="classic",
    summary="a masthead in the list's colour above a sheet of text",
    inner_width=526,
    accent=Colour.parse("#17505c"),
    title_style="font-size:24px;line-height:31px;font-weight:700;letter-spacing:[[tight]];color:[[ink]]",
    title_class="",
    # A logo is drawn for a light ground, whatever the colour of the list.
    logo_type="font-size:22px;line-height:29px;font-weight:700;color:[[strong]]",
    masthead="""\
<tr><td class="pr-side pr-top" align="[[start]]" bgcolor="[[accent]]" style="padding:30px 36px 28px;\
background-color:[[accent]];border-radius:12px 12px 0 0;color:[[ink]];text-align:[[start]]">
[[brand]]
</td></tr>""",
    logo_masthead="""\
<tr><td class="pr-top pr-fill" height="10" bgcolor="[[accent]]" style="height:10px;background-color:[[accent]];\
border-radius:12px 12px 0 0;font-size:1px;line-height:10px;mso-line-height-rule:exactly">&nbsp;</td></tr>
<tr><td class="pr-card pr-side" align="[[start]]" bgcolor="[[card]]" style="padding:26px 36px 22px;\
background-color:[[card]];border:1px solid [[line]];border-top:0;text-align:[[start]]">
[[brand]]
</td></tr>""",
    rows="""\
[[masthead]]
<tr><td class="pr-card pr-content pr-text pr-side" align="[[start]]" bgcolor="[[card]]" style="padding:38px 36px 38px;\
background-color:[[card]];border:1px solid [[line]];border-top:0;border-radius:0 0 12px 12px;font-size:17px;\
line-height:28px;color:[[text]];text-align:[[start]];word-wrap:break-word;overflow-wrap:break-word">
[[headline]][[content]]
</td></tr>
<tr><td class="pr-soft pr-side" align="[[start]]" style="padding:26px 36px 0;font-size:14px;line-height:22px;\
color:[[soft]];text-align:[[start]]">
[[footer]]
</td></tr>""",
    narrow="""\
.pr-gutter { padding-top: 0 !important; }
.pr-top { border-radius: 0 !important; }
""",
)
