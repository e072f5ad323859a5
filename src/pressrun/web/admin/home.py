"""The first page after a log-in: the newsletters that somebody works on, what they may do there, and how to write."""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.access.rights import Right, Rights, Role
from pressrun.message.words import marked
from pressrun.store.lists.lists import MailingList, all_lists
from pressrun.web.admin.frame import AdminFrame, AdminMember

ROLE_NAMES = {Role.VIEWER: marked("Viewer"), Role.EDITOR: marked("Editor"), Role.PUBLISHER: marked("Publisher")}
_SHOWN_BY = ((Right.RELEASE, Role.PUBLISHER), (Right.DRAFTS, Role.EDITOR), (Right.STATS, Role.VIEWER))


class OwnList(Struct, frozen=True, kw_only=True):
    """A newsletter of somebody's; `role` is empty for operators without one, `posts_to` where they post by email."""

    list: MailingList
    role: str
    posts_to: str


class HomePage:
    """`/admin`."""

    def __init__(self, frame: AdminFrame) -> None:
        self._frame = frame

    async def show(self, _request: Request, member: AdminMember) -> Response:
        holdings = member.logged_in.holdings
        reach = [target for target in await self._frame.web.database.read(all_lists) if holdings.knows(target.name)]
        own = [self._of(target, holdings.by_list.get(target.name, frozenset())) for target in reach]
        return self._frame.render("home.html", member, own=own, is_operator=holdings.has(Right.OPERATE))

    async def unknown(self, _request: Request, member: AdminMember) -> Response:
        """Any other path. Without a session it leads to the log-in, as every page does."""
        return self._frame.not_found(member)

    def _of(self, target: MailingList, rights: Rights) -> OwnList:
        say, site = self._frame.web.pages.words, self._frame.web.pages.site
        roles = [role for right, role in _SHOWN_BY if right in rights]
        posts = (
            site.receives_mail and target.closed_at is None and target.post_by_mail != "off" and Right.DRAFTS in rights
        )
        return OwnList(
            list=target,
            role=say(ROLE_NAMES[roles[0]]) if roles else "",
            posts_to=site.list_address(target.name) if posts else "",
        )
