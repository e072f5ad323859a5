"""What an action is: its arguments, the right that it needs, the lists that it is about, and what carries it out.

Everything that is said elsewhere about actions follows from these entries: the verbs on the control socket, the API and
its description, who may do what, and the audit log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypedDict, TypeVar, Unpack, get_type_hints

from msgspec import Struct, field

from pressrun.acts.arguments import A, Arguments
from pressrun.acts.call import Caller, ReportProgress, ignore_progress
from pressrun.acts.cases import Cases
from pressrun.core.access.rights import Holdings, Right
from pressrun.core.errors import NotPermitted, no_such_edition, no_such_list
from pressrun.store.people import audit
from pressrun.store.programs.idempotency import KeptOutcome

NO_CONTENT = 204


class Doing(Struct, frozen=True, kw_only=True):
    """What an action can use while it runs: the services, its caller, and a way to report progress."""

    cases: Cases
    caller: Caller
    progress: ReportProgress = ignore_progress

    def may(self, right: Right, list_name: str) -> bool:
        """Whether the caller holds a right on a list."""
        return self.caller.holdings.has(right, list_name)

    def require(self, right: Right, list_name: str | None = None) -> None:
        """Ask for a further right than that of the action; raises NotPermitted."""
        if not self.caller.holdings.has(right, list_name):
            raise NotPermitted(lacking(right, list_name))


def lacking(right: Right, list_name: str | None) -> str:
    """The sentence for a caller who lacks a right."""
    if right is Right.MACHINE:
        return "that is for root and the owner of the data. Run pressrun with sudo"
    return f"that needs the right {right.value} on {'every list' if list_name is None else list_name}"


ListsOf = Callable[[Cases, Any], Awaitable[tuple[str, ...]]]
"""The names of the lists that an action is about; raises NotFound for an object that does not exist."""


async def NO_LIST(_: Cases, __: Arguments) -> tuple[str, ...]:  # noqa: N802 - reads as a constant in the table
    """The action is about none, so its right must be held everywhere."""
    return ()


async def SOME_LIST(_: Cases, arguments: Any) -> tuple[str, ...]:  # noqa: N802
    """The action shows what belongs to many lists: the right must be held on one of them, or on the one in
    `arguments.list` where that names one.

    The work shows only what belongs to lists where it is held: `doing.may(right, list_name)`.
    """
    name: str | None = getattr(arguments, "list", None)
    return () if name is None else (name,)


async def OF_LIST(_: Cases, arguments: Any) -> tuple[str, ...]:  # noqa: N802
    """The list in `arguments.list`; the action itself says when there is none."""
    return (arguments.list,)


async def OF_EDITION(cases: Cases, arguments: Any) -> tuple[str, ...]:  # noqa: N802
    """The list of the edition in `arguments.id`."""
    return (await _list_of(cases, arguments.id),)


async def OF_EDITIONS(cases: Cases, arguments: Any) -> tuple[str, ...]:  # noqa: N802
    """The lists of the editions in `arguments.ids`."""
    return tuple([await _list_of(cases, edition_id) for edition_id in arguments.ids])


async def _list_of(cases: Cases, edition_id: int) -> str:
    name = await cases.database.read(audit.list_of_edition, edition_id)
    if name is None:
        raise no_such_edition(edition_id)
    return name


class Members(Protocol):
    """A JSON object that becomes arguments of another shape."""

    def arguments(self) -> Mapping[str, Any]:
        """The arguments by name, without those of path, query and headers."""


class Http(Struct, frozen=True, kw_only=True):
    """How programs ask for an action: `path` is below /api/v1, and its {names} are fields of the arguments.

    Fields named in `query` are read from the query, and those of `headers` from the header that each names:
    `{"revision": "If-Match", "source_name": "X-File", "media_type": "Content-Type"}`. All others are members of a JSON
    object, unless `members` is the type of that object, whose method `arguments` makes arguments of it.

    `body` names the field that gets any other body, which must be of one of `media_types`: a field of bytes the octets,
    a field of type Upload the body as it arrives. Of a multipart form, `body` gets the file named `file`, and the field
    `files` all the others by their file names. JSON is accepted only where `media_types` names it.

    `status` is the status of success. `otherwise` has further ones, each with a test of the answers that get it.
    `answers` has the types of these answers where they differ from `Act.answer`. `etag` names the member of the answer
    that is its ETag. `made` is the path of what a 201 or 202 has created; its {names} are members of the answer or
    parts of `path`. `together` says in JSON Schema which members go together, where the work refuses what its types
    accept. `check` returns what the work would find wrong with members of the right types, by their names. It is called
    for a request that has other faults, so that all are reported together, and when the work has refused members
    without naming them. With `is_final`, clients may follow how the answer changes until `is_final` holds.
    """

    method: str
    path: str
    query: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    members: type[Members] | None = None
    body: str | None = None
    files: str | None = None
    media_types: tuple[str, ...] = ("application/json",)
    status: int = 200
    otherwise: Mapping[int, Callable[[Any], bool]] = field(default_factory=dict)
    answers: Mapping[int, type[Any]] = field(default_factory=dict)
    etag: str | None = None
    made: str | None = None
    together: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any]], Sequence[tuple[str, str]]] = lambda _: ()
    is_final: Callable[[Any], bool] | None = None


class Act(Struct, Generic[A], frozen=True, kw_only=True, eq=False):
    """One action, which equals nothing but itself. `work` is None for what only a running daemon can do; it binds that
    at the door.

    `reads`: it changes nothing; a GET never does. `asks`: it cannot be undone or reaches everybody, so people confirm
    it. `grows`: the database is larger by much afterwards, so it is refused on a nearly full disk. `in_files`: it
    changes files, which no transaction can cover, so a row of the audit log says first that it begins. `is_fresh`: on a
    page it needs a log-in of the last minutes. `again` renders the answer anew where a request is repeated under its
    key; a POST without it cannot come with one.
    """

    id: str
    summary: str
    right: Right
    arguments: type[A]
    work: Callable[[Doing, A], Awaitable[Any]] | None
    lists: ListsOf = NO_LIST
    answer: type[Any] | None = None
    reads: bool = False
    asks: bool = False
    grows: bool = False
    in_files: bool = False
    is_fresh: bool = False
    again: Callable[[Doing, A, KeptOutcome], Awaitable[Any]] | None = None
    http: Http | None = None

    @property
    def writes(self) -> bool:
        """Whether it may change something, so that the audit log gets a row."""
        return not self.reads and (self.http is None or self.http.method != "GET")

    @property
    def repeats_by_nature(self) -> bool:
        """Whether to do it twice is the same as once, so that a key says nothing: PUT, PATCH and DELETE."""
        return self.again is None and self.http is not None and self.http.method != "POST"


Work = Callable[[Doing, Any], Awaitable[Any]]
W = TypeVar("W", bound=Work)


class ActOptions(TypedDict, total=False):
    """What an action is beside its right and its lists, as in `Act`."""

    answer: type[Any]
    reads: bool
    asks: bool
    grows: bool
    in_files: bool
    is_fresh: bool
    again: Callable[[Doing, Any, KeptOutcome], Awaitable[Any]]
    http: Http


class ActList(list[Act[Any]]):
    """The actions of a module, in the order of the functions that carry them out."""

    def add(
        self, act_id: str, summary: str, right: Right, lists: ListsOf = NO_LIST, **options: Unpack[ActOptions]
    ) -> Callable[[W], W]:
        """Add an action that the decorated function carries out.

        The annotations of the function are the types of its arguments and its answer. `answer` replaces the latter if
        a program usually gets something else. There is no answer if the function returns None or the status is 204.
        """

        def declare(work: W) -> W:
            _, arguments, answer = get_type_hints(work).values()
            http = options.get("http")
            if answer is type(None) or (http is not None and http.status == NO_CONTENT):
                answer = None
            act = Act(
                id=act_id,
                summary=summary,
                right=right,
                lists=lists,
                arguments=arguments,
                work=work,
                **{"answer": answer, **options},
            )
            self.append(act)
            return work

        return declare


def unreachable(name: str, holdings: Holdings) -> Exception | None:
    """The error for a list out of reach, in the very words for one that does not exist; None within reach."""
    return None if holdings.knows(name) else no_such_list(name)
