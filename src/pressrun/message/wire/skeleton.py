"""A whole message as fixed bytes with slots between them, built once per edition and copied once per reader.

A copy is one join: each slot's value is escaped for its place, encoded, and put between the chunks. A text in base64
is encoded with its values first, because it cannot be cut anywhere. The result is 7-bit with CRLF line ends, except for
a `To` that needs SMTPUTF8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.message.signatures.body_hash import BodyHash
from pressrun.message.signatures.dkim import KnownHashes
from pressrun.message.signatures.header_form import HeaderForm
from pressrun.message.wire.base64_text import Base64Text
from pressrun.message.wire.headers import clean_value, format_date, subject_field
from pressrun.message.wire.mime import Stream
from pressrun.message.wire.quoted_printable import encode_link, encode_piece, normalise_lines
from pressrun.message.wire.slots import ESCAPES, URL_FIELDS, Piece, Slot, SlotKind, render

TEST_PREFIX = "[Test] "

DAY = "@day"  # our own field for the day of a copy; no column can have this name

_VERSION = 1


class CopyValues(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a copy one reader's own.

    `message_id` is without brackets, `date_at` in UTC seconds. `unsubscribe_mailto_token` is None where no mail is
    received. `copy_token` is that of the bounce address. `columns` are the subscriber's imported fields by name.
    `archive_url` is where this reader finds the edition on the web, `latest_url` where the latest one; public editions
    hold both already. `day` is `date_at` in the words of the edition, for the head of a letter.
    """

    to: Address
    unsubscribe_url: str
    preferences_url: str
    archive_url: str
    latest_url: str
    copy_token: str
    message_id: str
    date_at: int
    name: str = ""
    columns: Mapping[str, str] = {}
    day: str = ""
    unsubscribe_mailto_token: str | None = None
    is_test: bool = False

    def fields(self) -> dict[str, str]:
        """The merge fields of this reader; a column never replaces one of ours."""
        return {
            **self.columns,
            "name": self.name,
            "email": self.to.typed,
            "unsubscribe_url": self.unsubscribe_url,
            "preferences_url": self.preferences_url,
            "archive_url": self.archive_url,
            "latest_url": self.latest_url,
            DAY: self.day,
        }


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    version: int
    chunks: tuple[bytes, ...]
    slots: tuple[Slot, ...]
    subject: tuple[str | Slot, ...]


class _Coded(Struct, frozen=True):
    """A text in base64: its place in the template, and the slots in it."""

    place: int
    text: Base64Text
    slots: tuple[Slot, ...]

    def encode(self, fields: dict[str, str]) -> bytes:
        values = [normalise_lines(_value(slot, fields)) for slot in self.slots]
        return self.text.encode([value.encode("utf-8", "replace") for value in values])


class Skeleton:
    """Chunks with a slot between each two."""

    __slots__ = ("_coded", "_fixed_subject", "_forms", "_places", "_stored", "_template", "_unique")

    def __init__(self, stored: _Stored) -> None:
        if len(stored.chunks) != len(stored.slots) + 1:
            raise ValueError("a skeleton has one more chunk than slots")
        self._stored = stored
        fixed = [piece for piece in stored.subject if isinstance(piece, str)]
        self._fixed_subject = subject_field("".join(fixed)) if len(fixed) == len(stored.subject) else None
        self._template: list[bytes] = [b""] * (2 * len(stored.slots) + 1)
        self._template[::2] = stored.chunks
        self._coded = self._extract_coded()
        self._forms: tuple[HeaderForm, BodyHash] | None = None  # computed for the first copy that is signed
        coded = {place for text in self._coded for place in range(text.place, text.place + 2 * len(text.slots) + 3, 2)}
        unique: dict[tuple[_Renderer, Slot], int] = {}
        self._places = [
            (2 * index + 1, unique.setdefault(_recipe(slot), len(unique)))
            for index, slot in enumerate(stored.slots)
            if 2 * index + 1 not in coded
        ]
        self._unique = list(unique)

    def _extract_coded(self) -> list[_Coded]:
        """The texts in base64; the template keeps only the place of each."""
        slots = self._stored.slots
        begins = [index for index, slot in enumerate(slots) if slot.kind is SlotKind.BASE64_BEGIN]
        ends = [index for index, slot in enumerate(slots) if slot.kind is SlotKind.BASE64_END]
        coded = []
        for begin, end in zip(begins, ends, strict=True):
            pieces = self._stored.chunks[begin + 1 : end + 1]
            coded.append(_Coded(2 * begin + 1, Base64Text(pieces), slots[begin + 1 : end]))
            self._template[2 * begin + 2 : 2 * end + 1 : 2] = [b""] * len(pieces)
        return coded

    @classmethod
    def from_stream(cls, stream: Stream, subject: list[Piece]) -> Skeleton:
        """Join the bytes between two slots into one chunk."""
        chunks: list[list[bytes]] = [[]]
        slots: list[Slot] = []
        for piece in stream:
            if isinstance(piece, Slot):
                slots.append(piece)
                chunks.append([])
            else:
                chunks[-1].append(piece)
        return cls(_Stored(_VERSION, tuple(b"".join(parts) for parts in chunks), tuple(slots), tuple(subject)))

    @classmethod
    def decode(cls, stored: bytes) -> Skeleton:
        """Decode what `encode` wrote. Raises ValueError for anything else."""
        try:
            stored_skeleton = msgspec.msgpack.decode(stored, type=_Stored)
        except msgspec.MsgspecError as problem:  # a ValueError only in newer releases of msgspec
            raise ValueError(f"{problem}") from None
        if stored_skeleton.version != _VERSION:
            raise ValueError(f"unknown skeleton version {stored_skeleton.version}")
        return cls(stored_skeleton)

    def encode(self) -> bytes:
        """The skeleton for the database."""
        return msgspec.msgpack.encode(self._stored)

    def copy(self, values: CopyValues) -> bytes:
        """One reader's message."""
        return b"".join(self.parts(values))

    def parts(self, values: CopyValues) -> list[bytes]:
        """One reader's message in parts: fixed bytes at even places, the reader's own between them."""
        fields = values.fields()
        rendered = [renderer(self, slot, values, fields) for renderer, slot in self._unique]
        parts = self._template.copy()
        for place, index in self._places:
            parts[place] = rendered[index]
        for text in self._coded:
            parts[text.place] = text.encode(fields)
        return parts

    def known(self, parts: Sequence[bytes]) -> KnownHashes:
        """What a signer need not compute for a copy that consists of these parts."""
        if self._forms is None:
            subjects = {2 * index + 1 for index, slot in enumerate(self._stored.slots) if slot.kind is SlotKind.SUBJECT}
            self._forms = HeaderForm(self._template, subjects), BodyHash(self._template)
        header, body = self._forms
        return KnownHashes(header.of(parts), body.of(parts))

    @property
    def size_bytes(self) -> int:
        """The size of a copy without its reader's values."""
        return sum(map(len, self._template)) + sum(len(text.encode({})) for text in self._coded)

    def subject(self, values: CopyValues) -> str:
        """The subject of one copy as a reader sees it."""
        return clean_value(self._subject(values, values.fields()))

    def subject_field(self, values: CopyValues, fields: dict[str, str]) -> bytes:
        """The subject field of one copy, whose merge fields are `fields`."""
        if self._fixed_subject is not None and not values.is_test:
            return self._fixed_subject
        return subject_field(self._subject(values, fields))

    def _subject(self, values: CopyValues, fields: dict[str, str]) -> str:
        text = render(self._stored.subject, fields)
        return TEST_PREFIX + text.lstrip(" ") if values.is_test else text


_encoded = lru_cache(maxsize=16)(encode_piece)  # a name is in both parts of a copy


def _link(_skeleton: Skeleton, slot: Slot, _values: CopyValues, fields: dict[str, str]) -> bytes:
    return encode_link(fields[slot.field])


def _body(_skeleton: Skeleton, slot: Slot, _values: CopyValues, fields: dict[str, str]) -> bytes:
    value = _value(slot, fields)
    return _encoded(value) if value else b""


def _value(slot: Slot, fields: dict[str, str]) -> str:
    return ESCAPES[slot.kind](fields.get(slot.field) or slot.default)


def _unsubscribe_mailto(_skeleton: Skeleton, slot: Slot, values: CopyValues, _fields: dict[str, str]) -> bytes:
    if values.unsubscribe_mailto_token is None:
        return b""
    address = slot.default.replace("%s", values.unsubscribe_mailto_token, 1)
    return f",\r\n <mailto:{address}>".encode("ascii")


_Renderer = Callable[[Skeleton, Slot, CopyValues, dict[str, str]], bytes]

_RENDERERS: dict[SlotKind, _Renderer] = {
    SlotKind.TEXT: _body,
    SlotKind.TEXT_URL_PART: _body,
    SlotKind.HTML: _body,
    SlotKind.ATTRIBUTE: _body,
    SlotKind.URL_PART: _body,
    SlotKind.URL: _body,
    SlotKind.TEXT_URL: _body,
    SlotKind.SUBJECT: lambda skeleton, _, values, fields: skeleton.subject_field(values, fields),
    SlotKind.TO: lambda _, __, values, ___: clean_value(values.to.wire).encode(),
    SlotKind.DATE: lambda _, __, values, ___: format_date(values.date_at).encode("ascii"),
    SlotKind.MESSAGE_ID: lambda _, __, values, ___: values.message_id.encode("ascii"),
    SlotKind.UNSUBSCRIBE_URL: lambda _, __, values, ___: values.unsubscribe_url.encode("ascii"),
    SlotKind.UNSUBSCRIBE_MAILTO: _unsubscribe_mailto,
    SlotKind.COPY_TOKEN: lambda _, __, values, ___: values.copy_token.encode("ascii"),
}
_LINK_KINDS = frozenset({SlotKind.TEXT, SlotKind.HTML, SlotKind.ATTRIBUTE, SlotKind.URL, SlotKind.TEXT_URL})


def _recipe(slot: Slot) -> tuple[_Renderer, Slot]:
    """How a slot is rendered. A link of ours looks the same in all places where a whole link may be."""
    if slot.field in URL_FIELDS and slot.kind in _LINK_KINDS:
        return _link, Slot(SlotKind.URL, slot.field)
    return _RENDERERS[slot.kind], slot
