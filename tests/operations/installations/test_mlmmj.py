"""mlmmj as a source: a spool folder."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from tests.operations.installations.locked import lock

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


def test_an_owner_or_moderator_without_an_address_is_named(spool: Path) -> None:
    """The list would be without them, and nobody would know."""
    (spool / "news/control/owner").write_text("# the harbour\nolga@x.example\n")
    (spool / "news/control/moderators").write_text("mo at x.example\n# the harbour\n")
    with closing(open_mlmmj(str(spool), None)) as installation:
        (old,) = installation.lists()
    assert ("olga@x.example", ("olga@x.example",)) == (old.settings["owner"], old.editors)
    assert [
        "the owner or moderator '# the harbour', which is not an email address",
        "the owner or moderator 'mo at x.example', which is not an email address",
    ] == list(old.left_behind[1:])


def test_mail_to_every_address_of_a_list_reaches_it(spool: Path) -> None:
    """mlmmj takes all lines of listaddress for its own."""
    (spool / "news" / "control" / "listaddress").write_text("news@lists.example\nnonsense\nold@was.example\n")
    with closing(open_mlmmj(str(spool), None)) as installation:
        (old,) = installation.lists()
    assert "news@lists.example" == old.key
    for name, domain in (("news", "lists.example"), ("old", "was.example")):
        assert (digest_of_address(f"{name}+unsubscribe", domain), OldKind.UNSUBSCRIBE) in old.places


def test_the_end_of_a_line_that_is_too_long_is_not_an_address(spool: Path) -> None:
    """Nor does it take the next line with it, or need an end."""
    line = b"x" * 1000 + b"stranger@x.example\n"
    (spool / "news/subscribers.d/z").write_bytes(line + b"zoe@x.example\n" + line.strip())
    assert ["zoe@x.example"] == [address for address in subscribers(spool) if address[:1] == "z" or "stran" in address]


def subscribers(spool: Path) -> list[str]:
    with closing(open_mlmmj(str(spool), None)) as installation:
        return [member.address for member in installation.members(installation.lists()[0])]


def test_a_file_of_subscribers_that_cannot_be_read_stops_the_move(spool: Path) -> None:
    """Here, a link that leads nowhere. A folder among the files is skipped, as mlmmj does."""
    (spool / "news/subscribers.d/folder").mkdir()
    subscribers(spool)
    (spool / "news/subscribers.d/link").symlink_to(spool / "nothing")
    with pytest.raises(FileNotFoundError, match="link"):
        subscribers(spool)


def test_a_folder_that_cannot_be_read_is_named_and_the_lists_beside_it_move(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a `lost+found`; alone, it is refused."""
    (spool / "locked").mkdir()
    lock(spool / "locked", monkeypatch)
    with closing(open_mlmmj(str(spool), None)) as installation:
        assert ["news@lists.example"] == [old.key for old in installation.lists()]
        (warning,) = installation.warnings
    assert f"cannot read {spool / 'locked'}: permission denied" in warning
    with pytest.raises(BadInput, match="permission denied"):
        open_mlmmj(str(spool / "locked"), None)


def test_two_folders_of_one_list_are_refused(spool: Path) -> None:
    """The members of one of them would be lost; a link to the same folder does no harm."""
    (spool / "alias").symlink_to(spool / "news")
    with closing(open_mlmmj(str(spool), None)) as installation:
        assert 1 == len(installation.lists())
    shutil.copytree(spool / "news", spool / "news.old")
    with pytest.raises(BadInput, match=r"news and \S*news\.old have the same address"):
        open_mlmmj(str(spool), None)


def test_lists_may_be_in_a_folder_for_each_domain(spool: Path) -> None:
    shutil.copytree(spool / "news", spool / "b.example" / "news")
    (spool / "b.example/news/control/listaddress").write_text("news@b.example\n")
    with closing(open_mlmmj(str(spool), None)) as installation:
        assert {"news@lists.example", "news@b.example"} == {old.key for old in installation.lists()}


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
