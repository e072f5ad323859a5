"""An API over a small table of actions that keep what they get in memory: for the rules that hold for every entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import httpx
import msgspec
from msgspec import UNSET, Meta, UnsetType

from pressrun.acts.act import Act, Http
from pressrun.acts.arguments import Arguments, Known
from pressrun.acts.call import Call, Caller, ReportProgress
from pressrun.acts.http import Content, EmailAddress, Page, PageLength, Upload
from pressrun.core.access.rights import OPERATOR, Right
from pressrun.core.errors import ChangedMeanwhile, Gone, InvalidFields, NotFound, NotPermitted, Refused, Unavailable
from pressrun.core.quantities import Rate
from pressrun.store.people.audit import Actor
from pressrun.web.api.bodies import BodyLimits
from pressrun.web.api.endpoint import ApiContext
from pressrun.web.api.routes import Api
from pressrun.web.api.streams import Followers
from pressrun.web.api.tokens import TokenRates
from pressrun.web.http.security import Endpoint

BASE = "https://news.example.org"
TOKEN = "pr_genuine"


class Reader(msgspec.Struct, kw_only=True):
    """An item of a collection."""

    email: str
    name: str = ""
    fields: dict[str, str] = {}


class PutReader(Arguments, frozen=True, kw_only=True):
    """Path and members."""

    list: str
    address: EmailAddress
    name: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    confirm: Literal["send", "vouch"] = "send"
    age: int = 0


class ReaderPage(Arguments, frozen=True, kw_only=True):
    """A collection with filters and sealed cursors."""

    list: str
    limit: PageLength = 100
    after: str = ""
    state: tuple[str, ...] = ()
    whole: bool = False


class JournalEntry(msgspec.Struct, kw_only=True):
    """An item that can be followed."""

    id: int
    type: str


class JournalPage(Arguments, frozen=True, kw_only=True):
    """A collection that goes on."""

    after: int = 0
    limit: PageLength = 100
    wait: int = 0


class Draft(Arguments, frozen=True, kw_only=True):
    """A file with its name, and others beside it."""

    source: bytes = b""
    source_name: str = "edition.md"
    media_type: str = "text/markdown"
    assets: dict[str, bytes] = msgspec.field(default_factory=dict)
    subject: str = ""


class Source(Arguments, frozen=True, kw_only=True):
    """A change of one revision, or of any."""

    id: int
    revision: Known | None
    source: bytes


class Import(Arguments, frozen=True, kw_only=True):
    """A body that is not kept in memory."""

    list: str
    file: Upload
    dry_run: bool = False


class Numbered(Arguments, frozen=True, kw_only=True):
    """A thing by its number."""

    id: int


class Cased(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Members that become arguments of another shape."""

    name: str
    from_: str = ""

    def arguments(self) -> Mapping[str, Any]:
        return {"list": self.name, "settings": {"from": self.from_}}


class Settings(Arguments, frozen=True, kw_only=True):
    """What those members become."""

    list: str
    settings: dict[str, str]


@dataclass
class Desk:
    """The API, what it was asked to do, and who may ask."""

    rate: Rate = field(default_factory=lambda: Rate(1000, 60.0))
    now: float = 1_780_000_000.0
    readers: dict[str, Reader] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=lambda: {TOKEN: 1})
    uploaded: bytes = b""
    refused: list[tuple[str, str | None]] = field(default_factory=list)
    failure: Exception | None = None

    def __post_init__(self) -> None:
        context = ApiContext(
            base_url=BASE,
            cursor_key=b"secret",
            authenticate=self._authenticate,
            carry_out=self._carry_out,
            refuse=self._refuse,
            client=lambda _: "192.0.2.1",
            rates=TokenRates(lambda: self.rate, lambda: self.now),
            limits=BodyLimits(json=4000, upload=5000),
            followers=Followers(),
        )
        self.acts = {act.id: act for act in self._table()}
        self.api = Api(self.acts, context)

    def client(self, token: str | None = TOKEN) -> httpx.AsyncClient:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=Endpoint(self.api.answer))
        return httpx.AsyncClient(transport=transport, base_url=f"{BASE}/api/v1", headers=headers)

    async def _authenticate(self, token: str, client: str | None) -> Caller | None:
        number = self.tokens.get(token)
        if number is None:
            return None
        return Caller(actor=Actor(who=f"token:{token}", way="api"), holdings=OPERATOR, token_id=number, client=client)

    async def _refuse(self, act_id: str, caller: Caller, problem: Exception, list_name: str | None) -> None:
        self.refused.append((act_id, list_name))

    async def _carry_out(self, call: Call, progress: ReportProgress) -> Any:
        return await self.carry_out(call, progress)

    async def carry_out(self, call: Call, progress: ReportProgress) -> Any:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure
        work: Any = self.acts[call.act].work
        return await work(None, call.arguments)

    def _table(self) -> tuple[Act[Any], ...]:
        of_list = "lists/{list}/subscribers"
        return (
            _act("reader.list", self._page, ReaderPage, Http(method="GET", path=of_list, query=PAGE), Page[Reader]),
            _act("reader.put", self._put, PutReader, Http(method="PUT", path=f"{of_list}/{{address}}"), Reader),
            _act("reader.show", self._show, ReaderName, Http(method="GET", path=f"{of_list}/{{address}}"), Reader),
            _act(
                "reader.rm", self._remove, ReaderName, Http(method="DELETE", path=f"{of_list}/{{address}}", status=204)
            ),
            _act(
                "reader.import",
                self._import,
                Import,
                Http(method="POST", path="lists/{list}/imports", **IMPORT),
                Reader,
            ),
            _act(
                "journal",
                self._journal,
                JournalPage,
                Http(method="GET", path="events", query=NUMBERED),
                Page[JournalEntry],
            ),
            _act("draft.add", self._draft, Draft, Http(method="POST", path="editions", **DRAFT), Added),
            _act(
                "draft.source", self._source, Source, Http(method="PUT", path="editions/{id}/source", **SOURCE), Added
            ),
            _act("draft.read", self._read, Numbered, Http(method="GET", path="editions/{id}/source"), Content),
            _act(
                "list.create",
                self._settings,
                Settings,
                Http(method="POST", path="lists", members=Cased, status=201),
                dict[str, str],
            ),
        )

    async def _page(self, _: object, args: ReaderPage) -> Page[Reader]:
        keys = sorted(key for key in self.readers if key > args.after)
        limit = 2 if args.whole else args.limit
        return Page(
            items=[self.readers[key] for key in keys[:limit]], next=keys[limit - 1] if len(keys) > limit else None
        )

    async def _put(self, _: object, args: PutReader) -> Reader:
        if args.age == 13:
            raise InvalidFields([("age", "is unlucky"), ("fields.plan", "is unknown")])
        self.readers[args.address] = Reader(
            email=args.address, name="" if args.name is UNSET else args.name, fields=args.fields
        )
        return self.readers[args.address]

    async def _show(self, _: object, args: ReaderName) -> Reader:
        if args.address not in self.readers:
            raise NotFound("no such subscriber")
        return self.readers[args.address]

    async def _remove(self, _: object, args: ReaderName) -> None:
        del self.readers[args.address]

    async def _import(self, _: object, args: Import) -> Reader:
        async for piece in args.file.pieces:
            self.uploaded += piece
        return Reader(email=args.file.media_type, name=str(args.dry_run))

    async def _journal(self, _: object, args: JournalPage) -> Page[JournalEntry]:
        items = [entry for entry in self.journal if entry.id > args.after][: args.limit]
        return Page(items=items, next=items[-1].id if items else args.after)

    async def _draft(self, _: object, args: Draft) -> Added:
        said = (args.source.decode(), args.source_name, args.media_type, args.subject, *sorted(args.assets))
        return Added(said=said, created=args.source_name != "known.md", revision=7)

    async def _source(self, _: object, args: Source) -> Added:
        if args.revision is not None and 7 not in args.revision:
            raise ChangedMeanwhile("it has changed")
        return Added(said=(args.source.decode(),), created=False, revision=8)

    async def _read(self, _: object, args: Numbered) -> Content:
        return Content(octets=b"# Boats", media_type="text/markdown", revision=7)

    async def _settings(self, _: object, args: Settings) -> dict[str, str]:
        return {"name": args.list, **args.settings}


class ReaderName(Arguments, frozen=True, kw_only=True):
    """Path alone."""

    list: str
    address: EmailAddress


class Added(msgspec.Struct, kw_only=True):
    """An answer with a status and an ETag of its own."""

    said: tuple[str, ...]
    created: bool
    revision: int


PAGE = ("limit", "after", "state")
NUMBERED = ("limit", "after", "wait")
IMPORT: dict[str, Any] = {"query": ("dry_run",), "body": "file", "media_types": ("text/csv",), "status": 202}
DRAFT: dict[str, Any] = {
    "body": "source",
    "files": "assets",
    "headers": {"source_name": "X-File", "media_type": "Content-Type"},
    "media_types": ("text/markdown", "multipart/form-data", "application/json"),
    "status": 201,
    "otherwise": {200: lambda added: not added.created},
    "etag": "revision",
}
SOURCE: dict[str, Any] = {
    "body": "source",
    "headers": {"revision": "If-Match"},
    "media_types": ("text/markdown",),
    "etag": "revision",
}
FAILURES: dict[int, Exception] = {
    403: NotPermitted("that needs the right stats on news"),
    404: NotFound("no such list: 'x'"),
    409: Refused("it would reach 1234", audience=1234),
    410: Gone("they were erased"),
    412: ChangedMeanwhile("revision 8 is newer"),
    422: InvalidFields([("name", "too long")]),
    503: Unavailable("the server of the database at 10.0.0.7 is away"),
}


def _act(name: str, work: Any, arguments: Any, http: Http, answer: Any = None) -> Act[Any]:
    return Act(
        id=name,
        summary=f"Do {name}",
        right=Right.SELF,
        arguments=arguments,
        work=work,
        answer=answer,
        http=http,
    )
