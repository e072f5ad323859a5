"""Backup and restore from outside: amid an edition, with kills, and nobody gets what they should not."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import Instance, until

from pressrun.services.editions.lifecycle import doubt_in_words

READERS = 300
EVERYBODY = READERS + 3  # with those that every instance has
IN_FLIGHT = 60  # at most: connections, and what they have in their pipelines


@pytest.fixture
def sending(make_instance: MakeInstance) -> Instance:
    """An instance that is sending an edition, slowly until `finish` speeds it up."""
    instance = make_instance(delivery={"rate": "40/s"})
    instance.import_readers(*(f"reader{number}@readers.example" for number in range(READERS)))
    instance.start()
    instance.send()
    until(lambda: len(instance.accepted()) > 30 or None)
    return instance


def finish(instance: Instance) -> dict[str, object]:
    """Send the rest, fast."""
    instance.config.write_text(instance.config.read_text().replace('"40/s"', '"1000/s"'))
    instance.start()

    def finished() -> dict[str, object] | None:
        shown: dict[str, object] = instance.show(1)
        return shown if shown["state"] == "finished" else None

    return until(finished, 60)


def back_up(instance: Instance, name: str = "backup.tar") -> Path:
    instance.do("backup", instance.folder / name)
    instance.do("backup", "verify", instance.folder / name)
    return instance.folder / name


def kill(instance: Instance) -> None:
    assert instance.daemon is not None
    instance.daemon.kill_all()


def test_a_restore_over_the_data_repeats_no_more_than_a_kill_does(sending: Instance) -> None:
    """The backup knows a part of the copies, the former data nearly all, and its journal the rest."""
    backup = back_up(sending)
    at_backup = len(sending.accepted())
    until(lambda: len(sending.accepted()) > at_backup + 40 or None)
    sending.do("subscriber", "rm", "news", f"reader{READERS - 1}@readers.example")
    kill(sending)
    restored = sending.json("restore", backup, "--yes")
    (paused,) = restored["paused"]
    assert paused["may_have_gone"] <= IN_FLIGHT
    assert sending.show(1)["state"] == "paused"
    refused = sending.run("edition", "resume", "1")
    assert (refused.code, doubt_in_words(paused["may_have_gone"]) in refused.err) == (64, True)
    sending.do("edition", "resume", "1", "--yes")
    final = finish(sending)
    times = Counter(sending.accepted())
    repeated = [address for address, number in times.items() if number > 1]
    assert len(repeated) <= paused["may_have_gone"]
    assert f"reader{READERS - 1}@readers.example" not in times or final["delivered"] == EVERYBODY
    assert sum(int(str(final[state])) for state in ("delivered", "cancelled")) == EVERYBODY
    assert len(times) == final["delivered"]


@pytest.mark.only_on("sqlite", "a folder that is gone takes its database along")
def test_elsewhere_the_number_that_may_have_gone_is_told_and_nothing_goes_by_itself(sending: Instance) -> None:
    """On another machine without the former data: whoever was served by the backup's moment is not served again."""
    backup = back_up(sending)
    kill(sending)
    served = set(sending.accepted())
    shutil.rmtree(sending.folder / "data")
    restored = sending.json("restore", backup)
    (paused,) = restored["paused"]
    copies = sending.copies(1)
    assert paused["may_have_gone"] == EVERYBODY - copies["delivered"]
    sending.start()
    until(lambda: sending.get("/readyz").status == 200 or None)
    assert sending.show(1)["state"] == "paused"
    assert {*sending.accepted()} == served
    shown = sending.show(1)
    assert shown["may_have_gone"] == EVERYBODY - shown["delivered"] <= paused["may_have_gone"]


def test_a_restore_while_the_daemon_runs_is_refused(sending: Instance) -> None:
    backup = back_up(sending)
    refused = sending.run("restore", backup, "--yes")
    assert refused.code == 75
    assert sending.get("/news").status == 200


@pytest.mark.only_on("sqlite", "another installation, which needs a place of its own")
def test_exit_codes(sending: Instance, tmp_path: Path) -> None:
    """Those of the manual."""
    backup = back_up(sending)
    kill(sending)
    other = Instance(folder=tmp_path / "other", relay_port=1)
    other.create_list()
    cut = sending.write("cut.tar", backup.read_bytes()[:5000])
    codes = {
        73: sending.run("backup", backup),
        66: sending.run("backup", "verify", sending.folder / "missing"),
        65: sending.run("restore", cut, "--yes"),
        64: sending.run("restore", backup),
    }
    assert {code: result.code for code, result in codes.items()} == {code: code for code in codes}
    assert other.run("restore", backup, "--yes").code == 65
    assert other.run("backup", "verify", backup).code == 65
    assert other.run("backup", other.folder, "--keep", "7").code == 64
    assert other.run("backup", "x", "--keep", "7d").code == 64
    assert other.run("backup", other.folder / "none" / "x").code == 1


def _kill_amid(command: list[str], folder: Path, looks: int) -> None:
    """Start a backup and kill it so many looks after it has begun to write."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        until(lambda: any(folder.iterdir()) or process.poll() is not None or None)
        for _ in range(looks):
            process.poll()
        process.kill()


@pytest.mark.thorough
def test_backups_killed_at_any_moment_leave_nothing_with_a_name(sending: Instance) -> None:
    """The next one clears up, and is whole."""
    folder = sending.folder / "backups"
    folder.mkdir()
    for number in range(12):
        _kill_amid(sending.command("backup", folder), folder, looks=number * 40)
        assert all(path.name.startswith(".") or path.name.endswith(".tar.zst") for path in folder.iterdir())
    shown = sending.json("backup", folder, "--keep", "1h")
    left = [path for path in folder.iterdir() if path.name.startswith(".")]
    assert left == []
    sending.do("backup", "verify", shown["file"])
