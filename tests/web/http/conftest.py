"""What the tests of connections share."""

from __future__ import annotations

import pytest

from pressrun.web.http.connections import DEFAULT_CONNECTION, H11Connection, LimitedConnection


@pytest.fixture(params=list(dict.fromkeys([H11Connection, DEFAULT_CONNECTION])))
def kind(request: pytest.FixtureRequest) -> type[LimitedConnection]:
    """Each of the two protocols that may carry a connection."""
    protocol: type[LimitedConnection] = request.param
    return protocol
