"""Verbs that only read, over rows of every table as an earlier version left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tests.cli.shell import Shell
from tests.store.keep_schema import restore
from tests.store.sqlite.test_migrate import KEYS
from tests.store.sqlite.test_released import KEPT, RELEASED

from pressrun.cli.verb_table import READING
from pressrun.store.sqlite import migrate
from pressrun.store.upkeep import key_files

# What is made up there and no version writes: times beyond all calendars, and text where networks are listed.
_POSSIBLE = (
    "update {table} set {column} = {column} % 4000000000 where {column} > 4000000000",
    "update api_token set networks = '[\"192.0.2.0/24\"]'",
)
_NOT_OF_DATA = {"check", "demo", "doctor", "init", "preview", "serve"}
_OF_MORE = {
    "archive export",
    "backup verify",
    "edition delivery",
    "inbound show",
}  # than one word, or what is not there
_REFUSED = ("no such", "invalid email address", "invalid edition")


@pytest.mark.thorough
@pytest.mark.only_on("sqlite", "the rows are those of a file")
def test_reading_verbs_read_the_rows_of_every_table(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With each list, edition and address that is there, as text and as JSON."""
    known = _put_data(shell, monkeypatch)
    reading = sorted(READING - _NOT_OF_DATA)
    assert 25 < len(reading)
    done = set()
    for name in reading:
        for words in ([], *([word] for word in known)):
            for option in ([], ["--json"]):
                called = shell.call(*name.split(), *words, *option)
                if called.code:
                    assert called.code in (64, 66) or called.err.startswith(
                        tuple(f"error: {message}" for message in _REFUSED)
                    ), called
                else:
                    done.add(name)
    assert done == {*reading} - _OF_MORE


def _put_data(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The data that were kept last, up to date; returns how its lists, editions and readers are called."""
    monkeypatch.setattr(key_files, "require_keys", lambda *_: None)  # made up, too
    assert isinstance(shell.database, type(shell.folder))
    data = shell.database.parent
    (data / "keys").mkdir(parents=True, mode=0o700)
    data.chmod(0o700)
    for name, key in (("link-1", KEYS.link_keys[1]), ("suppression", KEYS.suppression_key)):
        path = data / "keys" / name
        path.write_text(f"{key.hex()}\n")
        path.chmod(0o600)
    restore(RELEASED, shell.database, KEPT[-1])
    migrate.migrate(shell.database, migrate.package_steps(), backups=shell.folder / "backups", keys=KEYS)
    with closing(sqlite3.connect(shell.database)) as connection:
        connection.create_function("searchable", 1, str, deterministic=True)
        tables = [name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")]
        for table in tables:
            for column, kind in connection.execute("select name, type from pragma_table_info(?)", (table,)).fetchall():
                if kind.lower() == "integer" and (column.endswith("_at") or column in {"since", "until"}):
                    connection.execute(_POSSIBLE[0].format(table=table, column=column))
        connection.execute(_POSSIBLE[1])
        connection.commit()
        sql = "select name from list union select cast(id as text) from edition union select address from subscriber"
        return [word for (word,) in connection.execute(sql)]
