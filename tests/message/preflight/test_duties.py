"""A way out and a postal address: in both parts, whatever the author or a layout leaves out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.message.builders import edition, profile, site
from tests.message.preflight.findings import findings_of, the_only

from pressrun.message.editions import compose
from pressrun.message.layouts.footer import Footer
from pressrun.message.words import Words


def test_a_list_without_postal_address_may_not_send() -> None:
    """The list's setting decides."""
    without = profile(postal_address=" ")
    severity, line, message = the_only(findings_of(edition("a"), list_profile=without))
    assert ("error", None) == (severity, line)
    assert "pressrun list set news postal_address=" in message
    assert [] == findings_of(edition("a"), list_profile=replace(without, require_postal_address=False))


def test_a_postal_address_with_markup_in_it_is_seen_in_both_parts() -> None:
    """It is escaped in the HTML."""
    assert [] == findings_of(edition("a"), list_profile=profile(postal_address='Smith & Sons <Ltd>, "Quay" 1\nPort'))


def test_an_edition_without_anything_to_read() -> None:
    """An image alone is something."""
    assert ("error", 4) == the_only(findings_of(edition("")))[:2]
    assert [] == findings_of(edition("![A map](https://x.example/map.png)"))


def test_a_message_is_told_what_is_missing_in_its_own_words() -> None:
    """It has no lines of keys."""
    assert [
        ("error", 1, "This email has no subject. The edition takes its subject from it, so write one."),
        ("error", None, "This email has no text. Write it in the email itself, not in an attachment."),
    ] == sorted(findings_of("From: a@b.example\n\n\n", ".eml"), key=lambda finding: finding[2])


def test_an_owner_outside_ascii_is_no_envelope_sender() -> None:
    """Where mail is received, the envelope sender is an address of the list."""
    owned = profile(owner="büro@harbour.example")
    severity, line, message = the_only(findings_of(edition("a"), list_profile=owned, at=site(receives_mail=False)))
    assert ("error", None) == (severity, line)
    assert "büro@harbour.example" in message
    assert "pressrun list set news owner=" in message
    assert [] == findings_of(edition("a"), list_profile=owned)


def test_an_owner_at_an_internationalised_domain_is_one() -> None:
    """Its A-label stands in the envelope."""
    owned = profile(owner="post@bücher.example")
    assert [] == findings_of(edition("a"), list_profile=owned, at=site(receives_mail=False))


@pytest.fixture
def no_footer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that forgets what a footer is for."""

    def forget(_footer: Footer, _words: Words, **_more: object) -> str:
        return "Goodbye\n"

    monkeypatch.setattr(compose, "footer_text", forget)


@pytest.mark.usefixtures("no_footer")
def test_a_part_without_footer_is_told() -> None:
    """By part: the other one does not make up for it."""
    findings = findings_of(edition("Hello"))
    assert ["error", "error"] == [severity for severity, _, _ in findings]
    assert "The text part has no unsubscribe link" in findings[0][2]
    assert "The text part does not show the postal address" in findings[1][2]


@pytest.mark.usefixtures("no_footer")
def test_a_link_that_the_author_placed_is_enough() -> None:
    """The part has its way out."""
    findings = findings_of(edition("[leave]({{ unsubscribe_url }})"))
    assert ["postal address" in message for _, _, message in findings] == [True]
