"""Files that a verb reads: from the folder that was named, whoever changes it, and nothing of root's by a trick."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pressrun.cli.shared.files import open_input, read_beside, read_edition, read_input
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations import opened_files
from pressrun.operations.opened_files import open_named, read_opened

NOBODY = 65534
SECRET = b"root's secret"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be tricked into reading for others")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike those of the test runner, with a file beside it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        (Path(name) / "secret").write_bytes(SECRET)
        (Path(name) / "secret").chmod(0o600)
        inside = Path(name) / "editions"
        inside.mkdir()
        yield inside


@pytest.fixture
def theirs(folder: Path) -> Path:
    """The same, of another user."""
    os.chown(folder, NOBODY, NOBODY)
    return folder


def make(folder: Path, name: str, content: bytes = b"x", mode: int = 0o644) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_files_beside_and_below_are_taken_along(folder: Path) -> None:
    """What is missing is left out; the checks say so."""
    make(folder, "a.png", b"a")
    make(folder, "sub/b.png", b"b")
    expected = {"a.png": b"a", "sub/b.png": b"b"}
    assert expected == read_beside(folder / "edition.md", ("a.png", "sub/b.png", "gone.png", "gone/c.png"))


def test_an_edition_names_what_it_takes_along(folder: Path) -> None:
    make(folder, "a.png", b"a")
    file = make(folder, "edition.md", b"a.png")
    assert (b"a.png", {"a.png": b"a"}) == read_edition(file, lambda source: (source.decode(),))


@pytest.mark.parametrize("target", ["../secret", "a.png"])
@pytest.mark.parametrize("path", ["link.png", "sub/link.png", "to-folder/a.png"])
def test_nothing_is_reached_through_a_link(folder: Path, path: str, target: str) -> None:
    """Not even what lies beside: one rule is easier to hold."""
    make(folder, "a.png")
    make(folder, "sub/a.png")
    for link in ("link.png", "sub/link.png"):
        (folder / link).symlink_to(target)
    (folder / "to-folder").symlink_to("sub")
    with pytest.raises(BadInput, match=r"is a symbolic link, or below one\. Put the file itself"):
        read_beside(folder / "edition.md", (path,))


@pytest.mark.parametrize("path", ["../secret", "sub/../../secret", "/etc/hostname", "./a.png", ""])
def test_no_path_leads_out(folder: Path, path: str) -> None:
    """Paths of editions are plain before they come here; it is looked at all the same."""
    (folder / "sub").mkdir()
    with pytest.raises(BadInput, match="not a plain path"):
        read_beside(folder / "edition.md", (path,))


def test_what_is_no_file_is_not_read(folder: Path) -> None:
    """A pipe that nobody writes into holds nothing up."""
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    for name, what in {"pipe.png": "not a regular file", "folder.png": "a directory"}.items():
        with pytest.raises(BadInput, match=what):
            read_beside(folder / "edition.md", (name,))
    with pytest.raises(NoInput, match="not a regular file"):
        read_input("/dev/zero")


def test_what_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB, as much as an edition may have with all its files."""
    assert 64 << 20 == opened_files.LARGEST_FILE
    with make(folder, "large.png").open("r+b") as file:
        file.truncate(opened_files.LARGEST_FILE + 1)
    with pytest.raises(BadInput, match="more than 64 MiB"):
        read_beside(folder / "edition.md", ("large.png",))


def test_a_file_that_is_named_may_be_a_pipe_or_a_link(folder: Path) -> None:
    """As `<(…)` of a shell is both."""
    make(folder, "edition.md", b"hi")
    (folder / "latest.md").symlink_to("edition.md")
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(b"piped",))
    writer.start()
    assert (b"hi", b"piped") == (read_input(str(folder / "latest.md")), read_input(str(folder / "pipe")))
    writer.join()
    read_end, write_end = os.pipe()
    os.write(write_end, b"inherited")
    os.close(write_end)
    assert b"inherited" == read_input(f"/dev/fd/{read_end}")
    os.close(read_end)


def test_a_pipe_is_read_though_its_writer_was_quicker(folder: Path) -> None:
    """Between opening and reading it came, wrote and went: what is there is read, and nobody else waited for."""
    os.mkfifo(folder / "pipe")
    descriptor = open_named(folder / "pipe")
    (folder / "pipe").write_bytes(b"piped")
    assert b"piped" == read_opened(descriptor, accepts_pipes=True)


@pytest.mark.parametrize("pieces", [[b"one", b"two"], [b"x" * 200_000], []], ids=["slow", "long", "silent"])
def test_a_pipe_is_read_until_its_writer_has_gone(folder: Path, pieces: list[bytes]) -> None:
    os.mkfifo(folder / "pipe")
    descriptor = open_named(folder / "pipe")

    def write() -> None:
        with (folder / "pipe").open("wb", buffering=0) as pipe:
            for piece in pieces:
                pipe.write(piece)

    writer = threading.Thread(target=write)
    writer.start()
    assert b"".join(pieces) == read_opened(descriptor, accepts_pipes=True)
    writer.join()


@pytest.mark.parametrize("name", ["gone.md", "gone/edition.md"])
def test_a_file_that_is_not_there_says_so(folder: Path, name: str) -> None:
    with pytest.raises(NoInput, match=r"cannot read .*: no such file"):
        read_input(str(folder / name))


@needs_root
def test_root_reads_in_a_folder_of_others_what_they_may_read(theirs: Path) -> None:
    make(theirs, "theirs", b"theirs", 0o600)
    os.chown(theirs / "theirs", NOBODY, NOBODY)
    make(theirs, "readable", b"root's", 0o644)
    assert {"theirs": b"theirs", "readable": b"root's"} == read_beside(theirs / "x.md", ("theirs", "readable"))
    assert b"theirs" == read_input(str(theirs / "theirs"))
    assert 0 == os.geteuid()


@needs_root
def test_root_reads_nothing_for_others_that_they_may_not_read(theirs: Path) -> None:
    """By a link, or by a second name of the same file."""
    (theirs / "link").symlink_to("../secret")
    (theirs / "name").hardlink_to(theirs.parent / "secret")
    with pytest.raises(NoInput, match="it is a symbolic link in a folder that others can write to"):
        read_input(str(theirs / "link"))
    for read in (lambda: read_input(str(theirs / "name")), lambda: read_beside(theirs / "x.md", ("name",))):
        with pytest.raises(NoInput, match="who owns its folder, may not read it"):
            read()
    assert 0 == os.geteuid()


@needs_root
def test_what_an_edition_takes_along_comes_from_the_folder_that_it_came_from(theirs: Path) -> None:
    """Another folder in its place, while the edition is read, changes nothing."""
    file = make(theirs, "edition.md", b"a.png")
    make(theirs, "a.png", b"theirs")
    ours = theirs.parent / "ours"
    make(ours, "a.png", SECRET)

    def swap(source: bytes) -> tuple[str, ...]:
        theirs.rename(theirs.parent / "away")
        theirs.symlink_to(ours)
        return (source.decode(),)

    assert {"a.png": b"theirs"} == read_edition(file, swap)[1]


RACER = """
import os, sys
os.chdir(sys.argv[1]); os.setgid(65534); os.setuid(65534)
open("good", "w").write("innocent")
print("ready", flush=True)
while True:
    os.symlink("../secret", "a"); os.rename("a", "a.txt")
    os.link("good", "b"); os.rename("b", "a.txt")
"""


@needs_root
def test_no_race_of_the_owner_of_the_folder_is_won(theirs: Path) -> None:
    """Somebody exchanges the file for a link to root's as fast as they can."""
    racer = subprocess.Popen([sys.executable, "-c", RACER, str(theirs)], stdout=subprocess.PIPE, text=True)
    try:
        assert racer.stdout is not None
        assert "ready" == racer.stdout.readline().strip()
        seen: Counter[bytes] = Counter()
        while min(seen[b"innocent"], seen[b"refused"]) < 200 and seen.total() < 500_000:
            try:
                seen[read_beside(theirs / "x.md", ("a.txt",)).get("a.txt", b"")] += 1
            except BadInput:
                seen[b"refused"] += 1
    finally:
        racer.kill()
        racer.communicate()
    assert 0 == seen[SECRET]
    assert min(seen[b"innocent"], seen[b"refused"]) >= 200


def test_an_input_may_be_read_twice_wherever_it_comes_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and stdin as they are, from where they stand, and what cannot go back by way of a temporary file."""
    make(folder, "rows.csv", b"email\n")
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(b"email\n",))
    writer.start()
    for name in ("rows.csv", "pipe"):
        with open_input(str(folder / name)) as file:
            assert (b"email\n", 0, b"email\n") == (file.read(), file.seek(0), file.read())
    writer.join()
    read_end, write_end = os.pipe()
    os.write(write_end, b"email\n")
    os.close(write_end)
    with os.fdopen(read_end) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        with open_input("-") as file:
            assert (b"email\n", 0, b"email\n") == (file.read(), file.seek(0), file.read())
    with (folder / "rows.csv").open() as redirected:
        monkeypatch.setattr("sys.stdin", redirected)
        with open_input("-") as file:
            assert b"email\n" == file.read()


@pytest.mark.parametrize("name", ["gone.csv", "folder"])
def test_an_input_that_cannot_be_read_says_why(folder: Path, name: str) -> None:
    (folder / "folder").mkdir()
    with pytest.raises(NoInput, match=r"no such file|it is a directory"), open_input(str(folder / name)):
        pass


def test_the_folder_that_one_is_in_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` has no name of its own."""
    monkeypatch.chdir(tmp_path)
    for name in (".", "/"):
        with pytest.raises(NoInput, match="it is a directory"):
            read_input(name)
