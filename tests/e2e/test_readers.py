"""A reader in control, told by pages, mails and files alone: another address, undoing, and erased from every file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import Instance, Mail

DINA, MOVED = "dina.dovetail@readers.example", "dina.dovetail@elsewhere.example"


def own_link(instance: Instance, address: str, count: int = 1) -> str:
    """The path of the link that `/preferences` mails."""
    assert instance.post("/preferences", {"email": address}).status == 200
    mails = [mail for mail in instance.await_mails(count, address) if "/preferences/" in mail.text]
    return mails[-1].path_of("preferences")


def state(instance: Instance, address: str) -> str:
    return str(instance.json("subscriber", "show", address)["lists"][0]["state"])


def last_with(mails: list[Mail], words: str) -> Mail:
    return next(mail for mail in reversed(mails) if words in str(mail.message["Subject"]))


def files_holding(folder: Path, word: bytes) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and word in path.read_bytes().lower()]


def test_moving_undoing_and_downloading(make_instance: MakeInstance) -> None:
    instance = make_instance()
    instance.start()
    instance.json("subscriber", "add", "news", DINA)
    path = own_link(instance, DINA)
    assert instance.post(path, {"action": "change-address", "email": MOVED}).status == 200
    asked = instance.await_mails(1, MOVED)[0]
    assert instance.post(asked.path_of("confirm"), {"action": "confirm"}).status == 200
    assert state(instance, MOVED) == "active"
    assert instance.run("subscriber", "show", DINA).code == 1
    assert instance.get(path).status == 404  # the link was to the old address
    told = last_with(instance.await_mails(3, DINA), "changed")
    assert instance.post(told.path_of("confirm"), {"action": "confirm"}).status == 200
    assert state(instance, DINA) == "active"

    held = instance.post(own_link(instance, DINA, 4), {"action": "download"})
    assert "attachment" in held.headers["content-disposition"]
    record = json.loads(held.text)
    # A mail may be read before the reply of its relay is recorded.
    assert sorted(event["event"] for event in record["consent"]) == ["added", "asked", "moved", "restored"]
    assert instance.json("consent", "verify")["ok"]


def test_erased_she_stays_out_of_imports_and_comes_back_by_her_own_word_alone(make_instance: MakeInstance) -> None:
    instance = make_instance()
    instance.start()
    instance.json("subscriber", "add", "news", DINA, "--name", "Dina Dovetail")
    instance.send("---\nsubject: High water\n---\n\nDear {{ name }},\n\nthe tide is in.\n", "--wait")
    path = own_link(instance, DINA, 2)
    asked = instance.post(path, {"action": "erase"})
    assert re.search('name="sure" value="yes"', asked.text)
    assert state(instance, DINA) == "active"
    assert instance.post(path, {"action": "erase", "sure": "yes"}).status == 200
    assert instance.run("subscriber", "show", DINA).code == 1

    assert instance.import_readers(DINA)["skipped_suppressed"] == 1
    assert instance.run("subscriber", "add", "news", DINA).code == 1
    verified = instance.json("consent", "verify")
    assert (verified["ok"], verified["erased"]) == (True, 1)

    assert instance.daemon is not None
    assert instance.daemon.stop() == 0
    assert files_holding(instance.folder / "data", b"dovetail") == []

    instance.start()
    instance.post("/news/subscribe", {"email": DINA})
    confirmation = last_with(instance.await_mails(3, DINA), "confirm")
    assert instance.post(confirmation.path_of("confirm"), {"action": "confirm"}).status == 200
    assert state(instance, DINA) == "active"


def test_a_passed_on_link_leaves_and_its_reader_takes_it_back(make_instance: MakeInstance) -> None:
    instance = make_instance()
    instance.start()
    instance.json("subscriber", "add", "news", DINA)
    instance.send("---\nsubject: High water\n---\n\nThe tide is in.\n", "--wait")
    copy = instance.await_mails(1, DINA)[0]
    instance.post(copy.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"})
    assert state(instance, DINA) == "unsubscribed"
    note = last_with(instance.await_mails(2, DINA), "unsubscribed")
    path = note.path_of("confirm")
    assert instance.get(path).text.count("<button") == 1
    assert state(instance, DINA) == "unsubscribed"
    assert instance.post(path, {"action": "confirm"}).status == 200
    assert state(instance, DINA) == "active"
