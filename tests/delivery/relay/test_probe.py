"""A relay is asked whether it would take mail, and gets none."""

from __future__ import annotations

import pytest
from tests.delivery.relay.peers import HANG, Answers, but, obedient, peer
from tests.ports import free_port

from pressrun.delivery.relay.probe import probe
from pressrun.delivery.relay.settings import RelaySettings


async def probed(port: int, seconds: float = 20.0, **more: str) -> str | None:
    settings = RelaySettings(name="primary", host="127.0.0.1", port=port, **more)  # type: ignore[arg-type]
    return await probe(settings, helo_name="news.example", seconds=seconds)


async def test_one_that_answers_is_greeted_and_left() -> None:
    commands = []

    def noting(command: str) -> bytes | None:
        commands.append(command)
        return obedient(command)

    async with peer(noting) as port:
        assert await probed(port) is None
    assert ["", "EHLO", "QUIT"] == commands


async def test_one_that_is_away_is_told() -> None:
    problem = await probed(free_port())
    assert problem is not None
    assert "cannot connect" in problem


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (but(GREETING=b"554 5.7.1 go away\r\n"), "go away"),
        (but(EHLO=b"550 no\r\n", HELO=b"550 nor this\r\n"), "nor this"),
        (but(GREETING=HANG), "no answer within 0.3 s"),
    ],
)
async def test_one_that_takes_no_mail_is_told_with_its_words(answers: Answers, words: str) -> None:
    async with peer(answers) as port:
        problem = await probed(port, seconds=0.3 if "0.3" in words else 20.0)
    assert problem is not None
    assert words in problem


async def test_one_that_lacks_what_was_agreed_is_told() -> None:
    async with peer(obedient) as port:
        problem = await probed(port, security="starttls")
    assert problem is not None
    assert "STARTTLS" in problem
