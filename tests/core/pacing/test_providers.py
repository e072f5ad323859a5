"""Destinations: which domains share their limits, and what an operator's own table changes."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.assets import AssetError
from pressrun.core.pacing.providers import DestinationLimits, DestinationTable, provider_of, providers
from pressrun.core.quantities import Rate

A_LABELS = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
KNOWN = [domain for provider in providers().values() for domain in provider.all_domains()]


@pytest.mark.parametrize(
    ("domain", "destination"),
    [
        ("gmail.com", "gmail"),
        ("googlemail.com", "gmail"),
        ("hotmail.co.uk", "microsoft"),
        ("outlook.com.br", "microsoft"),
        ("live.nl", "microsoft"),
        ("msn.com", "microsoft"),
        ("yahoo.com", "yahoo"),
        ("yahoo.com.ar", "yahoo"),
        ("aol.com", "yahoo"),
        ("sbcglobal.net", "yahoo"),
        ("yahoo.co.jp", "yahoo-japan"),  # another company, other servers
        ("icloud.com", "apple"),
        ("me.com", "apple"),
        ("gmx.at", "gmx"),
        ("web.de", "gmx"),
        ("wanadoo.fr", "orange"),
        ("nyc.rr.com", "spectrum"),
        ("163.com", "netease"),
    ],
)
def test_the_domains_of_one_provider_share_a_destination(domain: str, destination: str) -> None:
    """A provider counts what comes for all of its domains, so they are one destination."""
    assert destination == provider_of(domain)


@pytest.mark.parametrize(
    "domain",
    [
        "reader.example",
        "yahoo.example",  # not every name under every ending is theirs
        "gmail.com.reader.example",
        "mail.gmail.com",
        "notgmail.com",
        "com",
        "rr.com",  # only its regions have mailboxes
        "a.nyc.rr.com",
        "",
    ],
)
def test_other_domains_have_no_destination(domain: str) -> None:
    """What is not listed belongs to nobody we know, however much it looks like it."""
    assert "" == provider_of(domain)


def test_every_domain_stands_once_as_lower_case_a_labels() -> None:
    """A domain that stood twice would belong to whichever provider comes last."""
    assert [] == [domain for domain, count in Counter(KNOWN).items() if count > 1]
    assert [] == [domain for domain in KNOWN if not A_LABELS.fullmatch(domain)]


def test_every_provider_has_a_name_that_is_no_domain() -> None:
    """Destinations are named by providers and by domains, so the two must never meet."""
    assert [] == [name for name in providers() if not re.fullmatch(r"[a-z]+(?:-[a-z]+)?", name)]


def test_well_known_providers_come_with_their_limits() -> None:
    """Copies at a time and on one connection as their pages and the open rule sets say; never a rate."""
    table = DestinationTable({})
    limits = {name: table.limits_of(name) for name in ("gmail", "microsoft", "yahoo", "apple", "orange", "gmx")}
    assert {
        "gmail": (5, 50),
        "microsoft": (5, 50),
        "yahoo": (10, 20),
        "apple": (10, 5),
        "orange": (2, 100),
        "gmx": (4, 20),
    } == {name: (limit.connections, limit.messages_per_connection) for name, limit in limits.items()}
    assert {()} == {table.limits_of(name).rates for name in providers()}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"domain": ["a.example"]}, "assets/providers.toml: post: Object contains unknown field `domain`"),
        ({"connections": "5"}, "assets/providers.toml: post: Expected `int | null`, got `str` - at `$.connections`"),
    ],
)
def test_a_mistake_in_the_file_is_named(monkeypatch: pytest.MonkeyPatch, table: object, message: str) -> None:
    """With the provider and the key."""
    monkeypatch.setattr("pressrun.core.pacing.providers.read_asset", lambda _name: {"post": table})
    with pytest.raises(AssetError) as raised:
        providers.__wrapped__()
    assert message == str(raised.value)


def test_a_configured_domain_is_a_destination_of_its_own() -> None:
    """It leaves its provider's destination, and the provider's other domains stay."""
    rates = (Rate(1, 1.0),)
    configured = {"gmail.com": DestinationLimits(connections=2), "reader.example": DestinationLimits(rates=rates)}
    table = DestinationTable(configured)
    domains = ("gmail.com", "googlemail.com", "reader.example", "other.example")
    assert ["gmail.com", "gmail", "reader.example", ""] == [table.destination_of(domain) for domain in domains]
    assert DestinationLimits(connections=5, messages_per_connection=50) == table.limits_of("gmail")


def test_what_a_table_leaves_out_is_as_its_provider_likes() -> None:
    """A rate for one domain does not lift the limits that its provider has."""
    rates = (Rate(20, 1.0),)
    table = DestinationTable({"gmail.com": DestinationLimits(rates=rates)})
    expected = DestinationLimits(rates=rates, connections=5, messages_per_connection=50)
    assert expected == table.limits_of("gmail.com")


def test_what_a_table_says_outranks_the_provider() -> None:
    """The operator knows better, also when that is more than we would do."""
    limits = DestinationLimits(rates=(Rate(20, 1.0),), connections=40, messages_per_connection=1000)
    assert limits == DestinationTable({"yahoo.com": limits}).limits_of("yahoo.com")


def test_what_a_table_leaves_out_is_not_limited_elsewhere() -> None:
    """A domain of no provider has the limits that were written for it and no others."""
    limits = DestinationLimits(connections=3)
    assert limits == DestinationTable({"reader.example": limits}).limits_of("reader.example")


def test_a_table_of_another_name_limits_nobody() -> None:
    """No destination, no limits."""
    assert DestinationLimits() == DestinationTable({}).limits_of("reader.example") == DestinationTable({}).limits_of("")


def test_all_domains_that_have_a_destination_can_be_listed() -> None:
    """For a table of them: those of the providers, and the configured ones in their place."""
    one_copy = DestinationLimits(connections=1)
    table = DestinationTable({"mine.example": one_copy, "web.de": one_copy})
    expected = {domain: provider_of(domain) for domain in KNOWN} | {"mine.example": "mine.example", "web.de": "web.de"}
    assert expected == table.by_domain


def test_the_database_may_call_it() -> None:
    """`destination_of` works as an SQL function of one text, a deterministic one."""
    table = DestinationTable({"mine.example": DestinationLimits(connections=1)})
    with sqlite3.connect(":memory:") as connection:
        connection.create_function("destination_of", 1, table.destination_of, deterministic=True)
        answer = connection.execute(
            "select destination_of('web.de'), destination_of('mine.example'), destination_of('x.example')"
        ).fetchone()
    connection.close()
    assert ("gmx", "mine.example", "") == answer


@given(st.text(max_size=40), st.sets(st.sampled_from([*KNOWN, "a.example", "b.example"]), max_size=5))
def test_any_text_has_an_answer(domain: str, configured: set[str]) -> None:
    """Every domain has one answer: the destination is a configured domain, a provider or none."""
    table = DestinationTable({name: DestinationLimits() for name in configured})
    names = {"", *configured, *providers()}
    assert {table.destination_of(domain)} <= names
    assert {table.destination_of(name) for name in configured} == configured
