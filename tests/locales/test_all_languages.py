"""Languages by their own names, and which of some serves somebody best."""

from __future__ import annotations

import pytest

from pressrun.locales.all_languages import own_names
from pressrun.locales.languages import best_of


def test_languages_have_their_own_names() -> None:
    """Also those that have no catalogue; what Babel does not know is named by its tag."""
    assert ["Español", "Português", "English", "العربية", "Svenska"] == own_names(["es", "pt-PT", "en-GB", "ar", "sv"])
    assert ["xx-x-ours"] == own_names(["xx-x-ours"])


def test_two_kinds_of_a_language_are_told_apart() -> None:
    first, second, third = own_names(["pt-PT", "pt-BR", "fr"])
    assert ("Português (Portugal)", "Português (Brasil)", "Français") == (first, second, third)


@pytest.mark.parametrize(
    ("tags", "wanted", "expected"),
    [
        (["es", "fr", "en"], ["fr"], 1),
        (["es", "fr", "en"], ["FR-ca", "en"], 1),
        (["es", "fr", "en"], ["de", "en-GB"], 2),
        (["es", "fr"], ["de", "it"], None),
        (["es", "fr"], [], None),
        (["es", "fr"], ["", "*"], None),
        (["pt-PT", "pt-BR"], ["pt-BR"], 1),
        (["pt-PT", "es"], ["pt-BR"], 0),
        (["en", "sv"], ["sv-FI"], 1),
        (["en", "zh-Hans"], ["zh-CN"], 1),
        (["en", "zh-Hans"], ["zh-TW"], None),
        (["es-MX", "es"], ["es"], 1),
        (["es-MX", "fr"], ["es-AR"], 0),
    ],
)
def test_the_best_language_is_found(tags: list[str], wanted: list[str], expected: int | None) -> None:
    """The first wanted one that there is, by its very tag, else by its catalogue, else by its language."""
    assert expected == best_of(tags, wanted)
