"""The language that an edition says it has."""

from __future__ import annotations

import pytest
from tests.delivery.harness import DeliveryHarness

from pressrun.core.errors import EditionError, PreflightFailed
from pressrun.message.finding import Severity
from pressrun.message.sources.front_matter import Value
from pressrun.services.editions.build_orders import Manuscript, check_language

SOURCE = b"---\nsubject: Boats\nlanguage: %s\n---\nHello.\n"


@pytest.mark.parametrize("tag", ["klingon", "xx-DE", "root"])
async def test_a_tag_of_no_language_stops_the_send(harness: DeliveryHarness, tag: str) -> None:
    """Its line and what is possible are told."""
    source = SOURCE % tag.encode()
    inspected = await harness.edition_admin.inspect("news", Manuscript(source=source, source_name="a.md", assets={}))
    (finding,) = inspected.findings
    assert (Severity.ERROR, 3) == (finding.severity, finding.line)
    assert f"“{tag}” is not a language tag. Available: de, en, es" in finding.message
    with pytest.raises(PreflightFailed, match=f"line 3: “{tag}”"):
        await harness.edition_admin.send("news", Manuscript(source=source, source_name="a.md", assets={}))


async def test_what_has_not_the_form_of_a_tag_cannot_be_read(harness: DeliveryHarness) -> None:
    """As with every other key."""
    with pytest.raises(EditionError, match=r"line 3: invalid language 'pt_BR'\. Write a tag like en or pt-BR"):
        await harness.edition_admin.inspect("news", Manuscript(source=SOURCE % b"pt_BR", source_name="a.md", assets={}))


@pytest.mark.parametrize(
    ("tag", "of_list", "footer"), [("sv", "en", "en"), ("tlh", "de-AT", "de"), ("zh-TW", "sv", "en")]
)
def test_a_language_that_readers_are_not_spoken_to_in(tag: str, of_list: str, footer: str) -> None:
    """The edition goes out, with what we write around it in another language."""
    (finding,) = check_language(Value(tag, 2), tag, of_list)
    assert (Severity.WARNING, 2) == (finding.severity, finding.line)
    assert finding.message.startswith(f"The footer is not available in “{tag}”, only in de, en")
    assert finding.message.endswith(f"It will be in “{footer}”.")


@pytest.mark.parametrize("tag", ["en", "EN", "pt-BR", "zh-CN", "sv", "SV", "de-CH-1996"])
def test_a_language_of_ours_or_of_the_list_is_fine(tag: str) -> None:
    """Whoever made the list knows that its readers are spoken to in another."""
    assert [] == check_language(Value(tag, 2), tag, "sv")


def test_a_list_that_kept_a_tag_of_no_language_can_send() -> None:
    """It was taken once."""
    assert [] == check_language(None, "klingon", "klingon")


def test_a_document_may_say_what_it_likes() -> None:
    """Programs write it there, and no line of ours is known for it."""
    (finding,) = check_language(None, "klingon", "en")
    assert (Severity.WARNING, None) == (finding.severity, finding.line)
    assert finding.message.startswith("The document says lang=“klingon”, which is not a language.")
