"""The database on a server, as an address names it. Its driver is loaded only where there is one."""

from __future__ import annotations

from pressrun.core.errors import BadConfiguration
from pressrun.store.location import CONFIGURED, Location
from pressrun.store.server_password import ServerPassword


class MissingDriver(BadConfiguration):
    """The database is on PostgreSQL, and its driver cannot be loaded: what is there (`state`), and the `remedy`."""

    remedy = "Install requirements/postgresql.txt, or python3-psycopg"

    def __init__(self, problem: ImportError) -> None:
        self.state = f"a database on PostgreSQL, which needs psycopg ({problem})"
        super().__init__(f"{self.state}. {self.remedy}")


def find_server(address: str | None, password: ServerPassword | None, source: str = CONFIGURED) -> Location | None:
    """The database at that address, or None for the file in data_dir; raises MissingDriver without the driver.

    `source` is where the address can be corrected, if not in the configuration.
    """
    if address is None:
        return None
    try:
        from pressrun.store.postgresql.location import PostgresDatabase  # noqa: PLC0415 - an extra, slow to import
    except ImportError as problem:
        raise MissingDriver(problem) from None
    return PostgresDatabase(address, password, source)
