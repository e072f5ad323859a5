"""Every state of every page, in one harness, furnished as for a town: what holds for all pages is asked of these.

    async with open_town(tmp_path) as town:
        async for state in town.states():
            assert 200 == state.answer.status_code, state.name

The walk is in order, since some pages come after others; each state has a client, readers and links of its own.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.browser.pictures import harbour
from tests.browser.site import open_site
from tests.browser.specimens import ARABIC, ENGLISH
from tests.database import watched
from tests.message.builders import build, edition
from tests.message.in_five_languages import LOGO, body_in
from tests.web.harness import NOW, WebHarness
from tests.web.mailbox import MAIL, Box, demo_mail, demo_refusal
from tests.web.supply import LATER, Supply

from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import WebPurpose
from pressrun.message.editions.compose import with_asset_prefix
from pressrun.services.limit_settings import LimitSettings

# Lists of a town: those of the family `town` by their language, and three that stand alone.
FAMILY = {"noticias": "es", "bulletin": "en", "boletim": "pt-PT", "nouvelles": "fr"}
_LONG = "Notices of the harbour office about tides, berths, moorings and works on the quays"
_OFFICE = "Harbour Office of Port Example\n1 Quay Street\n28001 Port Example"
_WEEK = 7 * 86400
_USUAL = ENGLISH.partition("### For those")[0]  # the rest is hard to lay out, and on the edition of `tides`
_WHOLE_MAIL = (
    MAIL.replace(b"<html>", b'<!doctype html><html lang="en">')
    .replace(b"<body>", b"<body><main><h1>x</h1>")
    .replace(b"</body>", b"</main></body>")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request. `{kind}` in its path is a link of that kind; `fields` are posted; `before` is posted there first."""

    name: str
    path: str
    fields: dict[str, Any] | None = None
    status: int = 200
    method: str = ""
    before: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The answer, and the statements of the transactions that wrote until it came."""

    name: str
    path: str
    method: str
    answer: httpx.Response
    written: list[str]


def _bad(path: str) -> Ask:
    return Ask(name=f"{path} without an address", path=path, fields={"email": "ada@"}, status=400)


def _mail(number: int) -> dict[str, str]:
    return {"email": f"somebody.with.a.long.address.{number}@readers.example"}


ASKS: tuple[Ask, ...] = (
    Ask(name="front", path="/"),
    Ask(name="front in Arabic", path="/?language=ar"),
    Ask(name="front with ticks", path="/", fields={"email": "ada@", "list": ["bulletin", "tides"]}, status=400),
    Ask(name="front without a tick", path="/", fields=_mail(1), status=400),
    Ask(name="front subscribed", path="/", fields={**_mail(2), "list": ["bulletin", "tides"]}),
    Ask(name="list in English", path="/bulletin"),
    Ask(name="list in Spanish", path="/noticias"),
    Ask(name="list in Portuguese", path="/boletim"),
    Ask(name="list in French", path="/nouvelles"),
    Ask(name="list in Arabic", path="/nashra"),
    Ask(name="list with a teaser and a name", path="/tides"),
    Ask(name="list without an edition", path="/posted"),
    Ask(name="list with a design of its own", path="/designed"),
    Ask(name="list that is closed", path="/old"),
    Ask(name="list for members", path="/members"),
    Ask(name="list without an archive", path="/silent"),
    _bad("/bulletin/subscribe"),
    Ask(name="subscribed", path="/bulletin/subscribe", fields={**_mail(3), "form": "page"}),
    Ask(name="subscribed with a name", path="/tides/subscribe", fields={**_mail(4), "form": "page", "name": "Ada"}),
    Ask(
        name="too many sign-ups",
        path="/bulletin/subscribe",
        fields=_mail(5),
        status=429,
        before=tuple(_mail(number) for number in range(6, 12)),
    ),
    Ask(name="subscribed elsewhere", path="/bulletin/check-mail"),
    Ask(name="form for other sites", path="/bulletin/form"),
    Ask(name="form of a closed list", path="/old/form", status=410),
    Ask(name="unsubscribe by address", path="/bulletin/unsubscribe"),
    _bad("/bulletin/unsubscribe"),
    Ask(name="unsubscribe link mailed", path="/bulletin/unsubscribe", fields=_mail(12)),
    Ask(name="archive", path="/bulletin/archive"),
    Ask(name="archive, second page", path="/bulletin/archive?page=2"),
    Ask(name="archive of a year", path="/bulletin/archive?year=2026"),
    Ask(name="archive without an edition", path="/posted/archive"),
    Ask(name="archive for members", path="/members/archive", status=403),
    Ask(name="edition", path="/bulletin/archive/first"),
    Ask(name="edition with a program", path="/tides/archive/first"),
    Ask(name="edition in Spanish", path="/noticias/archive/first"),
    Ask(name="edition in Arabic", path="/nashra/archive/first"),
    Ask(name="edition of words", path="/news/archive/plain"),
    Ask(name="edition with files", path="/news/archive/first"),
    Ask(name="edition with a design of its own", path="/designed/archive/first"),
    Ask(name="edition in between", path="/bulletin/archive/edition-3"),
    Ask(name="search", path="/bulletin/search"),
    Ask(name="search with results", path="/bulletin/search?q=harbour"),
    Ask(name="search by date", path="/bulletin/search?q=harbour&order=newest"),
    Ask(name="search without a result", path="/bulletin/search?q=zebra"),
    Ask(
        name="too many searches",
        path="/bulletin/search?q=harbour",
        status=429,
        method="GET",
        before=({}, {}, {}),
    ),
    Ask(name="preferences by address", path="/preferences"),
    Ask(name="preferences by address, from a list", path="/preferences?list=bulletin"),
    Ask(name="preferences without an address", path="/preferences", fields={"email": "ada@"}, status=400),
    Ask(name="preferences link mailed", path="/preferences", fields=_mail(13)),
    Ask(name="preferences, lasting link", path="/preferences/{lasting}"),
    Ask(name="preferences, own link", path="/preferences/{own}"),
    Ask(name="preferences of seven", path="/preferences/{own-seven}?list=bulletin"),
    Ask(name="preferences of seven in Arabic", path="/preferences/{own-seven}?list=bulletin&language=ar"),
    Ask(name="preferences, paused", path="/preferences/{own-seven}", fields={"action": "pause", "days": "30"}),
    Ask(name="preferences, saved", path="/preferences/{own}", fields={"action": "save", "name": "Ada"}),
    Ask(name="preferences, refused", path="/preferences/{own}", fields={"action": "pause", "days": "0"}, status=400),
    Ask(name="preferences, left all", path="/preferences/{own-seven}", fields={"action": "leave-all"}),
    Ask(name="preferences, test copy", path="/preferences/{own-test}"),
    Ask(name="preferences, change asked", path="/preferences/{own}", fields={**_mail(14), "action": "change-address"}),
    Ask(name="preferences, private link mailed", path="/preferences/{lasting}", fields={"action": "erase"}),
    Ask(name="erase", path="/preferences/{own}", fields={"action": "erase"}),
    Ask(name="confirm", path="/confirm/{pending}"),
    Ask(name="confirmed", path="/confirm/{pending}", fields={"action": "confirm"}),
    Ask(name="confirmed, with editions", path="/confirm/{pending-bulletin}", fields={"action": "confirm"}),
    Ask(name="confirmed before", path="/confirm/{used}"),
    Ask(name="confirm, test copy", path="/confirm/{confirm-test}"),
    Ask(name="change of address", path="/confirm/{change}"),
    Ask(name="address changed", path="/confirm/{change}", fields={"action": "confirm"}),
    Ask(name="undo a change of address", path="/confirm/{undo-change}"),
    Ask(name="change of address undone", path="/confirm/{undo-change}", fields={"action": "confirm"}),
    Ask(name="undo leaving", path="/confirm/{undo-leaving}"),
    Ask(name="leaving undone", path="/confirm/{undo-leaving}", fields={"action": "confirm"}),
    Ask(name="unsubscribe", path="/unsubscribe/{reader}"),
    Ask(name="unsubscribed", path="/unsubscribe/{reader}", fields={"action": "leave"}),
    Ask(name="paused instead", path="/unsubscribe/{reader}", fields={"action": "pause"}),
    Ask(name="unsubscribe, test copy", path="/unsubscribe/{reader-test}"),
    Ask(name="block all email", path="/unsubscribe/never-again/{never-again}"),
    Ask(name="blocked", path="/unsubscribe/never-again/{never-again}", fields={"action": "never-again"}),
    Ask(name="why", path="/unsubscribe/why/{why}"),
    Ask(name="why, answered", path="/unsubscribe/why/{why}", fields={"reason": "other"}),
    Ask(name="members' archive", path="/read/{read}"),
    Ask(name="members' archive, index", path="/read/{read}/archive"),
    Ask(name="members' search", path="/read/{read}/search?q=boats"),
    Ask(name="members' edition", path="/read/{read}/archive/first"),
    Ask(name="latest edition of a test copy", path="/read/{read-test}/latest"),
    Ask(name="file of a test copy", path="/read/{read-test}/archive/first/asset/1-a.png"),
    Ask(name="members' archive after leaving", path="/read/{read-left}", status=404),
    Ask(name="approval", path="/approve/{held}"),
    Ask(name="approval, mail", path="/approve/{held}/edition"),
    Ask(name="approval, preview", path="/approve/{held}/preview"),
    Ask(name="approval, discard", path="/approve/{held}?discard=1"),
    Ask(name="approval, discarded", path="/approve/{held}", fields={"action": "discard"}),
    Ask(name="approved", path="/approve/{held}", fields={"action": "send"}),
    Ask(name="approved before", path="/approve/{released}", fields={"action": "send"}),
    Ask(name="report", path="/approve/{released}/report"),
    Ask(name="approval, cancelled", path="/approve/{cancelled}"),
    Ask(name="bad link", path="/unsubscribe/nonsense", status=404),
    Ask(name="no such page", path="/nothing", status=404),
    Ask(name="no such page of a list", path="/bulletin/nothing", status=404),
    Ask(name="no such edition", path="/bulletin/archive/nothing", status=404),
    Ask(name="not possible", path="/bulletin", status=405, method="DELETE"),
    Ask(name="too large", path="/bulletin/subscribe", fields={"email": "x" * 1_100_000}, status=413),
    Ask(name="demo", path="/demo"),
    Ask(name="demo, mail", path="/demo/2"),
    Ask(name="demo, HTML of a mail", path="/demo/2/html"),
)

# Pages that hold what an author wrote or a mail in full, which no one but the author can make shorter.
OF_AUTHORS = frozenset({"approval, mail", "approval, preview", "report"})


@asynccontextmanager
async def open_town(root: Path) -> AsyncIterator[Town]:
    """A harness with all of this, on a port of this machine."""
    limits = LimitSettings(sign_ups_per_ip=Rate(5, 3600.0), searches_per_ip=Rate(3, 90.0))
    box = Box(
        messages=[demo_mail(2, ("soft-1@reader.example",), _WHOLE_MAIL), demo_mail(1, ("ada@reader.example",))],
        refusals=[demo_refusal("hard-1@reader.example", "550 5.1.1 There is no such mailbox", 1)],
    )
    async with open_site(root, limits=limits, mailbox=box) as web:
        supply = Supply(web)
        await supply.set_up()
        await _set_up(web)
        yield Town(web, supply)


@dataclass(frozen=True, slots=True)
class Town:
    """The harness, and whoever presses everything in it."""

    web: WebHarness
    supply: Supply

    async def states(self, tag: str = "") -> AsyncIterator[State]:
        """The answer to each of ASKS, in their order; in the language `tag`, without the pages that lead elsewhere."""
        if tag:  # editors without a language of their own see that of their list
            await self.web.write(f"update list set language = '{tag}' where name = 'posted'")
        for number, ask in enumerate(ASKS):
            path = ask.path
            for kind in re.findall(r"\{([^}]+)\}", path):
                path = path.replace(f"{{{kind}}}", await self._token(kind))
            if tag and "language=" not in path:
                path += f"{'&' if '?' in path else '?'}language={tag}"
            async with self.web.client(peer=f"192.0.2.{number}") as client:
                for earlier in ask.before:
                    await (client.post(path, data=earlier) if earlier else client.get(path))
                method = ask.method or ("GET" if ask.fields is None else "POST")
                with watched() as written:
                    answer = await client.request(method, path, data=ask.fields)
            if tag and answer.is_redirect:  # to the same newsletter in that language
                continue
            assert (ask.name, ask.status) == (ask.name, answer.status_code)
            yield State(name=ask.name, path=path, method=method, answer=answer, written=written)

    async def _token(self, kind: str) -> str:
        web = self.web
        match kind:
            case "own-seven":
                return web.tokens.make(WebPurpose.PREFERENCES, await _reader_of_seven(web), 0, LATER)
            case "pending-bulletin":
                async with web.client(peer="192.0.2.250") as client:
                    await client.post("/bulletin/subscribe", data={"email": "bo@reader.example"})
                return web.tokens.make(WebPurpose.CONFIRM, await web.last_confirmation(), LATER)
            case "released":
                token = await self.supply.token("held")
                async with web.client() as client:
                    await client.post(f"/approve/{token}", data={"action": "send"})
                return token
            case _:
                return await self.supply.token(kind)


async def _reader_of_seven(web: WebHarness) -> int:
    """Who gets all of a family and three newsletters more; another one each time."""
    (number,) = (await web.rows("select count(*) from subscriber"))[0]
    address = f"a.reader.of.seven.{number}@readers.example"
    rows = await web.rows(f"select id from list where name in {(*FAMILY, 'tides', 'nashra', 'designed')}")
    first, *others = [await web.add_reader(list_id, address) for (list_id,) in rows]
    assert 6 == len(others)
    return (await web.subscription(first)).subscriber_id


async def _set_up(web: WebHarness) -> None:
    for name, language in FAMILY.items():
        number = await web.add_list(name, title=f"News of Port Example ({language})", language=language)
        await web.dress_list(name, colour="#0b6b3a", logo=LOGO)
        await _add_editions(web, number, name, language, _USUAL if language == "en" else body_in(language))
    number = await web.add_list("nashra", title="رسالة الميناء", description="أخبار الميناء.", language="ar")
    await _add_editions(web, number, "nashra", "ar", ARABIC)
    number = await web.add_list("tides", title=_LONG, description=f"{_LONG}. " * 2)
    await _add_editions(web, number, "tides", "en", ENGLISH)
    number = await web.add_list("designed", title="A design of its own")
    await web.add_edition(
        number, html='<div style="background:#fde"><h1 style="color:#904">Boats</h1><p>All.</p></div>'
    )
    await web.write("update list set family = 'town' where name in ('noticias', 'bulletin', 'boletim', 'nouvelles')")
    await web.write("update list set cadence = 'Every Thursday, in the morning' where name in ('bulletin', 'tides')")
    await web.write(f"update list set postal_address = '{_OFFICE}'")
    await web.write("update list set front = 'teaser', ask_name = 1, typeface = 'mono' where name = 'tides'")


async def _add_editions(web: WebHarness, list_id: int, name: str, language: str, body: str) -> None:
    """An edition as long as a real one, and before it as many as make a second page of the archive."""
    built = build(edition(body), assets={"dawn.png": harbour()})
    assets = [("dawn.png", "image/png", harbour())]
    for index in range(24 if name == "bulletin" else 6):
        title = f"What the harbour office did about the north quay, part {index}"
        started_at = int(NOW) - (index + 1) * _WEEK
        await web.add_edition(
            list_id,
            f"edition-{index}",
            title=title,
            subject=title,
            preheader="Piles, cranes and four more places for boats of visitors, harbour by harbour",
            text="The piles were driven anew, and the crane runs on electricity. " * 12,
            language=language,
            started_at=started_at,
            assets=assets,
        )
    html = with_asset_prefix(built, f"/{name}/archive/first/asset/")
    assets = [(asset.name, asset.media_type, asset.content) for asset in built.archive_assets]
    await web.add_edition(list_id, html=html, text=built.text, language=language, assets=assets)
