"""The page of one's own log-in, and what an operator with a password alone may do."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from tests.database import select
from tests.services.log_ins.authenticator import Authenticator
from tests.services.log_ins.log_in_harness import ORIGIN, PASSWORD
from tests.web.admin.admin_harness import AdminHarness
from tests.web.admin.test_people_pages import entered
from tests.web.admin.test_repeats import ends_of_repeats

from pressrun.acts.act import Act, Doing
from pressrun.acts.arguments import Arguments
from pressrun.core.access.login_codes import SALT_BYTES, app_secret
from pressrun.core.access.rights import Right
from pressrun.core.access.totp import STEP_SECONDS, code_at
from pressrun.core.errors import NotPermitted
from pressrun.services.log_ins.context import FRESH_SECONDS
from pressrun.web.admin.frame import AdminMember
from pressrun.web.admin.log_in import REPEAT_SECONDS

NEW = "other words entirely"


async def _do(client: httpx.AsyncClient, action: str, **fields: str) -> httpx.Response:
    return await client.post("/admin/account", data={"action": action, **fields})


async def _ann(admin: AdminHarness, *, is_operator: bool = False) -> int:
    ann = await admin.harness.add_person("ann", is_operator=is_operator)
    await admin.harness.set_password(ann)
    return ann


async def test_a_password_is_changed(admin: AdminHarness) -> None:
    """The new one works, the old one does not, this session goes on, and the log has who did it but not what."""
    await _ann(admin)
    async with admin.logged_in() as client:
        done = await _do(client, "set-password", password=NEW)
        assert (303, "/admin/account?done=1") == (done.status_code, done.headers["location"])
        assert "Saved." in (await client.get("/admin/account?done=1")).text
    assert (None, True) == (
        await admin.harness.by_password("ann"),
        await admin.harness.by_password("ann", NEW) is not None,
    )
    rows = await select(admin.harness.database, "select * from audit where action = 'password.set'")
    assert 1 == len(rows)
    assert NEW not in str(rows)


@pytest.mark.parametrize("is_operator", [False, True])
async def test_whoever_has_just_been_let_in_reads_what_to_do(admin: AdminHarness, *, is_operator: bool) -> None:
    """An operator cannot log in by a mailed code. Once there is a password, nothing is left to be said."""
    ann = await admin.harness.add_person("ann", is_operator=is_operator)
    async with entered(admin, ann) as client:
        before = (await client.get("/admin/account")).text
        await _do(client, "set-password", password=NEW)
        after = (await client.get("/admin/account")).text
    assert [True, False] == ["log in from now on" in page for page in (before, after)]
    assert [True, False] == [">Set password<" in page for page in (before, after)]
    assert (not is_operator) == ("a code that we email to" in before)


@pytest.mark.parametrize(
    ("password", "words"), [("short", "at least 12"), ("1q2w3e4r5t6y", "attackers try"), ("x" * 2000, "too long")]
)
async def test_a_weak_password_is_said_to_be_weak(admin: AdminHarness, password: str, words: str) -> None:
    """422 beside the field."""
    await _ann(admin)
    async with admin.logged_in() as client:
        answer = await _do(client, "set-password", password=password)
    assert (422, True, True) == (answer.status_code, words in answer.text, 'aria-describedby="weak"' in answer.text)


async def _offered_app(admin: AdminHarness, client: httpx.AsyncClient) -> tuple[str, str, bytes]:
    """The page that sets up an app, what its form carries, and the secret that it shows."""
    page = (await client.get("/admin/account?setup=app")).text
    (sealed,) = re.findall(r'name="setup" value="([0-9a-f]{64})"', page)
    return page, sealed, app_secret(admin.harness.keys, bytes.fromhex(sealed)[:SALT_BYTES])


async def test_an_app_is_set_up_by_its_first_code(admin: AdminHarness) -> None:
    """The page shows a secret and its QR code, then ten recovery codes, once. A second post leads to new ones."""
    await _ann(admin)
    async with admin.logged_in() as client:
        page, sealed, secret = await _offered_app(admin, client)
        assert "data:image/svg+xml;base64," in page
        code = code_at(secret, int(admin.harness.now // STEP_SECONDS))
        wrong = await _do(client, "add-app", setup=sealed, code="000000" if code != "000000" else "111111")
        assert (422, True) == (wrong.status_code, sealed in wrong.text)
        foreign = await _do(client, "add-app", setup=sealed[:32], code=code)
        assert (422, False) == (foreign.status_code, sealed[:32] in foreign.text)
        done = await _do(client, "add-app", setup=sealed, code=code)
        assert 10 == len(re.findall(r"<li>[A-Z]{4}(?:-[A-Z]{4}){3}</li>", done.text))
        again = await _do(client, "add-app", setup=sealed, code=code)
        account = await client.get(again.headers["location"])
        typed = await _do(client, "add-app", setup=sealed, code="x")
    assert ["/admin/account?app-on=1"] * 2 == [answer.headers["location"] for answer in (again, typed)]
    assert ("get new ones below" in account.text, ">Get new recovery codes<" in account.text) == (True, True)
    assert await admin.harness.by_password("ann") is None


async def test_with_an_app_the_log_in_needs_its_code(admin: AdminHarness) -> None:
    """It is typed on the same page as the password, and its field may stay empty for those without an app."""
    await _ann(admin)
    async with admin.logged_in() as client:
        _, sealed, secret = await _offered_app(admin, client)
        await _do(client, "add-app", setup=sealed, code=code_at(secret, int(admin.harness.now // STEP_SECONDS)))
    admin.harness.now += STEP_SECONDS
    typed = {"username": "ann", "password": PASSWORD}
    async with admin.client() as client:
        without = await client.post("/admin/login", data={**typed, "one_time_code": ""})
        code = code_at(secret, int(admin.harness.now // STEP_SECONDS))
        entered = await client.post("/admin/login", data={**typed, "one_time_code": code})
    assert [401, 303] == [without.status_code, entered.status_code]


async def _code_of_new_app(admin: AdminHarness) -> str:
    """The next code of an app that ann has set up."""
    await _ann(admin)
    async with admin.logged_in() as client:
        _, sealed, secret = await _offered_app(admin, client)
        await _do(client, "add-app", setup=sealed, code=code_at(secret, int(admin.harness.now // STEP_SECONDS)))
    admin.harness.now += STEP_SECONDS
    return code_at(secret, int(admin.harness.now // STEP_SECONDS))


async def _copy_of_form(client: httpx.AsyncClient) -> str:
    copy, *_ = re.findall(
        r'name="copy" value="([0-9a-f]{16})"', (await client.get("/admin/login")).text
    )  # both forms have it
    return str(copy)


async def test_a_double_click_with_an_app_logs_in_once_and_shows_no_refusal(admin: AdminHarness) -> None:
    """Both at once, and one after the other, when the browser has the cookie of the session already."""
    code = await _code_of_new_app(admin)
    async with admin.client() as client:
        typed = {"username": "ann", "password": PASSWORD, "one_time_code": code, "copy": await _copy_of_form(client)}
        answers = await asyncio.gather(*[client.post("/admin/login", data=typed) for _ in range(2)])
        answers.append(await client.post("/admin/login", data=typed))
        assert [303] * 3 == [answer.status_code for answer in answers]
        assert 1 == len({answer.cookies["__Host-pressrun"] for answer in answers})
        assert 200 == (await client.get("/admin/account")).status_code


@pytest.mark.parametrize(
    ("changed", "is_late"),
    [({"copy": "0" * 16}, False), ({"copy": ""}, False), ({"password": "wrong"}, False), ({}, True)],
)
async def test_a_used_code_of_an_app_lets_nobody_else_in(
    admin: AdminHarness, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], *, is_late: bool
) -> None:
    """Not by another copy of the form, which is all that others can have, and not a moment later."""
    ends = ends_of_repeats(monkeypatch, REPEAT_SECONDS)
    code = await _code_of_new_app(admin)
    async with admin.client() as client, admin.client() as other:
        typed = {"username": "ann", "password": PASSWORD, "one_time_code": code, "copy": await _copy_of_form(client)}
        assert 303 == (await client.post("/admin/login", data=typed)).status_code
        if is_late:
            ends[-1]()
        assert 401 == (await other.post("/admin/login", data=typed | changed)).status_code


async def test_a_passkey_is_added_and_removed(admin: AdminHarness) -> None:
    """By what the script posts, and by a button."""
    ann = await _ann(admin)
    async with admin.logged_in() as client:
        options = (await client.post("/admin/account/passkey/options", json={})).json()
        made = Authenticator(ORIGIN).create(options)
        assert {"next": "/admin/account?done=1"} == (await client.post("/admin/account/passkey", json=made)).json()
        assert 409 == (await client.post("/admin/account/passkey", json=made)).status_code
        (passkey,) = (await admin.harness.account.overview(ann)).passkeys
        assert 303 == (await _do(client, "remove-passkey", id=str(passkey.id))).status_code
    assert () == (await admin.harness.account.overview(ann)).passkeys


async def test_other_sessions_are_ended(admin: AdminHarness) -> None:
    """One, or all; nobody else's, and nothing for a number that is none."""
    await _ann(admin)
    bob = await admin.harness.add_person("bob")
    await admin.harness.set_password(bob)
    async with admin.logged_in() as client, admin.logged_in() as other, admin.logged_in("bob") as bobs:
        (number,) = [session.id for session in (await admin.harness.account.overview(bob)).sessions]
        for text in (str(number), "", "x", "9" * 40, "-1"):
            assert 303 == (await _do(client, "end-session", id=text)).status_code
        assert 200 == (await bobs.get("/admin/account")).status_code
        assert 200 == (await other.get("/admin/account")).status_code
        await _do(client, "end-others")
        assert [200, 303, 200] == [
            (await visitor.get("/admin/account")).status_code for visitor in (client, other, bobs)
        ]


CHANGES = ["set-password", "remove-password", "add-app", "remove-app", "renew-codes", "remove-passkey"]


@pytest.mark.parametrize("action", CHANGES)
async def test_what_changes_the_log_in_needs_a_recent_one(admin: AdminHarness, action: str) -> None:
    """After a quarter of an hour it leads to the log-in, and nothing is changed."""
    ann = await _ann(admin)
    await admin.harness.add_passkey(ann)
    before = await admin.harness.account.overview(ann)
    async with admin.logged_in() as client:
        admin.harness.now += FRESH_SECONDS
        answer = await _do(client, action, password=NEW, id=str(before.passkeys[0].id))
        assert "/admin/login?next=%2Fadmin%2Faccount" == answer.headers["location"]
        assert 403 == (await client.post("/admin/account/passkey/options", json={})).status_code
        assert 403 == (await client.post("/admin/account/passkey", json={})).status_code
        assert 303 == (await client.get("/admin/account?setup=app")).status_code
        assert 200 == (await client.get("/admin/account")).status_code
        again = await client.get(answer.headers["location"])
        assert "You logged in some time ago." in again.text
        await client.post("/admin/login", data={"username": "ann", "password": PASSWORD})
        assert 200 == (await client.get("/admin/account?setup=app")).status_code
    after = await admin.harness.account.overview(ann)
    assert (before.credentials, before.passkeys) == (after.credentials, after.passkeys)


async def test_an_unknown_button_changes_nothing(admin: AdminHarness) -> None:
    """Nor does one for codes without an app."""
    await _ann(admin)
    async with admin.logged_in() as client:
        for action in ("", "erase", "renew-codes"):
            assert "/admin/account" == (await _do(client, action)).headers["location"]


# ------------------------------------------------------------------ operators with a password alone


async def _nothing(_doing: Doing, _args: Arguments) -> str:
    return "done"


def _act(**changes: Any) -> Act[Any]:
    return Act(id="try.it", summary="", right=Right.OPERATE, arguments=Arguments, work=_nothing, **changes)


async def _try(admin: AdminHarness, client: httpx.AsyncClient, act: Act[Any]) -> Any:
    frame = admin.frame(admin.web)
    tried: list[Any] = []

    async def page(_request: Request, member: AdminMember) -> Response:
        try:
            tried.append(await frame.carry_out(member, act.id, Arguments()))
        except NotPermitted as problem:
            tried.append(problem)
            raise
        return PlainTextResponse("")

    frame.door.acts[act.id] = act  # type: ignore[index]
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items()).encode()
    scope = {"type": "http", "method": "GET", "path": "/admin", "query_string": b"", "client": None, "scheme": "https"}
    await frame.page(page)(Request({**scope, "headers": [(b"cookie", cookie)], "server": ("n.example", 443)}))
    return tried[0]


async def test_an_operator_with_a_password_alone_changes_nothing_of_others(admin: AdminHarness) -> None:
    """They see it, though, and may set up what is missing. The refusal is in the audit log."""
    await _ann(admin, is_operator=True)
    async with admin.logged_in() as client:
        assert "A password alone isn" in (await client.get("/admin")).text
        assert "done" == await _try(admin, client, _act(reads=True))
        assert isinstance(await _try(admin, client, _act()), NotPermitted)
    assert [("person:ann", "try.it", "refused")] == await select(
        admin.harness.database,
        "select who, action, outcome from audit where way = 'page' and action <> 'session.begin'",
    )


async def test_an_action_that_needs_a_recent_log_in_is_refused_without_one(admin: AdminHarness) -> None:
    """Also from a page that forgot to look; and by a password alone, for an operator."""
    for name, is_operator in (("ann", False), ("bob", True)):
        await admin.harness.set_password(await admin.harness.add_person(name, is_operator=is_operator))
    wanted = _act(is_fresh=True, reads=True)
    own = replace(wanted, right=Right.SELF)
    async with admin.logged_in("ann") as client, admin.logged_in("bob") as operator:
        assert "done" == await _try(admin, client, own)
        assert isinstance(await _try(admin, operator, wanted), NotPermitted)
        admin.harness.now += FRESH_SECONDS
        assert isinstance(await _try(admin, client, own), NotPermitted)


async def test_a_password_alone_does_not_become_an_operator(admin: AdminHarness) -> None:
    """Beside a passkey nothing is added or changed by it; the passkey does that."""
    ann = await _ann(admin, is_operator=True)
    authenticator = await admin.harness.add_passkey(ann)
    before = await admin.harness.account.overview(ann)
    async with admin.logged_in() as thief:
        for action in CHANGES:
            answer = await _do(thief, action, password=NEW, id=str(before.passkeys[0].id))
            assert "/admin/login?next=%2Fadmin%2Faccount" == answer.headers["location"]
        assert 303 == (await thief.get("/admin/account?setup=app")).status_code
        assert 403 == (await thief.post("/admin/account/passkey/options", json={})).status_code
        assert 403 == (await thief.post("/admin/account/passkey", json={})).status_code
        after = await admin.harness.account.overview(ann)
        assert (before.credentials, before.passkeys) == (after.credentials, after.passkeys)
        options = (await thief.post("/admin/login/passkey/options", json={})).json()
        await thief.post("/admin/login/passkey", json=authenticator.get(options))
        assert 200 == (await thief.get("/admin/account?setup=app")).status_code


async def test_a_link_replaces_passkeys_that_no_longer_work(admin: AdminHarness) -> None:
    """As after a change of the host. The log-in says whom to ask for the link, and a reset is not needed."""
    ann = await _ann(admin, is_operator=True)
    await admin.harness.add_passkey(ann)
    (former,) = (await admin.harness.account.overview(ann)).passkeys
    async with admin.client() as client:
        assert "ask whoever runs this service for a link" in (await client.get("/admin/login")).text
        await client.post(await admin.make_link(ann))
        options = (await client.post("/admin/account/passkey/options", json={})).json()
        await client.post("/admin/account/passkey", json=Authenticator(ORIGIN).create(options))
        await _do(client, "remove-passkey", id=str(former.id))
    (new,) = (await admin.harness.account.overview(ann)).passkeys
    assert former.id != new.id


async def test_a_page_that_needs_more_than_a_password_leads_to_the_account(admin: AdminHarness) -> None:
    """Where an operator sets up what is missing; with a passkey it is shown, and after a while it asks again."""
    ann = await _ann(admin, is_operator=True)
    frame = admin.frame(admin.web)

    async def page(_request: Request, _member: AdminMember) -> Response:
        return PlainTextResponse("shown")

    async def ask(client: httpx.AsyncClient) -> str:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items()).encode()
        scope = {"type": "http", "method": "GET", "path": "/admin/people", "query_string": b"", "client": None}
        request = Request({**scope, "headers": [(b"cookie", cookie)], "scheme": "https", "server": ("n.example", 443)})
        answer = await frame.page(page, is_fresh=True)(request)
        return answer.headers.get("location") or bytes(answer.body).decode()

    async with admin.logged_in() as client:
        assert "/admin/account" == await ask(client)
        authenticator = await admin.harness.add_passkey(ann, 1)
        options = (await client.post("/admin/login/passkey/options", json={})).json()
        await client.post("/admin/login/passkey", json=authenticator.get(options))
        assert "shown" == await ask(client)
        admin.harness.now += FRESH_SECONDS
        assert "/admin/login?next=%2Fadmin%2Fpeople" == await ask(client)
