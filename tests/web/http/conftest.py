"""What the tests of connections share."""

from __future__ import annotations

import pytest

from pressrun.web.http.connections import CONNECTION, PlainConnection, WatchedConnection


@pytest.fixture(params=list(dict.fromkeys([PlainConnection, CONNECTION])))
def kind(request: pytest.FixtureRequest) -> type[WatchedConnection]:
    """Each of the two protocols that may carry a connection."""
    found: type[WatchedConnection] = request.param
    return found
