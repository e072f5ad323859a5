"""What all pages of people who log in have in common: who it is, whether the request is theirs, and strict headers.

Every row of the table goes through `open` or `page`. Both turn away what another site has made the browser send. `page`
also sends visitors to the log-in if they are not logged in or, where that matters, have not just logged in.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from pressrun.acts.arguments import Arguments
from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door
from pressrun.acts.people.account import ACCOUNT_ACTS
from pressrun.core.access.rights import NOTHING, Right
from pressrun.core.errors import NotPermitted
from pressrun.core.network.origins import origin_of
from pressrun.services.log_ins.context import Visitor, is_proven, is_recent
from pressrun.services.log_ins.log_in import CODE_SECONDS
from pressrun.services.log_ins.log_in_services import LogInServices
from pressrun.services.log_ins.sessions import LoggedIn
from pressrun.store.people.audit import person_on_page
from pressrun.web.admin.agents import describe_agent
from pressrun.web.admin.cookies import Cookie
from pressrun.web.admin.repeats import Repeats
from pressrun.web.context import WebContext
from pressrun.web.http.forms import first, read_fields
from pressrun.web.http.same_origin import SAFE_METHODS, is_same_origin
from pressrun.web.http.security import Handler
from pressrun.web.pages import read_static
from pressrun.web.sheet import compact

HOME = "/admin"
_OWN_LOG_IN = frozenset(act.id for act in ACCOUNT_ACTS)
_LOCAL = re.compile(r"/admin(?:/[A-Za-z0-9._~-]+)*(?:\?[A-Za-z0-9=&._~-]*)?", re.ASCII)
_POLICY = ("script-src 'self'", "connect-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'")
_UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "X-Robots-Tag": "noindex",
}


class AdminMember(Struct, frozen=True):
    """Who has logged in, by which request, and how that came."""

    logged_in: LoggedIn
    visitor: Visitor
    request: Request

    @property
    def person_id(self) -> int:
        return self.logged_in.session.person_id

    @property
    def is_proven(self) -> bool:
        """Whether the log-in is enough for all that they may do."""
        return is_proven(self.logged_in.session)

    @property
    def caller(self) -> Caller:
        """As the door knows them."""
        session = self.logged_in.session
        return Caller(
            actor=person_on_page(session.name),
            holdings=self.logged_in.holdings,
            person_id=session.person_id,
            client=self.visitor.client,
        )


MemberPage = Callable[[Request, AdminMember], Awaitable[Response]]


class AdminFrame:
    """The frame of the pages at /admin. Every change on behalf of a person goes through the door.

    `auth_header` is the setting of `[admin]`, if any; `issuer` is the label of the button of `[oidc]`.
    """

    def __init__(
        self, web: WebContext, door: Door, services: LogInServices, *, auth_header: str | None = None, issuer: str = ""
    ) -> None:
        base_url = web.pages.site.base_url
        is_secure = base_url.startswith("https:")
        self.web = web
        self.door = door
        self.services = services
        self._auth_header = auth_header
        self._issuer = issuer
        self.origin = origin_of(base_url)
        self.session_cookie = Cookie("pressrun", lambda: services.settings().lifetime_seconds, is_secure=is_secure)
        self.code_cookie = Cookie("pressrun-code", lambda: CODE_SECONDS, is_secure=is_secure)
        # A problem or a redirect is not kept: what it says may change in a moment.
        self._answers = Repeats[Response](lambda page: page.status_code != 200)
        self._sheets = [web.pages.editors_sheet, compact(read_static("admin.css"))]

    @property
    def ways(self) -> list[str]:
        """The ways in of `[admin] sign_in` that work here: browsers make no passkeys for every origin."""
        here = self.services
        return [way for way in here.settings().sign_in if way != "passkey" or here.ceremonies.is_possible]

    def open(self, handler: Handler) -> Handler:
        """A page for everybody."""

        async def guarded(request: Request) -> Response:
            self.web.pages.choose_language()
            response = await handler(request) if self._is_ours(request) else self._foreign()
            response.headers.update({name: value for name, value in _HEADERS.items() if name not in response.headers})
            return response

        return guarded

    def page(self, handler: MemberPage, *, is_fresh: bool = False) -> Handler:
        """A page for those who have logged in; with `is_fresh`, in the last minutes and by more than a password."""

        async def for_members(request: Request) -> Response:
            member = await self.find_member(request)
            if member is None:
                return self.to_log_in(request)
            if is_fresh and not member.is_proven:
                return self.web.pages.see_other("admin", "account")
            if is_fresh and not self.is_recent(member):
                return self.to_log_in(request)
            try:
                return await handler(request, member)
            except NotPermitted:
                return self._not_permitted(member)

        return self.open(for_members)

    def once(self, handler: MemberPage) -> MemberPage:
        """A page whose forms make or mail something: a copy of one that comes twice is one request."""

        async def for_copies(request: Request, member: AdminMember) -> Response:
            fields = tuple(await read_fields(request)) if request.method == "POST" else ()
            number, wanted = first(fields, "copy") or "", (request.scope["path"], fields)

            async def answer() -> Response:
                return await handler(request, member)

            return await self._answers.once(member.person_id, number, wanted, answer)

        return for_copies

    async def find_member(self, request: Request) -> AdminMember | None:
        """Who has logged in with the cookie of this request, or at the proxy that it came by.

        Where the proxy names somebody, nobody else counts: a cookie may be left from the person before.
        """
        name = self._named_by_proxy(request)
        if name is not None:
            logged_in = await self.services.sessions.find_proxied(name)
        else:
            secret = self.session_cookie.read(request)
            logged_in = None if secret is None else await self.services.sessions.find(secret)
        return None if logged_in is None else AdminMember(logged_in, self.visitor(request), request)

    async def _member_now(self, member: AdminMember) -> AdminMember:
        now = await self.find_member(member.request)
        if now is None or now.person_id != member.person_id:
            raise NotPermitted("your session has ended")
        return now

    def _named_by_proxy(self, request: Request) -> str | None:
        """Who has logged in at a trusted proxy; "" if it names several, None without such a proxy."""
        header = self._auth_header
        if header is None or not self.web.came_by_proxy(request):
            return None
        names = request.headers.getlist(header)
        return None if not names else names[0] if len(names) == 1 else ""

    def visitor(self, request: Request) -> Visitor:
        """What is known of who asks."""
        return Visitor(
            client=self.web.client(request),
            network=self.web.network(request),
            agent=describe_agent(request.headers.get("user-agent", "")),
            language=self.web.pages.words.language,
            former=self.session_cookie.read(request),
        )

    def is_recent(self, member: AdminMember) -> bool:
        """Whether they have logged in in the last minutes."""
        return is_recent(member.logged_in.session, self.web.clock())

    def to_log_in(self, request: Request) -> Response:
        """303 to the log-in, which leads back here."""
        return self.web.pages.see_other("admin", "login", next=local_path(request.scope["path"]) or "")

    async def carry_out(self, member: AdminMember, act_id: str, arguments: Arguments) -> Any:
        """Have somebody's action carried out; raises as the door does.

        An operator who has only typed a password sees everything, and changes nothing but their own log-in. An action
        that needs a recent log-in is refused without one, whether or not its page has checked: raises NotPermitted. It
        is also refused to people who were logged out, or have lost the right, while the form arrived.
        """
        act = self.door.acts[act_id]
        if act.writes:
            member = await self._member_now(member)
        caller, is_own = member.caller, act.id in _OWN_LOG_IN
        if act.is_fresh and not (self.is_recent(member) and (member.is_proven or is_own)):
            raise NotPermitted(f"{act.id}: that needs a recent log-in, by more than a password")
        if act.writes and not is_own and not member.is_proven:
            caller = replace(caller, holdings=NOTHING)
        return await self.door.carry_out(Call(act=act.id, arguments=arguments, caller=caller))

    def render(
        self,
        template: str,
        member: AdminMember | None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        policy: Sequence[str] = (),
        **context: Any,
    ) -> Response:
        """A page; `member` None: nobody has logged in. `copy` is the number of this copy of its forms."""
        context.setdefault("copy", self._answers.number())
        return self.web.pages.render(
            f"admin/{template}",
            status=status,
            headers=headers,
            allowing=[*_POLICY, *policy],
            sheets=self._sheets,
            member=member,
            issuer=self._issuer,
            ways=self.ways,
            passkey_script=self.web.pages.static_href("passkey.js"),
            ways_on=[] if member is None else self._ways_on(member),
            **context,
        )

    def message(
        self,
        title: str,
        *paragraphs: str,
        member: AdminMember | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        way_on: str = "",
    ) -> Response:
        """A page that says something; `way_on` is the path below /admin to go on to."""
        return self.render(
            "said.html", member, status=status, headers=headers, title=title, paragraphs=paragraphs, way_on=way_on
        )

    def translate_each(self, words: Mapping[Any, str]) -> dict[str, str]:
        """What each choice of a field means, by its value."""
        return {str(choice): self.web.pages.words(text) for choice, text in words.items()}

    def not_found(self, member: AdminMember) -> Response:
        """The page for what does not exist, or is out of reach."""
        say = self.web.pages.words
        text = say("There's no page at this address. The link may be incomplete, or the page may be gone.")
        return self.message(say("Page not found"), text, member=member, status=404)

    def _not_permitted(self, member: AdminMember) -> Response:
        say = self.web.pages.words
        text = say("Ask an operator to give you the rights that it needs.")
        return self.message(say("You aren't allowed to do that"), text, member=member, status=403)

    def _ways_on(self, member: AdminMember) -> list[tuple[str, str]]:
        """The links of the menu, as (path, words)."""
        say, href, holdings = self.web.pages.words, self.web.pages.href, member.logged_in.holdings
        ways = [(href("admin", "account"), say("Your account"))]
        if holdings.has(Right.OPERATE):
            ways.append((href("admin", "people"), say("People")))
        if any(Right.SETTINGS in rights for rights in (holdings.everywhere, *holdings.by_list.values())):
            ways.append((href("admin", "tokens"), say("Tokens")))
        return ways

    def _is_ours(self, request: Request) -> bool:
        return request.method in SAFE_METHODS or is_same_origin(request.scope["headers"], self.origin)

    def _foreign(self) -> Response:
        say = self.web.pages.words
        text = say("Nothing was changed. Open the page here, and try again.")
        return self.message(say("That came from another site"), text, status=403)


def local_path(text: str) -> str | None:
    """A path of these pages to go on to, as it is; None for anything else, such as another site."""
    return text if _LOCAL.fullmatch(text) and ".." not in text else None
