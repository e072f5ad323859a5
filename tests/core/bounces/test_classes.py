"""Classes of bounces, and what the words and codes of a notification are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_by_words, class_of_failure, class_of_refusal, folded_words
from pressrun.core.lifecycles.delivery import FailureKind

_ENHANCED = st.one_of(st.just(""), st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True))
_FAILURES = frozenset(BounceClass) - {BounceClass.DELAYED, BounceClass.DELIVERED, BounceClass.AUTO_REPLY}


def test_every_class_has_a_rank_of_its_own() -> None:
    """What decides among several recipients."""
    assert list(range(len(BounceClass))) == sorted(bounce_class.rank for bounce_class in BounceClass)


def test_only_the_mailbox_being_gone_is_hard() -> None:
    """And what has not failed has no kind."""
    assert [BounceClass.GONE] == [bounce_class for bounce_class in BounceClass if bounce_class.kind is FailureKind.HARD]
    assert frozenset(BounceClass) - _FAILURES == {
        bounce_class for bounce_class in BounceClass if bounce_class.kind is None
    }


@given(st.integers(0, 999), _ENHANCED, st.text(max_size=200), st.sampled_from([None, True, False]))
def test_any_failure_has_a_class(code: int, enhanced: str, text: str, at_recipient: bool | None) -> None:
    """One of a failure; never GONE where the last try failed for now, always POLICY for x.7.x."""
    bounce_class = class_of_failure(code=code, enhanced=enhanced, text=text, at_recipient=at_recipient)
    assert bounce_class in _FAILURES
    assert (bounce_class is BounceClass.GONE) <= (not enhanced.startswith("4"))
    assert (bounce_class is BounceClass.POLICY) >= (enhanced[1:3] == ".7" and enhanced[3:4] == ".")


@given(st.integers(500, 599), _ENHANCED, st.text(max_size=200), st.booleans())
def test_any_refusal_has_a_class(code: int, enhanced: str, text: str, at_recipient: bool) -> None:
    """One of a failure."""
    assert class_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=at_recipient) in _FAILURES


@pytest.mark.parametrize(
    ("text", "bounce"),
    [
        ("User unknown; mail from you is blocked by spamhaus", BounceClass.POLICY),
        ("Mailbox of this user is full", BounceClass.FULL),
        ("no such user, access denied", BounceClass.GONE),
        ("Access denied", BounceClass.POLICY),
        ("Recipient address rejected: Access denied", BounceClass.GONE),
        ("Sender address rejected: Domain not found", BounceClass.POLICY),
        ("mailbox unavailable", BounceClass.GONE),
        ("mailbox unavailable for reasons of policy", BounceClass.POLICY),
        ("Host or domain name not found", BounceClass.UNREACHABLE),
        ("Message too large", BounceClass.MESSAGE),
        ("<antispam@blocked.example> unbekannter Empfänger", BounceClass.GONE),
        ("Votre serveur figure sur une liste noire", BounceClass.POLICY),
        ("la boîte du destinataire est pleine", BounceClass.FULL),
        ("el usuario no existe", BounceClass.GONE),
        ("utente sconosciuto", BounceClass.GONE),
        ("a caixa de correio está cheia", BounceClass.FULL),
        ("het adres bestaat niet", BounceClass.GONE),
        ("ユーザーが見つかりません", BounceClass.GONE),
        ("почтовый ящик переполнен", BounceClass.FULL),
        ("nie ma takiego użytkownika", BounceClass.GONE),
        ("thank you", None),
    ],
)
def test_words(text: str, bounce: BounceClass | None) -> None:
    """The first table that knows a wording decides, whatever address or link is quoted."""
    assert bounce is class_by_words(folded_words(text))


def test_a_status_that_says_something_comes_before_words() -> None:
    """One that says nothing comes after them."""
    full = "mailbox is full"
    assert BounceClass.GONE is class_of_failure(code=550, enhanced="5.1.1", text=full)
    assert BounceClass.FULL is class_of_failure(code=550, enhanced="5.1.0", text=full)


@pytest.mark.parametrize("text", ["550 5.1.1 no such user", "mailbox does not exist"])
def test_at_hand_over_words_alone_never_make_a_mailbox_gone(text: str) -> None:
    """Only the codes that are named for it, and a bare 550 to RCPT."""
    assert BounceClass.OTHER is class_of_refusal(code=554, enhanced="5.0.0", text=text, at_recipient=True)
    assert BounceClass.GONE is class_of_failure(code=554, enhanced="5.0.0", text=text)
