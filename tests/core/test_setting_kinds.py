"""The kinds of settings: what each accepts, and what it says of anything else."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.core import setting_kinds as kinds
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.core.setting import BadMembers, BadValue, Kind, show

LONGEST_URL = "https://" + ".".join(["a" * 61, *["b" * 63] * 3])  # a name of 253 octets, RFC 1035 §2.3.4
COLOURS = kinds.one_of("red", "green", "blue")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (kinds.text("a name"), " Ada ", "Ada"),
        (kinds.matching("[a-z]+", "letters"), "abc", "abc"),
        (COLOURS, "green", "green"),
        (kinds.whole(1, 10), 1, 1),
        (kinds.whole(1, 10), 10, 10),
        (kinds.whole(0), 1_000_000, 1_000_000),
        (kinds.switch(), True, True),
        (kinds.switch(), False, False),
        (kinds.duration(), "15m", 900.0),
        (kinds.duration_or_none(), "0s", 0.0),
        (kinds.durations(), ["1s", "2m"], (1.0, 120.0)),
        (kinds.size(), "1 B", 1),
        (kinds.size(), "10 MiB", 10 * 1024**2),
        (kinds.rate(), "10/s", Rate(10, 1.0)),
        (kinds.rates(), "10/s", (Rate(10, 1.0),)),
        (kinds.rates(), ["10/s", "20/h"], (Rate(10, 1.0), Rate(20, 3600.0))),
        (kinds.share(), "0%", 0.0),
        (kinds.share(), "100%", 1.0),
        (kinds.share(), "0.5%", 0.005),
        (kinds.address(), "Ops@Bücher.example", "Ops@xn--bcher-kva.example"),
        (kinds.base_url(), LONGEST_URL, LONGEST_URL),
        (kinds.domain(), "Lists.Bücher.example", "lists.xn--bcher-kva.example"),
        (kinds.base_url(), "https://News.Example", "https://news.example"),
        (kinds.base_url(), "https://bücher.example", "https://xn--bcher-kva.example"),
        (kinds.base_url(), "http://[::1]:80", "http://[::1]:80"),
        (kinds.base_url(), "https://news.example:1", "https://news.example:1"),
        (kinds.endpoint(), "127.0.0.1:8080", TcpEndpoint("127.0.0.1", 8080)),
        (kinds.endpoint(), "mail.example:25", TcpEndpoint("mail.example", 25)),
    ],
)
def test_a_good_value_is_read(kind: Kind[Any], value: object, expected: object) -> None:
    assert expected == kind.read(value)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (kinds.text("a name"), "", "a name"),
        (kinds.text("a name"), "  ", "a name"),
        (kinds.text("a name"), 1, "a name"),
        (kinds.text("a name"), "a\x1fb", "a name, without control characters"),
        (kinds.text("a name"), "a\x7fb", "a name, without control characters"),
        (kinds.matching("[a-z]+", "letters"), "abc1", "letters"),
        (COLOURS, 1, '"red", "green" or "blue"'),
        (COLOURS, "Greeen", '"red", "green" or "blue"; did you mean "green"?'),
        (COLOURS, "something", '"red", "green" or "blue"'),
        (kinds.whole(1, 10), 0, "a whole number from 1 to 10"),
        (kinds.whole(1, 10), 11, "a whole number from 1 to 10"),
        (kinds.whole(0), True, "a whole number from 0 to 1000000"),
        (kinds.whole(0), 1_000_001, "a whole number from 0 to 1000000"),
        (kinds.whole(0), "1", "a whole number from 0 to 1000000"),
        (kinds.switch(), "Yes", "true or false; did you mean true, without quotes?"),
        (kinds.switch(), "off", "true or false; did you mean false, without quotes?"),
        (kinds.switch(), 1, "true or false, without quotes"),
        (kinds.duration(), "0s", "greater than zero"),
        (kinds.duration(), 5, 'did you mean "5s"?'),
        (kinds.durations(), [], "with at least one"),
        (kinds.durations(), "1s", "a list of durations"),
        (kinds.size(), "0 B", "at least 1 B"),
        (kinds.size("128 MiB"), "127 MiB", "at least 128 MiB"),
        (kinds.size(), 5, 'did you mean "5 B"?'),
        (kinds.rate(), 5, 'did you mean "5/s"?'),
        (kinds.rates(), [], kinds.rates().expected),
        (kinds.share(), "100.1%", kinds.share().expected),
        (kinds.share(), "5", kinds.share().expected),
        (kinds.domain(), "lists", kinds.domain().expected),
        (kinds.domain(), "a@lists.example", kinds.domain().expected),
        (kinds.base_url(), "https://news.example:0", kinds.base_url().expected),
        (kinds.endpoint(), "300.1.1.1:80", kinds.endpoint().expected),
        (kinds.endpoint(), "-x:80", kinds.endpoint().expected),
    ],
)
def test_any_other_value_is_refused_with_what_would_be_right(kind: Kind[Any], value: object, said: str) -> None:
    with pytest.raises(BadValue) as refused:
        kind.read(value)
    assert said in refused.value.expected


def test_a_kind_knows_the_words_that_it_had_before() -> None:
    formerly = {"crimson": "red"}
    assert formerly == kinds.one_of("red", "green", formerly=formerly).former_words
    assert {} == COLOURS.former_words


def test_every_wrong_member_is_reported() -> None:
    with pytest.raises(BadMembers) as refused:
        kinds.durations().read(["1s", "x", 5, "2s"])
    assert [1, 2] == [*refused.value.members]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 78, f'"{"x" * 78}"'),
        ("x" * 79, f'"{"x" * 75}…"'),
        (10**80 - 1, "9" * 80),
        pytest.param(16**5000, f"0x1{'0' * 73}…", id="thousands of digits"),
    ],
)
def test_a_value_is_shown_on_a_line(value: object, shown: str) -> None:
    """As the file spells it; what has more than 80 characters there is cut, and so is what Python would not write."""
    assert shown == show(value)
