"""One resource of the API: all actions at one path, so that 405 names exactly the methods that exist.

The order of checks: the method, the token, its rate, then path, query, headers and body with all their errors at once,
and then the door, which requires the right on exactly these lists and carries out the action.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct, field, structs
from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pressrun.acts.call import Call, Caller, CarryOut, ignore_progress
from pressrun.acts.http import JSON, Content, Page, Upload
from pressrun.core.errors import BadInput, PressrunError
from pressrun.web.api import streams
from pressrun.web.api.bodies import BodyForm, BodyLimits, read_body, read_nothing
from pressrun.web.api.cursors import PATTERN, digest_of_query, seal, unseal
from pressrun.web.api.operation import AFTER, BASE_PATH, FIELDS, TABLE, WAIT, WHOLE, Operation
from pressrun.web.api.problems import ApiProblem, FieldError, problem_of, respond
from pressrun.web.api.tokens import Authenticate, TokenRates, get_caller
from pressrun.web.api.values import Reading, read_headers, read_parameters, read_query
from pressrun.web.http.conditional import is_fresh

_FOREIGN = "is not a cursor of this query. Use the `next` of an answer to the very same query"
_NOT_STORED = ((b"cache-control", b"no-store"),)
SLOW_SECONDS = 0.5  # while a body takes longer, its token may have been revoked

Refuse = Callable[[str, Caller, Exception, str | None], Awaitable[None]]
"""Records that an action was refused before it came to the door: its id, who asked, why, and about which list."""


class ApiContext(Struct, frozen=True, kw_only=True):
    """What every resource needs besides its actions. `cursor_key` is secret, and the same after a restart."""

    base_url: str
    cursor_key: bytes
    authenticate: Authenticate
    carry_out: CarryOut
    refuse: Refuse
    client: Callable[[Request], str | None]
    rates: TokenRates
    limits: BodyLimits
    followers: streams.Followers
    waits: streams.Waits = field(default_factory=streams.Waits)

    async def get_caller(self, request: Request) -> Caller:
        """The caller; raises ApiProblem 401."""
        return await get_caller(request, self.authenticate, self.client(request))


class ApiResource:
    """The actions at one path; the router puts the segments of the path into the scope."""

    def __init__(self, operations: Sequence[Operation], context: ApiContext) -> None:
        self._operations = {operation.http.method: operation for operation in operations}
        self._context = context
        methods = {*self._operations, *(("HEAD",) if "GET" in self._operations else ())}
        self._allow = ", ".join(sorted(methods))

    async def answer(self, request: Request) -> Response:
        """Carry out the request. Raises unexpected exceptions, for the log."""
        fields: dict[str, str] = {}
        try:
            response = await self._answer(request, fields)
        except (PressrunError, ApiProblem, HTTPException) as failure:
            problem = problem_of(failure)
            if problem.status == 500:
                raise
            response = respond(problem, self._context.base_url)
        response.raw_headers += _NOT_STORED
        response.raw_headers += [(name.encode("latin-1"), text.encode("latin-1")) for name, text in fields.items()]
        return response

    async def _answer(self, request: Request, fields: dict[str, str]) -> Response:
        operation = self._operations.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            raise ApiProblem(405, f"this resource allows {self._allow}", headers={"Allow": self._allow})
        exchange = Exchange(request, operation, self._context)
        caller = await exchange.get_caller()
        fields.update(self._context.rates.spend(str(caller.token_id)))
        try:
            return await exchange.answer(caller)
        except BadInput as problem:
            raise exchange.interrupted or exchange.explained(problem) from None
        except ApiProblem as problem:
            if operation.act.writes:
                error = BadInput(problem.detail)
                await self._context.refuse(operation.act.id, caller, error, request.scope["path_params"].get("list"))
            raise


class Exchange:
    """One request for one action, and its answer."""

    def __init__(self, request: Request, operation: Operation, context: ApiContext) -> None:
        self._request = request
        self._operation = operation
        self._context = context
        self._query: list[tuple[str, str]] = []
        self._shown: tuple[str, ...] | None = None
        self._values: Mapping[str, Any] = {}
        self._digest = b""
        self.interrupted: ApiProblem | None = None  # why a file was refused that the action was reading

    async def get_caller(self) -> Caller:
        """The caller; raises ApiProblem 401."""
        return await self._context.get_caller(self._request)

    async def answer(self, caller: Caller) -> Response:
        """Read the arguments, have the action carried out, and answer with what it gives."""
        reading = Reading({}, [])
        self._query = read_query(self._request.scope["query_string"])
        self._read_outside(reading)
        if self._operation.body is not None:
            caller = await self._read_body(self._operation.body, reading, caller)
        elif self._operation.reads_body:
            await read_nothing(self._request, self._context.limits, reading)
        if reading.faults:
            raise ApiProblem(422, faults=[*reading.faults, *self._further_faults(reading.values)])
        self._values = reading.values
        kind = streams.preferred(self._request.headers.get("accept", ""), self._operation.media_types)
        if kind == JSON or self._request.method == "HEAD":
            if not reading.values.get(WAIT):
                return self._respond(await self._carry_out(reading.values, caller))
            with self._context.waits.granted(_listener(caller)) as is_granted:
                values = reading.values if is_granted else {**reading.values, WAIT: 0}
                return self._respond(await self._carry_out(values, caller))
        return await self._stream(kind, reading.values, caller)

    def explained(self, problem: BadInput) -> Exception:
        """The problem, by the names of the members that it is about if these are known and the work named none."""
        known = problem_of(problem)
        is_named = any(fault.pointer for fault in known.faults)
        faults = [] if known.status != 422 or is_named else self._further_faults(self._values)
        return ApiProblem(422, faults=faults, members=known.members) if faults else problem

    def _further_faults(self, values: Mapping[str, Any]) -> list[FieldError]:
        parameters = {field.name: field.pointer for field in self._operation.query}
        faults = self._operation.http.check(values)
        return [FieldError(parameters.get(name, f"/{name}"), words) for name, words in faults]

    async def _read_body(self, form: BodyForm, reading: Reading, caller: Caller) -> Caller:
        """Read the body; returns who asks, with the rights that they have once it is here."""
        clock = asyncio.get_running_loop().time
        began_at = clock()
        await read_body(self._request, form, self._context.limits, reading)
        if form.body is not None and isinstance(upload := reading.values.get(form.body), Upload):
            reading.values[form.body] = replace(upload, pieces=self._while_valid(upload.pieces, caller))
        return await self.get_caller() if clock() - began_at > SLOW_SECONDS else caller

    async def _while_valid(self, pieces: AsyncIterator[bytes], caller: Caller) -> AsyncIterator[bytes]:
        """The same pieces; raises BadInput, for the door to record, if the request is refused on the way.

        It is also refused if the rights of the caller have changed by the time the last piece arrives.
        """
        try:
            async for piece in pieces:
                yield piece
            await self._require_same(caller)
        except ApiProblem as problem:
            self.interrupted = problem
            raise BadInput(problem.detail) from problem

    async def _require_same(self, caller: Caller) -> None:
        if (await self.get_caller()).holdings != caller.holdings:
            raise ApiProblem(403, "the rights of the token have changed while the file arrived. Send it again")

    def _read_outside(self, reading: Reading) -> None:
        """Path, query and headers."""
        operation, request = self._operation, self._request
        for value in operation.path:
            reading.read(value, request.scope["path_params"][value.label], strict=False)
        parameters = self._query
        if operation.http.method == "GET" and operation.columns:
            parameters = [pair for pair in parameters if pair[0] != FIELDS]
            self._shown = _read_fields(self._query, operation.columns, reading)
        read_parameters(operation.query, parameters, reading)
        read_headers(operation.headers, request.headers, reading)
        if operation.seals_cursors:
            rest = [pair for pair in self._query if pair[0] not in (AFTER, "limit", FIELDS)]
            self._digest = digest_of_query(request.scope["path"], rest)
            self._unseal(reading)

    def _unseal(self, reading: Reading) -> None:
        sealed = reading.values.get(AFTER)
        if sealed is not None:
            if re.fullmatch(PATTERN, sealed) is None:
                reading.faults.append(FieldError(f"?{AFTER}", "is not a cursor"))
                return
            cursor = unseal(sealed, self._digest, self._context.cursor_key)
            if cursor is None:
                reading.faults.append(FieldError(f"?{AFTER}", _FOREIGN))
                return
            reading.values[AFTER] = cursor

    async def _carry_out(self, values: Mapping[str, Any], caller: Caller) -> Any:
        """The result of the action; if it had to wait, by the rights that the caller has afterwards."""
        if not values.get(WAIT):
            return await self._call(values, caller)
        value = await self._wait(values, caller)
        now = await self.get_caller()
        return value if now.holdings == caller.holdings else await self._call({**values, WAIT: 0}, now)

    async def _wait(self, values: Mapping[str, Any], caller: Caller) -> Any:
        """The result of the action; if the server stops, the result without further waiting."""
        coming = asyncio.ensure_future(self._call(values, caller))
        stopped = asyncio.ensure_future((self._closing or asyncio.Event()).wait())
        try:
            await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return await (coming if coming.done() else self._call({**values, WAIT: 0}, caller))
        finally:
            coming.cancel()
            stopped.cancel()

    @property
    def _closing(self) -> asyncio.Event | None:
        """Set when the server stops; None if no server can say so."""
        closing: asyncio.Event | None = getattr(self._request.scope.get("state", {}).get("transfer"), "closing", None)
        return closing

    async def _call(self, values: Mapping[str, Any], caller: Caller) -> Any:
        act = self._operation.act
        try:
            arguments = act.arguments(**values)
        except (TypeError, ValueError) as problem:  # what no single field shows
            raise ApiProblem(422, faults=[FieldError("", str(problem))]) from None
        keys = self._request.headers.getlist("idempotency-key")
        key = ", ".join(keys) if keys and act.writes else None  # two are no valid key
        call = Call(act=act.id, arguments=arguments, caller=caller, key=key)
        return await self._context.carry_out(call, ignore_progress)

    def _respond(self, value: Any) -> Response:
        http = self._operation.http
        status = next((code for code, applies in http.otherwise.items() if applies(value)), http.status)
        headers = {**_etag(http.etag, value), **self._location(status, value)}
        if status == 204 or value is None:
            return Response(status_code=204 if value is None and status == 200 else status, headers=headers)
        if isinstance(value, Content):
            if self._operation.is_conditional and "ETag" in headers and is_fresh(self._request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
            return Response(value.octets, status, headers, value.media_type)
        if isinstance(value, Page):
            value, link = self._page(value)
            headers.update(link)
        elif self._shown is not None:
            value = streams.shown(value, self._shown)
        return Response(msgspec.json.encode(value), status, headers, JSON)

    def _location(self, status: int, value: Any) -> dict[str, str]:
        """The path of what was created (RFC 9110 §15.3.2), or of the job that carries out the request (§15.3.3)."""
        made = self._operation.made(status)
        if made is None:
            return {}
        members = value if isinstance(value, Mapping) else structs.asdict(value)
        names = {**self._request.scope["path_params"], **members}
        path = made.format_map({name: quote(str(text), safe="@") for name, text in names.items()})
        return {"Location": f"{self._context.base_url}{BASE_PATH}/{path}"}

    def _page(self, page: Page[Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The page as it is sent, and its link to the next one (RFC 8288)."""
        items = page.items if self._shown is None else [streams.shown(item, self._shown) for item in page.items]
        following = page.next
        if following is not None and self._operation.seals_cursors:
            following = seal(str(following), self._digest, self._context.cursor_key)
        body: dict[str, Any] = {"items": items, "next": following}
        if page.total is not msgspec.UNSET:
            body["total"] = page.total
        if following is None:
            return body, {}
        query = urlencode([*(pair for pair in self._query if pair[0] != AFTER), (AFTER, str(following))])
        where = f"{self._context.base_url}{self._request.scope['path']}"
        return body, {"Link": f'<{where}?{query}>; rel="next"'}

    async def _stream(self, kind: str, values: dict[str, Any], caller: Caller) -> Response:
        """The whole collection, or what comes from now on; an error in the first page refuses the request."""
        operation = self._operation
        if operation.http.is_final is not None:
            return await self._follow_answer(values, caller, operation.http.is_final)
        if kind == streams.EVENTS:
            return await self._follow(values, _listener(caller))
        names = {member.name for member in structs.fields(operation.act.arguments)}
        if WHOLE in names:
            values = {**values, WHOLE: True}
        columns: Sequence[str] | None = self._shown or operation.columns
        if kind == streams.CSV and TABLE in names and self._shown is None:
            values, columns = {**values, TABLE: True}, None
        source = self._source(values)
        await source.begin({})
        pieces = streams.rows(source, columns) if kind == streams.CSV else streams.lines(source, self._shown)
        return StreamingResponse(pieces, 200, streams.HEADERS, kind)

    async def _follow(self, values: dict[str, Any], listener: streams.StreamClient) -> Response:
        """What comes from now on."""
        followers = self._context.followers
        followers.require_room(listener)
        source = self._source({**values, **self._last_event()})
        await source.begin({WAIT: 0})
        followers.enter(listener)  # others may have come in the meantime
        return streams.FollowedStream(streams.events(source, self._closing), leave=partial(followers.leave, listener))

    async def _follow_answer(self, values: dict[str, Any], caller: Caller, is_final: Callable[[Any], bool]) -> Response:
        """One answer as it changes, for a token that is still valid."""
        listener, followers = _listener(caller), self._context.followers

        async def look() -> Any:
            return await self._carry_out(values, await self.get_caller())

        followers.require_room(listener)
        first = await self._carry_out(values, caller)
        followers.enter(listener)
        pieces = streams.changes(first, look, is_final, self._closing)
        return streams.FollowedStream(pieces, leave=partial(followers.leave, listener))

    def _source(self, values: Mapping[str, Any]) -> streams.PageSource:
        return streams.PageSource(partial(self._page_after, values), values.get(AFTER))

    def _last_event(self) -> dict[str, Any]:
        """Where a client that lost its connection continues (WHATWG HTML §9.2.4)."""
        last = self._request.headers.get("last-event-id", "")
        return {AFTER: int(last[:18])} if last.isdecimal() else {}

    async def _page_after(self, values: Mapping[str, Any], more: Mapping[str, Any]) -> Page[Any]:
        """A further page, for a token that is still valid."""
        caller = await self.get_caller()
        page: Page[Any] = await self._carry_out({**values, **more}, caller)
        return page


def _listener(caller: Caller) -> streams.StreamClient:
    return streams.StreamClient(token=caller.token_id, person=caller.person_id)


def _read_fields(query: Sequence[tuple[str, str]], columns: Sequence[str], reading: Reading) -> tuple[str, ...] | None:
    """The members to show, by `fields=a,b`; None: all."""
    texts = [text for label, text in query if label == FIELDS]
    if not texts:
        return None
    wanted = {name for text in texts for name in text.split(",")}
    unknown = sorted(wanted - set(columns))
    if unknown:
        reading.faults.append(
            FieldError(f"?{FIELDS}", f"unknown: {', '.join(unknown)}. Use some of {', '.join(columns)}")
        )
    return tuple(name for name in columns if name in wanted)


def _etag(name: str | None, value: Any) -> dict[str, str]:
    if name is None:
        return {}
    revision = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return {} if revision is None else {"ETag": f'"{revision}"'}
