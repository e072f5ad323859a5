"""What an import makes of a member of another program."""

from __future__ import annotations

import pytest

from pressrun.operations.sources.member import MemberState, SourceMember, read_tag
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.suppression import SuppressionReason


def test_a_member_becomes_a_row_in_the_same_state() -> None:
    """Name, language, time, consent and fields go along."""
    member = SourceMember(
        line=7,
        address="a@b.example",
        name="A",
        language="de",
        state=MemberState.SUSPENDED,
        subscribed_at="2020-01-01",
        consent_source="mailman",
        consent_ip="192.0.2.1",
        fields={"town": "Ulm"},
    )
    assert member.as_row() == ImportRow(
        line=7,
        email="a@b.example",
        name="A",
        language="de",
        subscribed_at="2020-01-01",
        consent_source="mailman",
        consent_ip="192.0.2.1",
        state="suspended",
        attributes={"town": "Ulm"},
    )


@pytest.mark.parametrize("state", [MemberState.SUPPRESSED, MemberState.UNCONFIRMED])
def test_nobody_who_must_not_be_mailed_becomes_a_row(state: MemberState) -> None:
    """A suppressed or unconfirmed member has no row, whoever asks for one."""
    with pytest.raises(ValueError, match=state):
        SourceMember(line=1, address="a@b.example", state=state).as_row()


def test_a_suppressed_member_keeps_the_reason() -> None:
    """The reason decides whether readers can lift the suppression themselves."""
    member = SourceMember(line=3, address="a@b.example", reason=SuppressionReason.HARD_BOUNCE)
    assert member.as_suppression() == SuppressionRow(line=3, address="a@b.example", reason="hard-bounce")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("de", "de"),
        ("pt_BR", "pt-BR"),
        ("pt-br", "pt-BR"),
        ("zh_hans_cn", "zh-Hans-CN"),
        ("sr@latin", "sr"),
        ("en_US.UTF-8", "en-US"),
        ("es_419", "es-419"),
        ("klingon", ""),
        ("", ""),
    ],
)
def test_locales_become_language_tags(text: str, tag: str) -> None:
    """What names no language is dropped: the reader is addressed in that of the list."""
    assert tag == read_tag(text)
