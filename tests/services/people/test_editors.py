"""Editors by mail: who may post, what becomes of their other rights, and who is forgotten with the last of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.services.harness import ServiceHarness
from tests.services.people.test_people_admin import BERTA, enter, person

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.services.people.lookups import list_everybody
from pressrun.services.people.people_admin import Grant
from pressrun.store.people import people


async def test_sessions_end_where_a_viewer_becomes_an_editor_by_mail(services: ServiceHarness) -> None:
    await services.make_list()
    await services.people.add("ann", BERTA)
    await services.people.grant("ann", Grant(list="news", role=Role.VIEWER, readers=ReaderAccess.SEE))
    before = await person(services, "ann")
    await services.lists.add_editor("news", BERTA)
    assert 1 == (await person(services, "ann")).epoch - before.epoch
    assert (Role.EDITOR, ReaderAccess.SEE) == await services.database.read(people.find_permission, 1, before.id)


async def test_a_viewer_cannot_post_by_mail(services: ServiceHarness) -> None:
    await services.make_list()
    for role, address in ((Role.VIEWER, None), (Role.EDITOR, BERTA.typed), (Role.PUBLISHER, BERTA.typed)):
        await services.people.invite(BERTA, "news", role)
        assert address == await services.database.read(people.find_editor, 1, BERTA.key)


async def may_log_in(services: ServiceHarness) -> None:
    await enter(services, (await services.people.link("berta")).link or "")


STAYING: dict[str, Callable[[ServiceHarness], Awaitable[object]]] = {
    "another list": lambda o: o.lists.add_editor("tides", BERTA),
    "an invitation": lambda o: o.people.invite(BERTA, "news", Role.EDITOR),
    "an operator": lambda o: o.people.grant("berta", Grant(operator=True)),
    "a log-in": may_log_in,
}


@pytest.mark.parametrize("case", ["nothing", *STAYING])
async def test_a_former_editor_is_forgotten_unless_they_may_do_something_else(
    services: ServiceHarness, case: str
) -> None:
    for name in ("news", "tides"):
        await services.make_list(name)
    await services.lists.add_editor("news", BERTA)
    if case in STAYING:
        await STAYING[case](services)
    await services.lists.remove_editor("news", BERTA)
    assert int(case in STAYING) == len(await services.database.read(list_everybody, services.now))
