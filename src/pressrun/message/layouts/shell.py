"""What every layout shares: the document, the sheet, and the small pieces that are put into it.

Gmail may drop the sheet, so it only adds what is nice to have: dark colours, and narrow margins on a phone. Outlook for
Windows lays out with tables and knows no max-width, so a conditional table of its own holds the width. Nothing is
positioned, floated or flexed, nothing is drawn in VML, and no picture stands in a background.

Gmail also drops `html` and `body`: language, direction and colours stand once more on the first element inside.
"""

from __future__ import annotations

WIDTH = 600
SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"
SERIF = "'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, 'Noto Serif', serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Noto Sans Mono', monospace"
# What a list may choose, as on its pages; then what Outlook shows, which takes Times where it does not know the first.
FONTS = {"sans": SANS, "serif": SERIF, "mono": MONO}
MSO_FONTS = {"sans": "Arial, sans-serif", "serif": "Georgia, serif", "mono": "Consolas, monospace"}

HEAD = """\
<!DOCTYPE html>
<html lang="[[language]]" dir="[[direction]]" xmlns:o="urn:schemas-microsoft-com:office:office">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="x-apple-disable-message-reformatting" content="">
<title>[[subject]]</title>
<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml>
<style>body, div, table, td, th, p, a, li { font-family: [[mso_font]] !important; }
h1, h2, h3, h4, blockquote { font-family: [[mso_heading_font]] !important; }
code, pre { font-family: Consolas, monospace !important; } table { mso-table-lspace: 0; mso-table-rspace: 0; }
td, p, li, h1, h2, h3, h4 { mso-line-height-rule: exactly; }</style><![endif]-->
"""

# `pr-` classes are ours; an author's classes cannot begin so, since nothing of theirs is in this sheet.
SHEET = """\
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 0; width: 100%; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
.pr-content > :first-child, .pr-content > :first-child > :first-child { margin-top: 0 !important; }
.pr-content > :last-child, .pr-quote > :last-child { margin-bottom: 0 !important; }
.pr-content li > ul, .pr-content li > ol { margin: 6px 0 0 !important; }
@media (max-width: 620px) {
.pr-gutter { padding-left: 0 !important; padding-right: 0 !important; }
.pr-side { padding-left: 20px !important; padding-right: 20px !important; }
.pr-h1 { font-size: 27px !important; line-height: 33px !important; }
.pr-card { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; }
.pr-cell { padding-inline-end: 14px !important; font-size: 14px !important; }
[[narrow]]}
@media (prefers-color-scheme: dark) {
.pr-page { background-color: [[page]] !important; }
.pr-band { background-color: [[band]] !important; }
.pr-card { background-color: [[card]] !important; border-color: [[line]] !important; }
.pr-text { color: [[text]] !important; }
.pr-strong { color: [[strong]] !important; }
.pr-soft, .pr-soft a { color: [[soft]] !important; }
.pr-a, .pr-a a { color: [[link]] !important; }
.pr-line { border-color: [[line]] !important; }
.pr-bar { border-color: [[link]] !important; }
.pr-fill { background-color: [[link]] !important; }
.pr-code { background-color: [[code]] !important; color: [[text]] !important; }
.pr-plate { background-color: #ffffff !important; padding: 8px !important; border-radius: 6px !important; }
}
[[styles]]
</style>
</head>
"""

# A column as wide as the window allows, at most 600 pixels; Outlook gets those 600.
OPEN_COLUMN = f"""\
<!--[if mso]><table role="presentation" width="{WIDTH}" align="center" cellpadding="0" cellspacing="0" border="0"><tr>\
<td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="width:100%;max-width:{WIDTH}px;margin:0 auto;table-layout:fixed">"""
CLOSE_COLUMN = "</table>\n<!--[if mso]></td></tr></table><![endif]-->"

BODY = f"""\
<body class="pr-page" style="margin:0;padding:0;width:100%;background-color:[[page]]">
<main>
<div class="pr-page pr-text" role="article" aria-label="[[title]]" lang="[[language]]" dir="[[direction]]" \
style="background-color:[[page]];color:[[text]];font-family:[[font]]">
[[preheader]]<table role="presentation" class="pr-page" width="100%" cellpadding="0" cellspacing="0" border="0" \
bgcolor="[[page]]" style="background-color:[[page]]"><tr>\
<td class="pr-gutter" align="center" style="padding:[[gutter]]">
{OPEN_COLUMN}
[[rows]]
{CLOSE_COLUMN}
</td></tr></table>
</div>
</main>
</body>
</html>
"""

# A document of the author's own stands by itself; below it, on a ground of its own, what every edition must say.
OWN_DOCUMENT = """\
<style>
[[styles]]
</style>
</head>
<body style="[[body_style]]">
[[preheader]][[content]]
<div lang="[[language]]" dir="[[direction]]" style="max-width:600px;margin:24px auto 0;padding:16px 20px;\
background-color:[[card]];font-family:[[font]];font-size:14px;line-height:22px;color:[[soft]]">
[[footer]]
</div>
</body>
</html>
"""

# A layout of the operator's: what it made stands in our document, with language and direction for Gmail.
OWN_LAYOUT = """\
<body class="pr-page" style="[[body_style]]">
<main>
<div role="article" aria-label="[[title]]" lang="[[language]]" dir="[[direction]]" \
style="word-wrap:break-word;overflow-wrap:break-word">
[[preheader]][[content]]
</div>
</main>
</body>
</html>
"""
PLAIN_SHEET = "<style>\n[[styles]]\n</style>\n</head>\n"

# What follows the preheader keeps mail programs from showing the beginning of the text after it. It is hidden by
# `display`: text in the colour of its ground, of no opacity or of at most one pixel is what spam filters look for.
PREHEADER = """\
<div style="display:none;max-height:0;max-width:0;overflow:hidden;mso-hide:all">\
[[text]][[space]]</div>
"""
HIDDEN_SPACE = ("&#8199;&#65279;&#847; " * 40).rstrip()

# Without images the title stands in the logo's place, in the type that it would have without a logo.
LOGO = """\
<img class="pr-plate" src="[[source]]" alt="[[title]]" width="[[width]]" height="[[height]]" \
style="display:inline-block;border:0;width:[[width]]px;max-width:100%;height:auto;[[type]]">"""

BRAND = '<[[tag]] class="[[kind]]" style="margin:0;[[type]]">[[shown]]</[[tag]]>'
TAGLINE = '\n<p class="pr-soft" style="[[style]]">[[words]]</p>'
DAY = '\n<p class="pr-soft" style="[[style]]">[[day]]</p>'
HEADLINE = '<h1 class="pr-strong pr-h1" style="[[style]]">[[subject]]</h1>\n'

FOOTER_LINK = '<a href="[[url]]" style="color:[[soft]];text-decoration:underline">[[words]]</a>'
FOOTER_PARAGRAPH = '<p dir="auto" style="margin:0 0 10px">[[text]]</p>'

# A button that Outlook draws too: the cell has the colour, the link the room around its words.
BUTTON = """\
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:24px [[margin]]">
<tr><td align="center" bgcolor="[[accent]]" style="background-color:[[accent]];border-radius:8px;\
mso-padding-alt:13px 26px"><a href="[[url]]" style="display:inline-block;padding:13px 26px;color:[[ink]];\
font-size:16px;line-height:22px;font-weight:600;text-decoration:none;border-radius:8px">[[words]]</a></td></tr>
</table>
"""

# A link that its author calls a button, in the middle of a text; Outlook draws its ground without the room.
INLINE_BUTTON = (
    "display:inline-block;margin:4px 0;padding:9px 18px;background-color:[[accent]];color:[[ink]];font-size:16px;"
    "line-height:22px;font-weight:600;text-decoration:none;border-radius:8px"
)

# A table or a program too wide for a phone scrolls inside this, also by keyboard, and the page does not.
SCROLLER = '<div role="region" aria-label="[[label]]" tabindex="0" style="max-width:100%;overflow-x:auto">'
