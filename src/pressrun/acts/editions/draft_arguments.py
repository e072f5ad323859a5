"""The arguments of actions on drafts, and the objects that programs send for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from pressrun.acts.arguments import Arguments, Known
from pressrun.acts.http import EmailAddress, PageLength, Since, written
from pressrun.core.errors import BadInput, InvalidFields
from pressrun.core.lifecycles.audience import AudienceBounds
from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.sources.front_matter import wrong_values
from pressrun.message.sources.written_source import write_source

Line = Annotated[str, Meta(max_length=2000)]
WebAddress = Annotated[
    str, written(r"https?://[^\s/][^\n]*", "an address that begins with https:// or http://", max_length=2000)
]
Path = Annotated[
    str, Meta(max_length=2000, extra_json_schema={"pattern": r"^(?!/|[A-Za-z][A-Za-z0-9+.-]*:)[^\\\x00-\x1f]+$"})
]
Number = Annotated[int, Meta(ge=0)]
Moment = Annotated[datetime, Meta(tz=True)]

KEYS = ("subject", "title", "preheader", "from_", "reply_to", "slug", "date", "language", "issue")
"""The keys of an edition file that programs name one by one."""
BODIES = {"markdown": ".md", "html": ".html", "text": ".txt"}
"""The members that hold a body, and what the name of such an edition file ends in."""

_TEXT_PART = "text.txt"  # the hand-written text part that comes beside another body


def keys_of(said: object, names: Collection[str] = KEYS) -> dict[str, Any]:
    """The keys that an object names, by their names in an edition file."""
    keys = {name.rstrip("_"): getattr(said, name) for name in names}
    return {name: value for name, value in keys.items() if value is not UNSET}


def require_values(keys: Mapping[str, Any]) -> None:
    """Raise InvalidFields, which names every key with an invalid value."""
    if wrong := wrong_values({name: value for name, value in keys.items() if isinstance(value, str)}):
        raise InvalidFields(wrong)


class DraftFiles(Arguments, frozen=True, kw_only=True):
    """`edition draft`: a text, and by path the files that it includes.

    `media_type` is that of the text where its name does not say it, and `source_url` the page that it was made of.
    With `submit` it is submitted at once, unless preflight finds errors.
    """

    list: str
    source: bytes
    source_name: str = ""
    media_type: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    source_url: str | None = None
    submit: bool = False


class NewDraft(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A draft as JSON: `markdown`, `html`, or only `text`; beside one of the others that is the text part."""

    subject: Line
    markdown: str | None = None
    html: str | None = None
    text: str | None = None
    title: Line | None = None
    preheader: Line | None = None
    from_: Line | None = field(name="from", default=None)
    reply_to: Line | None = None
    slug: Line | None = None
    date: Line | None = None
    language: Line | None = None
    issue: Line | None = None
    source_url: WebAddress | None = None
    submit: bool = False

    def arguments(self) -> Mapping[str, Any]:
        """The draft as an edition file; raises BadInput unless there is one body, and InvalidFields for bad keys."""
        keys = {name: value for name, value in keys_of(self).items() if value is not None}
        require_values(keys)
        files: dict[str, bytes] = {}
        match self.markdown, self.html, self.text:
            case str(body), None, text:
                suffix = "md"
            case None, str(body), text:
                suffix = "html"
            case None, None, str(body):
                suffix, text = "txt", None
            case _:
                raise BadInput("send either `markdown` or `html`, with or without `text`, or `text` alone")
        if text is not None:
            keys["text"], files = _TEXT_PART, {_TEXT_PART: text.encode()}
        return {
            "source": write_source(keys, body),
            "source_name": f"draft.{suffix}",
            "files": files,
            "source_url": self.source_url,
            "submit": self.submit,
        }


ONE_BODY: Mapping[str, Any] = {
    "oneOf": [
        {"required": ["markdown"], "properties": {"markdown": {"type": "string"}, "html": {"type": "null"}}},
        {"required": ["html"], "properties": {"html": {"type": "string"}, "markdown": {"type": "null"}}},
        {
            "required": ["text"],
            "properties": {"text": {"type": "string"}, "markdown": {"type": "null"}, "html": {"type": "null"}},
        },
    ]
}
"""`text` alone, or beside one of the others."""


class DraftText(Arguments, frozen=True, kw_only=True):
    """Another text of a draft, of whose change `revision` its author knows; null: whichever is the last."""

    id: int
    revision: Known | None
    source: bytes
    source_name: str = ""
    media_type: str = ""


class DraftKeys(Arguments, frozen=True, kw_only=True):
    """Other keys of the text of a draft, or another body; null removes a key."""

    id: int
    revision: Known | None
    subject: Line | UnsetType | None = UNSET
    title: Line | UnsetType | None = UNSET
    preheader: Line | UnsetType | None = UNSET
    from_: Line | UnsetType | None = field(name="from", default=UNSET)
    reply_to: Line | UnsetType | None = UNSET
    slug: Line | UnsetType | None = UNSET
    date: Line | UnsetType | None = UNSET
    language: Line | UnsetType | None = UNSET
    issue: Line | UnsetType | None = UNSET
    attachments: tuple[Line, ...] | UnsetType | None = UNSET
    markdown: str | None = None
    html: str | None = None
    text: str | None = None

    def body(self) -> tuple[str, str] | None:
        """The new body and the member that has it; raises BadInput for several."""
        bodies = [(body, name) for name in BODIES if (body := getattr(self, name)) is not None]
        if len(bodies) > 1:
            raise BadInput("send only one of `markdown`, `html` and `text`")
        return bodies[0] if bodies else None


class DraftFile(Arguments, frozen=True, kw_only=True):
    """A file of a draft."""

    id: int
    path: Path


class DraftFileRemoval(DraftFile, frozen=True, kw_only=True):
    """A file that is to go, of whose change `revision` its author knows; null: whichever is the last."""

    revision: Known | None


class DraftFileChange(DraftFileRemoval, frozen=True, kw_only=True):
    """Another file at a path."""

    content: bytes


class KnownDraft(Arguments, frozen=True, kw_only=True):
    """A draft, in the version that the caller knows, or in whatever version it has."""

    id: int
    revision: Known | None = None


class DraftReturn(Arguments, frozen=True, kw_only=True):
    """`edition return`, and what its authors are to know."""

    id: int
    words: Annotated[str, Meta(max_length=2000)] = ""


class RevisionNumber(Arguments, frozen=True, kw_only=True):
    """One change of a draft."""

    id: int
    revision: Number


class DraftView(Arguments, frozen=True, kw_only=True):
    """A preview of a draft, as a member gets it or an unknown reader."""

    id: int
    as_: EmailAddress | None = field(name="as", default=None)


class DraftTest(Arguments, frozen=True, kw_only=True):
    """`edition test`: to one address or several."""

    id: int
    to: EmailAddress | Annotated[tuple[EmailAddress, ...], Meta(min_length=1)]

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses as they were typed."""
        return (self.to,) if isinstance(self.to, str) else self.to


class DraftSend(KnownDraft, frozen=True, kw_only=True):
    """`edition send`: at once, or at an hour to come."""

    expect_audience: AudienceBounds = AudienceBounds()
    at: Moment | None = None


class DraftSchedule(KnownDraft, frozen=True, kw_only=True):
    """A draft to be sent at an hour, or an edition that has not started at another."""

    at: Moment
    expect_audience: AudienceBounds = AudienceBounds()


class EditionsOfList(Arguments, frozen=True, kw_only=True):
    """The editions of a list, newest first."""

    list: str
    state: EditionState | None = None
    since: Since | None = None
    count: bool = False
    limit: PageLength = 100
    after: str | None = None
