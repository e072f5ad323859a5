"""Words: how sentences are filled, counted and dated before any catalogue comes into play."""

from __future__ import annotations

from msgspec.structs import replace

from pressrun.locales.catalogues import words_in
from pressrun.message.words import ENGLISH, direction_of


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    """A title with braces stands as it is, and a place without a value stays."""
    said = ENGLISH("{title} for {address}, {other}", title="{address}", address="ada@reader.example")
    assert "{address} for ada@reader.example, {other}" == said


def test_a_number_takes_its_plural_form() -> None:
    """One by one form, all others by the other, with separators."""
    said = [ENGLISH.counted("{number} day of {what}", "{number} days of {what}", n, what="rain") for n in (0, 1, 1200)]
    assert ["0 days of rain", "1 day of rain", "1,200 days of rain"] == said


def test_a_share_has_no_tenths_that_are_none() -> None:
    assert ["0%", "80%", "99.6%", "100%"] == [ENGLISH.share(part) for part in (0, 0.8, 0.9957, 1)]


def test_a_day_is_written_out() -> None:
    assert "21 September 2026" == ENGLISH.day(1_790_000_000)


def test_values_keep_their_own_direction_in_a_sentence_from_right_to_left() -> None:
    """A Latin title in the middle of an Arabic sentence moves nothing around it."""
    arabic = replace(ENGLISH, language="ar-EG")
    assert "rtl" == arabic.direction == direction_of("AR")
    assert "a \u2068News\u2069 b" == arabic("a {title} b", title="News")
    assert "a \u2068%(title)s\u2069 b" == arabic.for_template("a %(title)s b")
    assert "a %(title)s b" == ENGLISH.for_template("a %(title)s b")


def test_names_are_listed_as_the_language_does() -> None:
    assert ["", "A", "A and B", "A, B and C"] == [ENGLISH.listed(names) for names in ([], ["A"], ["A", "B"], [*"ABC"])]
    assert ["A y B", "A、B、C"] == [words_in("es").listed(["A", "B"]), words_in("ja").listed([*"ABC"])]


def test_a_size_is_written_as_the_language_does() -> None:
    """In French an octet is an octet; nothing is smaller than a kilobyte."""
    assert ["1 KB", "2 KB", "1,235 KB", "12 MB"] == [
        ENGLISH.size(octets) for octets in (0, 1_500, 1_234_567, 12_345_678)
    ]
    assert ["2\xa0Ko", "12\xa0Mo"] == [words_in("fr").size(octets) for octets in (1_500, 12_345_678)]
