"""Text without control characters, which mail programs show as boxes, and over which Gmail hides the rest of a mail.

Those from U+0080 to U+009F are nearly always windows-1252 that some program took for Latin-1, as U+0092 for an
apostrophe. So they become what that means, as HTML reads their numbers. The separators that word processors paste
become a blank. U+FFFC, which Apple Mail writes into a text where its HTML has a picture, goes like a control character.
"""

from __future__ import annotations

import re

_SEPARATORS = "\x0b\x0c"
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffc\ufffe\uffff]")
_MEANT = {chr(code): bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)} | dict.fromkeys(
    _SEPARATORS, " "
)


def without_controls(text: str) -> str:
    """The text, of whose control characters only tabs and line breaks remain."""
    return _UNFIT.sub(lambda match: _MEANT.get(match[0], ""), text)
