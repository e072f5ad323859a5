"""`consent verify`: the exit code, the answer for programs, and what somebody did who had the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shell import Shell
from tests.database import execute_at

from pressrun.core.signing.chain import Head, parse_head
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keep_head, load_consent_head


def tamper(shell: Shell, statement: str) -> None:
    if isinstance(shell.database, Path):
        for name in ("consent_is_appended", "consent_is_kept", "consent_stays"):
            execute_at(shell.database, f"drop trigger {name}")
    else:
        execute_at(shell.database, "alter table consent disable trigger user")
    execute_at(shell.database, statement)


@pytest.fixture
def filled(shell: Shell) -> Shell:
    shell.make_list()
    for name in ("ann", "ben", "cora"):
        shell.good("subscriber", "add", "news", f"{name}@reader.example")
    shell.good("subscriber", "erase", "ben@reader.example", "--yes")
    return shell


def test_an_untouched_chain_ends_0_and_tells_what_was_erased(filled: Shell) -> None:
    audit = filled.good("consent", "verify", "--json").json
    head = audit.pop("head")
    assert {"ok": True, "rows": 4, "erased": 1, "aged": 0, "problems": []} == audit
    assert "erased  1" in filled.good("consent", "verify", "--head", head).out


def test_a_changed_chain_ends_1_and_says_where(filled: Shell) -> None:
    tamper(filled, "update consent set event = 'confirmed' where id = 3")
    called = filled.call("consent", "verify", "--json")
    assert (1, False, ["row 3 was changed, or is in the wrong place"]) == (
        called.code,
        called.json["ok"],
        called.json["problems"],
    )
    assert called.json["error"] == "consent evidence has been tampered with: 1 problems"
    assert "row 3 was changed" in filled.call("consent", "verify").err


def test_a_head_beside_the_keys_or_on_paper_that_is_not_there_ends_1(filled: Shell) -> None:
    head = parse_head(filled.good("consent", "verify", "--json").json["head"])
    keep_head(DataDir(filled.data), "consent", Head(head.number, b"x" * 32))
    called = filled.call("consent", "verify")
    assert (1, True) == (called.code, "consent-head" in called.err)
    keep_head(DataDir(filled.data), "consent", head)
    filled.good("consent", "verify")
    assert 1 == filled.call("consent", "verify", "--head", f"9:{'a' * 64}").code


def test_a_head_that_cannot_be_read_is_65(filled: Shell) -> None:
    assert 65 == filled.call("consent", "verify", "--head", "x").code


def test_the_head_is_kept_for_its_owner_alone(filled: Shell) -> None:
    data = DataDir(filled.data)
    keep_head(data, "consent", Head(3, b"x" * 32))
    assert Head(3, b"x" * 32) == load_consent_head(data)
    assert 0o600 == data.consent_head.stat().st_mode & 0o777
    assert ["consent-head", "link-1", "suppression"] == sorted(entry.name for entry in data.keys.iterdir())
