"""Who may cause a mail to somebody: limits by mailbox, domain and in all, and what the operator does not want."""

from __future__ import annotations

import asyncio
import dataclasses
import logging

import pytest
from msgspec.structs import replace
from tests.services.harness import ServiceHarness
from tests.settings import change

from pressrun.core.abuse.sign_up import Trust, Verdict
from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Holder
from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.abuse_limits import AbuseLimits
from pressrun.services.settings import IGNORE, ServiceSettings
from pressrun.store.transaction import Transaction

DAY = 86400.0
WIDE = LimitSettings(confirmations_per_address=Rate(1000, DAY))


class SignUpGate:
    """A screening at work: its verdicts, in order."""

    def __init__(self, services: ServiceHarness, limits: LimitSettings) -> None:
        self._office = services
        self.settings = Holder(ServiceSettings(limits=limits))
        self.abuse_limits = AbuseLimits(replace(services.context, settings=self.settings), self)
        self.counted: list[str] = []
        self.attacks: list[bool] = []
        self.count_sign_up = self.counted.append
        self.show_attack = self.attacks.append

    def show_holding(self, _is_on: bool) -> None:
        raise AssertionError("no test here holds sign-ups")

    async def admit(self, address: str, trust: Trust = Trust.PROVEN) -> bool:
        parsed = parse_address(address)
        return Verdict.ACCEPTED is await self._office.database.write(
            self.abuse_limits.admit, parsed, trust, self._office.now
        )


async def test_a_mailbox_is_one_under_every_spelling(services: ServiceHarness) -> None:
    gate = SignUpGate(services, LimitSettings())
    spellings = ["a.da@gmail.com", "Ada@googlemail.com", "ada+x@gmail.com", "ad.a+y@GMAIL.com", "a.d.a@googlemail.com"]
    assert [True, True, True, False, False] == [await gate.admit(address) for address in spellings]
    assert [Verdict.ACCEPTED] * 5 == gate.counted  # whoever watches is not told what was asked for an address before


async def test_dots_make_no_other_mailbox_at_any_domain(services: ServiceHarness) -> None:
    gate = SignUpGate(services, LimitSettings())
    spellings = ["a.da@reader.example", "ada+x@reader.example", "Ad.a@reader.example", "ada@reader.example"]
    assert [True, True, True, False] == [await gate.admit(address) for address in spellings]


async def test_a_domain_may_have_every_name_in_one_mailbox(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, confirmations_per_domain=Rate(2, DAY)))
    assert [True, True, False] == [await gate.admit(f"reader{number}@small.example") for number in range(3)]
    assert await gate.admit("ada@other.example")


async def test_the_domains_of_large_providers_are_nobodys_mailbox(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, confirmations_per_domain=Rate(2, DAY)))
    assert all([await gate.admit(f"reader{number}@gmail.com") for number in range(5)])


async def test_programs_do_not_take_what_people_on_our_pages_need(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, unproven_sign_ups=Rate(2, DAY), confirmations=Rate(4, DAY)))
    taken = [await gate.admit(f"a@s{number}.example", Trust.UNPROVEN) for number in range(4)]
    assert [True, True, False, False] == taken
    assert [True, True, False] == [await gate.admit(f"b@s{number}.example") for number in range(3)]


async def test_above_a_limit_a_sign_up_needs_work(services: ServiceHarness) -> None:
    """Whoever did some is beyond it, and takes nothing of it."""
    gate = SignUpGate(services, dataclasses.replace(WIDE, proof_of_work_above=Rate(2, DAY)))
    trusts = [Trust.WORKED, Trust.PROVEN, Trust.UNPROVEN, Trust.PROVEN, Trust.UNPROVEN, Trust.WORKED]
    taken = [await gate.admit(f"a@s{number}.example", trust) for number, trust in enumerate(trusts)]
    assert [True, True, True, False, False, True] == taken


async def test_work_lifts_no_other_limit(services: ServiceHarness) -> None:
    gate = SignUpGate(services, LimitSettings(confirmations=Rate(4, DAY), proof_of_work_above=Rate(2, DAY)))
    same = [await gate.admit("ada@reader.example", Trust.WORKED) for _ in range(4)]
    assert [True, True, True, False] == same
    assert [True, False] == [await gate.admit(f"b@s{number}.example", Trust.WORKED) for number in range(2)]


async def test_work_is_asked_for_from_half_of_the_limit_on_and_as_long_as_that_lasts(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, proof_of_work_above=Rate(3, 3600.0)))
    asked = []
    for number in range(3):
        await gate.admit(f"a@s{number}.example")
        asked.append(gate.abuse_limits.requires_work(services.now))
        services.now += 600
    assert [False, True, True] == asked
    assert [True, False] == [gate.abuse_limits.requires_work(services.now + later) for later in (2399, 2401)]


async def test_no_work_is_asked_for_where_the_operator_does_not_want_it(services: ServiceHarness) -> None:
    """Nor any more once the configuration no longer says so."""
    gate = SignUpGate(services, dataclasses.replace(WIDE, proof_of_work_above=Rate(1, DAY)))
    await gate.admit("a@s.example")
    assert gate.abuse_limits.requires_work(services.now)
    change(gate.settings, limits=WIDE)
    assert not gate.abuse_limits.requires_work(services.now)
    assert await gate.admit("b@s.example")


async def test_what_is_turned_away_is_counted_against_nothing(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, unproven_sign_ups=Rate(1, DAY), confirmations=Rate(2, DAY)))
    for number in range(5):
        await gate.admit(f"a@s{number}.example", Trust.UNPROVEN)
    assert await gate.admit("b@s.example")


async def test_without_a_word_of_the_operator_half_of_all_goes_to_one_domain(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, confirmations=Rate(1002, DAY)))
    taken = [await gate.admit(f"reader{number}@small.example") for number in range(502)]
    assert ([True] * 501, False) == (taken[:501], taken[501])


async def test_small_limits_are_not_halved(services: ServiceHarness) -> None:
    gate = SignUpGate(services, dataclasses.replace(WIDE, confirmations=Rate(2, DAY)))
    assert [True, True, False] == [await gate.admit("ada@small.example", Trust.UNPROVEN) for _ in range(3)]


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"disposable_addresses": IGNORE}, "ada@mailinator.com"),
        ({"disposable_addresses": IGNORE, "disposable_domains": ("thrown.example",)}, "ada@thrown.example"),
        ({"role_addresses": IGNORE}, "abuse@reader.example"),
    ],
)
async def test_what_the_operator_does_not_want_gets_no_mail(
    services: ServiceHarness, changes: dict[str, str], address: str
) -> None:
    assert await SignUpGate(services, LimitSettings()).admit(address)
    gate = SignUpGate(services, dataclasses.replace(LimitSettings(), **changes))  # type: ignore[arg-type]  # strings and tuples
    assert (False, [Verdict.IGNORED]) == (await gate.admit(address), gate.counted)
    assert await gate.admit("ada@reader.example")


async def test_a_trap_catches_whoever_fills_in_what_nobody_sees(services: ServiceHarness) -> None:
    assert not await SignUpGate(services, LimitSettings()).admit("ada@reader.example", Trust.TRAP)


async def test_the_operator_hears_once_of_an_attack_and_once_of_its_end(
    services: ServiceHarness, caplog: pytest.LogCaptureFixture
) -> None:
    gate = SignUpGate(services, LimitSettings())
    with caplog.at_level(logging.INFO, logger="pressrun.readers"):
        for _ in range(200):
            await gate.admit("victim@reader.example")
        assert [True] == gate.attacks
        gate.abuse_limits.poll(services.now + 60)
        gate.abuse_limits.poll(services.now + 601)
        gate.abuse_limits.poll(services.now + 602)
    assert [True, False] == gate.attacks
    assert ["subscription.attack", "subscription.attack_over"] == [record.message for record in caplog.records]
    assert "victim" not in caplog.text


async def test_sign_ups_whose_group_is_carried_out_again_are_counted_once(services: ServiceHarness) -> None:
    """In the metric, and towards an attack: an error of another caller undid the first time."""
    gate = SignUpGate(services, LimitSettings(confirmations_per_address=Rate(1, DAY)))

    def fail(_: Transaction) -> None:
        raise LookupError

    async def in_a_group(number: int) -> None:
        address = parse_address(f"victim{number // 5}@gmail.com")
        admit = services.database.share(gate.abuse_limits.admit, address, Trust.PROVEN, services.now)
        await asyncio.gather(admit, services.database.share(fail), return_exceptions=True)

    for number in range(60):  # of which 48 are turned away: an attack begins with 50
        await in_a_group(number)
    assert ([Verdict.ACCEPTED] * 60, []) == (gate.counted, gate.attacks)
    for number in (0, 1):
        await in_a_group(number)
    assert [True] == gate.attacks
