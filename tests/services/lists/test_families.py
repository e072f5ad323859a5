"""Families: lists that are one newsletter in several languages, and what keeps their names and languages apart."""

from __future__ import annotations

import pytest
from tests.database import REFUSALS, execute
from tests.services.harness import ServiceHarness

from pressrun.core.errors import BadInput, NotPermitted
from pressrun.services.reports import list_descriptions
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction

# Each door by which a list gets a name, a family or a language: (list, settings, what the refusal says).
# `noticias` and `nouvelles` are the family `villanueva`; `news` stands alone and is English.
DOORS = [
    ("new villanueva", {}, r"name: 'villanueva' is the family of noticias, nouvelles"),
    ("new other", {"family": "news"}, "family: there is a list 'news'"),
    ("new other", {"family": "other"}, "family: there is a list 'other'"),
    ("new other", {"family": "villanueva", "language": "fr"}, "nouvelles already has the language 'fr'"),
    ("news", {"family": "noticias"}, "family: there is a list 'noticias'"),
    ("news", {"family": "news"}, "family: there is a list 'news'"),
    ("news", {"family": "villanueva", "language": "ES"}, "noticias already has the language 'es'"),
    ("noticias", {"language": "fr"}, "nouvelles already has the language 'fr' in the family 'villanueva'"),
    ("noticias", {"language": "FR"}, "nouvelles already has the language 'fr'"),
    ("news", {"family": "Villanueva"}, "family: 'Villanueva' cannot name a family"),
    ("news", {"family": "admin"}, "family: 'admin' is reserved"),
    ("news", {"family": "villa-owner"}, "family: 'villa-owner' ends in '-owner'"),
    ("news", {"family": "a/b"}, "family: 'a/b' cannot name a family"),
]


async def make_family(services: ServiceHarness) -> None:
    for name, language in (("noticias", "es"), ("nouvelles", "fr"), ("news", "en")):
        await services.lists.create_list(name, {"title": name.title(), "language": language})
    for name in ("noticias", "nouvelles"):
        await services.lists.set_list(name, {"family": "villanueva"})


@pytest.mark.parametrize(("door", "settings", "words"), DOORS)
async def test_no_door_lets_a_family_in_the_way_of_a_list(
    services: ServiceHarness, door: str, settings: dict[str, str], words: str
) -> None:
    """Bad input (65), which says what is wrong, and nothing is changed."""
    await make_family(services)
    before = await services.database.read(list_descriptions.list_lists)
    lists = services.lists
    if door.startswith("new "):
        attempt = lists.create_list(door.removeprefix("new "), {"title": "T", **settings})
    else:
        attempt = lists.set_list(door, {"description": "changed", **settings})
    with pytest.raises(BadInput, match=words) as refused:
        await attempt
    assert 65 == refused.value.exit_code
    assert before == await services.database.read(list_descriptions.list_lists)


async def test_a_family_is_shown_changed_and_left(services: ServiceHarness) -> None:
    """A list may change its language while it joins, and its name is free again once nobody is in it."""
    await make_family(services)
    shown = await services.database.read(list_descriptions.show_list, "noticias")
    assert "villanueva" == shown.family
    joined = await services.lists.set_list("news", {"family": "villanueva", "language": "en-GB"})
    assert ("villanueva", "en-GB") == (joined.family, joined.language)
    await services.lists.set_list("news", {"title": "Still in it"})
    for name in ("news", "noticias", "nouvelles"):
        assert (await services.lists.set_list(name, {"family": ""})).family is None
    await services.lists.create_list("villanueva", {"title": "A list now"})


async def test_the_rights_of_the_caller_are_checked_when_the_change_is_made(services: ServiceHarness) -> None:
    """A list that joined the family in the meantime counts, and a refusal changes nothing."""
    await make_family(services)
    seen: list[tuple[str | None, str | None, int]] = []

    def refuse(tx: Transaction, before: MailingList, after: MailingList) -> None:
        seen.append((before.family, after.family, len(lists.family_lists(tx, "villanueva"))))
        raise NotPermitted("no")

    with pytest.raises(NotPermitted):
        await services.lists.set_list("news", {"family": "villanueva", "language": "de"}, permit=refuse)
    assert {(None, "villanueva", 2)} == set(seen)
    assert (await services.database.read(list_descriptions.show_list, "news")).family is None


async def test_the_database_itself_holds_no_language_twice(services: ServiceHarness) -> None:
    """Whoever writes to it: the rule does not depend on every caller asking first."""
    await make_family(services)
    with pytest.raises(REFUSALS):
        await execute(services.database, "update list set language = 'FR' where name = 'noticias'")


async def test_a_family_begins_with_its_oldest_list(services: ServiceHarness) -> None:
    await make_family(services)
    family = await services.database.read(lists.family_lists, "villanueva")
    assert ["noticias", "nouvelles"] == [target.name for target in family]
    assert [] == await services.database.read(lists.family_lists, "news")
