"""Signed addresses whose token is no good: whatever is wrong with one, the answer at RCPT is one and the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.inbound.mailroom import ADA, D, connected, listening, open_mailroom

from pressrun.core.signing.keys import KEY_BYTES, KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens

RETIRED = AddressTokens(KeyRing({1: b"x" * KEY_BYTES}, bytes(KEY_BYTES)))


def bad_tokens(purpose: AddressPurpose, genuine: str, others: dict[AddressPurpose, str]) -> dict[str, str]:
    tokens = {
        "forged at the start": ("a" if genuine[0] != "a" else "b") + genuine[1:],
        "forged at the end": genuine[:-1] + ("a" if genuine[-1] != "a" else "q"),
        "one character short": genuine[:-1],
        "half": genuine[: len(genuine) // 2],
        "one character": genuine[0],
        "none": "",
        "one more": genuine + "a",
        "twice": genuine + genuine,
        "over-long": "a" * 300,
        "of digits that there are not": "1" * len(genuine),
        "with a dash": genuine[:4] + "-" + genuine[5:],
        "with another plus": genuine + "+x",
        "retired": RETIRED.make(purpose, "news", 1),
    }
    return tokens | {f"of {other}": token for other, token in others.items() if other is not purpose}


@pytest.mark.parametrize("purpose", list(AddressPurpose))
async def test_every_bad_token_gets_the_one_answer(tmp_path: Path, purpose: AddressPurpose) -> None:
    async with open_mailroom(tmp_path) as room:
        await room.make_list()
        own = {other: room.token(other, 1) for other in AddressPurpose}
        async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
            await client.say(f"MAIL FROM:<{ADA}>")
            assert "250" == (await client.say(f"RCPT TO:<news-{purpose}+{own[purpose]}@{D}>"))[:3]
            for name, token in bad_tokens(purpose, own[purpose], own).items():
                reply = await client.say(f"RCPT TO:<news-{purpose}+{token}@{D}>")
                assert "550 5.1.1 no such address" == reply, name
