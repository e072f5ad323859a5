"""Reading through the daemon, for members of the group, who cannot open the database.

The daemon runs the same named statements as a verb that reads the database itself, so verbs know nothing of it. Each
statement sees the data of its own moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pressrun.control.client import ControlClient
from pressrun.core.errors import PressrunError, TryAgain
from pressrun.store.transaction import Dialect, Row, Transaction


@contextmanager
def remote_reading(socket: Path) -> Iterator[Transaction]:
    """What reads through the daemon behind this socket; raises NotPermitted, and TryAgain when none runs."""
    with closing(connect_as_member(socket)) as client:
        yield Transaction(_RemoteConnection(client), _DIALECT)


def connect_as_member(socket: Path) -> ControlClient:
    """The daemon behind the socket of the group; raises NotPermitted, and TryAgain when none runs."""
    client = ControlClient.connect(socket)
    if client is None:
        raise TryAgain(f"no daemon answers at {socket}. Members of the group need a running one; or use sudo")
    return client


class _Names(Mapping[str, str]):
    """Statements by their names: the daemon knows their text."""

    def __getitem__(self, name: str) -> str:
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _RemoteRow(tuple[Any, ...]):
    """A row whose values are found by place and by the name of the column."""

    __slots__ = ()
    places: dict[str, int] = {}  # noqa: RUF012 - each result has a class of its own

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        """The names of the columns."""
        return list(self.places)


class _RemoteResult:
    """The rows of one statement."""

    def __init__(self, columns: list[str], rows: list[list[Any]]) -> None:
        places = {name: place for place, name in enumerate(columns)}
        self._rows: list[Row] = [*map(type("Row", (_RemoteRow,), {"places": places}), rows)]

    def fetchall(self) -> list[Row]:
        """All rows."""
        return self._rows

    def fetchone(self) -> Row | None:
        """The first row."""
        return self._rows[0] if self._rows else None


class _RemoteConnection:
    """Runs statements by their names."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def execute(self, name: str, parameters: Mapping[str, Any]) -> _RemoteResult:
        """Run a statement that reads."""
        found = self._client.call("read", {"statement": name, "parameters": parameters}, lambda _: None)
        return _RemoteResult(found["columns"], found["rows"])


_DIALECT = Dialect(
    statements=_Names(),
    stream=lambda connection, name, parameters: iter(connection.execute(name, parameters).fetchall()),
    errors=PressrunError,
    mistakes=PressrunError,
    outages=(),
    conflicts=(),
    has_locks=False,
)
