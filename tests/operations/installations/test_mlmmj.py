"""mlmmj as a source: a spool folder."""

from __future__ import annotations

import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from pressrun.core.addresses.old_links import OldKind, digest_of_address
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.mlmmj import open_mlmmj


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """One list; Ada is in two of its folders."""
    folder = tmp_path / "news"
    for name, lines in (
        ("subscribers.d", b"ada@x.example\n\nbob@x.example\n"),
        ("digesters.d", b"ADA@x.example\ndora@x.example\n"),
        ("nomailsubs.d", b"nils@x.example\n" + b"x" * 5000 + b"\n\xff\0bad\n"),
        ("control", b""),
        ("archive", b""),
    ):
        (folder / name).mkdir(parents=True)
        if lines:
            (folder / name / "a").write_bytes(lines)
    (folder / "control" / "listaddress").write_text("News@lists.example\n")
    (folder / "control" / "owner").write_text("olga@x.example\n")
    (folder / "control" / "moderators").write_text("mo@x.example\nolga@x.example\n")
    (folder / "control" / "access").write_text("deny ^From: troll@\n")
    return tmp_path


def test_each_folder_is_a_state_and_the_first_one_counts(spool: Path) -> None:
    """Lines that are no address are left to the import, which refuses them by number."""
    with closing(open_mlmmj(str(spool), None)) as installation:
        (old,) = installation.lists()
        members = [(member.address, member.state.value) for member in installation.members(old)]
    assert [
        ("ada@x.example", "active"),
        ("bob@x.example", "active"),
        ("dora@x.example", "active"),
        ("nils@x.example", "suspended"),
    ] == members[:4]
    assert {"suspended"} == {state for _, state in members[4:]}
    assert all(len(address) <= 1000 for address, _ in members)


def test_a_list_comes_with_its_people_and_addresses(spool: Path) -> None:
    """The delimiter is the list's own."""
    with closing(open_mlmmj(str(spool / "news"), None)) as installation:
        (old,) = installation.lists()
    assert ("news@lists.example", ("olga@x.example", "mo@x.example")) == (old.key, old.editors)
    assert (digest_of_address("news+unsubscribe", "lists.example"), OldKind.UNSUBSCRIBE) in old.places
    assert ("rules of control/access",) == old.left_behind
    (spool / "news" / "control" / "delimiter").write_text("-")
    with closing(open_mlmmj(str(spool), None)) as installation:
        places = installation.lists()[0].places
    assert (digest_of_address("news-unsubscribe-digest", "lists.example"), OldKind.UNSUBSCRIBE) in places


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder below"):
        open_mlmmj(str(tmp_path), None)
    with pytest.raises(NoInput):
        open_mlmmj(str(tmp_path / "nothing"), None)
    (tmp_path / "a" / "control").mkdir(parents=True)
    (tmp_path / "a" / "control" / "listaddress").write_text("nonsense\n")
    with pytest.raises(BadInput, match="'nonsense' is not the address"), closing(open_mlmmj(str(tmp_path), None)) as it:
        it.lists()


@pytest.mark.needs("mlmmj")
def test_a_list_that_mlmmj_made_is_read_as_it_lists_it(tmp_path: Path) -> None:
    """Members of every kind, subscribed by its own program."""
    subprocess.run(
        ["/usr/bin/mlmmj-make-ml", "-L", "news", "-s", str(tmp_path)],
        input="lists.example\nolga@x.example\nen\nn\nn\nn\n", text=True, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    folder = tmp_path / "news"
    for number in range(40):
        kind = [[], ["-d"], ["-n"], ["-b"]][number % 4]
        command = ["/usr/bin/mlmmj-sub", "-L", str(folder), "-a", f"r{number}@x.example", *kind, "-f", "-q", "-s"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    listed = [
        subprocess.run(["/usr/bin/mlmmj-list", "-L", str(folder), *option], capture_output=True, text=True, check=True)
        for option in ([], ["-d"])
    ]
    with closing(open_mlmmj(str(tmp_path), None)) as installation:
        members = list(installation.members(installation.lists()[0]))
    active = {member.address for member in members if member.state.value == "active"}
    assert {address for one in listed for address in one.stdout.split()} == active
    assert Counter({"subscriber": 20, "subscriber of the digest": 10, "subscriber without mail": 10}) == Counter(
        member.was for member in members
    )
