"""The pages about tokens of programs: one's own, and for operators those of everybody.

/admin/tokens       the tokens; POST revokes the one that `id` names
/admin/tokens/new   the form of a new one, and POST of it: its answer is the only page that shows the token
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from pressrun.acts.people.people_arguments import TokenCreate, TokenId, TokensPage
from pressrun.core.access.rights import Right, TokenScope
from pressrun.core.errors import NotFound, NotPermitted
from pressrun.message.words import marked
from pressrun.store.lists.lists import MailingList, all_lists
from pressrun.web.admin.frame import AdminFrame, AdminMember
from pressrun.web.admin.problems import PROBLEMS, Explanation, explain
from pressrun.web.http.forms import Fields, every, first, number_of, read_fields

SCOPES = {
    TokenScope.SIGN_UP: marked("Ask people to confirm a subscription, and read nothing"),
    TokenScope.STATS: marked("Read counts and reports without addresses"),
    TokenScope.DRAFT: marked("Write drafts, but never send them"),
    TokenScope.RETURNS: marked("Submit bounces"),
    TokenScope.READ: marked("Read everything"),
    TokenScope.WRITE: marked("Read and change everything"),
}
ENDS = {
    "30d": marked("In 30 days"),
    "90d": marked("In 90 days"),
    "365d": marked("In a year"),
    "": marked("Never"),
}


class TokenPages:
    """Tokens of programs."""

    def __init__(self, frame: AdminFrame) -> None:
        self._frame = frame
        self._pages = frame.web.pages

    async def all(self, request: Request, member: AdminMember) -> Response:
        """`/admin/tokens`, GET."""
        after = number_of(request.query_params.get("after"))
        page = await self._frame.carry_out(member, "token.ls", TokensPage(after=after))
        tokens = page.items
        return self._frame.render(
            "tokens.html",
            member,
            tokens=tokens,
            following=page.next,
            scopes=self._frame.translate_each(SCOPES),
            days={text: self._day(text) for token in tokens for text in (token.expires_at, token.last_used) if text},
            may_make=await self._may_make(member),
            is_done="done" in request.query_params,
        )

    async def revoke(self, request: Request, member: AdminMember) -> Response:
        """`/admin/tokens`, POST: what is gone already is as it should be."""
        number = number_of(first(await read_fields(request), "id"))
        try:
            revoked = await self._frame.carry_out(member, "token.revoke", TokenId(id=number))
        except NotFound:
            return self._pages.see_other("admin", "tokens")
        if not revoked.made:
            return self._pages.see_other("admin", "tokens", done="1")
        say, names = self._pages.words, ", ".join(token.name for token in revoked.made)
        text = say("Tokens that were made with {name} are still valid: {names}", name=revoked.name, names=names)
        return self._frame.message(say("Saved."), text, member=member, way_on="tokens")

    async def new(self, request: Request, member: AdminMember) -> Response:
        """`/admin/tokens/new`; raises NotPermitted for people who cannot make a token."""
        if not await self._may_make(member):
            raise NotPermitted("only people who may change the settings of a newsletter can make a token")
        if request.method != "POST":
            return await self._form(member, ())
        fields = await read_fields(request)
        try:
            wanted = _read_request(fields)
            answer = await self._frame.carry_out(member, "token.create", wanted)
        except PROBLEMS as problem:
            return await self._form(member, fields, problem=explain(problem, self._pages.words))
        except ValueError:  # a scope that the form does not offer
            return await self._form(member, fields)
        return self._frame.render("token.html", member, token=answer, scopes=self._frame.translate_each(SCOPES))

    async def _form(self, member: AdminMember, fields: Fields, *, problem: Explanation | None = None) -> Response:
        return self._frame.render(
            "token_new.html",
            member,
            status=422 if fields else 200,
            fields=dict(fields),
            chosen=every(fields, "list"),
            lists=await self._lists_of(member),
            may_have_all=member.logged_in.holdings.has(Right.SETTINGS),
            scopes=self._frame.translate_each(SCOPES),
            ends=self._frame.translate_each(ENDS),
            problem=problem,
        )

    async def _may_make(self, member: AdminMember) -> bool:
        return bool(await self._lists_of(member)) or member.logged_in.holdings.has(Right.SETTINGS)

    async def _lists_of(self, member: AdminMember) -> Sequence[MailingList]:
        """The lists that this person may make tokens for."""
        holdings = member.logged_in.holdings
        return [
            target
            for target in await self._frame.web.database.read(all_lists)
            if holdings.has(Right.SETTINGS, target.name)
        ]

    def _day(self, text: str) -> str:
        """A day as the reader writes it."""
        return self._pages.words.day(int(datetime.fromisoformat(text[:10]).replace(tzinfo=UTC).timestamp()))


def _read_request(fields: Fields) -> TokenCreate:
    """What the form says; raises ValueError for a choice that it does not offer."""
    expires = first(fields, "expires") or ""
    if expires not in ENDS:
        raise ValueError(expires)
    return TokenCreate(
        name=(first(fields, "name") or "").strip(),
        scope=TokenScope(first(fields, "scope") or ""),
        lists=tuple(every(fields, "list")),
        expires=expires or None,
        networks=tuple((first(fields, "networks") or "").replace(",", " ").split()),
    )
