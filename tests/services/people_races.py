"""Races of people: two who use one thing up, and what an operator takes away while somebody uses it.

The steps for tests/services/test_races.py, over the same office.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from functools import partial

from tests.acts.cases import cases_of
from tests.database import select
from tests.races import Step
from tests.services.log_ins.authenticator import Authenticator
from tests.services.log_ins.lobby import CHEAP, PASSWORD, VISITOR
from tests.services.office import NOW, Office

from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door
from pressrun.acts.readers.members import MemberCreate
from pressrun.core.access.login_codes import app_secret, code_digest, mailed_code, recovery_code, secret_digest
from pressrun.core.access.rights import OPERATOR, ReaderAccess, Role
from pressrun.core.access.totp import STEP_SECONDS, code_at
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, Refused
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.services.jobs.bulk_jobs import JobOrder
from pressrun.services.log_ins.account import Account
from pressrun.services.log_ins.ceremonies import Ceremonies
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.identities import Admitted, Identities, IssuerAccount
from pressrun.services.log_ins.links import EnterLinks
from pressrun.services.log_ins.log_in import LogIns
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.log_ins.sessions import Sessions
from pressrun.services.people.people_admin import Grant, require_operator
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.store.people import credentials, log_ins
from pressrun.store.people.audit import Actor

ORIGIN = "https://n.example"
ANN, BEA = parse_address("ann@town.example"), parse_address("bea@town.example")
EDITOR = Grant(list="news", role=Role.EDITOR)
ASKED = "a browser that has asked"
RECOVERY = recovery_code(bytes(32))
SALT = bytes(16)
CLONED = Authenticator(ORIGIN, count=5)  # two devices with one passkey, which both count 5 now
HASHES = PasswordHashes(CHEAP)
WAY_TO_ACT = Actor(who="token:crm", way="api")


def log_ins_of(office: Office) -> tuple[LogIns, Ceremonies]:
    context = office.context
    ceremonies = Ceremonies(ORIGIN, keys=office.keys, clock=context.clock, entropy=os.urandom)
    log_ins = LogIns(context, Sessions(context), HASHES, ceremonies, FailedLogIns(context), office.wake)
    return log_ins, ceremonies


def account_of(office: Office) -> Account:
    return Account(office.context, HASHES, log_ins_of(office)[1])


async def ann_id(office: Office) -> int:
    rows = await select(office.database, "select id from person where name = 'ann'")
    return int(rows[0][0]) if rows else 0


# ---------------------------------------------------------------------- what comes before


async def ann(office: Office) -> None:
    """An editor with a password and a token, and another one."""
    await office.make_list()
    for name, address in (("ann", ANN), ("bea", BEA)):
        await office.people.add(name, address, password_hash=await HASHES.make(PASSWORD))
        await office.people.grant(name, Grant(list="news", role=Role.PUBLISHER, readers=ReaderAccess.MANAGE))
    await office.tokens.create(TokenRequest(name="crm", lists=("news",)), TokenMaker(person_id=await ann_id(office)))


async def ann_with_a_link(office: Office) -> None:
    await ann(office)
    await office.people.link("ann")


async def somebody_invited(office: Office) -> None:
    await office.make_list()
    await office.people.invite(ANN, EDITOR)


async def a_code_is_mailed(office: Office) -> None:
    await ann(office)
    digest = secret_digest(ASKED)
    await office.database.write(log_ins.request_code, digest, ANN.key, "en", int(office.now) + 600)


async def ann_with_an_app(office: Office) -> None:
    await ann(office)
    number = await ann_id(office)
    await office.database.write(credentials.add_app, number, SALT, 1, NOW)
    await office.database.write(credentials.replace_recovery_codes, number, [code_digest(RECOVERY)])


async def ann_with_a_passkey(office: Office) -> None:
    await ann(office)
    number, (_, ceremonies) = await ann_id(office), log_ins_of(office)
    made = ceremonies.check_created(
        CLONED.create(ceremonies.creation_options(number, "ann", []), count=4), number, "Firefox"
    )
    await office.database.write(credentials.add_passkey, number, made, NOW)
    await office.database.write(credentials.use_passkey, 1, made.sign_count, 4, NOW)


async def ann_logged_in(office: Office) -> None:
    await ann(office)
    await log_in(office)


async def two_operators(office: Office) -> None:
    await ann(office)
    for name in ("ann", "bea"):
        await office.people.grant(name, Grant(operator=True))


# ---------------------------------------------------------------------- steps


async def enter(office: Office, seconds: int = 900) -> object:
    """By the first link that was made, which is so long valid, as in a page that both have open."""
    token = WebTokens(office.keys).make(WebPurpose.ENTER, 1, NOW + seconds)
    return await EnterLinks(office.context, Sessions(office.context)).enter(token, VISITOR) is not None


accept = partial(enter, seconds=7 * 86_400)


async def log_in(office: Office, code: str = "") -> object:
    return await log_ins_of(office)[0].by_password("ann", PASSWORD, code, VISITOR) is not None


async def log_in_by_app(office: Office) -> object:
    return await log_in(office, code_at(app_secret(office.keys, SALT), int(NOW // STEP_SECONDS)))


async def log_in_by_code(office: Office) -> object:
    code = mailed_code(office.keys, secret_digest(ASKED))
    return await log_ins_of(office)[0].by_code(ASKED, code, VISITOR) is not None


async def log_in_by_passkey(office: Office) -> object:
    log_ins_, ceremonies = log_ins_of(office)
    return await log_ins_.by_passkey(CLONED.get(ceremonies.login_options()), VISITOR) is not None


async def log_in_at_issuer(office: Office, subject: str) -> object:
    context = office.context
    identities = Identities(context, Sessions(context), FailedLogIns(context))
    identity = IssuerAccount(issuer="https://id.example", subject=subject, email="ann@town.example")
    return await identities.enter(identity, VISITOR, Admitted(office.now)) is not None


async def set_password(office: Office) -> object:
    """In her session."""
    session = await select(office.database, "select max(id) from login_session")
    await account_of(office).set_password(await ann_id(office), session[0][0], "another few words")
    return None


async def reset(office: Office) -> object:
    await office.people.reset("ann")
    return None


async def remove(office: Office) -> object:
    return (await office.people.remove("ann")).name


async def make_link(office: Office) -> object:
    await office.people.link("ann")
    return None


async def invite(office: Office) -> object:
    return (await office.people.invite(ANN, EDITOR)).mailed


async def grant(office: Office) -> object:
    return (await office.people.grant("ann", EDITOR)).lists


async def revoke(office: Office, name: str = "ann") -> object:
    return (await office.people.revoke(name, Grant(list="news"))).lists


async def depose(office: Office, name: str) -> object:
    return (await office.people.revoke(name, Grant(operator=True), require_operator)).operator


async def make_token(office: Office) -> object:
    wish = TokenRequest(name="web", lists=("news",))
    return (await office.tokens.create(wish, TokenMaker(person_id=await ann_id(office)))).lists


async def revoke_token(office: Office) -> object:
    return (await office.tokens.revoke(1)).name


async def create_member(office: Office, name: str) -> object:
    """A POST under one key, with this name in the body; which of the two is refused, and in which words, may differ."""
    caller = Caller(actor=WAY_TO_ACT, holdings=OPERATOR, token_id=1)
    arguments = MemberCreate(list="news", address="ada@reader.example", name=name)
    call = Call(act="subscriber.create", arguments=arguments, caller=caller, key="k")
    try:
        return (await Door(cases_of(office)).carry_out(call)).name
    except (BadInput, Refused):
        return "refused"


async def a_shown_import(office: Office) -> None:
    """A file with Ada and Bob whose effects were shown, and which waits to be applied."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"email\nada@reader.example\nbob@reader.example\n"

    await office.make_list()
    order = JobOrder(list_name="news", media_type="text/csv", source="api:crm", is_dry_run=True)
    await office.jobs.hand_in(order, pieces())
    await office.runner.carry_out_all()


async def apply(office: Office) -> object:
    return (await office.jobs.apply(1)).state


async def cancel_job(office: Office) -> object:
    await office.jobs.cancel(1)
    return None


PEOPLE_RACES: Mapping[str, tuple[Step, Step, Step]] = {
    "enter twice": (ann_with_a_link, enter, enter),
    "accept an invitation twice": (somebody_invited, accept, accept),
    "enter and link": (ann_with_a_link, enter, make_link),
    "enter and reset": (ann_with_a_link, enter, reset),
    "link two accounts": (
        somebody_invited,
        partial(log_in_at_issuer, subject="a"),
        partial(log_in_at_issuer, subject="b"),
    ),
    "invite twice": (ann, invite, invite),
    "invite and remove": (somebody_invited, invite, remove),
    "one code twice": (a_code_is_mailed, log_in_by_code, log_in_by_code),
    "code and reset": (a_code_is_mailed, log_in_by_code, reset),
    "one step of an app twice": (ann_with_an_app, log_in_by_app, log_in_by_app),
    "one recovery code twice": (ann_with_an_app, partial(log_in, code=RECOVERY), partial(log_in, code=RECOVERY)),
    "a passkey and its copy": (ann_with_a_passkey, log_in_by_passkey, log_in_by_passkey),
    "passkey and reset": (ann_with_a_passkey, log_in_by_passkey, reset),
    "log in and reset": (ann, log_in, reset),
    "log in and remove": (ann, log_in, remove),
    "log in and set a password": (ann_logged_in, log_in, set_password),
    "set a password and reset": (ann_logged_in, set_password, reset),
    "grant and revoke": (ann, grant, revoke),
    "grant and remove": (ann, grant, remove),
    "two operators depose each other": (two_operators, partial(depose, name="ann"), partial(depose, name="bea")),
    "make a token and revoke": (ann, make_token, revoke),
    "make a token and reset": (ann, make_token, reset),
    "make a token twice": (ann, make_token, make_token),
    "revoke a token twice": (ann, revoke_token, revoke_token),
    "apply twice": (a_shown_import, apply, apply),
    "apply and cancel": (a_shown_import, apply, cancel_job),
    "one key, two bodies": (ann, partial(create_member, name="A"), partial(create_member, name="B")),
}
"""What comes before, and the two that meet."""
