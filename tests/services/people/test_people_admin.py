"""What operators do with people, over a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import to_builtins
from tests.database import execute_in, select
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.access.rights import NOTHING, OPERATOR, Holdings, ReaderAccess, Right, Role
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, NotFound, PressrunError, Refused, UsageError
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import WebPurpose, WebTokens, digests_of
from pressrun.core.site import Site
from pressrun.services.holdings import holdings_of_person
from pressrun.services.log_ins.context import Visitor
from pressrun.services.log_ins.links import EnterLinks
from pressrun.services.log_ins.sessions import Sessions
from pressrun.services.people.lookups import UndeliveredMail, list_everybody
from pressrun.services.people.people_admin import INVITED_SECONDS, Grant, LastOperator, PersonRemoved, require_operator
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.services.suppression import NewSuppression, SuppressionReason, suppress
from pressrun.store.people import credentials, enter_links, people
from pressrun.store.people.credentials import NewPasskey
from pressrun.store.people.people import StoredPerson
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.transaction import Transaction

BERTA = parse_address("Berta@town.example")
EDITOR = Grant(list="news", role=Role.EDITOR)


async def person(services: ServiceHarness, name: str) -> StoredPerson:
    stored = await services.database.read(people.find_by_name, name)
    assert stored is not None
    return stored


async def held(services: ServiceHarness, name: str) -> Holdings:
    return await services.database.read(holdings_of_person, (await person(services, name)).id)


async def enter(services: ServiceHarness, link: str) -> str | None:
    """Use a link, as the page does; returns whose it was, None if it did not work."""
    token, links = link.rpartition("/")[2], EnterLinks(services.context, Sessions(services.context))
    name = await links.find(token)
    entered = await links.enter(token, Visitor(client=None, network="", agent=""))
    assert (name is None) is (entered is None)
    return name


async def test_the_first_person_is_an_operator_with_a_link(services: ServiceHarness) -> None:
    """It works once, for 15 minutes; reading it changes nothing."""
    added = await services.people.add("Ann", parse_address("ann@town.example"), is_operator=True)
    assert ("ann", True, "2027-01-15T08:15:00Z") == (added.name, added.operator, added.expires_at)
    assert (added.link or "").startswith("https://n.example/admin/enter/")
    assert OPERATOR == await held(services, "ann")
    assert "ann" == await enter(services, added.link or "")
    assert await enter(services, added.link or "") is None


async def test_links_are_built_from_the_address_of_the_desk() -> None:
    site = Site(base_url="https://n.example", mail_domain="n.example", admin_base_url="https://desk.example")
    assert "https://desk.example/admin/enter/T" == site.admin_url("enter", "T")


async def test_a_link_that_is_late_or_replaced_opens_nothing(services: ServiceHarness) -> None:
    first = (await services.people.add("ann", None)).link or ""
    second = (await services.people.link("ann")).link or ""
    assert await enter(services, first) is None
    services.now += 15 * 60
    assert await enter(services, second) is None


async def test_a_database_alone_makes_no_link(services: ServiceHarness) -> None:
    """The same row gives another link under another key, which opens nothing here."""
    link = (await services.people.add("ann", None)).link or ""
    ((number, expires_at),) = await select(services.database, "select id, expires_at from enter_link")
    forged = WebTokens(KeyRing({1: bytes(32)}, bytes(32))).make(WebPurpose.ENTER, number, expires_at)
    assert forged not in link
    assert await enter(services, forged) is None


@pytest.mark.parametrize(
    ("name", "address", "error", "words"),
    [
        ("ann", None, Refused, "there is already a person named ann"),
        ("ANN", None, Refused, "there is already a person named ann"),
        ("bea", "ANN@town.example", Refused, "is the address of ann"),
        ("ann@town.example", None, BadInput, "Give an email address separately"),
        ("", None, BadInput, "cannot name a person"),
        ("a" * 41, None, BadInput, "1 to 40 characters"),
        ("-ann", None, BadInput, "letter or digit first"),
        ("änn", None, BadInput, "cannot name a person"),
    ],
)
async def test_names_and_addresses_are_used_once(
    services: ServiceHarness, name: str, address: str | None, error: type[Exception], words: str
) -> None:
    await services.people.add("ann", parse_address("Ann@town.example"))
    with pytest.raises(error, match=words):
        await services.people.add(name, None if address is None else parse_address(address))
    assert [(1,)] == await select(services.database, "select count(*) from person")


async def test_an_invitation_is_mailed_for_seven_days(services: ServiceHarness) -> None:
    """The row of the mail holds no link that works by itself."""
    await services.make_list()
    invited = await services.people.invite(BERTA, "news", Role.EDITOR)
    assert ("berta", True, "2027-01-22T08:00:00Z", None) == (
        invited.name,
        invited.mailed,
        invited.invited_until,
        invited.enrolled_at,
    )
    assert [("invitation", "Berta@town.example", 1)] == await select(
        services.database, "select kind, address, list_id from notice"
    )
    ((payload,),) = await select(services.database, "select payload from notice")
    assert {"link", "expires_at"} == (payload if isinstance(payload, dict) else json.loads(payload)).keys()
    assert services.woken


async def test_an_invitation_is_mailed_once_in_a_minute(services: ServiceHarness) -> None:
    """One that comes again, as by a double click, leaves the link that is on its way; what it grants holds."""
    await services.make_list()
    first = await services.people.invite(BERTA, "news", Role.EDITOR)
    services.now += INVITED_SECONDS - 1
    again = await services.people.invite(BERTA, "news", Role.PUBLISHER)
    assert (True, first.invited_until, Role.PUBLISHER) == (again.mailed, again.invited_until, again.lists[0].role)
    assert [(1, 1)] == await select(services.database, "select count(*), min(id) from enter_link")
    services.now += 1
    assert first.invited_until != (await services.people.invite(BERTA, "news", Role.EDITOR)).invited_until
    assert [(2,)] == await select(services.database, "select count(*) from notice")


async def test_whoever_accepts_an_invitation_may_log_in(services: ServiceHarness) -> None:
    await services.make_list()
    await services.people.invite(BERTA, "news", Role.EDITOR)
    ((number, expires_at),) = await select(services.database, "select id, expires_at from enter_link")
    token = WebTokens(services.keys).make(WebPurpose.ENTER, number, expires_at)
    accepted = await enter(services, token)
    assert accepted is not None
    assert NOW == (await person(services, accepted)).enrolled_at


async def test_who_can_log_in_already_is_not_mailed(services: ServiceHarness) -> None:
    await services.make_list()
    await services.people.add("berta", BERTA)
    invited = await services.people.invite(BERTA, "news", Role.EDITOR)
    assert ("berta", False) == (invited.name, invited.mailed)
    assert [] == await select(services.database, "select id from notice")
    assert (await held(services, "berta")).has(Right.DRAFTS, "news")


async def test_nobody_becomes_an_operator_by_mail(services: ServiceHarness) -> None:
    """An invitation that is on its way ends when its person becomes one, and no other is mailed to them."""
    await services.make_list()
    await services.people.invite(BERTA, "news", Role.EDITOR)
    await services.people.grant("berta", Grant(operator=True))
    assert [] == await select(services.database, "select id from enter_link")
    with pytest.raises(Refused, match="operators never log in by email alone"):
        await services.people.invite(BERTA, "news", Role.PUBLISHER)
    assert await enter(services, (await services.people.link("berta")).link or "") is not None


async def test_an_address_that_gets_no_mail_is_not_invited(services: ServiceHarness) -> None:
    """And no person is left behind."""
    await services.make_list()
    digests = digests_of(services.keys, BERTA)
    wanted = NewSuppression(digests, SuppressionReason.COMPLAINT, BERTA.typed, NOW)
    await services.database.write(suppress, [wanted], NOW)
    with pytest.raises(Refused, match=r"gets no email \(complaint\)"):
        await services.people.invite(BERTA, "news", Role.EDITOR)
    assert [] == await select(services.database, "select id from person")


async def test_an_editor_by_mail_is_the_person_who_is_invited_later(services: ServiceHarness) -> None:
    """And keeps what they have on other lists."""
    await services.make_list()
    await services.make_list("tides")
    await services.lists.add_editor("tides", BERTA)
    (before,) = await services.database.read(list_everybody, services.now)
    assert (None, None) == (before.enrolled_at, before.invited_until)
    await services.people.invite(BERTA, "news", Role.PUBLISHER, ReaderAccess.SEE)
    (after,) = await services.database.read(list_everybody, services.now)
    assert [
        {"list": "news", "role": "publisher", "readers": "see"},
        {"list": "tides", "role": "editor", "readers": "none"},
    ] == to_builtins([*after.lists])


async def test_people_with_the_same_name_before_the_at_get_numbers(services: ServiceHarness) -> None:
    await services.make_list()
    for address in ("eve@a.example", "eve@b.example", "é@c.example", "eve@d.example"):
        await services.lists.add_editor("news", parse_address(address))
    names = [shown.name for shown in await services.database.read(list_everybody, services.now)]
    assert ["eve", "eve-2", "eve-3", "person"] == names


RIGHTS = {
    Grant(list="news", role=Role.VIEWER): {Right.STATS},
    EDITOR: {Right.STATS, Right.DRAFTS},
    Grant(list="news", role=Role.PUBLISHER): {Right.STATS, Right.DRAFTS, Right.RELEASE, Right.SETTINGS},
    Grant(list="news", role=Role.VIEWER, readers=ReaderAccess.SEE): {Right.STATS, Right.SEE_READERS},
}


@pytest.mark.parametrize("grant", RIGHTS, ids=lambda grant: f"{grant.role} {grant.readers}")
async def test_rights_are_those_of_the_role_on_that_list_alone(services: ServiceHarness, grant: Grant) -> None:
    await services.make_list()
    await services.people.add("ann", None)
    await services.people.grant("ann", grant)
    assert Holdings(by_list={"news": frozenset(RIGHTS[grant])}) == await held(services, "ann")


async def test_what_is_not_named_stays_as_it_is(services: ServiceHarness) -> None:
    await services.make_list()
    await services.people.add("ann", None)
    await services.people.grant("ann", Grant(list="news", role=Role.EDITOR, readers=ReaderAccess.EXPORT))
    changed = await services.people.grant("ann", Grant(list="news", role=Role.PUBLISHER))
    assert [{"list": "news", "role": "publisher", "readers": "export"}] == to_builtins([*changed.lists])
    changed = await services.people.grant("ann", Grant(list="news", readers=ReaderAccess.SEE))
    assert [{"list": "news", "role": "publisher", "readers": "see"}] == to_builtins([*changed.lists])


REVOKED: dict[str, tuple[Grant, list[dict[str, str]]]] = {
    "the list": (Grant(list="news"), []),
    "the role": (Grant(list="news", role=Role.EDITOR), []),
    "role and access": (Grant(list="news", role=Role.EDITOR, readers=ReaderAccess.SEE), []),
    "export": (
        Grant(list="news", readers=ReaderAccess.EXPORT),
        [{"list": "news", "role": "editor", "readers": "manage"}],
    ),
    "all access": (
        Grant(list="news", readers=ReaderAccess.SEE),
        [{"list": "news", "role": "editor", "readers": "none"}],
    ),
}


@pytest.mark.parametrize("case", REVOKED)
async def test_what_is_revoked_is_gone_with_what_includes_it(services: ServiceHarness, case: str) -> None:
    await services.make_list()
    await services.people.add("ann", None)
    await services.people.grant("ann", Grant(list="news", role=Role.EDITOR, readers=ReaderAccess.EXPORT))
    with pytest.raises(NotFound, match="ann is editor on news"):
        await services.people.revoke("ann", Grant(list="news", role=Role.PUBLISHER))
    grant, left = REVOKED[case]
    assert left == to_builtins([*(await services.people.revoke("ann", grant)).lists])


REFUSED: dict[str, tuple[Callable[[ServiceHarness], Any], type[PressrunError], str]] = {
    "grant: nobody": (lambda o: o.people.grant("bob", EDITOR), NotFound, "no such person: 'bob'"),
    "grant: no list": (lambda o: o.people.grant("ann", Grant(list="none", role=Role.EDITOR)), NotFound, "no such list"),
    "grant: nothing": (lambda o: o.people.grant("ann", Grant()), UsageError, "say what"),
    "grant: both": (lambda o: o.people.grant("ann", Grant(list="news", operator=True)), UsageError, "alone"),
    "grant: no role yet": (
        lambda o: o.people.grant("ann", Grant(list="news", readers=ReaderAccess.SEE)),
        UsageError,
        "has no role on news",
    ),
    "revoke: not theirs": (lambda o: o.people.revoke("ann", EDITOR), NotFound, "ann has no role on news"),
    "revoke: operator": (lambda o: o.people.revoke("ann", Grant(operator=True)), NotFound, "ann is not an operator"),
    "invite: unknown": (
        lambda o: o.people.invite(BERTA, "none", Role.EDITOR),
        NotFound,
        "no such list",
    ),
    "link: nobody": (lambda o: o.people.link("x@y.example"), NotFound, "no such person"),
    "rm: nobody": (lambda o: o.people.remove("bob"), NotFound, "no such person"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_changes_nothing(services: ServiceHarness, case: str) -> None:
    await services.make_list()
    await services.people.add("ann", None)
    before = await services.database.read(list_everybody, services.now)
    call, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        await call(services)
    assert before == await services.database.read(list_everybody, services.now)
    assert [] == await select(services.database, "select id from notice")


CHANGES: dict[str, tuple[Callable[[ServiceHarness], Any], int]] = {
    "a role": (lambda o: o.people.grant("ann", Grant(list="news", role=Role.VIEWER)), 1),
    "access": (lambda o: o.people.grant("ann", Grant(list="news", readers=ReaderAccess.SEE)), 1),
    "nothing new": (lambda o: o.people.grant("ann", EDITOR), 0),
    "the list": (lambda o: o.people.revoke("ann", Grant(list="news")), 1),
    "operator": (lambda o: o.people.grant("ann", Grant(operator=True)), 1),
    "invited again": (lambda o: o.people.invite(BERTA, "news", Role.PUBLISHER), 1),
    "editor again": (lambda o: o.lists.add_editor("news", BERTA), 0),
    "editor no more": (lambda o: o.lists.remove_editor("news", BERTA), 1),
    "a new link": (lambda o: o.people.link("ann"), 0),
}


@pytest.mark.parametrize("case", CHANGES)
async def test_sessions_end_when_rights_change(services: ServiceHarness, case: str) -> None:
    await services.make_list()
    await services.people.add("ann", BERTA)
    await services.people.grant("ann", EDITOR)
    before = (await person(services, "ann")).epoch
    call, more = CHANGES[case]
    await call(services)
    assert more == (await person(services, "ann")).epoch - before


@pytest.mark.parametrize("others", ["nobody", "an editor", "an operator who cannot log in", "an operator"])
async def test_the_last_operator_stays_except_at_the_shell(services: ServiceHarness, others: str) -> None:
    await services.make_list()
    await services.people.add("ann", None, is_operator=True)
    if others == "an operator who cannot log in":
        await services.lists.add_editor("news", BERTA)
        await services.people.grant("berta", Grant(operator=True))
    elif others != "nobody":
        await services.people.add("bea", None, is_operator=others == "an operator")
    admin, operator = services.people, Grant(operator=True)
    if others == "an operator":
        await admin.revoke("ann", operator, require_operator)
        return
    for removing in (admin.revoke("ann", operator, require_operator), admin.remove("ann", require_operator)):
        with pytest.raises(LastOperator, match="last operator"):
            await removing
    assert (await person(services, "ann")).is_operator
    await admin.remove("ann")


async def test_who_is_removed_leaves_nothing(services: ServiceHarness) -> None:
    """And can be added anew, as somebody else."""
    await services.make_list()
    await services.people.add("ann", BERTA, is_operator=True)
    await services.people.grant("ann", EDITOR)
    former = (await person(services, "ann")).id
    removed = await services.people.remove("BERTA@town.example")
    assert PersonRemoved(name="ann", cancelled=0, no_operator_left=True) == removed
    for table in ("person", "permission", "enter_link"):
        assert [(0,)] == await select(services.database, f"select count(*) from {table}")
    assert NOTHING == await services.database.read(holdings_of_person, former)
    await services.people.add("ann", BERTA)
    assert former != (await person(services, "ann")).id


async def test_erasing_an_address_forgets_editors_and_keeps_who_can_log_in(services: ServiceHarness) -> None:
    """The latter lose the address, what they posted by it, and links that were mailed there."""
    ann = parse_address("ann@town.example")
    await services.make_list()
    await services.lists.add_editor("news", BERTA)
    await services.people.add("ann", ann, is_operator=True)
    await services.people.grant("ann", EDITOR)
    for address in (BERTA, ann):
        await services.subscribers.erase(address)
    assert [("ann", None, None, 1)] == await select(
        services.database, "select name, address, address_key, is_operator from person"
    )
    assert [(0,)] == await select(services.database, "select count(*) from enter_link")
    assert (await held(services, "ann")) == OPERATOR


async def test_who_has_a_password_needs_no_link(services: ServiceHarness) -> None:
    added = await services.people.add("ann", None, is_operator=True, password_hash="$argon2id$x")
    assert ("ann", False) == (added.name, bool(added.link))
    assert [("$argon2id$x", NOW)] == await select(services.database, "select hash, changed_at from password")


async def test_a_reset_takes_all_that_somebody_logs_in_with(services: ServiceHarness) -> None:
    """And ends the sessions; of nobody else."""
    for name in ("ann", "bea"):
        await services.people.add(name, None, password_hash="$argon2id$x")
        stored = await person(services, name)
        passkey = NewPasskey(credential_id=name.encode(), credential=b"c", name="Firefox", sign_count=0)
        await services.database.write(credentials.add_passkey, stored.id, passkey, NOW)
        await services.database.write(credentials.add_app, stored.id, bytes(16), 1, NOW)
        await services.database.write(credentials.replace_recovery_codes, stored.id, [bytes(32)])
        await services.database.write(people.add_identity, stored.id, "https://id.example", name)
        await services.people.grant(name, Grant(operator=True))
        await services.tokens.create(TokenRequest(name=f"{name}'s"), TokenMaker(person_id=stored.id))
    reset = await services.people.reset("ann")
    assert ("ann's",) == reset.revoked
    assert (2, 1) == ((await person(services, "ann")).epoch, (await person(services, "bea")).epoch)
    for table in ("password", "passkey", "authenticator_app", "recovery_code", "identity", "api_token"):
        assert [(2,)] == await select(services.database, f"select person_id from {table}"), table
    assert await enter(services, reset.link or "") is not None


async def test_a_new_link_ends_those_of_nobody_else(services: ServiceHarness) -> None:
    links = [(await services.people.add(name, None)).link or "" for name in ("ann", "bea")]
    await services.people.link("ann")
    assert [None, "bea"] == [await enter(services, link) for link in links]


async def test_who_loses_a_right_takes_it_from_nobody_else(services: ServiceHarness) -> None:
    await services.make_list()
    for name in ("ann", "bea"):
        await services.people.add(name, parse_address(f"{name}@town.example"))
        await services.people.grant(name, EDITOR)
    await services.people.revoke("ann", EDITOR)
    assert [True, False] == [await held(services, name) == NOTHING for name in ("ann", "bea")]


async def test_links_that_are_over_are_swept(services: ServiceHarness) -> None:
    await services.people.add("ann", None)
    assert 0 == await services.database.write(enter_links.sweep_links, NOW + 899)
    assert 1 == await services.database.write(enter_links.sweep_links, NOW + 900)


async def mail_to(services: ServiceHarness, address: str, state: str, reply: str) -> None:
    """A mail to an address, with its final state."""

    def record(tx: Transaction) -> None:
        mail = NewNotice(kind="login_code", address=parse_address(address), message_secret=b"m" * 16, language="en")
        number = notices.insert_notice(tx, mail, NOW)
        execute_in(
            tx, "update delivery set state = ?, reply = ?, recorded_at = ? where id = ?", state, reply, NOW, number
        )

    await services.database.write(record)


async def test_a_person_whose_mail_does_not_arrive_is_listed_so(services: ServiceHarness) -> None:
    """Until a mail arrives; mail to others, or to an address that they had before, does not count."""
    await services.people.add("ann", parse_address("ann@town.example"))
    await services.people.add("berta", BERTA)
    await services.people.add("cleo", None)

    async def undelivered() -> list[Any]:
        return [shown.undelivered for shown in await services.database.read(list_everybody, services.now)]

    assert [None, None, None] == await undelivered()
    await mail_to(services, "ann@town.example", "delivered", "250 ok")
    await mail_to(services, "ann@town.example", "failed", "550 no such user")
    await mail_to(services, "berta@elsewhere.example", "failed", "550 gone")
    assert [UndeliveredMail(at="2027-01-15T08:00:00Z", reply="550 no such user"), None, None] == await undelivered()
    await mail_to(services, "ann@town.example", "queued", "")
    assert "550 no such user" == (await undelivered())[0].reply
    await mail_to(services, "ann@town.example", "delivered", "250 ok")
    assert [None, None, None] == await undelivered()
