"""The corpus: editions in many languages and forms, as editors write them, and the pictures that they show.

The sources stand beside this file. Pictures are made, not kept: noise, which no format makes smaller, so that ten of
them weigh what ten photographs do.
"""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.message.builders import chunk, profile, site

from pressrun.message.editions.compose import BuiltEdition, build_edition, suggested_slug
from pressrun.message.sources.edition_file import EditionFile, parse_edition, referenced_paths

FOLDER = Path(__file__).parent
SUFFIXES = (".md", ".html", ".txt", ".eml")
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in SUFFIXES)
_LARGE = "year/"  # pictures below weigh as much as photographs
_SAME = {"same-as-january.png": "year/january.png"}


@dataclass(frozen=True)
class Written:
    """One edition of the corpus."""

    name: str

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix

    @property
    def source(self) -> bytes:
        return (FOLDER / self.name).read_bytes()

    @cached_property
    def file(self) -> EditionFile:
        return parse_edition(self.source, self.suffix)

    @cached_property
    def assets(self) -> dict[str, bytes]:
        """What the edition asks for: texts that stand here, pictures and files that are made."""
        assets = {}
        attached = {value.text for value in self.file.keys.attachments}
        for path in [reference.path for reference in referenced_paths(self.file)]:
            if (FOLDER / path).is_file():
                assets[path] = (FOLDER / path).read_bytes()
            else:
                assets[path] = b"%PDF-1.4\n%%EOF\n" if path in attached else picture(path)
        return assets

    def build(self) -> BuiltEdition:
        """Build it for a list in English."""
        return built_from(self.file, self.assets)


def built_from(file: EditionFile, assets: dict[str, bytes]) -> BuiltEdition:
    """Any edition, for the list that all of the corpus are built for."""
    return build_edition(file, assets, profile(), site(), slug=suggested_slug(file), edition_id="7")


def picture(path: str) -> bytes:
    """A PNG of noise that is the same for the same path: 300 KB below `year/`, else less than one."""
    path = _SAME.get(path, path)
    side = 320 if path.startswith(_LARGE) else 12
    noise = random.Random(path)
    rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )
