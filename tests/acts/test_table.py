"""The table of actions: what arrives is checked before anything is done."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from tests.acts.cases import cases_of
from tests.cli.test_confirmations import ASKING
from tests.repository.sources import nodes_of, source_trees
from tests.services.harness import ServiceHarness, open_services

from pressrun.acts.arguments import SubscriberImport
from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door
from pressrun.acts.table import ACTS
from pressrun.control.protocol import encode_arguments
from pressrun.core.errors import BadInput, MalformedAddress
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.reports import list_descriptions

INA = Caller.at_shell("ina", 1000)


async def call(services: ServiceHarness, act: str, arguments: object) -> Any:
    return await Door(cases_of(services)).carry_out(Call(act=act, arguments=encode_arguments(arguments), caller=INA))


async def test_a_batch_of_rows_arrives_as_it_was_sent(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        await call(services, "list.create", {"list": "news", "settings": {"title": "News"}})
        wanted = SubscriberImport(list="news", rows=(ImportRow(line=2, email="a@x.example", attributes={"city": "R"}),))
        assert 1 == (await call(services, "subscriber.import", wanted))["added"]
        assert 1 == (await services.database.read(list_descriptions.show_list, "news")).active


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("list.close", {}),
        ("list.close", {"list": 7}),
        ("list.close", {"list": "news", "more": 1}),
        ("list.set", {"list": "news", "settings": {"title": 1}}),
        ("subscriber.import", {"list": "news", "rows": [{"email": "a@x.example"}]}),
        ("edition.pause", {"id": "first"}),
        ("edition.send", {"list": "news", "source_name": "a.md"}),
        ("held.rm", {"ids": ["first"]}),
        ("key.rotate", {"now": True}),
    ],
)
async def test_arguments_of_another_shape_are_refused(tmp_path: Path, verb: str, arguments: dict[str, Any]) -> None:
    async with open_services(tmp_path) as services:
        with pytest.raises(BadInput, match="invalid request"):
            await call(services, verb, arguments)


async def test_a_malformed_address_is_named_before_anything_is_done(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        with pytest.raises(MalformedAddress):
            await call(services, "subscriber.erase", {"address": "no address"})


async def test_rotating_answers_the_new_number(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        assert {"number": 2} == await call(services, "key.rotate", {})


# What writes and never waits for room on the disk, and why.
SMALL = {
    "return.add",
    "reload",
    "inbound.retry",
    "inbound.rm",
    "held.release",
    "held.rm",
    "key.retire",
    "key.rotate",
    "list.create",
    "list.logo",
    "list.reopen",
    "list.set",
    "list.close",
    "list.rm",
    "editor.add",
    "editor.rm",
    "subscriber.add",
    "subscriber.put",  # one person
    "subscriber.change",
    "subscriber.create",
    "subscriber.pause",
    "subscriber.resume",
    "subscriber.confirmation",
    "subscriber.copy",
    "job.cancel",
    "subscriber.rm",
    "subscriber.erase",
    "subscriber.sync_rm",  # these people must not be mailed any more
    "suppression.add",
    "suppression.rm",
    "suppression.import",  # whoever is in it must not be mailed
    "edition.pause",
    "edition.resume",  # one that has not started waits for room
    "edition.cancel",
    "edition.move",
    "edition.link",
    "edition.unlink",
    "edition.resend",  # of rows that are there
    "edition.submit",
    "edition.approve",
    "edition.return",
    "edition.discard",
    "edition.remove_file",
    "queue.retry",
    "password.set",  # a few rows for each person
    "password.rm",
    "app.add",
    "app.rm",
    "recovery.renew",
    "passkey.add",
    "passkey.rm",
    "session.rm",
    "session.rm-others",
    "token.create",
    "token.revoke",
    "user.add",
    "user.grant",
    "user.invite",
    "user.link",
    "user.revoke",
    "user.reset",
    "user.rm",
}


def test_every_action_is_known_to_need_much_room_or_little() -> None:
    """A new one has to be in one of the two: on a nearly full disk those that grow are refused."""
    assert SMALL == {act.id for act in ACTS.values() if act.writes and not act.grows}


def test_the_command_line_knows_which_actions_leave_no_row() -> None:
    """It says so where it asks for them, as the table takes long to load. Of all others it relies on the row."""
    unrecorded = {act.id for act in ACTS.values() if not act.writes}
    wrong = []
    trees = [tree for path, tree in source_trees().items() if "cli" in path.parts]
    for call in (call for tree in trees for call in nodes_of(tree, ast.Call)):
        name = ast.unparse(call.func)
        if name in ("execute", "call", "calls.start", "execute_unrecorded", "call.unrecorded"):
            acts = {word.value for word in call.args[:2] if isinstance(word, ast.Constant)} & ACTS.keys()
            wrong += [act for act in acts if (act in unrecorded) != name.endswith("unrecorded")]
    assert [] == wrong


OF_PROCESSES = {"move-to", "restore"}  # what the command does itself
ANSWERED_ELSEWHERE = {"edition resume"}  # asks only where copies may have gone already


def test_what_asks_at_the_shell_asks_wherever_it_is_done() -> None:
    verbs = {"edition.send": "send", "edition.release": "edition send"}
    asking = {verbs.get(act.id, act.id).replace(".", " ") for act in ACTS.values() if act.asks}
    assert ASKING.keys() - OF_PROCESSES - ANSWERED_ELSEWHERE == asking


def test_every_action_has_one_sentence_of_its_own() -> None:
    summaries = [act.summary for act in ACTS.values()]
    assert len(summaries) == len(set(summaries))
    assert [] == [summary for summary in summaries if not summary[:1].isupper() or summary.endswith(".")]
