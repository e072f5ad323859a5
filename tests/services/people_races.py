"""Races of people: two who use one thing up, and what an operator takes away while somebody uses it.

The steps for tests/services/test_races.py, over the same services.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from functools import partial

from tests.acts.cases import cases_of
from tests.database import select
from tests.races import Step
from tests.services.harness import NOW, ServiceHarness
from tests.services.log_ins.authenticator import Authenticator
from tests.services.log_ins.log_in_harness import CHEAP, PASSWORD, VISITOR

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
from pressrun.services.log_ins.context import Attempt, login_meter
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.identities import Identities, IssuerAccount
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


def log_ins_of(services: ServiceHarness) -> tuple[LogIns, Ceremonies]:
    context = services.context
    ceremonies = Ceremonies(ORIGIN, keys=services.keys, clock=context.clock, entropy=os.urandom)
    log_ins = LogIns(context, Sessions(context), HASHES, ceremonies, FailedLogIns(context), services.wake)
    return log_ins, ceremonies


def account_of(services: ServiceHarness) -> Account:
    return Account(services.context, HASHES, log_ins_of(services)[1])


async def ann_id(services: ServiceHarness) -> int:
    rows = await select(services.database, "select id from person where name = 'ann'")
    return int(rows[0][0]) if rows else 0


# ---------------------------------------------------------------------- what comes before


async def ann(services: ServiceHarness) -> None:
    """An editor with a password and a token, and another one."""
    await services.make_list()
    for name, address in (("ann", ANN), ("bea", BEA)):
        await services.people.add(name, address, password_hash=await HASHES.make(PASSWORD))
        await services.people.grant(name, Grant(list="news", role=Role.PUBLISHER, readers=ReaderAccess.MANAGE))
    await services.tokens.create(
        TokenRequest(name="crm", lists=("news",)), TokenMaker(person_id=await ann_id(services))
    )


async def ann_with_a_link(services: ServiceHarness) -> None:
    await ann(services)
    await services.people.link("ann")


async def somebody_invited(services: ServiceHarness) -> None:
    await services.make_list()
    await services.people.invite(ANN, "news", Role.EDITOR)


async def a_code_is_mailed(services: ServiceHarness) -> None:
    await ann(services)
    digest = secret_digest(ASKED)
    await services.database.write(log_ins.request_code, digest, ANN.key, "en", int(services.now) + 600)


async def ann_with_an_app(services: ServiceHarness) -> None:
    await ann(services)
    number = await ann_id(services)
    await services.database.write(credentials.add_app, number, SALT, 1, NOW)
    await services.database.write(credentials.replace_recovery_codes, number, [code_digest(RECOVERY)])


async def ann_with_a_passkey(services: ServiceHarness) -> None:
    await ann(services)
    number, (_, ceremonies) = await ann_id(services), log_ins_of(services)
    made = ceremonies.check_created(
        CLONED.create(ceremonies.creation_options(number, "ann", []), count=4), number, "Firefox"
    )
    await services.database.write(credentials.add_passkey, number, made, NOW)
    await services.database.write(credentials.use_passkey, 1, made.sign_count, 4, NOW)


async def ann_logged_in(services: ServiceHarness) -> None:
    await ann(services)
    await log_in(services)


async def two_operators(services: ServiceHarness) -> None:
    await ann(services)
    for name in ("ann", "bea"):
        await services.people.grant(name, Grant(operator=True))


# ---------------------------------------------------------------------- steps


async def enter(services: ServiceHarness, seconds: int = 900) -> object:
    """By the first link that was made, which is so long valid, as in a page that both have open."""
    token = WebTokens(services.keys).make(WebPurpose.ENTER, 1, NOW + seconds)
    return await EnterLinks(services.context, Sessions(services.context)).enter(token, VISITOR) is not None


accept = partial(enter, seconds=7 * 86_400)


async def log_in(services: ServiceHarness, code: str = "") -> object:
    return await log_ins_of(services)[0].by_password("ann", PASSWORD, code, VISITOR) is not None


async def log_in_by_app(services: ServiceHarness) -> object:
    return await log_in(services, code_at(app_secret(services.keys, SALT), int(NOW // STEP_SECONDS)))


async def log_in_by_code(services: ServiceHarness) -> object:
    code = mailed_code(services.keys, secret_digest(ASKED))
    return await log_ins_of(services)[0].by_code(ASKED, code, VISITOR) is not None


async def log_in_by_passkey(services: ServiceHarness) -> object:
    log_ins_, ceremonies = log_ins_of(services)
    return await log_ins_.by_passkey(CLONED.get(ceremonies.login_options()), VISITOR) is not None


async def log_in_at_issuer(services: ServiceHarness, subject: str) -> object:
    context = services.context
    identities = Identities(context, Sessions(context), FailedLogIns(context))
    identity = IssuerAccount(issuer="https://id.example", subject=subject, email="ann@town.example", proven_at=None)
    attempt = Attempt([login_meter(context, VISITOR.network.encode())], services.now)
    return await identities.enter(identity, VISITOR, attempt) is not None


async def set_password(services: ServiceHarness) -> object:
    """In her session."""
    session = await select(services.database, "select max(id) from login_session")
    await account_of(services).set_password(await ann_id(services), session[0][0], "another few words")
    return None


async def reset(services: ServiceHarness) -> object:
    await services.people.reset("ann")
    return None


async def remove(services: ServiceHarness) -> object:
    return (await services.people.remove("ann")).name


async def make_link(services: ServiceHarness) -> object:
    await services.people.link("ann")
    return None


async def invite(services: ServiceHarness) -> object:
    return (await services.people.invite(ANN, "news", Role.EDITOR)).mailed


async def grant(services: ServiceHarness) -> object:
    return (await services.people.grant("ann", EDITOR)).lists


async def revoke(services: ServiceHarness, name: str = "ann") -> object:
    return (await services.people.revoke(name, Grant(list="news"))).lists


async def depose(services: ServiceHarness, name: str) -> object:
    return (await services.people.revoke(name, Grant(operator=True), require_operator)).operator


async def make_token(services: ServiceHarness) -> object:
    wish = TokenRequest(name="web", lists=("news",))
    return (await services.tokens.create(wish, TokenMaker(person_id=await ann_id(services)))).lists


async def revoke_token(services: ServiceHarness) -> object:
    return (await services.tokens.revoke(1)).name


async def create_member(services: ServiceHarness, name: str) -> object:
    """A POST under one key, with this name in the body; which of the two is refused, and in which words, may differ."""
    caller = Caller(actor=WAY_TO_ACT, holdings=OPERATOR, token_id=1)
    arguments = MemberCreate(list="news", address="ada@reader.example", name=name)
    call = Call(act="subscriber.create", arguments=arguments, caller=caller, key="k")
    try:
        return (await Door(cases_of(services)).carry_out(call)).name
    except (BadInput, Refused):
        return "refused"


async def a_shown_import(services: ServiceHarness) -> None:
    """A file with Ada and Bob whose effects were shown, and which waits to be applied."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"email\nada@reader.example\nbob@reader.example\n"

    await services.make_list()
    order = JobOrder(list_name="news", media_type="text/csv", source="api:crm", is_dry_run=True)
    await services.jobs.hand_in(order, pieces())
    await services.runner.carry_out_all()


async def apply(services: ServiceHarness) -> object:
    return (await services.jobs.apply(1)).state


async def cancel_job(services: ServiceHarness) -> object:
    await services.jobs.cancel(1)
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
