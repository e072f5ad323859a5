"""`doctor` as an operator calls it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.certificates import self_signed
from tests.cli.shell import Shell
from tests.database import execute_at
from tests.ports import free_port

from pressrun.core.timestamps import rfc3339

RELAY = """
[[relay]]
name = "second"
host = "127.0.0.1"
port = 26
username = "me"
password_file = "secret"
"""


def test_doctor_shows_what_it_found_with_its_remedy(shell: Shell) -> None:
    """In text and as JSON alike; 2, since nothing answers on this machine."""
    shell.make_list()
    port = free_port()
    shell.config.write_text(shell.config.read_text().replace("port = 25\n", f"port = {port}\n"))
    shell.call("token", "create", "--name", "crm", "--expires", "3d")
    execute_at(shell.database, "update api_token set used_at = created_at")
    text, as_json = shell.call("doctor"), shell.call("doctor", "--json")
    assert (2, 2) == (text.code, as_json.code)
    assert {"checked_at", "counts", "findings"} == as_json.json.keys()
    counts = as_json.json["counts"]
    assert sum(counts.values()) == len(as_json.json["findings"])
    assert text.out.splitlines()[-1] == (
        f"{counts['pass']} passed, {counts['warn']} warnings, {counts['fail']} failures"
    )
    for finding in as_json.json["findings"]:
        assert finding["severity"] in {"pass", "warn", "fail"}
        assert finding["remedy"] in text.out
    by_check = {finding["check"]: finding for finding in as_json.json["findings"]}
    assert by_check["database"]["severity"] == (
        "pass" if isinstance(shell.database, Path) else "fail"
    )  # fsync is off there
    assert f"Start the mail server at 127.0.0.1:{port}" in by_check["relay"]["remedy"]
    assert "the token crm expires in 3 days" in by_check["tokens"]["message"]
    assert "no daemon is running" in by_check["round-trip"]["message"]


@pytest.mark.parametrize("listed", [[], ["absent"]], ids=["findings", "refused"])
def test_doctor_says_on_a_terminal_what_it_waits_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, listed: list[str]
) -> None:
    """The line is gone before anything else is written, and JSON stays JSON."""
    shell.make_list()
    assert "" == shell.call("doctor", "--json").err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    called = shell.call("doctor", *listed, "--json")
    wait, after = called.err.split("\r\x1b[K")[1:]
    assert "a test bounce may take a minute to come back" in wait
    assert (after, bool(called.out)) == ("", True) if not listed else "no open list" in after


def test_doctor_looks_at_one_list(shell: Shell) -> None:
    """Alignment is by list."""
    shell.make_list()
    shell.make_list("tides")
    assert {"news", "tides"} == _aligned(shell)
    assert {"tides"} == _aligned(shell, "tides")
    assert (1, True) == ((called := shell.call("doctor", "absent")).code, "no open list is called absent" in called.err)


def _aligned(shell: Shell, *arguments: str) -> set[str]:
    findings = shell.call("doctor", *arguments, "--json").json["findings"]
    return {finding["message"].split()[1].rstrip(":") for finding in findings if finding["check"] == "alignment"}


def test_doctor_before_there_is_a_database(shell: Shell) -> None:
    """It says so, and checks the rest."""
    called = shell.call("doctor", "--json")
    messages = {finding["check"]: finding["message"] for finding in called.json["findings"]}
    assert ("does not exist yet" in messages["database"]) or ("no tables" in messages["database"])
    assert "only their owner can read" in messages["files"]


@pytest.mark.parametrize("resolver", ["", "localhost", "127.0.0.1:x", "127.0.0.1:99999"])
def test_a_resolver_that_is_no_address(shell: Shell, resolver: str) -> None:
    called = shell.call("doctor", "--resolver", resolver)
    assert (64, True) == (called.code, "--resolver: found" in called.err)


def test_the_certificate_of_smtp_that_has_expired(shell: Shell) -> None:
    """Mail servers that verify it keep their mail, and nobody here would see why."""
    shell.make_list()
    expired_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    for name, content in zip(("mx.pem", "mx.key"), self_signed(expired_at), strict=True):
        (shell.folder / name).write_bytes(content)
        (shell.folder / name).chmod(0o600)
    text = shell.config.read_text(encoding="utf-8")
    table = f'\n[smtp]\ncertificate_file = "{shell.folder}/mx.pem"\nkey_file = "{shell.folder}/mx.key"\n'
    shell.config.write_text(text.replace("\n[smtp]\n", table), encoding="utf-8")
    findings = shell.call("doctor", "--json").json["findings"]
    assert [("fail", f"the certificate of [smtp] expired at {rfc3339(int(expired_at.timestamp()))}")] == [
        (finding["severity"], finding["message"]) for finding in findings if "[smtp]" in finding["message"]
    ]


def test_files_that_others_can_read(shell: Shell) -> None:
    """Each with the command that mends it."""
    shell.make_list()
    secret = shell.folder / "secret"
    secret.write_text("hush")
    secret.chmod(0o644)
    shell.config.write_text(shell.config.read_text() + RELAY)
    shell.config.chmod(0o644)
    (shell.data / "keys" / "link-1").chmod(0o640)
    findings = [finding for finding in shell.call("doctor", "--json").json["findings"] if finding["check"] == "files"]
    assert {
        f"chmod 600 {shell.data}/keys/link-1",
        f"chmod o= {secret}",
        f"chmod 640 {shell.config}",
    } == {finding["remedy"] for finding in findings}
    assert ["fail", "warn", "fail"] == [finding["severity"] for finding in findings]
