"""The built-in frame of a mail: one column of at most 600 pixels that reads well on a phone and in the dark.

Outlook lays out with tables only and Gmail may drop the style sheet, so the frame is a table with inline styles; the
sheet adds what is nice to have: dark colours, and narrow margins on a small screen.
"""

from __future__ import annotations

FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"

HEAD = """\
<!DOCTYPE html>
<html lang="[[language]]" dir="[[direction]]">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="x-apple-disable-message-reformatting">
<title>[[title]]</title>
"""

SHEET = """\
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 0; width: 100%; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
.pr-content > :first-child, .pr-content > :first-child > :first-child { margin-top: 0 !important; }
.pr-content > :last-child { margin-bottom: 0 !important; }
.pr-quote > :last-child { margin-bottom: 0 !important; }
.pr-content li > ul, .pr-content li > ol { margin: 6px 0 0 !important; }
.pr-content img { max-width: 100%; height: auto; }
@media (max-width: 620px) {
.pr-page { padding: 0 !important; }
.pr-card { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; }
.pr-head { padding: 20px 20px 12px !important; }
.pr-content { padding: 24px 20px 28px !important; font-size: 17px !important; }
.pr-foot { padding: 20px 20px 32px !important; }
.pr-h1 { font-size: 25px !important; }
}
@media (prefers-color-scheme: dark) {
.pr-body, .pr-page { background-color: #14171a !important; }
.pr-card { background-color: #1e2226 !important; border-color: #31373d !important; }
.pr-content, .pr-h1, .pr-h2, .pr-h3 { color: #e4e7ea !important; }
.pr-title, .pr-title a { color: #f2f4f5 !important; }
.pr-a { color: #8cb8ff !important; }
.pr-foot, .pr-foot a { color: #a3abb3 !important; }
.pr-quote { color: #b4bbc2 !important; border-color: #4a525a !important; }
.pr-code, .pr-pre { background-color: #2a3036 !important; color: #e4e7ea !important; }
.pr-th, .pr-td, .pr-hr { border-color: #3d444b !important; }
.pr-button { background-color: #8cb8ff !important; color: #10161d !important; }
}
[[styles]]
</style>
</head>
"""

BODY = """\
<body class="pr-body" style="margin:0;padding:0;background-color:#eef0f2">
[[preheader]]<table role="presentation" class="pr-page" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="background-color:#eef0f2;padding:28px 12px"><tr><td align="center">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="max-width:600px;table-layout:fixed;margin:0 auto">
<tr><td class="pr-head" style="padding:0 32px 14px;font-family:[[font]];font-size:15px;line-height:1.4">
<span class="pr-title" style="color:#1c2126;font-weight:700;letter-spacing:.01em">[[head]]</span>
</td></tr>
<tr><td class="pr-card pr-content" style="background-color:#ffffff;border:1px solid #dfe3e7;border-radius:10px;\
padding:36px 32px 36px;font-family:[[font]];font-size:17px;line-height:1.6;color:#1f2429;word-wrap:break-word;\
overflow-wrap:break-word">
[[content]]
</td></tr>
<tr><td class="pr-foot" style="padding:22px 32px 8px;font-family:[[font]];font-size:13px;line-height:1.6;color:#5b646d">
[[footer]]
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table>
</body>
</html>
"""

OWN_DOCUMENT = """\
<style>
[[styles]]
</style>
</head>
<body style="[[body_style]]">
[[preheader]][[content]]
<div style="max-width:600px;margin:24px auto 0;padding:16px 20px;font-family:[[font]];font-size:13px;line-height:1.6;\
color:#5b646d">
[[footer]]
</div>
</body>
</html>
"""

# What follows the preheader keeps mail programs from showing the beginning of the text after it.
PREHEADER = """\
<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;\
color:transparent">[[text]][[space]]</div>
"""

FOOTER_LINK = '<a href="[[url]]" style="color:#5b646d;text-decoration:underline">[[words]]</a>'
FOOTER_PARAGRAPH = '<p style="margin:0 0 8px">[[text]]</p>'
BUTTON = (
    '<p style="margin:24px 0"><a class="pr-button" href="[[url]]" style="display:inline-block;padding:12px 22px;'
    'background-color:#1a56c4;color:#ffffff;border-radius:8px;font-weight:600;text-decoration:none">[[words]]</a></p>'
)

_PRE = (
    "margin:0 0 18px;padding:14px 16px;background-color:#f3f5f7;border-radius:6px;font-size:14px;line-height:1.5;"
    f"white-space:pre-wrap;word-wrap:break-word;font-family:{MONO}"
)

# Inline styles for content that brings none of its own, with the class by which the sheet finds it in the dark.
CONTENT_STYLES = {
    "h1": ("pr-h1", "margin:32px 0 14px;font-size:28px;line-height:1.25;font-weight:700;color:#14181c"),
    "h2": ("pr-h2", "margin:32px 0 10px;font-size:21px;line-height:1.3;font-weight:700;color:#14181c"),
    "h3": ("pr-h3", "margin:26px 0 8px;font-size:18px;line-height:1.35;font-weight:700;color:#14181c"),
    "p": ("", "margin:0 0 18px"),
    "a": ("pr-a", "color:#1a56c4;text-decoration:underline"),
    "ul": ("", "margin:0 0 18px;padding:0 0 0 24px"),
    "ol": ("", "margin:0 0 18px;padding:0 0 0 26px"),
    "li": ("", "margin:0 0 6px"),
    "img": ("", "max-width:100%;height:auto;border:0;border-radius:6px"),
    "blockquote": (
        "pr-quote",
        "margin:0 0 18px;padding:4px 0 4px 18px;border-left:3px solid #c8ced4;color:#4d565f",
    ),
    "hr": ("pr-hr", "margin:32px 0;border:0;border-top:1px solid #dfe3e7"),
    "pre": ("pr-pre", _PRE),
    "code": (
        "pr-code",
        f"padding:1px 4px;background-color:#f3f5f7;border-radius:4px;font-family:{MONO};font-size:90%",
    ),
    "table": ("", "margin:0 0 18px;border-collapse:collapse;font-size:15px"),
    "th": ("pr-th", "padding:6px 22px 6px 0;border-bottom:2px solid #c8ced4;text-align:left;vertical-align:top"),
    "td": ("pr-td", "padding:7px 22px 7px 0;border-bottom:1px solid #e3e7ea;vertical-align:top"),
}
