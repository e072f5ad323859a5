"""The pages of operators about people: who may do what, an invitation, and one person.

    /admin/people        everybody
    /admin/invite        the form of an invitation, and POST of it
    /admin/people/NAME   what one person may do; every form posts here, and its button is `name="action"`

What is done here is done by the actions that `pressrun user` does, with the same rules and rows of the audit log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from pressrun.acts.arguments import Arguments
from pressrun.acts.people.people_arguments import PeoplePage, PersonGrant, PersonInvite, PersonName
from pressrun.core.access.rights import ReaderAccess, Right, Role
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import MalformedAddress, NotFound, NotPermitted
from pressrun.message.words import marked
from pressrun.services.people.lookups import PersonAnswer
from pressrun.store.lists.lists import all_lists
from pressrun.web.admin.frame import AdminFrame, AdminMember
from pressrun.web.admin.home import ROLE_NAMES
from pressrun.web.admin.problems import PROBLEMS, Explanation, explain
from pressrun.web.http.forms import Fields, first, read_fields

ROLES = {
    Role.VIEWER: marked("Viewer: sees reports and counts"),
    Role.EDITOR: marked("Editor: also writes drafts and posts by email"),
    Role.PUBLISHER: marked("Publisher: also sends editions and changes settings"),
}
READERS = {
    ReaderAccess.NONE: marked("No access to subscribers"),
    ReaderAccess.SEE: marked("Sees subscribers"),
    ReaderAccess.MANAGE: marked("Also adds and removes subscribers"),
    ReaderAccess.EXPORT: marked("Also exports all subscribers"),
}

Action = Callable[[AdminMember, str, Fields], Awaitable[Response]]


class PeoplePages:
    """People and what they may do."""

    def __init__(self, frame: AdminFrame) -> None:
        self._frame = frame
        self._pages = frame.web.pages
        self._actions: Mapping[str, Action] = {
            "save": self._plain("user.grant", _of_list),
            "remove-list": self._plain("user.revoke", _whole_list),
            "make-operator": self._plain("user.grant", _operator),
            "end-operator": self._plain("user.revoke", _operator),
            "link": self._make_link,
            "remove": self._ask_to_remove,
            "really-remove": self._remove,
        }

    async def everybody(self, request: Request, member: AdminMember) -> Response:
        after = request.query_params.get("after", "").replace("\0", "")
        page = await self._frame.carry_out(member, "user.ls", PeoplePage(after=after))
        return self._frame.render(
            "people.html",
            member,
            people=page.items,
            following=page.next,
            titles={target.name: target.title for target in await self._frame.web.database.read(all_lists)},
            role_names=self._frame.translate_each(ROLE_NAMES),
            reader_names=self._frame.translate_each(READERS),
            is_done="done" in request.query_params,
        )

    async def invite(self, request: Request, member: AdminMember) -> Response:
        """`/admin/invite`; raises NotPermitted for people who could not submit it."""
        if not member.logged_in.holdings.has(Right.OPERATE):
            raise NotPermitted("inviting needs an operator")
        if request.method != "POST":
            return await self._invitation(member, {})
        fields = dict(await read_fields(request))
        try:
            address = parse_address(fields.get("email", "").strip())
            invitation = PersonInvite(
                address=address.typed,
                list=fields.get("list", ""),
                role=Role(fields.get("role", "")),
                readers=ReaderAccess(fields.get("readers", ReaderAccess.NONE)),
            )
            answer = await self._frame.carry_out(member, "user.invite", invitation)
        except MalformedAddress:
            return await self._invitation(member, fields, has_bad_address=True)
        except PROBLEMS as problem:
            return await self._invitation(member, fields, problem=explain(problem, self._pages.words))
        except ValueError:  # a role that the form does not offer
            return await self._invitation(member, fields)
        return self._invited(member, answer, address.typed)

    async def person(self, request: Request, member: AdminMember) -> Response:
        """`/admin/people/NAME`."""
        name = request.path_params["name"]
        if request.method != "POST":
            return await self._person(member, name, is_done="done" in request.query_params)
        fields = await read_fields(request)
        action = self._actions.get(first(fields, "action") or "")
        try:
            return await (action(member, name, fields) if action else self._person(member, name))
        except PROBLEMS as problem:
            return await self._person(member, name, problem=explain(problem, self._pages.words))
        except ValueError:  # a choice that the form does not offer
            return await self._person(member, name)

    # ------------------------------------------------------------------ what the buttons do

    def _plain(self, act_id: str, arguments: Callable[[str, Fields], Arguments]) -> Action:
        async def carry_out(member: AdminMember, name: str, fields: Fields) -> Response:
            try:
                await self._frame.carry_out(member, act_id, arguments(name, fields))
            except NotFound:
                if act_id != "user.revoke":
                    raise
                return self._pages.see_other("admin", "people", name)  # what is gone already is as it should be
            return self._pages.see_other("admin", "people", name, done="1")

        return carry_out

    async def _make_link(self, member: AdminMember, name: str, _fields: Fields) -> Response:
        answer = await self._frame.carry_out(member, "user.link", PersonName(person=name))
        return self._frame.render("person_link.html", member, person=answer)

    async def _ask_to_remove(self, member: AdminMember, name: str, _fields: Fields) -> Response:
        return self._frame.render("person_remove.html", member, name=name)

    async def _remove(self, member: AdminMember, name: str, _fields: Fields) -> Response:
        try:
            await self._frame.carry_out(member, "user.rm", PersonName(person=name))
        except NotFound:
            return self._pages.see_other("admin", "people")
        return self._pages.see_other("admin", "people", done="1")

    # ------------------------------------------------------------------ the pages

    async def _invitation(
        self,
        member: AdminMember,
        fields: Mapping[str, str],
        *,
        has_bad_address: bool = False,
        problem: Explanation | None = None,
    ) -> Response:
        return self._frame.render(
            "invite.html",
            member,
            status=422 if fields else 200,
            fields=fields,
            lists=await self._frame.web.database.read(all_lists),
            roles=self._frame.translate_each(ROLES),
            readers=self._frame.translate_each(READERS),
            has_bad_address=has_bad_address,
            problem=problem,
        )

    def _invited(self, member: AdminMember, person: PersonAnswer, address: str) -> Response:
        say = self._pages.words
        if person.mailed:
            text = say("An email is on its way to {address}. Its link works once, within a few days.", address=address)
            return self._frame.message(say("Invitation sent"), text, member=member, way_on="people")
        text = say("{name} can log in already, so no email was sent.", name=person.name)
        return self._frame.message(say("Saved."), text, member=member, way_on="people")

    async def _person(
        self, member: AdminMember, name: str, *, problem: Explanation | None = None, is_done: bool = False
    ) -> Response:
        try:
            person = await self._frame.carry_out(member, "user.show", PersonName(person=name))
        except PROBLEMS:
            return self._frame.not_found(member)
        theirs = {permission.list for permission in person.lists}
        lists = await self._frame.web.database.read(all_lists)
        return self._frame.render(
            "person.html",
            member,
            status=422 if problem else 200,
            person=person,
            titles={target.name: target.title for target in lists},
            other_lists=[target for target in lists if target.name not in theirs],
            roles=self._frame.translate_each(ROLES),
            readers=self._frame.translate_each(READERS),
            is_self=person.name == member.logged_in.session.name,
            problem=problem,
            is_done=is_done,
        )


def _of_list(name: str, fields: Fields) -> PersonGrant:
    """What the form says of one list; raises ValueError for a choice that it does not offer."""
    return PersonGrant(
        person=name,
        list=first(fields, "list") or "",
        role=Role(first(fields, "role") or ""),
        readers=ReaderAccess(first(fields, "readers") or ""),
    )


def _whole_list(name: str, fields: Fields) -> PersonGrant:
    return PersonGrant(person=name, list=first(fields, "list") or "")


def _operator(name: str, _fields: Fields) -> PersonGrant:
    return PersonGrant(person=name, operator=True)
