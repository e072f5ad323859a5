"""How far ahead of the connections rows are given out."""

from __future__ import annotations

import pytest
from tests.delivery.worker.conftest import relay_at, settings_for

from pressrun.core.quantities import Rate
from pressrun.delivery.worker.settings import AHEAD_AT_MOST
from pressrun.services.settings import DeliverySettings


@pytest.mark.parametrize(
    ("rates", "relay_rates", "ahead"),
    [
        ((Rate(100, 1.0),), (), 0),
        ((Rate(1000, 1.0),), (), 3),
        ((Rate(1_000_000, 1.0),), (), AHEAD_AT_MOST),
        ((Rate(1_000_000, 1.0),), (Rate(400, 1.0),), 1),
        ((Rate(1000, 1.0), Rate(100, 3600.0)), (), 0),
        ((), (), AHEAD_AT_MOST),
    ],
)
def test_as_many_as_go_out_in_three_milliseconds(
    rates: tuple[Rate, ...], relay_rates: tuple[Rate, ...], ahead: int
) -> None:
    settings = settings_for(relay_at(25, rates=relay_rates), delivery=DeliverySettings(rates=rates))
    assert ahead == settings.ahead("primary")
