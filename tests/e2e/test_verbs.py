"""Verbs do the same with and without a daemon; one process holds the data; root acts as their owner."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import READERS
from tests.e2e.instance import LIST_ARGUMENTS, Instance

SOMEBODY = 54_321  # a user id that this machine need not know
AS_SOMEBODY = ("setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups")


def _operate(instance: Instance) -> list[Any]:
    """A day of an operator; what each verb said and how it ended."""
    rows = "email,name,town\neva@readers.example,Eva,Demo\nnot an address,,\nADA@readers.example,Ada,\n"
    path = instance.write("more.csv", rows)
    said: list[Any] = []
    for arguments in (
        ["list", "create", "letters", *LIST_ARGUMENTS],
        ["list", "create", "letters", *LIST_ARGUMENTS],
        ["list", "set", "letters", "description=Now and then"],
        ["subscriber", "add", "news", "dina@readers.example", "--name", "Dina"],
        ["subscriber", "import", "news", str(path)],
        ["subscriber", "rm", "news", READERS[1]],
        ["subscriber", "add", "news", READERS[1]],
        ["suppression", "add", "never@readers.example"],
        ["subscriber", "add", "news", "never@readers.example"],
        ["subscriber", "ls", "news"],
        ["list", "rm", "letters", "--yes"],
        ["subscriber", "erase", "dina@readers.example", "--yes"],
        ["subscriber", "show", "dina@readers.example"],
    ):
        result = instance.run(*arguments, "--json")
        said.append((arguments[:2], result.code, _timeless(result.json) if result.out else None))
    return said


def _timeless(value: Any) -> Any:
    """What does not depend on the moment, as the revision of a list does."""
    if isinstance(value, dict):
        timeless = {name for name in value if not name.endswith("_at")} - {"since", "revision"}
        return {name: _timeless(member) for name, member in value.items() if name in timeless}
    return [_timeless(member) for member in value] if isinstance(value, list) else value


@pytest.mark.only_on(
    "sqlite", "it compares ids, of which a server leaves some out; tests/cli/test_two_machines has both"
)
@pytest.mark.thorough
def test_with_and_without_a_daemon(instance: Instance) -> None:
    """The same verbs say and do the same, whoever carries them out."""
    copy = Instance(folder=instance.folder.parent / "alone", relay_port=instance.relay_port)
    shutil.copytree(instance.folder / "data", copy.folder / "data")
    instance.start()
    with ThreadPoolExecutor(2) as both:
        with_daemon, alone = both.map(_operate, (instance, copy))
    assert with_daemon == alone
    assert [0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1] == [code for _, code, _ in alone]


def test_a_second_daemon_is_told_to_wait(instance: Instance) -> None:
    """75 while another one holds the data, which goes on undisturbed."""
    instance.start()
    second = instance.run("serve")
    assert (second.code, "another process is using" in second.err) == (75, True)
    assert instance.get("/healthz").status == 200


@pytest.mark.only_on("sqlite", "a database on a server names its holder")
def test_a_service_whose_socket_was_removed_is_to_be_restarted(instance: Instance) -> None:
    """Waiting for it would not help."""
    instance.start()
    assert "control.sock" not in instance.run("serve").err
    (instance.folder / "data" / "control.sock").unlink()
    for verb in (("subscriber", "add", "news", "late@readers.example"), ("reload",)):
        refused = instance.run(*verb)
        assert (75, True) == (refused.code, "its control.sock is gone: restart it" in refused.err), verb
    findings = json.loads(instance.run("doctor", "--json").out)["findings"]
    [trip] = [finding for finding in findings if finding["check"] == "round-trip"]
    assert "no daemon answers" in trip["message"]
    assert "its control.sock is gone: restart it" in trip["remedy"]


def test_a_port_that_is_taken(instance: Instance) -> None:
    """69 with the key and the address."""
    with socket.create_server(("127.0.0.1", instance.http_port)):
        result = instance.run("serve")
    place = f'[http] listen = "127.0.0.1:{instance.http_port}"'
    told = f"error: cannot listen at {place}: Address already in use. `ss -ltnp` shows by what"
    assert (69, told) == (result.code, result.err.splitlines()[-1])


@pytest.mark.parametrize(
    ("place", "why"),
    [("unix:/nowhere/http.sock", "No such file or directory"), ("no-such-host.invalid:8080", "not known")],
)
def test_a_place_that_cannot_be_listened_at(instance: Instance, place: str, why: str) -> None:
    """69 with the key, what it says, and why it cannot be."""
    instance.configure(http={"listen": place})
    result = instance.run("serve")
    told = f'error: cannot listen at [http] listen = "{place}": '
    assert (69, told, why) == (result.code, result.err.splitlines()[-1][: len(told)], result.err.strip()[-len(why) :])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
@pytest.mark.only_on("sqlite", "another user may not enter the folder of the server of the tests")
def test_root_acts_as_the_owner_of_the_data(instance: Instance, tmp_path: Path) -> None:
    """What root does leaves nothing of root's behind; another user is 77; the daemon runs as the owner."""
    data = instance.folder / "data"
    for path in [instance.folder, data, *data.rglob("*")]:
        os.chown(path, SOMEBODY, SOMEBODY)
    for folder in [tmp_path, *tmp_path.parents]:  # pytest's own, closed to others
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    _require_a_program_for_everybody()
    instance.do("subscriber", "add", "news", "dina@readers.example")
    assert {SOMEBODY} == {path.stat().st_uid for path in data.rglob("*")}
    daemon = instance.start()
    status = Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="ascii")
    uids = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
    assert [str(SOMEBODY)] * 4 == uids
    instance.send("---\nsubject: As the owner\n---\n\nText.\n", "--wait")
    assert len(instance.mails()) == 4
    assert daemon.stop() == 0
    assert {SOMEBODY} == {path.stat().st_uid for path in data.rglob("*")}
    for path in [data, *data.rglob("*")]:
        os.chown(path, SOMEBODY + 1, SOMEBODY + 1)
    instance.config.chmod(0o644)
    refused = instance.run("list", "create", "letters", *LIST_ARGUMENTS, prefix=AS_SOMEBODY)
    assert refused.code == 77, refused.err


def _require_a_program_for_everybody() -> None:
    reads = [sys.executable, "-c", f"import os; os.setresuid(*3 * [{SOMEBODY}]); open(os.__file__).close()"]
    if subprocess.run(reads, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"nobody but root can run {sys.executable}: make the environment from /usr/bin/python3")


def test_json_errors_have_the_exit_code(instance: Instance) -> None:
    """With --json an error is one document, with the same exit code and the reason on stderr too."""
    for arguments, code in (
        (["list", "show", "nowhere"], 1),
        (["edition", "show", "99"], 1),
        (["subscriber", "show", "nobody@readers.example"], 1),
        (["subscriber", "add", "news", "no address"], 65),
        (["send", "news", "missing.md", "--yes"], 66),
        (["list", "set", "news", "paint=red"], 64),
        (["no-such-verb"], 64),
    ):
        result = instance.run(*arguments, "--json")
        assert (code, {"error"}) == (result.code, set(result.json)), arguments
        assert result.json["error"].split("\n")[0] in result.err
