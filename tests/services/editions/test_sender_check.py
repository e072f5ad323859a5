"""The sender of an edition: told wherever an edition is looked at, and never in its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace
from tests.delivery.harness import SITE, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.current import Holder
from pressrun.message.wire.mailbox import Mailbox
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.sender_check import QUIET_SECONDS, SenderCheck
from pressrun.services.settings import ServiceSettings
from pressrun.store.lists.lists import find_list

SOURCE = b"---\nsubject: Boats\n---\nHello\n"


@dataclass
class Answers:
    """Stands for DNS: the same answer to every question."""

    answer: tuple[str, ...] | None
    questions: list[list[str]] = field(default_factory=list)

    async def __call__(self, names: Collection[str]) -> Mapping[str, tuple[str, ...] | None]:
        self.questions.append(list(names))
        return dict.fromkeys(names, self.answer)


def vet(harness: DeliveryHarness, answers: Answers | None, *signed: str) -> SenderCheck:
    sender_check = SenderCheck(
        site=SITE,
        settings=Holder(ServiceSettings(signed_domains=frozenset(signed))),
        records=answers,
        clock=harness.clock,
    )
    harness.edition_admin._preparer = replace(harness.edition_admin._preparer, sender_check=sender_check)
    return sender_check


async def messages(sender_check: SenderCheck, harness: DeliveryHarness, own: Mailbox | None = None) -> list[str]:
    target = await harness.services.database.read(find_list, "news")
    assert target is not None
    return [finding.message for finding in await sender_check.check(target, own)]


async def test_an_inspection_tells_of_the_sender(harness: DeliveryHarness) -> None:
    """As warnings: no answer of others stops a send."""
    vet(harness, Answers(()), "quay.example")
    inspected = await harness.edition_admin.inspect("news", Manuscript(source=SOURCE, source_name="a.md", assets={}))
    assert 3 == len(inspected.findings)
    assert {"warning"} == {finding.severity.value for finding in inspected.findings}
    assert await harness.edition() == 1


async def test_the_from_of_the_edition_itself_counts(harness: DeliveryHarness) -> None:
    """It may be another one than the list's."""
    sender_check = vet(harness, None, "lists.example")
    assert [] == await messages(sender_check, harness)
    own = Mailbox("Quay", parse_address("news@quay.example"))
    assert ["From is news@quay.example"] == [
        message.partition(",")[0] for message in await messages(sender_check, harness, own)
    ]


async def test_the_return_path_is_what_spf_is_about(harness: DeliveryHarness) -> None:
    """Without inbound mail, the owner's domain."""
    answers = Answers(())
    await messages(vet(harness, answers), harness)
    assert "lists.example" == answers.questions[0][0]
    await harness.services.lists.set_list("news", {"owner": "ann@quay.example"})
    deaf = SenderCheck(
        site=type(SITE)(base_url=SITE.base_url, mail_domain=SITE.mail_domain),
        settings=Holder(ServiceSettings()),
        records=answers,
        clock=harness.clock,
    )
    await messages(deaf, harness)
    assert "quay.example" == answers.questions[1][0]


async def test_after_no_answer_nobody_is_asked_for_a_while(harness: DeliveryHarness) -> None:
    """A machine without DNS does not make its editors wait each time."""
    answers = Answers(None)
    sender_check = vet(harness, answers)
    for _ in range(3):
        assert [] == await messages(sender_check, harness)
    assert 1 == len(answers.questions)
    harness.pass_time(QUIET_SECONDS)
    await messages(sender_check, harness)
    assert 2 == len(answers.questions)
