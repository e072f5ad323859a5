"""The hook that `make hooks` installs accepts `area: Imperative sentence` and says what is wrong with others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

_HOOK = Path(__file__).parent.parent.parent / ".githooks" / "commit-msg"


def check(tmp_path: Path, message: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "COMMIT_EDITMSG"
    path.write_text(message, encoding="utf-8")
    return subprocess.run([_HOOK, path], check=False, cwd=tmp_path, capture_output=True, text=True)


@pytest.mark.parametrize(
    "message",
    [
        "queue: Document slow-destination state\n",
        "tests/e2e: Start programs from a fork server\n\nImporting takes longer than the call.\n",
        "# a comment of the editor\n\ndocs: Explain windows\n# another\n",
        f"core: {'A' * 66}\n",
        "Merge branch 'other'\n",
        "fixup! queue: Document slow-destination state\n",
    ],
)
def test_good_messages_pass(tmp_path: Path, message: str) -> None:
    result = check(tmp_path, message)
    assert (0, "") == (result.returncode, result.stderr)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Document slow-destination state\n", "has no area"),
        ("queue: document slow-destination state\n", "no capital letter"),
        ("Queue: Document slow-destination state\n", "has no area"),
        ("queue: Document slow-destination state.\n", "full stop"),
        (f"core: {'A' * 67}\n", "has 73 characters"),
        ("\n# only comments\n", "has no area"),
    ],
)
def test_other_messages_are_refused(tmp_path: Path, message: str, reason: str) -> None:
    result = check(tmp_path, message)
    assert 1 == result.returncode
    assert reason in result.stderr


@pytest.mark.parametrize(("body", "is_advised"), [("", True), ("\nThe reason.\n", False)])
def test_a_body_is_advised_for_large_changes(tmp_path: Path, body: str, *, is_advised: bool) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "large").write_text("line\n" * 21, encoding="utf-8")
    subprocess.run(["git", "add", "large"], check=True, cwd=tmp_path)
    result = check(tmp_path, f"queue: Document slow-destination state\n{body}")
    assert (0, is_advised) == (result.returncode, "21 lines change" in result.stderr)
