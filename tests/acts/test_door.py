"""The door of all actions: who gets through, what is recorded of each, and when."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.acts.cases import Work, cases_of, door_to
from tests.database import execute_in, refused_updates, select
from tests.services.harness import NOW, ServiceHarness, open_services

from pressrun.acts.act import Doing
from pressrun.acts.arguments import NOTE, ListSettings, Statement
from pressrun.acts.call import Call, Caller, ignore_progress
from pressrun.acts.door import Door, caller_of_token
from pressrun.acts.operating.installation import SECRET
from pressrun.acts.people.account import ACCOUNT_ACTS
from pressrun.acts.people.people_arguments import PersonName, TokenCreate, TokenId, TokensPage
from pressrun.acts.readers.members import MemberPut
from pressrun.acts.table import ACTS
from pressrun.control.protocol import encode_arguments
from pressrun.core.access.rights import GROUP_MEMBER, Holdings, ReaderAccess, Right, Role, TokenScope
from pressrun.core.errors import BadInput, NoRoom, NotFound, NotPermitted, Refused
from pressrun.services import evidence
from pressrun.services.members.member_changes import Confirm
from pressrun.services.people.people_admin import Grant, LastOperator
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.people import audit, people
from pressrun.store.programs import api_tokens
from pressrun.store.statements import COMMON, read_folder
from pressrun.store.transaction import Transaction

INA = Caller.at_shell("ina", 1000, claimed="paul")
MEMBER = Caller.at_shell("eva", 1001, holdings=GROUP_MEMBER)
READING = sorted(act.id for act in ACTS.values() if not act.writes and act.id != NOTE)
FOR_OWNERS = sorted(act.id for act in ACTS.values() if act.right is Right.MACHINE)


@pytest_asyncio.fixture
async def services(tmp_path: Any) -> AsyncIterator[ServiceHarness]:
    async with open_services(tmp_path) as opened:
        yield opened


async def change(services: ServiceHarness, title: str = "x") -> None:
    def work(tx: Transaction) -> None:
        execute_in(tx, "insert into keyring values (?, x'00', null)", 1000 + len(title))

    await services.database.write(work)


async def call(services: ServiceHarness, act: str, work: Work, arguments: object = None, caller: Caller = INA) -> Any:
    door = door_to(services, act, work)
    return await door.carry_out(Call(act=act, arguments=encode_arguments(arguments or {}), caller=caller))


async def rows(services: ServiceHarness) -> list[tuple[Any, ...]]:
    sql = "select action, outcome, code, object from audit where action <> 'migrate' order by number"
    return await select(services.database, sql)


async def test_a_request_that_could_not_be_read_leaves_no_address_in_the_log(services: ServiceHarness) -> None:
    """What its path has in the place of a list may be one, and could not be erased."""
    door = Door(cases_of(services))
    for name in ("news", "ada@reader.example"):
        await door.refuse("subscriber.put", INA, BadInput("it is no JSON"), name)
    refused = await select(
        services.database, "select list, outcome from audit where action like 'sub%' order by number"
    )
    assert [("news", "refused"), (None, "refused")] == refused


async def test_the_log_forgets_who_never_confirmed(services: ServiceHarness) -> None:
    await services.make_list()
    put = MemberPut(list="news", address="ada@reader.example", confirm=Confirm.SEND)
    await Door(cases_of(services)).carry_out(Call(act="subscriber.put", arguments=put, caller=INA))
    about = "select subscriber_id is null, salt is null, content is null from audit where action = 'subscriber.put'"
    assert [(0, 0, 0)] == await select(services.database, about)
    later = int(services.now + services.context.tokens.confirm_lifetime_seconds)
    await services.database.write(forget_unconfirmed, services.context.entropy, later)
    assert [(1, 1, 1)] == await select(services.database, about)


async def test_a_change_and_its_row_are_one_transaction(services: ServiceHarness) -> None:
    async def fails_after_its_change(services: ServiceHarness) -> None:
        def work(tx: Transaction) -> None:
            execute_in(tx, "insert into keyring values (1001, x'00', null)")
            raise ZeroDivisionError

        await services.database.write(work)

    with pytest.raises(ZeroDivisionError):
        await call(services, "a.verb", fails_after_its_change)
    assert [("a.verb", "failed", None, None)] == await rows(services)
    await call(services, "a.verb", change)
    assert ("a.verb", "done", None, None) == (await rows(services))[-1]
    assert [(1001,)] == await select(services.database, "select number from keyring where number > 1000")


async def test_where_no_row_can_be_written_nothing_is_changed(services: ServiceHarness) -> None:
    async with refused_updates(services.database, "audit_head"):
        with pytest.raises(Exception, match="no updates"):
            await call(services, "a.verb", change)
    assert [] == await select(services.database, "select number from keyring where number > 1000")


async def test_many_transactions_have_one_row_and_a_late_failure_another(services: ServiceHarness) -> None:
    async def twice_and_fail(services: ServiceHarness) -> None:
        await change(services)
        await change(services, "xy")
        raise Refused("too late")

    with pytest.raises(Refused):
        await call(services, "a.verb", twice_and_fail)
    assert [("a.verb", "done", None, None), ("a.verb", "refused", 1, None)] == await rows(services)


async def test_what_changes_files_is_recorded_before_it_begins(services: ServiceHarness) -> None:
    seen: list[list[tuple[Any, ...]]] = []

    async def look(services: ServiceHarness) -> dict[str, int]:
        seen.append(await rows(services))
        return {"number": 2}

    await call(services, "key.rotate", look)
    assert [[("key.rotate", "begun", None, None)]] == seen
    assert ("key.rotate", "done", None, "key 2") == (await rows(services))[-1]


@pytest.mark.parametrize("verb", READING)
async def test_what_changes_nothing_leaves_no_row(services: ServiceHarness, verb: str) -> None:
    assert 7 == await call(services, verb, lambda _: asyncio.sleep(0, 7))
    assert [] == await rows(services)


async def test_what_reads_and_lacks_a_further_right_is_recorded(services: ServiceHarness) -> None:
    async def lack(_: ServiceHarness) -> None:
        raise NotPermitted("that needs another right")

    with pytest.raises(NotPermitted):
        await call(services, "subscriber.show", lack)
    assert [("subscriber.show", "refused", 77, None)] == await rows(services)


async def test_nobody_reads_what_people_log_in_with(services: ServiceHarness) -> None:
    """Members of the group read by the names of statements."""
    door = Door(cases_of(services))
    for name in ("log_ins.find_by_name", "restores.passwords", "credentials.passkeys"):
        with pytest.raises(NotPermitted, match="root and the owner"):
            await door.carry_out(Call(act="read", arguments=Statement(statement=name), caller=MEMBER))
    assert 3 == len(await rows(services))


def test_what_people_log_in_with_is_read_by_secret_statements_alone() -> None:
    tables = re.compile(r"(?:from|join) (?:password|passkey|authenticator_app|recovery_code|login_session)\b")
    reading = {name for name, text in read_folder(COMMON).items() if tables.search(text)}
    assert set() == {name for name in reading if name.partition(".")[0] not in SECRET}
    assert "log_ins.find_by_name" in reading


async def test_tasks_that_go_on_afterwards_are_not_part_of_it(services: ServiceHarness) -> None:
    may_go = asyncio.Event()
    begun: list[asyncio.Task[None]] = []

    async def later() -> None:
        await may_go.wait()
        await change(services)

    async def start(services: ServiceHarness) -> None:
        begun.append(asyncio.create_task(later()))

    await call(services, "a.verb", start)
    may_go.set()
    await begun[0]
    assert [("a.verb", "done", None, None)] == await rows(services)


async def test_a_row_says_who_and_who_they_claim_to_be(services: ServiceHarness) -> None:
    await call(services, "a.verb", change)
    sql = "select who, uid, claimed, way, at from audit where action = 'a.verb'"
    assert [("ina", 1000, "paul", "shell", NOW)] == await select(services.database, sql)


async def test_nothing_that_grows_begins_on_a_nearly_full_disk(services: ServiceHarness) -> None:
    """Anything else goes on."""
    services.database.growth.set_reason("1 MB is left")
    with pytest.raises(NoRoom, match="nearly full"):
        await call(services, "edition.send", change)
    await call(services, "list.set", change)
    assert [("edition.send", "failed"), ("list.set", "done")] == [row[:2] for row in await rows(services)]


@pytest.mark.parametrize("is_full", [False, True])
async def test_refusals_of_programs_do_not_fill_the_rest_of_a_disk(
    services: ServiceHarness, caplog: pytest.LogCaptureFixture, is_full: bool
) -> None:
    """A token that may do nothing can be refused all day, and the audit log keeps its rows for ever."""
    program = Caller(actor=audit.program_by_api("ci"), holdings=Holdings())
    services.database.growth.set_reason("1 MB is left" if is_full else None)
    for _ in range(3):
        with pytest.raises(NotPermitted):
            await call(services, "suppression.add", change, {"address": "a@x.example"}, caller=program)
    kept = [] if is_full else [("suppression.add", "refused", 77, None)] * 3
    assert kept == await rows(services)
    assert 3 * is_full == sum(record.getMessage() == "audit.not_recorded" for record in caplog.records)


@pytest.mark.parametrize("verb", FOR_OWNERS)
async def test_a_member_of_the_group_is_refused_what_needs_files(services: ServiceHarness, verb: str) -> None:
    with pytest.raises(NotPermitted, match="sudo"):
        await call(services, verb, change, {"action": "x", "outcome": "done"}, caller=MEMBER)
    assert [(verb, "refused", 77)] == [row[:3] for row in await rows(services)]
    await call(services, "list.set", change, caller=MEMBER)


@pytest.mark.parametrize(
    "arguments",
    [
        {"list": "ina@x.example", "address": "no address", "settings": {"a@b": "c", "title": "t"}, "id": 3},
        {"list": 7, "address": {}},
        {"list": "no\0list"},
        [1, 2],
    ],
)
async def test_odd_arguments_leave_no_trace_of_themselves(services: ServiceHarness, arguments: object) -> None:
    with suppress(BadInput):  # what is no object at all
        await call(services, "inbound.rm", change, arguments)
    (row,) = await select(
        services.database, "select list, object, fields, content from audit where action = 'inbound.rm'"
    )
    assert row in {(None, "mail 3", '["title"]', "{}"), (None, None, "[]", "{}")}


async def test_a_note_is_a_row_of_another_process(services: ServiceHarness) -> None:
    note = {"action": "dkim.create", "outcome": "refused", "code": 73}
    await Door(cases_of(services)).carry_out(Call(act=NOTE, arguments=encode_arguments(note), caller=INA))
    assert [("dkim.create", "refused", 73, None)] == await rows(services)


async def test_actions_at_the_same_time_follow_one_another(services: ServiceHarness) -> None:
    def changing(number: int) -> Work:
        return lambda services: change(services, "x" * number)

    await asyncio.gather(*(call(services, f"verb.{number}", changing(number)) for number in range(9)))
    assert {f"verb.{number}" for number in range(9)} == {row[0] for row in await rows(services)}
    assert [] == (await services.database.read(evidence.verify, (), audit)).problems


PUBLISHER = Caller.at_shell("berta", 1002, holdings=Holdings(by_list={"news": frozenset({Right.SETTINGS})}))


async def ask(services: ServiceHarness, act: str, arguments: object, caller: Caller) -> str:
    """What is said to this caller: the name of an error and its words, or done."""
    door = Door(cases_of(services))
    try:
        await door.carry_out(Call(act=act, arguments=encode_arguments(arguments), caller=caller))
    except (NotFound, NotPermitted, Refused) as problem:
        return f"{type(problem).__name__}: {problem}"
    return "done"


async def test_a_list_out_of_reach_is_as_unknown_as_one_that_does_not_exist(services: ServiceHarness) -> None:
    await services.lists.create_list("news", {"title": "News"})
    await services.lists.create_list("other", {"title": "Other"})
    settings = {"title": "New"}
    assert "done" == await ask(services, "list.set", {"list": "news", "settings": settings}, PUBLISHER)
    said = [
        await ask(services, "list.set", {"list": name, "settings": settings}, PUBLISHER) for name in ("other", "none")
    ]
    assert said[0].startswith("NotFound: ")
    assert said[0].replace("other", "none") == said[1]
    missing = await ask(services, "list.set", {"list": "none", "settings": settings}, INA)
    assert said[1] == missing
    assert [("list.set", "refused")] * 3 == [row[:2] for row in (await rows(services))[-3:]]


async def test_too_little_right_on_a_list_within_reach_is_said(services: ServiceHarness) -> None:
    await services.lists.create_list("news", {"title": "News"})
    said = await ask(services, "subscriber.add", {"list": "news", "address": "a@x.example"}, PUBLISHER)
    assert "NotPermitted: subscriber.add: that needs the right readers:manage on news" == said
    assert ("subscriber.add", "refused", 77, None) == (await rows(services))[-1]
    said = await ask(services, "suppression.add", {"address": "a@x.example"}, PUBLISHER)
    assert "NotPermitted: suppression.add: that needs the right operate on every list" == said


async def test_an_edition_that_does_not_exist_is_not_found_by_anybody(services: ServiceHarness) -> None:
    assert await ask(services, "edition.pause", {"id": 7}, PUBLISHER) == (
        "NotFound: no such edition: 7 (see `pressrun edition ls`)"
    )


async def test_what_no_process_here_can_do_is_refused(services: ServiceHarness) -> None:
    assert (await ask(services, "reload", {}, INA)).startswith(
        "Refused: the running daemon is of another version and does not know reload"
    )
    assert (await ask(services, "no.such", {}, INA)).startswith(
        "Refused: the running daemon is of another version and does not know no.such"
    )


async def test_who_changes_a_list_cannot_do_without_a_second_person(services: ServiceHarness) -> None:
    await services.make_list()
    publisher = replace(INA, holdings=Holdings(by_list={"news": frozenset({Right.SETTINGS, Right.RELEASE})}))
    door = Door(cases_of(services))

    async def set_(caller: Caller, **settings: str) -> None:
        arguments = ListSettings(list="news", settings=settings)
        await door.carry_out(Call(act="list.set", arguments=arguments, caller=caller))

    await set_(publisher, title="Boats")
    for settings in ({"approval": "second-person"}, {"Approval ": "none"}, {"title": "x", "APPROVAL": "none"}):
        with pytest.raises(NotPermitted):
            await set_(publisher, **settings)
    await set_(INA, approval="second-person")
    with pytest.raises(NotPermitted):  # nobody alone writes to all new readers
        await set_(publisher, welcome="off")
    await set_(INA, welcome="off")
    assert [("Boats", "second-person")] == await select(services.database, "select title, approval from list")


@pytest.mark.parametrize(
    ("loses", "seconds"), [("token", 1), ("token", -3600), ("grant", 1), ("part", 1), ("nothing", 1)]
)
async def test_what_was_taken_away_while_an_action_was_under_way_is_in_force(
    services: ServiceHarness, loses: str, seconds: int
) -> None:
    """Building a draft takes time. People who lose rights before it is done leave nothing behind, even if the clock is
    set back in that time.
    """
    await services.make_list()
    await services.people.add("ann", None, is_operator=True)
    ((number,),) = await select(services.database, "select id from person")
    made = await services.tokens.create(TokenRequest(name="web", scope=TokenScope.WRITE), TokenMaker(person_id=number))
    caller = await caller_of_token(services.tokens, made.token or "", None)
    assert caller is not None

    async def slow(services: ServiceHarness) -> None:
        def lose(tx: Transaction) -> None:
            if loses == "token":
                api_tokens.delete_token(tx, made.id)
            if loses == "grant":
                people.lock_by_id(tx, number)
                people.set_operator(tx, number, False)
            if loses == "part":
                people.lock_by_id(tx, number)
                people.put_permission(tx, 1, number, Role.EDITOR, ReaderAccess.NONE)
                people.set_operator(tx, number, False)

        await services.database.record(lose)
        services.now += seconds
        await change(services)

    if loses == "nothing":
        await call(services, "a.verb", slow, caller=caller)
    else:
        with pytest.raises(NotPermitted, match="your rights changed while this was in progress"):
            await call(services, "a.verb", slow, caller=caller)
    keys = await select(services.database, "select count(*) from keyring where number > 1000")
    assert [(int(loses == "nothing"),)] == keys
    assert ("done" if loses == "nothing" else "refused") == (await rows(services))[-1][1]


async def test_a_token_that_revokes_itself_slowly_has_done_so(services: ServiceHarness) -> None:
    made = await services.tokens.create(TokenRequest(name="web", scope=TokenScope.WRITE), TokenMaker())
    caller = await caller_of_token(services.tokens, made.token or "", None)
    assert caller is not None

    async def revoke(services: ServiceHarness) -> None:
        services.now += 1
        await services.tokens.revoke(made.id)

    await call(services, "a.verb", revoke, caller=caller)
    assert "done" == (await rows(services))[-1][1]


async def test_the_last_operator_goes_at_the_shell_alone(services: ServiceHarness) -> None:
    """Not even a token that is nobody's may leave the installation without one."""
    await services.people.add("ann", None, is_operator=True)
    made = await services.tokens.create(TokenRequest(name="web", scope=TokenScope.WRITE), TokenMaker())
    program, door = await caller_of_token(services.tokens, made.token or "", None), Door(cases_of(services))
    assert program is not None
    remove = Call(act="user.rm", arguments=PersonName(person="ann"), caller=program)
    with pytest.raises(LastOperator):
        await door.carry_out(remove)
    assert "ann" == (await door.carry_out(replace(remove, caller=INA))).name


async def test_the_token_of_an_editor_has_nothing_to_do_with_others(services: ServiceHarness) -> None:
    """Although its person may list, make and revoke tokens of theirs; it may revoke itself."""
    await services.make_list()
    await services.people.add("ann", None)
    await services.people.grant("ann", Grant(list="news", role=Role.PUBLISHER))
    ((number,),) = await select(services.database, "select id from person")
    maker, door = TokenMaker(person_id=number), Door(cases_of(services))
    own, other = [
        await services.tokens.create(TokenRequest(name=name, scope=TokenScope.WRITE, lists=("news",)), maker)
        for name in ("own", "other")
    ]
    program = await caller_of_token(services.tokens, own.token or "", None)
    assert program is not None
    for act, arguments in (
        ("token.ls", TokensPage()),
        ("token.create", TokenCreate(name="more", lists=("news",))),
        ("token.revoke", TokenId(id=other.id)),
    ):
        with pytest.raises(NotPermitted):
            await door.carry_out(Call(act=act, arguments=arguments, caller=program))
    await door.carry_out(Call(act="token.revoke", arguments=TokenId(id=own.id), caller=program))


@pytest.mark.parametrize("act", [act.id for act in ACCOUNT_ACTS])
@pytest.mark.parametrize("caller", [INA, replace(INA, person_id=1, token_id=1)], ids=["shell", "token of a person"])
async def test_a_log_in_is_changed_by_who_has_logged_in_alone(
    services: ServiceHarness, act: str, caller: Caller
) -> None:
    """A token does not become a password of the person whose it is."""
    work = ACTS[act].work
    assert work is not None
    with pytest.raises(NotPermitted, match="people who have logged in"):
        await work(Doing(cases=cases_of(services), caller=caller, progress=ignore_progress), None)
