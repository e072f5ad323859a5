"""A data_dir that is missing or cannot be used: every verb names it, and the command that mends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.shell import Shell
from tests.cli.test_permission import NOBODY, stranger

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
    pytest.mark.only_on("sqlite", "it is about the folder"),
]
VERBS = [["list", "create", "news", "--title", "T"], ["serve"], ["list", "ls"], ["check"], ["doctor"]]


def _name(shell: Shell, data_dir: Path) -> None:
    text = shell.config.read_text(encoding="utf-8")
    shell.config.write_text(text.replace('data_dir = "data"', f'data_dir = "{data_dir}"'), encoding="utf-8")


@pytest.mark.parametrize("mode", [0o600, 0o500])
@pytest.mark.parametrize("verb", [*VERBS, ["backup", "elsewhere.tar"], ["migrate"], ["queue", "ls"]])
def test_a_folder_that_its_owner_cannot_use_is_named_with_the_remedy(
    open_shell: Shell, verb: list[str], mode: int
) -> None:
    os.chown(open_shell.data, NOBODY, NOBODY)
    open_shell.data.chmod(mode)
    called = open_shell.call(*verb)
    assert 78 == called.code
    assert f"{mode:04o}" in called.err
    assert f"chmod 700 {open_shell.data}\n" in called.err


@pytest.mark.parametrize("verb", VERBS[:2])
def test_a_folder_that_cannot_be_made_is_named_with_the_command_for_root(open_shell: Shell, verb: list[str]) -> None:
    """sudo alone would make data of root."""
    open_shell.config.chmod(0o644)
    fresh = open_shell.folder / "fresh"
    _name(open_shell, fresh)
    with stranger():
        called = open_shell.call(*verb)
        checked = open_shell.call("check")
    command = f"install -d -m 700 -o nobody -g nogroup {fresh}\n"
    assert (77, 78) == (called.code, checked.code)
    assert f"{fresh} does not exist, and this user cannot create it" in called.err
    assert command in called.err
    assert command in checked.err
    assert "sudo" not in called.err
