"""Logging in by an issuer: whose its accounts are here, and how they came to be."""

from __future__ import annotations

import pytest
from tests.database import select
from tests.services.log_ins.log_in_harness import NOW, VISITOR, LogInHarness

from pressrun.core.access.rights import Right
from pressrun.core.quantities import Rate, RateExceeded
from pressrun.services.log_ins.context import Attempt, is_proven
from pressrun.services.log_ins.identities import Identities, IssuerAccount
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people import enter_links, people
from pressrun.store.people.enter_links import LinkKind
from pressrun.store.people.log_ins import LoginSession, Method

ISSUER = "https://id.example"
WEEK = 7 * 86_400


def known_as(subject: str, email: str | None = None, issuer: str = ISSUER) -> IssuerAccount:
    return IssuerAccount(issuer=issuer, subject=subject, email=email, proven_at=NOW)


async def enter(harness: LogInHarness, identity: IssuerAccount, linking: LoginSession | None = None) -> Entered | None:
    identities = Identities(harness.context, harness.sessions, harness.failures)
    attempt = await identities.admit(VISITOR)
    assert isinstance(attempt, Attempt)
    return await identities.enter(identity, VISITOR, attempt, linking)


async def logged_in(harness: LogInHarness, name: str, *, is_operator: bool = False) -> LoginSession:
    """The session of somebody new who has just typed a password."""
    await harness.set_password(await harness.add_person(name, is_operator=is_operator))
    entered = await harness.sessions.find((await harness.enter(name))[0])
    assert entered is not None
    return entered.session


async def invite(harness: LogInHarness, name: str, kind: LinkKind = LinkKind.INVITATION) -> int:
    """Somebody who was mailed an invitation and has not followed it."""
    person_id = await harness.add_person(name, may_log_in=False)
    await harness.database.write(enter_links.insert_link, person_id, kind, int(harness.now), int(harness.now) + WEEK)
    return person_id


async def test_who_is_invited_enters_by_a_verified_address_once(harness: LogInHarness) -> None:
    """From then on it is the subject that counts: an address may pass to somebody else."""
    await invite(harness, "ann")
    entered = await harness.who(await enter(harness, known_as("a", "ANN@town.example")))
    assert entered is not None
    assert ("ann", Method.OIDC, True) == (entered.session.name, entered.session.method, is_proven(entered.session))
    assert entered.holdings.has(Right.DRAFTS, "news")
    assert await enter(harness, known_as("another", "ann@town.example")) is None
    again = await harness.who(await enter(harness, known_as("a", None)))
    assert again is not None
    assert "ann" == again.session.name
    assert [] == await select(harness.database, "select * from enter_link")
    actions = [
        row[0] for row in await select(harness.database, "select action from audit where way = 'page' order by id")
    ]
    assert ["identity.add", "session.begin", "session.begin"] == actions


@pytest.mark.parametrize(
    "email",
    [
        None,
        "bob@town.example",
        "",
        "no address",
        "ann@town.example@town.example",
        "\N{ZERO WIDTH SPACE}ann@town.example",
    ],
)
async def test_an_invitation_is_for_its_address_alone(harness: LogInHarness, email: str | None) -> None:
    """And only as far as the issuer has verified it, which `email` says."""
    await invite(harness, "ann")
    assert await enter(harness, known_as("a", email)) is None


async def test_nobody_becomes_somebody_by_an_address_alone(harness: LogInHarness) -> None:
    """Not who can log in already, who only posts by mail, whose invitation is over, or who was given another link."""
    await harness.add_person("ann")
    await harness.add_person("bob", may_log_in=False)
    await invite(harness, "dora")
    harness.now += WEEK
    await invite(harness, "carl", LinkKind.ENTER)
    for name in ("ann", "bob", "carl", "dora", "nobody"):
        assert await enter(harness, known_as(name, f"{name}@town.example")) is None, name
    assert [] == await select(harness.database, "select * from identity")


async def test_who_has_just_logged_in_links_their_account(harness: LogInHarness) -> None:
    """Whatever its address; and an account that is somebody's stays theirs."""
    ann, bob = await logged_in(harness, "ann", is_operator=True), await logged_in(harness, "bob")
    entered = await harness.who(await enter(harness, known_as("a", "other@town.example"), linking=ann))
    assert entered is not None
    assert ("ann", True) == (entered.session.name, entered.holdings.has(Right.OPERATE))
    taken = await harness.who(await enter(harness, known_as("a"), linking=bob))
    assert taken is not None
    assert "ann" == taken.session.name


async def test_whoever_was_logged_out_meanwhile_links_nothing(harness: LogInHarness) -> None:
    """What somebody began who had got in ends with the session, also while the issuer is asked."""
    ann = await logged_in(harness, "ann")
    await harness.database.write(people.end_sessions, ann.person_id)
    assert await enter(harness, known_as("a"), linking=ann) is None
    assert [] == await select(harness.database, "select * from identity")


async def test_an_account_of_another_issuer_is_another_one(harness: LogInHarness) -> None:
    ann = await logged_in(harness, "ann")
    assert await enter(harness, known_as("a"), linking=ann) is not None
    assert await enter(harness, known_as("a", issuer="https://id.example.evil.test")) is None


async def test_an_account_ends_with_its_person(harness: LogInHarness) -> None:
    ann = await logged_in(harness, "ann")
    assert await enter(harness, known_as("a"), linking=ann) is not None
    await harness.database.write(people.delete_person, ann.person_id)
    assert await enter(harness, known_as("a", "ann@town.example")) is None


async def test_attempts_are_counted_before_the_issuer_is_asked(harness: LogInHarness) -> None:
    """A success is taken back; failures add up until the window opens."""
    harness.limit(Rate(2, 900))
    ann = await logged_in(harness, "ann")
    for _ in range(5):
        assert await enter(harness, known_as("a"), linking=ann) is not None
    assert await enter(harness, known_as("stranger")) is None
    assert await enter(harness, known_as("stranger")) is None
    assert RateExceeded(harness.now + 900) == await Identities(
        harness.context, harness.sessions, harness.failures
    ).admit(VISITOR)
