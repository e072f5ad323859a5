"""The files of an edition: images shown inside its HTML, attachments, and the archive's copies of both.

The HTML names an image by its `src`. A file beside the edition comes from the caller's `assets`, one inside a MIME
source from the source. In the mail an image gets a Content-ID, in the archive a name below `asset/`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.errors import EditionError
from pressrun.core.text.controls import without_controls
from pressrun.message.content.merge import FieldTable
from pressrun.message.finding import Finding, error, warning
from pressrun.message.sources.edition_file import is_relative, line_of, relative_path
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.message.wire.mime import Enclosure, image_type, media_type_of

ARCHIVE_PREFIX = "asset/"

_LONGEST_NAME = 200  # octets, so that a file name may hold it with a number before it
# What https://support.google.com/mail/answer/6590 lists (2026-11).
_PROGRAMS = frozenset(
    "ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg ex ex_ exe hta img ins iso isp"
    " jar jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif ps1 scr sct shb sys vb vbe vbs vhd vxd"
    " wsc wsf wsh xll".split()
)
_COMPRESSED = frozenset({"gz", "bz2"})
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def asset_path(list_name: str, slug: str) -> str:
    """The path of the images in the stored HTML of an edition."""
    return f"/{list_name}/archive/{slug}/{ARCHIVE_PREFIX}"


class ArchiveFile(Struct, frozen=True, kw_only=True):
    """A file of the archive page, at `asset/NAME`."""

    name: str
    media_type: str
    content: bytes


class Images(Struct):
    """The images that an edition shows: what each `src` becomes, and each content once, whatever its names."""

    file: EditionFile
    files: Mapping[str, bytes]
    table: FieldTable
    mail_domain: str
    findings: list[Finding] = field(default_factory=list)
    _digests: dict[str, bytes] = field(default_factory=dict)  # of the included images, by path or `cid:`
    _included: dict[bytes, tuple[Enclosure, ArchiveFile]] = field(default_factory=dict)
    _archived: set[bytes] = field(default_factory=set)  # the digests of those that the archive shows

    def for_mail(self, source: str) -> str | None:
        """`cid:…` for an included image, the same address for one on the web, None for a missing one."""
        key = self._include(source)
        if key is None:
            return None
        return f"cid:{self._included[self._digests[key]][0].content_id}" if key else source

    def for_archive(self, source: str) -> str | None:
        """`asset/NAME` for an included image, otherwise like `for_mail`."""
        key = self._include(source)
        if not key:
            return None if key is None else source
        self._archived.add(self._digests[key])
        return ARCHIVE_PREFIX + self._included[self._digests[key]][1].name

    def enclosures(self) -> list[Enclosure]:
        """The included images, in the order of their first use."""
        return [enclosure for enclosure, _ in self._included.values()]

    def archive_files(self) -> tuple[ArchiveFile, ...]:
        """The included images that the archive shows."""
        return tuple(file for digest, (_, file) in self._included.items() if digest in self._archived)

    def _include(self, source: str) -> str | None:
        """The key of an included image, "" for one that stays where it is, None for one that is missing."""
        scheme, _, content_id = source.partition(":")
        if scheme.lower() == "cid":
            return self._include_enclosed(source, unquote(content_id))
        if not is_relative(source):
            return ""
        if self.table.fields_in(source):
            if self.table.show(source).startswith("{{"):
                return ""
            return self._refuse(source, "image-field-path")
        if self.file.format is EditionFormat.MIME:
            return self._refuse(source, "image-not-in-message", path=source)
        path = relative_path(unquote(re.split(r"[?#]", source, maxsplit=1)[0]), line_of(self.file, source))
        if path in self._digests:
            return path
        content = self.files.get(path)
        if content is None:
            return self._refuse(source, "image-missing", path=path)
        return self._add(path, path.rpartition("/")[2], content, source)

    def _include_enclosed(self, source: str, wanted: str) -> str | None:
        if source in self._digests:
            return source
        for item in self.file.enclosed:
            if item.content_id is not None and item.content_id.casefold() == wanted.casefold():
                return self._add(source, item.name, item.content, source)
        return self._refuse(source, "image-not-in-message", path=wanted)

    def _add(self, key: str, name: str, content: bytes, source: str) -> str | None:
        media_type = image_type(content)
        if media_type is None:
            return self._refuse(source, "image-type", name=name)
        digest = hashlib.sha256(content).digest()
        self._digests[key] = digest
        if digest not in self._included:
            number = len(self._included) + 1
            safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-60:].strip(".-") or "image"
            content_id = f"{digest.hex()[:20]}.{number}@{self.mail_domain}"
            enclosure = Enclosure(name=name, media_type=media_type, content=content, content_id=content_id)
            self._included[digest] = (
                enclosure,
                ArchiveFile(name=f"{number}-{safe}", media_type=media_type, content=content),
            )
        return key

    def _refuse(self, source: str, code: str, **values: str) -> str | None:
        self.findings.append(error(code, line_of(self.file, self.table.show(source)), **values))
        return None


def attachments(file: EditionFile, files: Mapping[str, bytes], images: Images) -> tuple[list[Enclosure], list[Finding]]:
    """The attachments that the keys name, or that a MIME source holds besides the images its HTML shows."""
    attached: list[Enclosure] = []
    findings: list[Finding] = []
    for value in file.keys.attachments:
        path = relative_path(value.text, value.line)
        content = files.get(path)
        if content is None:
            findings.append(error("attachment-missing", value.line, path=path))
            continue
        name = path.rpartition("/")[2]
        attached.append(Enclosure(name=name, media_type=media_type_of(name, content), content=content))
        if _may_run(name):
            findings.append(warning("attachment-program", value.line, name=name))
    shown = {image.content for image in images.enclosures()}
    enclosed = [
        replace(item, content_id=None) for item in file.enclosed if item.content_id is None or item.content not in shown
    ]
    findings += [warning("attachment-program", name=item.name) for item in enclosed if _may_run(item.name)]
    return [*attached, *enclosed], findings


def _may_run(name: str) -> bool:
    """Whether Gmail takes a file of this name for a program; compressed by itself it is one, too."""
    words = name.lower().rstrip(". ").split(".")
    if len(words) > 2 and words[-1] in _COMPRESSED:
        words.pop()
    return len(words) > 1 and words[-1] in _PROGRAMS


def attached_files(enclosures: Sequence[Enclosure]) -> tuple[ArchiveFile, ...]:
    """The attachments among these for the archive, each under a name of its own close to its file name."""
    by_name: dict[str, ArchiveFile] = {}
    for enclosure in enclosures:
        if enclosure.content_id is not None:
            continue
        cut = _NOT_IN_NAME.sub("-", enclosure.name).encode("utf-8", "replace")[-_LONGEST_NAME:]
        safe = cut.decode("utf-8", "ignore").strip(".- ") or "file"
        name, number = safe, 1
        while name in by_name:
            number += 1
            name = f"{number}-{safe}"
        by_name[name] = ArchiveFile(name=name, media_type=enclosure.media_type, content=enclosure.content)
    return tuple(by_name.values())


def own_text_part(file: EditionFile, files: Mapping[str, bytes]) -> tuple[str | None, list[Finding]]:
    """The hand-written text part that the key `text` names, or None."""
    value = file.keys.text
    if value is None:
        return None, []
    path = relative_path(value.text, value.line)
    content = files.get(path)
    if content is None:
        return None, [error("text-part-missing", value.line, path=path)]
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return None, [error("text-part-not-utf8", value.line, path=path)]
    if "\0" in text:
        raise EditionError(f"the text part {path} contains a NUL character", line=value.line)
    return without_controls(re.sub(r"\r\n?", "\n", text)), []
