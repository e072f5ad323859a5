"""Every verb that takes the id of something: an id that nothing has is unknown, however large it is."""

from __future__ import annotations

import json

import click
import pytest
from tests.cli.shell import Shell, all_verbs

from pressrun.cli.shared.verb import LARGEST_ID, RowId

UNKNOWN = 424_242
REST = {  # what each verb needs beside the id
    "edition delivery": ["reader@x.example"],
    "edition move": ["--at", "+10m"],
    "edition resend": ["--failed"],
    "edition test": ["reader@x.example"],
}


VERBS = all_verbs()
TAKE_IDS = [name for name, verb in VERBS.items() if any(isinstance(param.type, RowId) for param in verb.params)]


def call(shell: Shell, name: str, value: str) -> tuple[int, str, str]:
    options = [option for param in VERBS[name].params for option in param.opts]
    more = [option for option in ("--yes", "--json") if option in options]
    called = shell.call(*name.split(), value, *REST.get(name, []), *more)
    return called.code, called.out, called.err


def test_no_verb_takes_a_bare_number() -> None:
    """Whatever is new takes a RowId, and so is tried below."""
    numbers = [
        (name, param.name)
        for name, verb in VERBS.items()
        for param in verb.params
        if isinstance(param, click.Argument) and (param.type is click.INT or "ID" in (param.metavar or "").strip("[]…"))
        and not isinstance(param.type, RowId)
    ]  # fmt: skip
    assert [] == numbers
    assert len(TAKE_IDS) >= 13


@pytest.mark.parametrize("name", TAKE_IDS)
def test_an_id_that_no_row_can_have_is_unknown_as_any_other(shell: Shell, name: str) -> None:
    """Exit code 1 and the same sentence, as JSON where that was asked for; never a traceback."""
    shell.make_list()
    code, out, err = call(shell, name, str(UNKNOWN))
    assert (1, True) == (code, str(UNKNOWN) in out + err)
    for huge in (str(LARGEST_ID), str(LARGEST_ID + 1), "9" * 20, "9" * 5000):
        expected = (code, out.replace(str(UNKNOWN), huge), err.replace(str(UNKNOWN), huge))
        assert expected == call(shell, name, huge)
    if "--json" in [option for param in VERBS[name].params for option in param.opts]:
        assert ["error"] == list(json.loads(out))


@pytest.mark.parametrize("name", TAKE_IDS)
@pytest.mark.parametrize("value", ["x", "1.5", "1_000", "\u0661", "0x1", ""])
def test_what_is_no_number_is_a_misuse(shell: Shell, name: str, value: str) -> None:
    assert 64 == call(shell, name, value)[0]
