"""A relay is asked whether it would take mail, and gets none."""

from __future__ import annotations

import pytest
from tests.delivery.relay.peers import HANG, Answers, but, obedient, peer
from tests.ports import free_port

from pressrun.delivery.relay.probe import examine_relay
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage


async def probed(port: int, seconds: float = 20.0, **more: str) -> str | None:
    settings = RelaySettings(name="primary", host="127.0.0.1", port=port, **more)  # type: ignore[arg-type]
    return (await examine_relay(settings, helo_name="news.example", seconds=seconds)).problem


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


async def handed_over(answers: Answers) -> tuple[HandOver | None, list[str]]:
    """What became of one message, and the commands for it."""
    commands = []

    def noting(command: str) -> bytes | None:
        commands.append(command)
        return answers(command)

    outgoing = Outgoing(delivery_id=0, mail_from="", rcpt_to="x@news.example", content=b"Subject: test\r\n\r\nx\r\n")
    async with peer(noting) as port:
        settings = RelaySettings(name="primary", host="127.0.0.1", port=port, pipelining=False)
        probed = await examine_relay(settings, helo_name="news.example", seconds=20.0, outgoing=outgoing)
    assert probed.problem is None
    return probed.hand_over, commands


async def test_one_message_is_handed_over_once() -> None:
    """And the connection ends."""
    hand_over, commands = await handed_over(obedient)
    assert hand_over is not None
    assert (Outcome.DELIVERED, 1, "QUIT") == (hand_over.outcome, commands.count("MAIL"), commands[-1])


async def test_a_message_that_is_refused_is_told_with_its_stage() -> None:
    hand_over, _ = await handed_over(but(MAIL=b"550 5.7.1 not from nobody\r\n"))
    assert hand_over is not None
    assert (Outcome.REFUSED, Stage.MAIL) == (hand_over.outcome, hand_over.stage)
