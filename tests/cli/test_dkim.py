"""`dkim create`: a key of its own, its record, and never over another."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import dkim
import pytest
from tests.cli.shell import Shell

from pressrun.config import load_settings
from pressrun.delivery.mailer.mailer import build_signer
from pressrun.operations.dns import txt_strings
from pressrun.services.settings import DeliverySettings

MESSAGE = b"From: news@harbour.example\r\nSubject: x\r\n\r\nx\r\n"


def sign_as_configured(shell: Shell, lines: str) -> bytes:
    """What the daemon would put on top, with these lines added to the configuration."""
    shell.config.write_text(shell.config.read_text(encoding="utf-8") + "\n" + lines + "\n", encoding="utf-8")
    signer = build_signer(load_settings(shell.config).dkim, DeliverySettings())
    assert signer is not None
    return signer.sign(MESSAGE, signed_at=int(time.time()))


def test_it_prints_the_fields_of_the_record(shell: Shell) -> None:
    """The value is one text, whatever its length."""
    key = shell.good("dkim", "create", "Harbour.example", "--json").json
    path = shell.data / "dkim" / "harbour.example.pressrun.pem"
    value = key["record"].pop("value")
    assert {
        "domain": "harbour.example",
        "selector": "pressrun",
        "key_file": str(path),
        "record": {"name": "pressrun._domainkey.harbour.example"},
    } == key
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390}==|v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{391,392}=?", value)
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_the_domain_is_that_of_the_lists_unless_given(shell: Shell) -> None:
    assert "lists.example.test" == shell.good("dkim", "create", "--json").json["domain"]


def test_only_its_owner_can_read_the_key(shell: Shell) -> None:
    """Whatever the umask says, and nothing else lies beside it."""
    before = os.umask(0)
    try:
        path = Path(shell.good("dkim", "create", "--json").json["key_file"])
    finally:
        os.umask(before)
    made = (path, path.parent, path.parent.parent)
    assert [0o600, 0o700, 0o700] == [stat.S_IMODE(place.stat().st_mode) for place in made]
    assert [path] == list(path.parent.iterdir())


def test_a_key_is_never_overwritten(shell: Shell) -> None:
    """The same name: 73, and the old key stays. A command that was killed may have made it, and printed no record."""
    path = Path(shell.good("dkim", "create", "--json").json["key_file"])
    key = path.read_bytes()
    again = shell.call("dkim", "create", "--json")
    assert (73, key) == (again.code, path.read_bytes())
    assert "`pressrun dkim show` prints its DNS record" in again.json["error"]
    other = shell.good("dkim", "create", "--selector", "later", "--json").json
    assert key != Path(other["key_file"]).read_bytes()
    assert 2 == len(list(path.parent.iterdir()))


@pytest.mark.parametrize("step", ["link", "unlink"])
def test_the_next_call_removes_what_a_killed_one_left(shell: Shell, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A private key does not stay under a name that nobody looks at."""
    program = (
        f"import os; os.{step} = lambda *_, **__: os.kill(os.getpid(), 9); from pressrun.cli.main import main; main()"
    )
    command = [sys.executable, "-P", "-c", program, "--config", str(shell.config), "dkim", "create"]
    assert -signal.SIGKILL == subprocess.run(command, check=False, capture_output=True).returncode
    assert [] != list((shell.data / "dkim").glob(".*"))
    shell.call("dkim", "create")
    assert ["lists.example.test.pressrun.pem"] == [path.name for path in (shell.data / "dkim").iterdir()]


def test_what_people_read_can_be_published_and_configured(shell: Shell) -> None:
    """The strings of the record joined, and the lines as they stand, make mail that verifies."""
    out = shell.good("dkim", "create", "harbour.example").out
    strings = re.findall(r'^    "(.*)"$', out, re.MULTILINE)
    assert [255] == [len(text) for text in strings[:-1]]
    assert "pressrun._domainkey.harbour.example. IN TXT (" in out
    signed = sign_as_configured(shell, out[out.index("[dkim]") :]) + MESSAGE
    looked_up = []

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        looked_up.append(name)
        return "".join(strings).encode()

    assert dkim.verify(signed, dnsfunc=look_up)
    assert [b"pressrun._domainkey.harbour.example."] == looked_up


def test_an_ed25519_key_stands_beside_it(shell: Shell) -> None:
    """With a name of its own, and the table in double brackets for both."""
    first = shell.good("dkim", "create", "harbour.example").out
    sign_as_configured(shell, first[first.index("[dkim]") :].replace("[dkim]", "[[dkim]]"))
    second = shell.good("dkim", "create", "harbour.example", "--type", "ed25519").out
    assert re.search(r'^    "v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}="$', second, re.MULTILINE)
    signed = sign_as_configured(shell, second[second.index("[[dkim]]") :])
    assert [b"rsa-sha256", b"ed25519-sha256"] == re.findall(rb"a=([a-z0-9-]+);", signed)


def test_a_new_key_takes_the_place_of_the_old_one(shell: Shell) -> None:
    """An operator who added another table would sign with both keys for ever."""
    first = shell.good("dkim", "create", "harbour.example").out
    sign_as_configured(shell, first[first.index("[dkim]") :])
    second = shell.good("dkim", "create", "harbour.example", "--selector", "y2").out
    assert "change these lines in the [dkim] table of harbour.example" in second
    assert "[[dkim]]" not in second
    assert ['selector = "y2"', f'key_file = "{shell.data}/dkim/harbour.example.y2.pem"'] == second.splitlines()[-2:]


@pytest.mark.parametrize(
    "arguments",
    [
        ["a/b"],
        ["localhost"],
        ["harbour.example", "--selector", "a/b"],
        ["harbour.example", "--selector", "-a"],
        ["harbour.example", "--selector", "x" * 64],
        [f"{'h' * 60}.{'h' * 60}.{'h' * 60}.{'h' * 40}.example", "--selector", "x" * 60],
        ["harbour.example", "--type", "dsa"],
    ],
)
def test_names_that_cannot_be_published_are_refused(shell: Shell, arguments: list[str]) -> None:
    assert 64 == shell.call("dkim", "create", *arguments).code
    assert not (shell.data / "dkim").exists()


def test_strings_of_a_record_are_short() -> None:
    assert ["a" * 255, "b"] == txt_strings("a" * 255 + "b")


@pytest.mark.parametrize("key_type", ["rsa", "ed25519"])
def test_a_record_is_printed_again_for_each_configured_key(shell: Shell, key_type: str) -> None:
    """`dkim show` derives it from the key that signs, whoever made that."""
    assert "unsigned" in shell.good("dkim", "show").err
    created = shell.good("dkim", "create", "harbour.example", "--type", key_type, "--json").json
    table = "\n".join(f'{name} = "{created[name]}"' for name in ("domain", "selector", "key_file"))
    shell.config.write_text(f"{shell.config.read_text(encoding='utf-8')}\n[dkim]\n{table}\n", encoding="utf-8")
    assert [created | {"signs": True}] == shell.good("dkim", "show", "--json").json
    shown = shell.good("dkim", "show").out
    assert created["record"]["value"] == "".join(re.findall(r'"([^"]*)"', shown))
    assert shown.splitlines()[1] == f"{created['record']['name']}. IN TXT ("


def test_a_record_is_printed_before_its_key_signs(shell: Shell) -> None:
    """It has to be published first. What else lies in the folder is left out."""
    created = shell.good("dkim", "create", "--json").json
    folder = Path(created["key_file"]).parent
    (folder / "no.key.pem").write_text("no key", encoding="ascii")
    (folder / "folder.x.pem").mkdir()
    (folder / "copy.txt").write_bytes(Path(created["key_file"]).read_bytes())
    assert [created | {"signs": False}] == shell.good("dkim", "show", "--json").json
    shown = shell.good("dkim", "show")
    assert f"; {created['key_file']} (not in the configuration, so it signs nothing)" == shown.out.splitlines()[0]
    assert created["record"]["value"] == "".join(re.findall(r'"([^"]*)"', shown.out))
    assert "unsigned" in shown.err
    assert "dkim create" not in shown.err


def test_a_key_is_written_and_never_replaced_without_hard_links(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on vfat. Nothing lies beside it there, either."""
    monkeypatch.setattr(os, "link", Mock(side_effect=OSError(errno.EPERM, os.strerror(errno.EPERM))))
    path = Path(shell.good("dkim", "create", "--json").json["key_file"])
    key = path.read_bytes()
    assert 73 == shell.call("dkim", "create").code
    assert ([path], key) == (list(path.parent.iterdir()), path.read_bytes())
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
