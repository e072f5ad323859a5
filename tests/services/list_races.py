"""Races of a list that is being removed with those who decide about its editions.

Whoever decides about an edition locks it until the commit. So its list is there for as long, or the edition is unknown.
The steps for tests/services/test_races.py, over the same services.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.database import execute
from tests.races import Step
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.access.rights import Role
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions import releases
from pressrun.services.editions.edition_issues import link_editions
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.people.people_admin import Grant
from pressrun.store.editions import manuscripts
from pressrun.store.editions.manuscripts import NewManuscript, Text
from pressrun.store.transaction import Transaction

# ---------------------------------------------------------------------- what comes before


async def a_closed_family(services: ServiceHarness) -> None:
    """Two lists with an edition each, of which the first list is about to be removed, and a person who may send."""
    await services.make_list()
    await services.make_list("boletim", language="pt")
    await execute(services.database, "update list set family = 'f'")
    await services.people.add("ann", parse_address("ann@town.example"), password_hash="x")
    await services.people.grant("ann", Grant(list="news", role=Role.PUBLISHER))
    for name in ("news", "boletim"):
        number = await services.make_edition(name, EditionState.DRAFT)
        await services.database.write(_begin_draft, number)
    await services.lists.close_list("news")


def _begin_draft(tx: Transaction, number: int) -> None:
    text = Text(source=b"x", source_name="a.txt")
    new = NewManuscript(text=text, files={}, first_digest=bytes([number]))
    manuscripts.begin(tx, number, new, "shell", NOW)


# ---------------------------------------------------------------------- steps


async def remove(services: ServiceHarness) -> object:
    await services.lists.remove_list("news")
    return None


async def link(services: ServiceHarness) -> object:
    return await services.database.write(link_editions, [1, 2])


async def release(services: ServiceHarness) -> object:
    return (await services.database.write(releases.release, 1, NOW)).state


async def submit(services: ServiceHarness) -> object:
    submissions = Submissions(services.context)

    def submit(tx: Transaction) -> None:
        edition = require_edition(tx, 1)
        manuscript = manuscripts.find_manuscript(tx, 1)
        assert manuscript is not None
        submissions.submit(tx, edition, manuscript, "shell")

    return await services.database.write(submit)


LIST_RACES: Mapping[str, tuple[Step, Step, Step]] = {
    "link and remove a list": (a_closed_family, link, remove),
    "release and remove a list": (a_closed_family, release, remove),
    "submit and remove a list": (a_closed_family, submit, remove),
}
"""What comes before, and the two that meet."""
