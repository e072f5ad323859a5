"""The one-click POST of mail programs (RFC 8058), taken before any page is thought of.

When an edition goes out, mail programs post it in bursts. So where such a request comes as they all send it (a genuine
token, urlencoded, the one field and no more) it is answered here, by few steps; everything else goes on to the pages,
which also take what means the same in another form. Leaving itself is the same use case for both.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pressrun.core.tokens import TEST_ID, WebPurpose
from pressrun.services.readers.sign_ups import Origin
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.web import language
from pressrun.web.http.clients import Proxies
from pressrun.web.http.same import SameAnswer
from pressrun.web.http.visitors import client_in
from pressrun.web.reading import ReadTokens

ONE_CLICK_WORDS = "List-Unsubscribe=One-Click"  # RFC 8058 §3.2
DONE = "You are unsubscribed.\n"  # for programs, which show it to nobody

_FORM = (b"content-type", b"application/x-www-form-urlencoded")
_BODY = ONE_CLICK_WORDS.encode()
_FOLDER = "/unsubscribe/"
_ANSWER = SameAnswer(  # as the pages answer it
    200,
    ((b"content-length", b"%d" % len(DONE)), (b"content-type", b"text/plain; charset=utf-8")),
    DONE.encode("ascii"),
)


class OneClick:
    """Answers the one-click POST, and hands what is none to `app`; `path` is what its requests are counted under."""

    path = f"{_FOLDER}{{token}}"

    def __init__(self, app: ASGIApp, *, unsubscribes: Unsubscribes, tokens: ReadTokens, proxies: Proxies) -> None:
        self._app = app
        self._unsubscribes = unsubscribes
        self._tokens = tokens
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST" or not scope["path"].startswith(_FOLDER) or _FORM not in scope["headers"]:
            await self._app(scope, receive, send)
            return
        message = await receive()
        match self._departure(scope["path"], message):
            case (subscription, edition) if subscription != TEST_ID:
                pass
            case _:
                await self._app(scope, _from(message, receive), send)
                return
        scope["endpoint"] = self
        origin = Origin(
            source="web",
            ip=client_in(scope, self._proxies),
            language=language.spoken().language,
            words=ONE_CLICK_WORDS,
        )
        await self._unsubscribes.leave(subscription, origin, edition_id=edition)
        await send(_ANSWER.message)

    def _departure(self, path: str, message: Message) -> tuple[int, ...] | None:
        """The numbers of a genuine token where the body is the one field and whole."""
        if message.get("body") != _BODY or message.get("more_body"):
            return None
        return self._tokens().read(WebPurpose.UNSUBSCRIBE, path.removeprefix(_FOLDER))


def _from(message: Message, receive: Receive) -> Receive:
    """What was received, once more, and then the rest."""
    given = [message]

    async def receive_again() -> Message:
        return given.pop() if given else await receive()

    return receive_again
