"""What must be alike wherever one database is used: its fingerprints, and which keys differ."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pressrun.config import differing_settings, fingerprint_settings, load_settings
from pressrun.config.settings import Settings
from pressrun.core.quantities import Rate

_FILE = """\
data_dir = "data"
base_url = "https://news.example.org"
mail_domain = "news.example.org"

[http]
listen = "127.0.0.1:8080"

[[relay]]
name = "primary"
host = "127.0.0.1"
port = 25
rate = "50/s"

[[relay]]
name = "second"
host = "127.0.0.2"
port = 25

[delivery.domain."reader.example"]
rate = "20/s"
"""


def _load(folder: Path, changes: Mapping[str, str] | None = None) -> Settings:
    text = _FILE
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, {})


def test_the_text_has_no_value_and_the_same_form_always(tmp_path: Path) -> None:
    """A pinned fingerprint: another form would warn of a difference at each upgrade."""
    text = fingerprint_settings(_load(tmp_path))
    digests = json.loads(text)
    assert "news.example.org" not in text
    assert list(digests) == sorted(digests)
    assert {16} == {len(each) for each in digests.values()}
    assert ("8899d4cabf5668e6", "531cd52c69e72a7b") == (digests["base_url"], digests["limits.confirmations"])


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ("https://news", "https://other", ["base_url"]),
        ('mail_domain = "news', 'mail_domain = "post', ["mail_domain"]),
        ('"50/s"', '"51/s"', ["relay"]),
        ('"second"', '"third"', ["relay"]),
        ('"20/s"', '["20/s", "900/h"]', ["delivery.domain"]),
        ("[http]", "[tokens]\nconfirm_lifetime = '8d'\n[http]", ["tokens.confirm_lifetime"]),
        ("[http]", "[bounces]\nhard_limit = 2\n[http]", ["bounces.hard_limit"]),
        ("[http]", "[limits]\nconfirmations = '2001/h'\n[http]", ["limits.confirmations"]),
        ('[delivery.domain."r', "[delivery]\nrate = '99/s'\n[delivery.domain.\"r", ["delivery.rate"]),
    ],
)
def test_a_difference_is_named(tmp_path: Path, old: str, new: str, differing: list[str]) -> None:
    before = fingerprint_settings(_load(tmp_path))
    after = fingerprint_settings(_load(tmp_path, {old: new}))
    assert differing == differing_settings(before, after) == differing_settings(after, before)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('data_dir = "data"', 'data_dir = "elsewhere"'),
        ("127.0.0.1:8080", "127.0.0.1:8081"),
        ('host = "127.0.0.2"', 'host = "127.0.0.3"\nconnections = 3'),
        ("[http]", "[log]\nlevel = 'debug'\n[http]"),
        ('[delivery.domain."r', '[delivery]\nworkers = 3\n[delivery.domain."r'),
        ('"50/s"', '"50/1s"'),
    ],
)
def test_what_is_about_one_machine_or_means_the_same_is_no_difference(tmp_path: Path, old: str, new: str) -> None:
    before = fingerprint_settings(_load(tmp_path))
    assert before == fingerprint_settings(_load(tmp_path, {old: new}))


def test_the_order_of_relays_is_no_difference(tmp_path: Path) -> None:
    settings = _load(tmp_path)
    assert fingerprint_settings(settings) == fingerprint_settings(
        dataclasses.replace(settings, relays=settings.relays[::-1])
    )


def test_a_name_that_one_version_lacks_is_no_difference() -> None:
    assert ["b"] == differing_settings('{"a": "1", "b": "1"}', '{"b": "2", "c": "1"}')


def test_each_limit_and_lifetime_counts(tmp_path: Path) -> None:
    """Whatever key the tables get, it is in the text, unless it is about one process."""
    settings = _load(tmp_path)
    for table, others in (("limits", 0), ("tokens", 0), ("bounces", 0), ("delivery", 2)):
        part = getattr(settings, table)
        names = [each.name for each in dataclasses.fields(part) if each.name != "domains"]
        counted = [name for name in names if _changes_the_text(settings, table, name)]
        assert others == len(names) - len(counted), set(names) - set(counted)


def _changes_the_text(settings: Settings, table: str, name: str) -> bool:
    part: Any = getattr(settings, table)
    other: Any = dataclasses.replace(part, **{name: (Rate(77, 7.0),)})
    changed: Any = dataclasses.replace(settings, **{table: other})
    return fingerprint_settings(settings) != fingerprint_settings(changed)
