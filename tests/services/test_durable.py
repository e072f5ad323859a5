"""Nothing is reported as done before its commit has waited for the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tests.inbound.mailroom import mail, open_mailroom
from tests.races import Step
from tests.services import test_races as races
from tests.services.harness import open_services
from tests.services.test_races import ADA, WEB

from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.web_requests import WebRequests
from pressrun.store.database import Database
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.sqlite.connection import SqliteConnection

# What somebody waits for: a reader, an operator or a program.
STEPS: dict[str, tuple[Step, Step]] = {
    step.__name__: (before, step)
    for before, step in [
        (races.a_list, races.sign_up),
        (races.a_request, races.confirm),
        (races.a_reader, races.leave),
        (races.a_reader, races.pause),
        (races.a_reader, races.save),
        (races.a_reader, races.refuse),
        (races.a_reader, races.erase),
        (races.a_former_reader, races.undo_leaving),
        (races.a_change_of_address, races.confirm_change),
        (races.a_change_of_address, races.undo_change),
        (races.a_list, races.import_ada),
        (races.a_list, races.set_title),
        (races.a_list, races.close),
        (races.a_closed_list, races.remove_list),
        (races.a_reader, races.send),
        (races.a_sending_edition, races.pause_edition),
        (races.a_sending_edition, races.cancel_edition),
        (races.a_finished_edition, races.resend),
        (races.held_sign_ups, races.release_held),
    ]
}


@contextmanager
def beginnings() -> Iterator[list[bool]]:
    """Whether each transaction that begins inside the block waits for the disk."""
    begun: list[bool] = []

    def begin(real: Any) -> Any:
        def noted(self: object, *, durable: bool) -> Any:
            begun.append(durable)
            return real(self, durable=durable)

        return noted

    with (
        patch.object(SqliteConnection, "begin", begin(SqliteConnection.begin)),
        patch.object(PostgresConnection, "begin", begin(PostgresConnection.begin)),
    ):
        yield begun


@pytest.mark.parametrize("name", STEPS)
async def test_what_is_done_is_on_the_disk(name: str, tmp_path: Path) -> None:
    """The first transaction decides; those that go on with very many rows may be repeated after a power cut."""
    before, step = STEPS[name]
    async with open_services(tmp_path, kind=Database) as services:
        await before(services)
        with beginnings() as begun:
            await step(services)
    assert begun[0]


async def test_a_sign_up_that_has_its_page_is_on_the_disk(tmp_path: Path) -> None:
    async with open_services(tmp_path, kind=Database) as services:
        await services.make_list()
        web_requests = WebRequests(services.context, sign_ups=services.sign_ups)
        with beginnings() as begun:
            await web_requests.sign_up(["news"], Applicant(ADA, WEB), network=None)
    assert [True] == begun


async def test_a_mail_that_has_its_250_is_on_the_disk(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await room.make_list()
        with beginnings() as begun:
            await room.accept(mail(), "news-request")
    assert begun[-1]  # what makes room for it comes before
