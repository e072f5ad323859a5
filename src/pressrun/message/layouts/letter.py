"""A letter: the text, the name above it, and nothing that stands between a writer and a reader."""

from __future__ import annotations

from pressrun.core.colour import Colour
from pressrun.message.layouts.built_in import Layout

LETTER = Layout(
    name="letter",
    summary="a plain letter on one ground, for who writes in person",
    inner_width=600,
    accent=Colour.parse("#1a56c4"),
    is_on_card=True,
    gutter="36px 24px 40px",
    title_style="font-size:15px;line-height:22px;font-weight:700;color:[[strong]]",
    masthead="""\
<tr><td class="pr-line" align="[[start]]" style="padding:0 0 14px;border-bottom:1px solid [[line]];\
text-align:[[start]]">
[[brand]]
</td></tr>""",
    rows="""\
[[masthead]]
<tr><td class="pr-content pr-text" align="[[start]]" style="padding:30px 0 36px;font-size:17px;line-height:28px;\
color:[[text]];text-align:[[start]];word-wrap:break-word;overflow-wrap:break-word">
[[headline]][[content]]
</td></tr>
<tr><td class="pr-soft pr-line" align="[[start]]" style="padding:20px 0 0;border-top:1px solid [[line]];font-size:14px;\
line-height:22px;color:[[soft]];text-align:[[start]]">
[[footer]]
</td></tr>""",
    narrow=".pr-gutter { padding: 24px 20px 32px !important; }\n",
)
