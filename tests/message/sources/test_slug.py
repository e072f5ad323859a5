"""Names of editions in addresses."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.sources.slug import LONGEST_SLUG, is_slug, make_slug


@pytest.mark.parametrize(
    ("subject", "slug"),
    [
        ("Tides in May: springs on the 2nd", "tides-in-may-springs-on-the-2nd"),
        ("L’Écho du port, n° 5 – déjà l'été", "lecho-du-port-n-5-deja-lete"),
        ("Straße, Łódź & Ørsted", "strasse-lodz-orsted"),
        ("نشرة الميناء: مواعيد العبّارة", "نشرة-الميناء-مواعيد-العبارة"),
        ("Письмо из порта", "письмо-из-порта"),
        ("Йод и Ёлка", "йод-и-ёлка"),
        ("港の便り、第5号", "港の便り-第5号"),
        ("हिन्दी में पत्र", "हिन्दी-में-पत्र"),
        ("จดหมายข่าวที่", "จดหมายข่าวที่"),
        ("ＡＢＣ ﬁsh", "abc-fish"),
        ("a\u202eb\u200dc", "a-b-c"),
        ("🎉 !", "edition"),
        ("Boats ⛵\ufe0f 1\ufe0f\u20e3 now", "boats-1-now"),
        ("葛\U000e0100城", "葛城"),
        ("", "edition"),
        ("word " * 40, "-".join(["word"] * 12)),
        ("x" * 100, "x" * 60),
        ("港" * 100, "港" * 30),
    ],
)
def test_a_slug_keeps_the_letters_of_its_script(subject: str, slug: str) -> None:
    assert slug == make_slug(subject)
    assert is_slug(slug)


@pytest.mark.parametrize(
    "text", ["Upper", "a b", "-a", "a-", "a--b", "a_b", "é", "a/b", "a.b", "", "x" * 61, "港" * 31]
)
def test_what_no_slug_can_be(text: str) -> None:
    assert not is_slug(text)


@given(st.text(max_size=200))
def test_whatever_the_subject_the_slug_is_one(subject: str) -> None:
    """Short, of letters, digits and signs of vowels, in one form, and the same when a slug is made of it."""
    slug = make_slug(subject)
    assert 0 < len(slug) <= LONGEST_SLUG
    assert {unicodedata.category(letter)[0] for letter in slug.replace("-", "")} <= {"L", "N", "M"}
    assert unicodedata.normalize("NFC", slug) == slug
    assert is_slug(slug)
