"""Requests that come with a key: carried out once, whatever happens in between, and answered anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.acts.cases import cases_of
from tests.database import execute, select
from tests.services.harness import ServiceHarness, open_services

from pressrun.acts.arguments import Arguments, HeldChoice, ListAddress, QueueRetry, SubscriberErase
from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door
from pressrun.acts.editions.edition_answers import Retried
from pressrun.acts.http import Upload
from pressrun.acts.keyed import keyed_request
from pressrun.acts.operating.returns import ReturnIn
from pressrun.acts.people.people_arguments import PersonAdd, PersonGrant, PersonInvite, PersonName, TokenCreate
from pressrun.acts.readers.jobs import ListImport
from pressrun.acts.readers.members import MemberCreate, MemberPause, MemberPut
from pressrun.acts.table import ACTS
from pressrun.core.access.rights import Holdings, Role, TokenScope, rights_of_scope
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, Gone, NotPermitted, Refused, StillRunning
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens
from pressrun.services.members.member_changes import Confirm
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.services.upkeep.held_sign_ups import HeldReleased
from pressrun.store.people.audit import Actor
from pressrun.store.programs.idempotency import KEPT_SECONDS, claim_key, sweep_outcomes

ADA = "ada@x.example"


def token(number: int = 1, scope: TokenScope = TokenScope.WRITE, *lists: str) -> Caller:
    rights = rights_of_scope(scope, is_everywhere=not lists)
    holdings = Holdings(by_list=dict.fromkeys(lists, rights)) if lists else Holdings(everywhere=rights)
    return Caller(actor=Actor(who="token:crm", way="api"), holdings=holdings, token_id=number)


@pytest_asyncio.fixture
async def services(tmp_path: Any) -> AsyncIterator[ServiceHarness]:
    async with open_services(tmp_path) as opened:
        await opened.make_list()
        yield opened


@pytest.fixture
def door(services: ServiceHarness) -> Door:
    return Door(cases_of(services))


async def create(door: Door, *, name: str = "Ada", key: str | None = "k-1", caller: Caller | None = None) -> Any:
    arguments = MemberCreate(list="news", address=ADA, name=name)
    return await door.carry_out(Call(act="subscriber.create", arguments=arguments, caller=caller or token(), key=key))


async def keys(services: ServiceHarness) -> list[tuple[Any, ...]]:
    return await select(services.database, "select caller, object, subscriber_id from idempotency_key")


async def rows(services: ServiceHarness) -> list[tuple[Any, ...]]:
    return await select(
        services.database, "select action, outcome from audit where action like 'subscriber.%' order by number"
    )


async def test_a_repeat_answers_with_what_is_there_now_and_does_nothing(services: ServiceHarness, door: Door) -> None:
    assert "Ada" == (await create(door)).name
    await door.carry_out(
        Call(act="subscriber.put", arguments=MemberPut(list="news", address=ADA, name="Ada L."), caller=token())
    )
    assert "Ada L." == (await create(door)).name
    assert [("token 1", None, 1)] == await keys(services)
    assert [("subscriber.create", "done"), ("subscriber.put", "done")] == await rows(services)


async def test_a_repeated_put_says_what_its_first_answer_said(services: ServiceHarness, door: Door) -> None:
    """Whether it added the person, although a repeat adds nobody; requests that share a transaction do not mix."""
    calls = [
        Call(act="subscriber.put", arguments=MemberPut(list="news", address=address), caller=token(), key=f"{number}")
        for number, address in enumerate([ADA, ADA, "bob@x.example", "eve@x.example", "bob@x.example"])
    ]
    first = [member.created for member in await asyncio.gather(*map(door.carry_out, calls))]
    assert [True, False, True, True, False] == first
    assert first == [(await door.carry_out(call)).created for call in calls]


async def test_a_repeat_about_somebody_who_is_suppressed_adds_nobody(services: ServiceHarness, door: Door) -> None:
    """Neither while they are, known by another list or by none, nor once they no longer are."""
    await services.make_list("other")
    await services.subscribers.add("other", parse_address("bob@x.example"))
    calls = [
        Call(act="subscriber.put", arguments=MemberPut(list="news", address=address), caller=token(), key=address)
        for address in (ADA, "bob@x.example")
    ]
    for suppressed in (ADA, "bob@x.example"):
        await services.suppressions.add(parse_address(suppressed), "operator")
    first = [await door.carry_out(call) for call in calls]
    assert [(None, "operator", False)] * 2 == [(member.state, member.suppressed, member.created) for member in first]
    assert first == [await door.carry_out(call) for call in calls]
    await services.suppressions.remove(parse_address(ADA))
    again = await door.carry_out(calls[0])
    assert (None, None, False) == (again.state, again.suppressed, again.created)


def test_a_stolen_database_does_not_tell_whom_a_request_was_about() -> None:
    """Addresses can be tried one after the other, and so may a key have been made of one."""
    arguments, act = MemberCreate(list="news", address=ADA), ACTS["subscriber.create"]
    ours, others = (
        keyed_request(KeyRing({1: bytes(32)}, secret), token(), ADA, act, arguments)
        for secret in (b"a" * 32, b"b" * 32)
    )
    assert ours.caller == others.caller
    assert not {ours.digest, ours.request} & {others.digest, others.request}


async def test_a_key_is_the_callers_own(services: ServiceHarness, door: Door) -> None:
    await create(door)
    with pytest.raises(Refused, match="PUT"):
        await create(door, caller=token(2))


async def test_the_same_key_for_something_else_is_refused(services: ServiceHarness, door: Door) -> None:
    await create(door)
    with pytest.raises(BadInput, match="another request"):
        await create(door, name="Other")
    assert [("subscriber.create", "done"), ("subscriber.create", "refused")] == await rows(services)
    assert "Ada" == (await create(door)).name  # the refusal does not count as one that is still running


async def test_the_same_key_for_another_action_is_refused(services: ServiceHarness, door: Door) -> None:
    """Also where both take the same arguments."""
    await create(door)
    address = ListAddress(list="news", address=ADA)
    pause = Call(act="subscriber.pause", arguments=MemberPause(list="news", address=ADA, days=3), caller=token())
    await door.carry_out(pause)
    await door.carry_out(Call(act="subscriber.resume", arguments=address, caller=token(), key="k-5"))
    with pytest.raises(BadInput, match="another request"):
        await door.carry_out(Call(act="subscriber.confirmation", arguments=address, caller=token(), key="k-5"))


async def test_what_was_refused_keeps_no_key(services: ServiceHarness, door: Door) -> None:
    await create(door, key=None)
    with pytest.raises(Refused):
        await create(door)
    assert [] == await keys(services)


async def test_while_the_first_request_runs_its_repeat_waits(services: ServiceHarness, door: Door) -> None:
    both = await asyncio.gather(create(door), create(door), return_exceptions=True)
    assert ["Member", "StillRunning"] == [type(answer).__name__ for answer in both]
    assert [(1,)] == await select(services.database, "select count(*) from subscription")


async def test_a_client_that_gave_up_and_repeats_has_one_effect(services: ServiceHarness, door: Door) -> None:
    """The change of the first request may be on its way to the disk while the second begins."""
    put = MemberPut(list="news", address=ADA, confirm=Confirm.SEND)
    for _ in range(20):
        call = Call(act="subscriber.put", arguments=put, caller=token(), key="k-2")
        first = asyncio.create_task(door.carry_out(call))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.gather(door.carry_out(call), return_exceptions=True)
    assert [("confirmation",)] == await select(services.database, "select kind from notice")


async def test_a_repeat_that_began_before_the_first_was_committed_is_told_to_come_again(
    services: ServiceHarness,
) -> None:
    arguments = MemberCreate(list="news", address=ADA)
    keyed = keyed_request(services.keys, token(), "k-3", ACTS["subscriber.create"], arguments)
    await services.database.write(claim_key, keyed, at=1000)
    with pytest.raises(StillRunning, match="has just been carried out"):
        await services.database.write(claim_key, keyed, at=1000)


async def test_a_repeat_whose_first_was_committed_meanwhile_is_not_refused_for_it(
    services: ServiceHarness, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a server went on with its commit after the connection was lost, or the client gave up on it."""
    await create(door)
    with monkeypatch.context() as patched:
        patched.setattr("pressrun.acts.keyed.find_outcome", lambda *_: None)  # it was not committed yet
        with pytest.raises(StillRunning, match="has just been carried out"):
            await create(door)
    assert "Ada" == (await create(door)).name


@pytest.mark.parametrize("key", ["", '""', "with blank", "ü", "k" * 256])
async def test_a_key_is_visible_ascii(door: Door, key: str) -> None:
    with pytest.raises(BadInput, match="invalid Idempotency-Key"):
        await create(door, key=key)


async def test_a_key_may_be_quoted(services: ServiceHarness, door: Door) -> None:
    await create(door, key="k-3")
    await create(door, key='"k-3"')
    assert 1 == len(await keys(services))


async def test_a_repeat_after_an_erase_says_that_they_are_gone(services: ServiceHarness, door: Door) -> None:
    """Also when somebody has signed up by that address since; erasing itself is answered as before."""
    await create(door)
    erase = Call(act="subscriber.erase", arguments=SubscriberErase(address=ADA, confirm=ADA), caller=token(), key="k-4")
    assert (await door.carry_out(erase)).erased
    with pytest.raises(Gone):
        await create(door)
    put = Call(act="subscriber.put", arguments=MemberPut(list="news", address=ADA), caller=token())
    await services.suppressions.remove(parse_address(ADA))
    assert (await door.carry_out(put)).created
    with pytest.raises(Gone):
        await create(door)
    await services.subscribers.erase(parse_address(ADA))
    assert (await door.carry_out(erase)).erased
    texts = await select(services.database, "select caller, object from idempotency_key")
    assert "ada" not in str(texts)


@pytest.mark.parametrize("confirm", [None, "bob@x.example", "nobody"])
async def test_programs_say_twice_whom_they_erase(services: ServiceHarness, door: Door, confirm: str | None) -> None:
    await create(door)
    with pytest.raises(BadInput, match="confirm"):
        await door.carry_out(
            Call(act="subscriber.erase", arguments=SubscriberErase(address=ADA, confirm=confirm), caller=token())
        )


async def test_a_key_is_free_again_after_a_day(services: ServiceHarness, door: Door) -> None:
    await create(door)
    services.now += KEPT_SECONDS + 1
    with pytest.raises(Refused, match="PUT"):
        await create(door)
    assert 1 == await services.database.write(sweep_outcomes, int(services.now) - KEPT_SECONDS)
    assert [] == await keys(services)


async def test_a_token_that_signs_people_up_learns_nothing(services: ServiceHarness, door: Door) -> None:
    """The same answer for a stranger, a member, one who has left and one who was erased; everything else is 403."""
    caller = token(1, TokenScope.SIGN_UP, "news")

    async def put(key: str | None = None, **more: Any) -> Any:
        arguments = MemberPut(list="news", address=ADA, **more)
        return await door.carry_out(Call(act="subscriber.put", arguments=arguments, caller=caller, key=key))

    answers = [await put(confirm=Confirm.SEND, key="s"), await put(confirm=Confirm.SEND, key="s")]
    assert [(1,)] == await select(services.database, "select count(*) from pending_request")
    await services.web_requests.carry_out()
    erase = Call(act="subscriber.erase", arguments=SubscriberErase(address=ADA, confirm=ADA), caller=token())
    await door.carry_out(erase)
    answers += [await put(confirm=Confirm.SEND), await put(confirm=Confirm.SEND, key="s")]
    assert ["pending"] * 4 == [member.state for member in answers]
    for more in ({}, {"confirm": Confirm.VOUCH}):
        with pytest.raises(NotPermitted):
            await put(**more)
    with pytest.raises(NotPermitted):
        await create(door, caller=caller)


async def test_a_file_that_is_handed_in_again_is_the_same_job(services: ServiceHarness, door: Door) -> None:
    async def hand_in(text: bytes) -> Any:
        async def pieces() -> AsyncIterator[bytes]:
            yield text

        arguments = ListImport(list="news", file=Upload(media_type="text/csv", pieces=pieces()))
        return await door.carry_out(Call(act="list.import", arguments=arguments, caller=token(), key="k-5"))

    first = await hand_in(b"email\nann@x.example\n")
    assert first.id == (await hand_in(b"email\nann@x.example\n")).id
    with pytest.raises(BadInput, match="another file"):
        await hand_in(b"email\nbob@x.example\n")
    assert [("token 1", f"job {first.id}", None)] == await keys(services)


def test_every_post_can_be_repeated_under_a_key() -> None:
    """An action without an answer for repeats refuses a key, rather than to be carried out twice."""
    posts = [act for act in ACTS.values() if act.http is not None and act.http.method == "POST"]
    assert [] == [act.id for act in posts if act.again is None]


async def test_a_secret_is_made_once_and_shown_once(services: ServiceHarness, door: Door) -> None:
    """A repeat answers with what there is, without the link or the token, and adds no other."""

    async def twice(act: str, arguments: Arguments) -> tuple[Any, Any]:
        call = Call(act=act, arguments=arguments, caller=token(), key=f"k-{act}")
        return await door.carry_out(call), await door.carry_out(call)

    first, again = await twice("user.add", PersonAdd(name="ann"))
    assert ("ann", True, False) == (again.name, bool(first.link), bool(again.link))
    for act in ("user.link", "user.reset"):
        first, again = await twice(act, PersonName(person="ann"))
        assert (True, False) == (bool(first.link), bool(again.link))
    await twice("user.grant", PersonGrant(person="ann", list="news", role=Role.EDITOR))
    await services.tokens.create(TokenRequest(name="crm", scope=TokenScope.WRITE), TokenMaker())
    first, again = await twice("token.create", TokenCreate(name="web"))
    assert (first.id, True, False) == (again.id, bool(first.token), bool(again.token))
    for table, expected in (("person", 1), ("api_token", 2), ("enter_link", 1), ("permission", 1)):
        assert [(expected,)] == await select(services.database, f"select count(*) from {table}"), table


def test_a_digest_of_a_request_tells_nothing_of_a_password() -> None:
    """Otherwise somebody with a backup, which has database and keys, could use it to guess passwords."""
    keys, act = KeyRing({1: bytes(32)}, b"a" * 32), ACTS["user.add"]
    requests = [
        keyed_request(keys, token(), "k", act, PersonAdd(name="ann", password=password))
        for password in ("x" * 12, "y" * 12)
    ]
    assert requests[0] == requests[1]


async def test_a_complaint_that_is_repeated_ends_nothing_else(services: ServiceHarness, door: Door) -> None:
    """Readers who came back in between stay."""
    await services.subscribers.add("news", parse_address(ADA))
    await services.queue_audience(await services.make_edition(state=EditionState.SENDING))
    proof = AddressTokens(services.keys).make(AddressPurpose.BOUNCES, "news", 1)
    call = Call(act="return.add", arguments=ReturnIn(token=proof, type="complaint"), caller=token(), key="k")
    assert "complaint: abuse" == (await door.carry_out(call)).outcome
    await execute(services.database, "update subscription set state = 'active'")
    assert "handed in before" == (await door.carry_out(call)).outcome
    assert [("active",)] == await select(services.database, "select state from subscription")


async def test_an_invitation_is_mailed_once(services: ServiceHarness, door: Door) -> None:
    """The repeat shows the person as they are now."""

    async def invite() -> Any:
        arguments = PersonInvite(address=ADA, list="news", role=Role.EDITOR)
        return await door.carry_out(Call(act="user.invite", arguments=arguments, caller=token(), key="k-6"))

    first = await invite()
    assert (first, True) == (await invite(), first.mailed)
    assert [(1,)] == await select(services.database, "select count(*) from notice where kind = 'invitation'")


async def test_what_is_tried_again_is_tried_once(services: ServiceHarness, door: Door) -> None:
    """A repeat of `queue/retry` touches nothing."""

    async def retry() -> Any:
        return await door.carry_out(Call(act="queue.retry", arguments=QueueRetry(), caller=token(), key="k-7"))

    await services.subscribers.add("news", parse_address(ADA), asks=True)
    await execute(services.database, "update delivery set state = 'deferred', due_at = due_at + 60")
    assert [Retried(retried=1), Retried(retried=0)] == [await retry(), await retry()]


async def test_a_repeat_releases_what_was_held_then_and_no_more(services: ServiceHarness, door: Door) -> None:
    """A request that was killed between two batches goes on; what has been held since waits for a person."""

    async def release() -> Any:
        choice = HeldChoice(domain="x.example")
        return await door.carry_out(Call(act="held.release", arguments=choice, caller=token(), key="k-8"))

    async def hold(address: str) -> None:
        await services.subscribers.add("news", parse_address(address), asks=True)
        await execute(
            services.database,
            "insert into held_notice (notice_id, domain, expires_at) select id, 'x.example', created_at + 600 "
            "from notice where address = ?",
            address,
        )
        await execute(services.database, "delete from delivery")

    await hold(ADA)
    assert HeldReleased(released=1, forgotten=0) == await release()
    await hold("ann@x.example")
    assert HeldReleased(released=1, forgotten=0) == await release()
    services.now += 1
    await hold("bob@x.example")
    assert HeldReleased(released=0, forgotten=0) == await release()
    assert [("bob@x.example",)] == await select(
        services.database, "select notice.address from held_notice join notice on notice.id = held_notice.notice_id"
    )
