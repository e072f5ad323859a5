"""`config show` as an operator calls it."""

from __future__ import annotations

import pytest
from tests.cli.shell import Shell

CONFIG = """
[[relay]]
name = "second"
host = "127.0.0.1"
port = 26
username = "me"
password_file = "secret"
rate = "5/s"

[delivery.domain."gmail.com"]
rate = "3/s"
"""


def test_config_show_says_where_each_value_comes_from(shell: Shell) -> None:
    """The line of the file, or the default; keys of repeated tables are told apart."""
    (shell.folder / "secret").write_text("hush")
    before = shell.config.read_text()
    shell.config.write_text(before + CONFIG)
    rows = {row["key"]: row for row in shell.good("config", "show", "--json").json}
    first = before.count("\n") + 1
    assert {"key": "relay[2].host", "value": "127.0.0.1", "line": first + 3} == rows["relay[2].host"]
    assert {"key": "relay[2].security", "value": "none", "line": None} == rows["relay[2].security"]
    assert {"key": "relay[2].password_file", "value": "(set)", "line": first + 6} == rows["relay[2].password_file"]
    assert {"key": 'delivery.domain."gmail.com".rate', "value": "3/s", "line": first + 10} == rows[
        'delivery.domain."gmail.com".rate'
    ]
    assert rows["delivery.rate"]["line"] is None
    text = shell.good("config", "show").out
    assert f"{shell.config}:{first + 3}" in text
    assert "hush" not in text
    assert "secret" not in text.replace("oidc.client_secret_file", "")  # the name of a key


def test_config_show_changed_leaves_the_defaults_out(shell: Shell) -> None:
    """Also those that the file repeats."""
    shell.config.write_text(shell.config.read_text().replace("\n[log]\n", '\n[log]\nlevel = "info"\n'))
    changed = {row["key"] for row in shell.good("config", "show", "--changed", "--json").json}
    assert {"data_dir", "base_url", "mail_domain", "relay[1].host", "relay[1].port"} <= changed
    assert "log.level" not in changed
    assert "log.level" in {row["key"] for row in shell.good("config", "show", "--json").json}


@pytest.mark.parametrize(
    ("table", "former", "key"),
    [
        ("limits", "consent_ip_for", "retention.addresses_of_requests"),
        ("tokens", "undo_leaving_lifetime", "tokens.undo_unsubscribe_lifetime"),
    ],
)
def test_config_show_has_the_value_of_a_former_key(shell: Shell, table: str, former: str, key: str) -> None:
    """Which is in force, also where the key has moved to another table."""
    text = shell.config.read_text().replace(f"\n[{table}]\n", f'\n[{table}]\n{former} = "31d"\n')
    shell.config.write_text(text)
    rows = {row["key"]: row for row in shell.good("config", "show", "--changed", "--json").json}
    assert ("31d", text[: text.index(former)].count("\n") + 1) == (rows[key]["value"], rows[key]["line"])


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:hush@db.test/pressrun", "postgresql://me:…@db.test/pressrun"),
        ("postgresql://db.test/p?user=me&password=hush", "postgresql://db.test/p?user=me&password=…"),
        ("postgresql://db.test/p?pass%77ord=hush&user=me", "postgresql://db.test/p?pass%77ord=…&user=me"),
        ("postgresql://u?er:a?b@db.test/p?sslpassword=hu?sh", "postgresql://u?er:…@db.test/p?sslpassword=…"),
        ("postgresql://db.test/p?x=y?password=hush", "postgresql://db.test/p?x=y?password=…"),
        ("postgresql://db.test/p?oauth_client_secret=hush", "postgresql://db.test/p?oauth_client_secret=…"),
    ],
)
def test_config_show_hides_the_password_of_a_database(
    shell: Shell, address: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it stands in the address."""
    lines = [line for line in shell.config.read_text().splitlines() if not line.startswith("database =")]
    shell.config.write_text("\n".join([f'database = "{address}"', *lines]))
    rows = {row["key"]: row["value"] for row in shell.good("config", "show", "--json").json}
    assert shown == rows["database"]
