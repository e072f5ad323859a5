"""Reading through the daemon, for members of the group, who cannot open the database.

The daemon runs the same named statements as a verb that reads the database itself, so verbs know nothing of it. Each
statement sees the data of its own moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pressrun.control.client import ControlClient
from pressrun.core.errors import PressrunError, TryAgain
from pressrun.store.transaction import Dialect, Row, Transaction, row_class


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


class _RemoteResult:
    """The rows of one statement."""

    def __init__(self, columns: list[str], rows: list[list[Any]]) -> None:
        self._rows: list[Row] = [*map(row_class(tuple(columns)), rows)]

    def fetchall(self) -> list[Row]:
        return self._rows

    def fetchone(self) -> Row | None:
        return self._rows[0] if self._rows else None


class _RemoteConnection:
    """Runs statements by their names."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def execute(self, name: str, parameters: Mapping[str, Any]) -> _RemoteResult:
        """Run a statement that reads."""
        answer = self._client.call("read", {"statement": name, "parameters": parameters}, lambda _: None)
        return _RemoteResult(answer["columns"], answer["rows"])


def _refuse_to_write(_connection: Any, name: str, _rows: Sequence[Sequence[Any]]) -> int:
    raise AssertionError(f"{name} is not a statement that reads")


_DIALECT = Dialect(
    statements=_Names(),
    stream=lambda connection, name, parameters: iter(connection.execute(name, parameters).fetchall()),
    run_rows=_refuse_to_write,
    mend_statistics=lambda _connection: False,
    errors=PressrunError,
    mistakes=PressrunError,
    outages=(),
    is_damage=lambda _problem: False,
    mend=lambda _problem: "",
    conflicts=(),
    has_locks=False,
)
