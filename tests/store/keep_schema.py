"""Keeps a database of the newest schema for the tests of upgrades, for both engines; do it with the step after it.

  python -m tests.store.keep_schema

It is the one that was kept last, brought up to date by its step, with rows for tables that are new.
"""

from __future__ import annotations

import random
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.store.every_table import fill_audit, insert_row
from tests.store.sqlite.test_migrate import KEYS

from pressrun.store.postgresql import location
from pressrun.store.sqlite import migrate

_SQLITE = Path(__file__).parent / "sqlite" / "released"
_POSTGRESQL = Path(__file__).parent / "postgresql" / "released"
_TABLES = "select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by rowid"


def restore(folder: Path, path: Path, number: int) -> Path:
    """The database that a version left."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        script = (folder / f"{number}.sql").read_text(encoding="utf-8")
        connection.executescript(f"pragma foreign_keys = off; begin; {script} commit;")
    path.chmod(0o600)
    return path


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return "'{}'".format(value.replace("'", "''")) if isinstance(value, str) else repr(value)


def _rows(connection: sqlite3.Connection) -> Iterator[str]:
    for table, _ in connection.execute(_TABLES).fetchall():
        if table in {"consent_head", "audit_head"} or table.startswith("archive_search_"):
            continue  # a trigger or the index itself writes them
        columns = [name for (name,) in connection.execute("select name from pragma_table_info(?)", (table,))]
        columns = ["rowid", *columns] if table == "archive_search" else columns
        listed = ", ".join(columns)
        for row in connection.execute(f"select {listed} from {table}"):
            yield f"insert into {table} ({listed}) values ({', '.join(map(_literal, row))});"


def _without_comments(sql: str) -> str:
    return re.sub(r"\n\s*\n", "\n", re.sub(r"[ \t]*--[^\n]*", "", sql)).strip()


def main() -> int:
    """Write both files."""
    newest = migrate.newest_version()
    with tempfile.TemporaryDirectory() as folder:
        path = restore(_SQLITE, Path(folder) / "db", newest - 1)
        migrate.migrate(path, migrate.package_steps(), backups=Path(folder), keys=KEYS)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            has_audit = connection.execute("select 1 from audit").fetchone() is not None
        if not has_audit:
            fill_audit(path, random.Random(newest))  # its rows depend on each other
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.create_function("searchable", 1, str, deterministic=True)
            for table, _ in connection.execute(_TABLES).fetchall():
                if not connection.execute(f"select count(*) from {table}").fetchone()[0]:
                    insert_row(connection, table, random.Random(newest))
            rows = "\n".join(_rows(connection))
    schema = _without_comments(migrate.package_schema())
    schema = re.sub(r"^insert into [^;]*;$", "", schema, flags=re.MULTILINE)  # they are among the rows
    head = f"pragma application_id = {migrate.APPLICATION_ID};\npragma user_version = {newest};"
    (_SQLITE / f"{newest}.sql").write_text(f"{schema}\n-- rows\n{head}\n{rows}\n", encoding="utf-8")
    on_server = "\n".join(
        re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'", line)
        for line in rows.splitlines()
        if "archive_search" not in line and not line.startswith("insert into id_counter")
    )
    theirs = _without_comments(location.package_schema())
    last = f"insert into schema_version (version) values ({newest});"
    (_POSTGRESQL / f"{newest}.sql").write_text(f"{theirs}\n-- rows\n{on_server}\n{last}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
