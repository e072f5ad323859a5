"""Senders that receivers take for a forgery, by our signatures and by what DNS says."""

from __future__ import annotations

import pytest

from pressrun.message.preflight.sender import SenderIdentity, are_aligned, check_sender, names_to_query

SPF, DMARC = "v=spf1 mx -all", "v=DMARC1; p=none"


def sender(
    domain: str = "news.harbour.example",
    signed: tuple[str, ...] = ("harbour.example",),
    returns: str = "lists.harbour.example",
) -> SenderIdentity:
    return SenderIdentity(address=f"news@{domain}", domain=domain, return_domain=returns, signed_domains=signed)


def said(who: SenderIdentity, **answers: tuple[str, ...] | None) -> list[str]:
    """What is said where SPF is that of the return path and DMARC that of the domain above From."""
    records = {
        who.return_domain: answers.get("spf", (SPF,)),
        who.domain: answers.get("domain", ()),
        f"_dmarc.{who.domain}": answers.get("own", ()),
        f"_dmarc.{who.domain.partition('.')[2]}": answers.get("above", (DMARC,)),
    }
    return [finding.message for finding in check_sender(who, records)]


@pytest.mark.parametrize(
    ("domain", "other", "aligned"),
    [
        ("harbour.example", "harbour.example", True),
        ("news.harbour.example", "harbour.example", True),
        ("harbour.example", "news.harbour.example", True),
        ("a.harbour.example", "b.harbour.example", True),
        ("harbour.example", "quay.example", False),
        ("harbour.co.uk", "quay.co.uk", False),
        ("a.harbour.co.uk", "b.harbour.co.uk", True),
        ("notharbour.example", "harbour.example", False),
    ],
)
def test_domains_of_one_owner(domain: str, other: str, aligned: bool) -> None:
    """One above the other, or side by side below a domain that somebody owns."""
    assert aligned is are_aligned(domain, other)


def test_a_sender_that_is_covered() -> None:
    """By a signature of the domain above, SPF where bounces go, and a policy."""
    assert [] == said(sender())


def test_nothing_is_signed() -> None:
    """Said of a domain that DNS knows; one for tests is left alone."""
    assert "Nothing is signed" in said(sender(signed=()))[0]
    assert [] == said(sender(signed=()), domain=None)


def test_a_from_that_no_signature_covers() -> None:
    """Its domain is named, so that one or the other can be changed."""
    assert "the signatures are by quay.example" in said(sender(signed=("quay.example",)))[0]


@pytest.mark.parametrize(
    ("spf", "words"),
    [
        ((), "has no SPF record"),
        (("google-site-verification=1", "v=spf10"), "has no SPF record"),
        ((SPF, "V=SPF1 ~all"), "several SPF records"),
        (("v=spf1 -all",), "nobody may send for it"),
    ],
)
def test_spf_that_does_not_let_us_send(spf: tuple[str, ...], words: str) -> None:
    """Of the domain of the return path."""
    messages = said(sender(), spf=spf)
    assert (1, True) == (len(messages), words in messages[0])


def test_no_policy_at_all() -> None:
    """Neither of the domain nor of one above it."""
    assert "no DMARC record" in said(sender(), above=("v=spf1 -all",))[0]


@pytest.mark.parametrize(
    ("own", "above", "words"),
    [
        ((), "v=DMARC1; p=reject", "refuse"),
        ((), "v=DMARC1;p=none;sp=quarantine", "as spam"),
        (("v=DMARC1; p=reject",), DMARC, "refuse"),
        ((), "v=DMARC1; p=reject; sp=none", ""),
        (("v=DMARC1; p=none",), "v=DMARC1; p=reject", ""),
    ],
)
def test_a_policy_that_would_have_us_refused(own: tuple[str, ...], above: str, words: str) -> None:
    """The nearest one counts, and one from above by its word for those below."""
    who = sender("news.quay.example", signed=("harbour.example",), returns="harbour.example")
    messages = said(who, own=own, above=(above,))[1:]  # the first one says that it is not signed
    assert (bool(words), words in "".join(messages)) == (bool(messages), True)


def test_where_nobody_answers_nothing_is_said() -> None:
    """A question that failed is no finding."""
    assert [] == said(sender(), spf=None, above=None)
    assert [] == said(sender(), spf=None, own=None, above=())
    assert [] == said(sender(), spf=None, domain=None, above=())
    assert [] == check_sender(sender(), {})


def test_what_is_looked_up() -> None:
    """The return path, and the policy up to the domain that somebody owns."""
    who = sender("a.b.c.d.e.f.g.h.i.harbour.example")
    names = names_to_query(who)
    assert ["lists.harbour.example", who.domain, f"_dmarc.{who.domain}"] == names[:3]
    assert ("_dmarc.harbour.example", 9) == (names[-1], len(names))  # eight with the top-level domain, RFC 9989 §4.10
    assert ["x.example", "_dmarc.x.example"] == names_to_query(sender("x.example", returns="x.example"))
