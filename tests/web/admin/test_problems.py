"""Why something was not done: what can happen to people who use only the forms, they read in their own language."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.database import execute
from tests.web.admin.admin_harness import AdminHarness
from tests.web.admin.test_people_pages import entered, operator
from tests.web.admin.test_token_pages import SHOP, publisher

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.core.signing.tokens import digests_of
from pressrun.locales.catalogues import words_in
from pressrun.services.suppression import NewSuppression, SuppressionReason, suppress
from pressrun.web.admin.problems import Explanation, explain

GERMAN = {"Accept-Language": "de"}
INVITATION = {"email": "berta@town.example", "list": "news", "role": "editor", "readers": "none"}
_ALERT = re.compile(r'<p class="note bad" role="alert"([^>]*)>([^<]*)</p>')
_OF_A_FIELD = re.compile(r'<p class="problem" id="([^"]+)">([^<]*)</p>')


def problem(answer: httpx.Response) -> tuple[int, str, str]:
    """The status, how its sentence is marked, and how that begins."""
    ((marks, text),) = _ALERT.findall(answer.text)
    return answer.status_code, marks, text.partition(".")[0]


def problem_of(answer: httpx.Response, field: str) -> tuple[int, str]:
    """The status, and how the sentence above that field begins, which is described by it."""
    ((described_by, text),) = _OF_A_FIELD.findall(answer.text)
    _, _, after = answer.text.partition(text)
    assert after.index(f'name="{field}"') < after.index(
        f'aria-invalid="true" aria-describedby="{described_by}" autofocus'
    )
    assert not _ALERT.search(answer.text)
    return answer.status_code, text.partition(".")[0]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"name": "a@b"}, "name", "Nehmen Sie für den Namen 1 bis 40 Zeichen, kein @"),
        ({"name": "used"}, "name", "Es gibt schon ein Token mit diesem Namen"),
        ({"networks": "here"}, "networks", "Geben Sie Netzadressen oder Netze ein, zum Beispiel 192"),
    ],
)
async def test_a_token_that_cannot_be_made(admin: AdminHarness, fields: dict[str, str], field: str, says: str) -> None:
    """What is wrong is said above its field."""
    async with entered(admin, await publisher(admin)) as client:
        await client.post("/admin/tokens/new", data={**SHOP, "name": "used"})
        answer = await client.post("/admin/tokens/new", data={**SHOP, **fields}, headers=GERMAN)
    assert (422, says) == problem_of(answer, field)


async def test_a_token_that_could_do_nothing(admin: AdminHarness) -> None:
    bob = await publisher(admin)
    await execute(admin.harness.database, "update permission set readers = 'none'")
    async with entered(admin, bob) as client:
        answer = await client.post("/admin/tokens/new", data=SHOP, headers=GERMAN)
    assert (422, "", "Ein Token darf nicht mehr als Sie selbst") == problem(answer)


async def test_a_list_that_was_removed_meanwhile(admin: AdminHarness) -> None:
    async with operator(admin) as client:
        answer = await client.post("/admin/invite", data={**INVITATION, "list": "removed"}, headers=GERMAN)
    assert (422, "", "Das hat sich inzwischen geändert") == problem(answer)


async def test_an_address_that_gets_no_mail(admin: AdminHarness) -> None:
    berta = parse_address(INVITATION["email"])
    digests, now = digests_of(admin.harness.keys, berta), int(admin.harness.now)
    wanted = NewSuppression(digests, SuppressionReason.COMPLAINT, berta.typed, now)
    await admin.harness.database.write(suppress, [wanted], now)
    async with operator(admin) as client:
        answer = await client.post("/admin/invite", data=INVITATION, headers=GERMAN)
    assert (422, "Diese Adresse erhält keine E\u2011Mails, also auch keine Einladung") == problem_of(answer, "email")


async def test_an_operator_who_has_never_logged_in(admin: AdminHarness) -> None:
    await admin.harness.add_person("olga", is_operator=True, may_log_in=False)
    async with operator(admin) as client:
        answer = await client.post("/admin/invite", data={**INVITATION, "email": "olga@town.example"}, headers=GERMAN)
    says = "Wer den Betrieb verantwortet, kann sich nicht allein per E\u2011Mail einloggen"
    assert (422, says) == problem_of(answer, "email")


async def test_a_right_on_a_list_that_was_removed_meanwhile(admin: AdminHarness) -> None:
    """One that is taken away and gone already is no problem (tests/web/admin/test_people_pages.py)."""
    await admin.harness.add_person("berta")
    fields = {"action": "save", "list": "removed", "role": "editor", "readers": "none"}
    async with operator(admin) as client:
        answer = await client.post("/admin/people/berta", data=fields, headers=GERMAN)
    assert (422, "", "Das hat sich inzwischen geändert") == problem(answer)


def test_what_forms_cannot_cause_is_told_in_english() -> None:
    """And marked so, for screen readers."""
    assert Explanation(text="an edition is going out", is_english=True) == explain(
        Refused("an edition is going out"), words_in("de")
    )
