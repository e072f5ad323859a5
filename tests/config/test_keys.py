"""The keys of config.toml as the settings types declare them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from pressrun.config import changed_needing_restart, examine, load_settings
from pressrun.config.settings import TABLES, Settings, Table
from pressrun.core.quantities import Rate
from pressrun.core.setting import Setting

_KEYS = [pytest.param(key, id=f"{table.name or 'top'}.{key.key}") for table in TABLES for key in table.keys]
# Fields that no key sets by itself: made of several, or of other tables and files.
_MADE = {"receives_mail", "timeouts", "domains", "key_pem", "admin_base_url"}


@pytest.mark.parametrize("key", _KEYS)
def test_what_is_shown_can_be_written(key: Setting) -> None:
    """A key shows a default or an example, and accepts both."""
    shown = [value for value in (key.default, key.example) if value is not None]
    assert shown
    for value in shown:
        key.kind.read(value)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_key_has_two_meanings(table: Table) -> None:
    """The keys of a table and their former names are all different."""
    names = [name for key in table.keys for name in (key.key, *key.formerly)]
    assert sorted(set(names)) == sorted(names)


def test_every_field_of_a_settings_type_is_a_key() -> None:
    """There is no limit or timeout without a key."""
    kinds: list[type[Any]] = [kind for table in TABLES for kind in table.types if kind is not Settings]
    fields = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    assert _MADE == fields - {key.field for table in TABLES for key in table.keys}


_REQUIRED = """data_dir = "data"
base_url = "https://news.example.org"
mail_domain = "news.example.org"
[http]
listen = "127.0.0.1:8080"
[smtp]
[[relay]]
host = "127.0.0.1"
port = 25
"""


def _write(folder: Path, rest: str) -> Path:
    path = folder / "config.toml"
    path.write_text(_REQUIRED + rest)
    return path


def test_a_former_name_is_accepted_with_a_warning(tmp_path: Path) -> None:
    """A key or word that was renamed still works for one release, and the warning says what it is called now."""
    rest = '[limits]\nleaving_notes_per_address = "7/day"\nrole_addresses = "take"\n'
    settings = load_settings(_write(tmp_path, rest), {})
    assert (Rate(7, 86400.0), "accept") == (
        settings.limits.unsubscribe_notes_per_address,
        settings.limits.role_addresses,
    )
    assert settings.warnings == (
        (
            "line 11: limits.leaving_notes_per_address: is now called unsubscribe_notes_per_address. "
            "The old name works for one release"
        ),
        'line 12: limits.role_addresses: "take" is now "accept". The old word works for one release',
    )


def test_a_key_that_moved_to_another_table_is_accepted_with_a_warning(tmp_path: Path) -> None:
    settings = load_settings(_write(tmp_path, '[limits]\nconsent_ip_for = "7d"\nrole_addresses = "ignore"\n'), {})
    assert (7 * 86400.0, "ignore") == (
        settings.retention.addresses_of_requests_seconds,
        settings.limits.role_addresses,
    )
    assert settings.warnings == (
        (
            "line 11: limits.consent_ip_for: is now called addresses_of_requests in [retention]. "
            "The old name works for one release"
        ),
    )


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        (
            '[limits]\nconsent_ip_for = "7d"\n[retention]\naddresses_of_requests = "9d"\n',
            (
                "line 11: limits.consent_ip_for: found consent_ip_for beside retention.addresses_of_requests, "
                "expected retention.addresses_of_requests alone"
            ),
        ),
        (
            "[limits]\nconsent_ip_for = 7\n",
            (
                "line 11: retention.addresses_of_requests: found 7, expected a duration in quotes: a number and ms, s, "
                'm, h or d, as in "15m", or "never"; did you mean "7s"?'
            ),
        ),
    ],
    ids=["both", "wrong"],
)
def test_what_is_wrong_with_a_key_that_moved_is_said_where_it_stands(tmp_path: Path, rest: str, problem: str) -> None:
    assert [problem] == [str(error) for error in examine(_write(tmp_path, rest), {})]


def test_both_names_of_a_key_are_one_too_many(tmp_path: Path) -> None:
    """A file with both would leave open which of them holds."""
    rest = '[limits]\nleaving_notes_per_address = "7/day"\nunsubscribe_notes_per_address = "9/day"\n'
    assert [str(error) for error in examine(_write(tmp_path, rest), {})] == [
        (
            "line 11: limits.leaving_notes_per_address: found leaving_notes_per_address beside "
            "unsubscribe_notes_per_address, expected unsubscribe_notes_per_address alone, which was once called "
            "leaving_notes_per_address"
        )
    ]


def test_a_reload_names_the_keys_that_need_a_restart(tmp_path: Path) -> None:
    """Keys that differ and that a reload cannot change, in the order of the reference; a whole table by its name."""
    old = load_settings(_write(tmp_path, ""), {})
    text = _REQUIRED.replace("8080", "8081").replace("[smtp]\n", "") + '[delivery]\nrate = "5/s"\n'
    (tmp_path / "config.toml").write_text(text.replace('"data"', '"other"'))
    new = load_settings(tmp_path / "config.toml", {})
    assert ["data_dir", "http.listen", "smtp"] == changed_needing_restart(old, new)
