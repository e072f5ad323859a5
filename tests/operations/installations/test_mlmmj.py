"""mlmmj as a source: a spool folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from pressrun.core.addresses.old_links import OldKind, digest_of_address
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.installation import OPEN_HERE
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


def test_mail_to_every_address_of_a_list_reaches_it(spool: Path) -> None:
    """mlmmj takes all lines of listaddress for its own."""
    (spool / "news" / "control" / "listaddress").write_text("news@lists.example\nnonsense\nold@was.example\n")
    with closing(open_mlmmj(str(spool), None)) as installation:
        (old,) = installation.lists()
    assert "news@lists.example" == old.key
    for name, domain in (("news", "lists.example"), ("old", "was.example")):
        assert (digest_of_address(f"{name}+unsubscribe", domain), OldKind.UNSUBSCRIBE) in old.places


@pytest.mark.parametrize("file", ["closedlist", "closedlistsub", "submod"])
def test_a_list_that_is_not_open_says_that_it_will_be(spool: Path, file: str) -> None:
    (spool / "news" / "control" / file).touch()
    with closing(open_mlmmj(str(spool), None)) as installation:
        (old,) = installation.lists()
    assert OPEN_HERE == old.left_behind[0]


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder below"):
        open_mlmmj(str(tmp_path), None)
    with pytest.raises(NoInput):
        open_mlmmj(str(tmp_path / "nothing"), None)
    (tmp_path / "a" / "control").mkdir(parents=True)
    (tmp_path / "a" / "control" / "listaddress").write_text("nonsense\n")
    with pytest.raises(BadInput, match="'nonsense' is not the address"), closing(open_mlmmj(str(tmp_path), None)) as it:
        it.lists()
