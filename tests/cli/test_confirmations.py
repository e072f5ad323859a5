"""Verbs that reach everybody or cannot be undone ask a person, and do nothing where there is none to ask."""

from __future__ import annotations

from functools import partial

import click
import pytest
from tests.cli.shell import Shell, all_verbs
from tests.database import execute_at

# The verbs that ask, with arguments that would work.
ASKING = {
    "send": ["news", "edition.txt"],
    "list close": ["news"],
    "list rm": ["closed"],
    "subscriber erase": ["a@x.example"],
    "suppression rm": ["s@x.example"],
    "edition cancel": ["1"],
    "edition send": ["2"],
    "edition resume": ["1"],
    "held release": [],
    "held rm": [],
    "inbound rm": ["1"],
    "key rotate": [],
    "key retire": ["1", "--after", "30d"],
    "move-to": ["sqlite:elsewhere"],
    "restore": ["backup.tar"],
}


@pytest.fixture
def laid_out(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(shell.folder)
    shell.begin_with("confirmations", partial(_lay_out, shell))
    return shell


def _lay_out(shell: Shell) -> None:
    shell.make_list("closed")
    shell.good("list", "close", "closed", "--yes")
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    shell.good("suppression", "add", "s@x.example")
    shell.write("edition.txt", "---\nsubject: Hello\n---\nThe text.\n")
    shell.good("send", "news", "edition.txt", "--yes", "--at", "+1h")
    shell.write("draft.txt", "---\nsubject: Else\n---\nThe text.\n")
    shell.good("edition", "draft", "news", "draft.txt")
    shell.good("backup", "backup.tar")
    execute_at(
        shell.database, "update edition set state = 'paused', may_have_gone = 1 where id = 1"
    )  # as a restore leaves it


def _state(shell: Shell) -> list[str]:
    reads = (["list", "ls"], ["subscriber", "ls", "news"], ["suppression", "ls"], ["edition", "ls"])
    return [shell.good(*verb, "--json").out for verb in reads] + sorted(p.name for p in (shell.data / "keys").iterdir())


@pytest.mark.parametrize("verb", ASKING)
def test_without_a_terminal_nothing_is_done(laid_out: Shell, verb: str) -> None:
    before = _state(laid_out)
    called = laid_out.call(*verb.split(), *ASKING[verb])
    assert (64, True) == (called.code, "--yes" in called.err)
    assert before == _state(laid_out)


@pytest.mark.parametrize("verb", ASKING)
def test_a_no_at_the_terminal_leaves_everything_as_it_was(
    laid_out: Shell, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    before = _state(laid_out)
    asked: list[str] = []

    def refuse(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("pressrun.cli.shared.output.is_terminal", lambda: True)
    monkeypatch.setattr(click, "prompt", refuse)
    again = ["--again"] if verb == "send" else []
    called = laid_out.call(*verb.split(), *ASKING[verb], *again)
    assert (1, 1, True) == (called.code, len(asked), "nothing was changed" in called.err)
    assert before == _state(laid_out)


@pytest.mark.parametrize(("typed", "code"), [("y", 0), (" YES ", 0), ("n", 1), ("No", 1), ("", 1)])
def test_an_answer_is_yes_or_no(laid_out: Shell, monkeypatch: pytest.MonkeyPatch, typed: str, code: int) -> None:
    """After any other, the question comes again with what to type; Enter alone is a no."""
    answers = iter(["yep", typed])
    prompts: list[str] = []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr("pressrun.cli.shared.output.is_terminal", lambda: True)
    monkeypatch.setattr(click.termui, "visible_prompt_func", read)
    called = laid_out.call("list", "close", "news")
    assert (code, 1) == (called.code, called.err.count("Error: type y for yes or n for no\n"))
    assert 2 == len(prompts)


@pytest.mark.parametrize(("pressed", "code"), [(EOFError, 1), (KeyboardInterrupt, 130)])
def test_to_end_the_input_is_a_no_and_to_interrupt_is_none(
    laid_out: Shell, monkeypatch: pytest.MonkeyPatch, pressed: type[BaseException], code: int
) -> None:
    """Ctrl-D and Ctrl-C."""

    def read(_prompt: str) -> str:
        raise pressed

    monkeypatch.setattr("pressrun.cli.shared.output.is_terminal", lambda: True)
    monkeypatch.setattr(click.termui, "visible_prompt_func", read)
    before = _state(laid_out)
    called = laid_out.call("list", "close", "news")
    assert (code, code == 1) == (called.code, "nothing was changed" in called.err)
    assert before == _state(laid_out)


def test_the_table_has_every_verb_that_asks() -> None:
    asking = [path for path, verb in all_verbs().items() if any(param.name == "is_agreed" for param in verb.params)]
    assert sorted([*ASKING, "list set"]) == sorted(asking)  # `list set closed=true` is `list close`
