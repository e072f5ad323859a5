"""How large a picture is, read from its first bytes: PNG, GIF and JPEG, which every mail program shows."""

from __future__ import annotations

import struct

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers of JPEG that hold a size, ITU-T T.81 §B.1.1.3
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers that nothing belongs to


def image_size(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None for what is none of the three, or broken."""
    found: tuple[int, int] | None = None
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        found = struct.unpack(">II", content[16:24])
    elif content.startswith((b"GIF87a", b"GIF89a")) and len(content) >= 10:
        found = struct.unpack("<HH", content[6:10])
    elif content.startswith(b"\xff\xd8\xff"):
        found = _jpeg_size(content)
    return found if found is not None and all(found) else None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Walk from segment to segment up to the frame; what comes before may be long, but is passed over."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF or marker in _ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return None
