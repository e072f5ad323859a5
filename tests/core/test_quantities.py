"""Durations, sizes, rates and places to listen, as an operator writes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadQuantity, QuantityTooLarge
from pressrun.core.network.endpoint import Endpoint, SystemdEndpoint, TcpEndpoint, UnixEndpoint, parse_endpoint
from pressrun.core.quantities import Rate, parse_duration, parse_rate, parse_size, wait_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("30s", 30.0), ("15m", 900.0), ("4h", 14400.0), ("5d", 432000.0), ("1.5h", 5400.0), ("0s", 0.0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert seconds == pytest.approx(parse_duration(text))


def test_a_duration_is_ten_years_at_most() -> None:
    assert 87_600 * 3600 == parse_duration("87600h")
    with pytest.raises(BadQuantity, match="The most is 3650d"):
        parse_duration("87601h")


@pytest.mark.parametrize(
    ("text", "octets"),
    [("800 B", 800), ("10 MB", 10_000_000), ("1 MiB", 1 << 20), ("2GiB", 2 << 30), ("1 KB", 1000), ("1.5 KiB", 1536)],
)
def test_a_size_tells_thousands_from_powers_of_two(text: str, octets: int) -> None:
    assert octets == parse_size(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/s", Rate(100, 1.0)),
        ("20/min", Rate(20, 60.0)),
        ("3/day", Rate(3, 86400.0)),
        ("10/15min", Rate(10, 900.0)),
        ("20000/h", Rate(20000, 3600.0)),
        ("1/200ms", Rate(1, 0.2)),
    ],
)
def test_a_rate_is_a_number_over_a_unit_or_a_duration(text: str, rate: Rate) -> None:
    parsed = parse_rate(text)
    assert rate.count == parsed.count
    assert rate.seconds == pytest.approx(parsed.seconds)


@pytest.mark.parametrize(
    ("parse", "most", "beyond"),
    [
        (parse_size, "1048576 GiB", "1048577 GiB"),
        (parse_size, "1125899906842624 B", f"{'9' * 400} GiB"),
        (parse_rate, "1000000000/s", "1000000001/s"),
        (parse_rate, "1000000000/3650d", f"{'9' * 5000}/s"),
    ],
)
def test_a_size_or_number_is_one_that_a_database_can_compare_with(
    parse: Callable[[str], object], most: str, beyond: str
) -> None:
    parse(most)
    with pytest.raises(QuantityTooLarge, match="is too much"):
        parse(beyond)


def test_ten_years_are_not_too_long() -> None:
    assert (Rate(1, 3650 * 86400.0), 3650 * 86400.0) == (parse_rate("1/3650d"), parse_duration("3650d"))


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_duration, "15"),
        (parse_duration, "15min"),
        (parse_duration, "-1s"),
        (parse_duration, "1e3s"),
        (parse_duration, "٣s"),
        (parse_duration, "99999d"),
        (parse_size, "10"),
        (parse_size, "10 kb"),
        (parse_size, "-1 B"),
        (parse_rate, "0/s"),
        (parse_rate, "100"),
        (parse_rate, "100/0s"),
        (parse_rate, "1.5/s"),
        (parse_rate, "1/99999d"),
        (parse_rate, "1/3651d"),
        (parse_duration, "3651d"),
    ],
)
def test_what_cannot_be_meant_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(BadQuantity, match=r".") as caught:
        parse(text)
    assert repr(text) in str(caught.value)


@given(
    st.sampled_from([parse_duration, parse_size, parse_rate, parse_endpoint]),
    st.text(alphabet="0159./: smhdMKGiBn[]a-*"),
)
def test_any_text_is_a_value_or_refused(parse: Callable[[str], object], text: str) -> None:
    try:
        parsed = parse(text)
    except BadQuantity:
        return
    assert parsed is not None


@pytest.mark.parametrize(
    ("text", "endpoint", "shown"),
    [
        ("127.0.0.1:8080", TcpEndpoint("127.0.0.1", 8080), "127.0.0.1:8080"),
        ("[::1]:25", TcpEndpoint("::1", 25), "[::1]:25"),
        (":8080", TcpEndpoint("0.0.0.0", 8080), "0.0.0.0:8080"),
        ("*:8080", TcpEndpoint("0.0.0.0", 8080), "0.0.0.0:8080"),
        ("localhost:0", TcpEndpoint("localhost", 0), "localhost:0"),
        ("unix:/run/x.sock", UnixEndpoint("/run/x.sock"), "unix:/run/x.sock"),
        ("systemd", SystemdEndpoint(), "systemd"),
    ],
)
def test_a_place_to_listen_is_read_and_shown(text: str, endpoint: Endpoint, shown: str) -> None:
    parsed = parse_endpoint(text)
    assert (endpoint, shown) == (parsed, str(parsed))


@pytest.mark.parametrize("text", ["", "8080", "127.0.0.1", "127.0.0.1:65536", "::1:25", "unix:x.sock", "unix:", "h:x"])
def test_what_is_no_place_to_listen_is_refused(text: str) -> None:
    with pytest.raises(BadQuantity, match="invalid listen address"):
        parse_endpoint(text)


@pytest.mark.parametrize(("until", "seconds"), [(100.0, 1), (99.0, 1), (100.5, 1), (101.0, 1), (101.2, 2), (160.0, 60)])
def test_a_wait_is_in_whole_seconds_and_at_least_one(until: float, seconds: int) -> None:
    assert seconds == wait_seconds(until, 100.0)
