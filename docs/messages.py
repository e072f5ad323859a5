"""Gathers the sentences that readers see, and brings the catalogues up to date. Run by `make messages`.

With --check it changes nothing, and ends with 1 where a catalogue does not hold exactly those sentences. With
--add TAG it begins the catalogue of a language.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from pressrun.assets import read_asset
from pressrun.locales.languages import ENGLISH_TAG, LANGUAGES

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "pressrun"
CATALOGUES = SOURCES / "locales"

METHODS = [
    ("web/templates/demo/**.html", "ignore"),
    ("web/templates/**.html", "jinja2"),
    ("web/editors/demo.py", "ignore"),
    ("web/**.py", "python"),
    ("message/layouts/page.py", "python"),
    ("message/layouts/footer.py", "python"),
    ("message/notices/**.py", "python"),
    ("message/finding.py", "python"),
    ("message/words.py", "python"),
]
OPTIONS = {"web/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "words": None,
    "say": None,
    "marked": None,
    "counted": (1, 2),
}


def gather() -> Catalog:
    """Every sentence, with the file that says it."""
    catalogue = Catalog(project="pressrun", charset="utf-8")
    found = extract_from_dir(
        SOURCES, METHODS, OPTIONS, KEYWORDS, comment_tags=["Translators:"], strip_comment_tags=True
    )
    for path, _line, sentence, comments, context in found:
        catalogue.add(sentence, locations=[(f"src/pressrun/{path}", 0)], auto_comments=comments, context=context)
    for sentence in read_asset("findings").values():
        catalogue.add(sentence, locations=[("src/pressrun/assets/findings.toml", 0)])
    return catalogue


def catalogues() -> Iterator[tuple[Path, Catalog]]:
    """The catalogue of every language but English."""
    for tag in LANGUAGES:
        if tag != ENGLISH_TAG:
            path = CATALOGUES / f"{tag}.po"
            with path.open("rb") as file:
                yield path, read_po(file, locale=Locale.parse(tag, sep="-"), abort_invalid=True)


def update() -> None:
    """Take new sentences into every catalogue, untranslated, and drop those that are said no longer."""
    template = gather()
    for path, catalogue in catalogues():
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _write(path, catalogue)


def add(tag: str) -> None:
    """Begin a catalogue, with every sentence still to be translated."""
    catalogue = Catalog(locale=Locale.parse(tag, sep="-"), project="pressrun", charset="utf-8", fuzzy=False)
    catalogue.update(gather())
    _write(CATALOGUES / f"{tag}.po", catalogue)


def stale() -> list[str]:
    """A line for each sentence that a catalogue lacks, or holds although nobody says it."""
    said = {message.id for message in gather() if message.id}
    return [
        f"{path.name}: {'lacks' if sentence in said else 'holds in vain'} {sentence!r}"
        for path, catalogue in catalogues()
        for sentence in sorted(said ^ {message.id for message in catalogue if message.id}, key=str)
    ]


def _write(path: Path, catalogue: Catalog) -> None:
    """Sorted, without dates and line numbers, so that a diff shows sentences alone."""
    with path.open("wb") as file:
        header = f'msgid ""\nmsgstr ""\n"Language: {catalogue.locale_identifier}\\n"\n'
        header += f'"Plural-Forms: {catalogue.plural_forms}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        file.write(header.encode())
        write_po(file, catalogue, width=110, omit_header=True, sort_output=True, include_lineno=False)
    print(f"wrote {path.relative_to(ROOT)}")


def main() -> int:
    """Do what the arguments say."""
    match sys.argv[1:]:
        case ["--check"]:
            lines = stale()
            print("\n".join(lines), end="\n" if lines else "")
            return 1 if lines else 0
        case ["--add", tag]:
            add(tag)
        case []:
            update()
        case _:
            print(__doc__, file=sys.stderr)
            return 64
    return 0


if __name__ == "__main__":
    sys.exit(main())
