"""Mailman 2 as a source: its config.pck, read without building anything but plain values."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.operations.installations.locked import lock

from pressrun.core.addresses.old_links import OldKind, digest_of_path
from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.installation import OPEN_HERE
from pressrun.operations.installations.mailman2 import open_mailman2
from pressrun.operations.sources.member import MemberState

CONFIG: dict[str, Any] = {
    "real_name": "News",
    "host_name": "lists.example",
    "description": "Gr\u00fc\u00dfe".encode().decode("latin-1"),  # as Python 2 stores octets
    "info": "",
    "owner": ["olga@x.example", "nonsense"],
    "moderator": ["mo@x.example"],
    "preferred_language": "de",
    "advertised": 0,
    "archive": 1,
    "archive_private": 1,
    "members": {"ada@x.example": "Ada@X.example", "off@x.example": 0, "old@x.example": 0, "bounce@x.example": 0},
    "digest_members": {"dora@x.example": 0},
    "usernames": {"ada@x.example": '"Lovelace, Ada"', "dora@x.example": "=?utf-8?q?D=C3=B6ra?="},
    "language": {"ada@x.example": "fr"},
    "delivery_status": {"off@x.example": (2, 1.0), "bounce@x.example": (4, 1.0)},
    "user_options": {"old@x.example": 2 | 8, "ada@x.example": 8},
    "ban_list": ["troll@x.example", "^.*@bad\\.example"],
    "subject_prefix": "[News] ",
}


def written(folder: Path, content: bytes) -> str:
    path = folder / "lists" / "news" / "config.pck"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(folder)


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_every_state_has_its_equivalent(tmp_path: Path, protocol: int) -> None:
    """In every form in which Python 2 wrote them."""
    source = written(tmp_path, pickle.dumps(CONFIG, protocol))
    with closing(open_mailman2(source, None)) as installation:
        (old,) = installation.lists()
        members = {member.address: member for member in installation.members(old)}
        bans = {ban.address: installation.is_pattern(ban.address) for ban in installation.bans([old])}
    assert {
        "Ada@X.example": ("active", "member"),
        "off@x.example": ("suspended", "delivery off by the member"),
        "old@x.example": ("suspended", "delivery off"),
        "bounce@x.example": ("suspended", "delivery off for bounces"),
        "dora@x.example": ("active", "member with digests"),
    } == {address: (member.state.value, member.was) for address, member in members.items()}
    assert ("Lovelace, Ada", "fr", "Döra") == (
        members["Ada@X.example"].name,
        members["Ada@X.example"].language,
        members["dora@x.example"].name,
    )
    assert ("news@lists.example", "Grüße", ("olga@x.example", "mo@x.example")) == (
        old.key,
        old.settings["description"],
        old.editors,
    )
    assert ("members", "false") == (old.settings["archive"], old.settings["listed"])
    assert {"troll@x.example": False, "^.*@bad\\.example": True} == bans
    assert (digest_of_path("/mailman/options/news"), OldKind.LEAVING_PAGE) in old.places


@pytest.fixture
def bounce_info() -> Iterator[type]:
    """The class that Mailman stores itself in, where it could be imported by its name."""
    module = ModuleType("Mailman.Bouncer")

    class _BounceInfo:
        def __init__(self) -> None:
            self.cookie = "x"

    _BounceInfo.__module__, _BounceInfo.__qualname__ = "Mailman.Bouncer", "_BounceInfo"
    module._BounceInfo = _BounceInfo  # type: ignore[attr-defined]
    sys.modules["Mailman"] = ModuleType("Mailman")
    sys.modules["Mailman.Bouncer"] = module
    yield _BounceInfo
    del sys.modules["Mailman"], sys.modules["Mailman.Bouncer"]


def test_what_mailman_notes_of_bounces_is_passed_over(tmp_path: Path, bounce_info: type) -> None:
    """Lists that ever had a bounce have such objects."""
    source = written(tmp_path, pickle.dumps({**CONFIG, "bounce_info": {"ada@x.example": bounce_info()}}, 2))
    with closing(open_mailman2(source, None)) as installation:
        assert 1 == len(installation.lists())


class Runs:
    """A pickle of it runs a command where it is read as Python reads it."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._command,)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_code_is_refused_by_name_and_runs_nothing(tmp_path: Path, protocol: int) -> None:
    """Wherever it stands in the file."""
    witness = tmp_path / "witness"
    source = written(tmp_path, pickle.dumps({**CONFIG, "topics": [Runs(f"touch {witness}")]}, protocol))
    with pytest.raises(BadInput, match=r"is not a config\.pck of Mailman 2 \(it asks for posix\.system"):
        open_mailman2(source, None)
    assert not witness.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        pickle.dumps(CONFIG, 2)[:-40],
        pickle.dumps(["not", "a", "list"], 2),
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cMailman.Bouncer\n_BounceInfo\n(S'1'\ntR.",
        b"\x80\x02P1\n.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02}r\xff\xff\xff\xff.",  # the last of 2**32 places
        b"\x80\x02}r\xff",
        b"(" * 1000 + b".",
    ],
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    """With the file, never with a fault."""
    with pytest.raises(BadInput, match=r"config\.pck"):
        open_mailman2(written(tmp_path, content), None)


@pytest.mark.parametrize("status", [[], [[]], {}, (5, 1.0), "off", 7])
def test_a_status_that_mailman_does_not_have_is_not_taken_for_enabled(tmp_path: Path, status: object) -> None:
    config = {
        **CONFIG,
        "members": {"ada@x.example": 0},
        "digest_members": {},
        "delivery_status": {"ada@x.example": status},
    }
    with closing(open_mailman2(written(tmp_path, pickle.dumps(config, 2)), None)) as installation:
        (member,) = installation.members(installation.lists()[0])
    assert member.state is MemberState.SUSPENDED


@pytest.mark.parametrize("name", ["members", "delivery_status", "user_options", "ban_list"])
def test_what_is_of_another_kind_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=f"its {name} cannot be read"):
        open_mailman2(written(tmp_path, pickle.dumps({**CONFIG, name: 7}, 2)), None)


def test_half_a_character_becomes_a_question_mark(tmp_path: Path) -> None:
    """A pickle can name one, and no text that travels or is stored can have it."""
    config = {**CONFIG, "real_name": "\ud83dNews", "usernames": {"ada@x.example": "Ada\ud83d"}}
    with closing(open_mailman2(written(tmp_path, pickle.dumps(config, 2)), None)) as installation:
        (old,) = installation.lists()
        names = {member.name for member in installation.members(old)}
    assert ("?News", {"Ada?", ""}) == (old.title, names)


def test_a_name_never_leads_out_of_the_folder_of_archives(tmp_path: Path) -> None:
    """Where the folder says no name, the list does."""
    path = tmp_path / "lists" / "_" / "config.pck"
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(CONFIG | {"real_name": "../../mail"}, 2))
    (tmp_path / "archives" / "private").mkdir(parents=True)
    (tmp_path / "mail.mbox").touch()
    with closing(open_mailman2(str(tmp_path), None)) as installation:
        assert [()] == [old.archives for old in installation.lists()]


def test_archives_and_single_files_are_found(tmp_path: Path) -> None:
    """The list of the site itself is none of the operator's."""
    source = written(tmp_path, pickle.dumps(CONFIG, 2))
    site = tmp_path / "lists" / "mailman"
    site.mkdir()
    (site / "config.pck").write_bytes(pickle.dumps(CONFIG, 2))
    archive = tmp_path / "archives" / "private" / "news.mbox" / "news.mbox"
    archive.parent.mkdir(parents=True)
    archive.touch()
    with closing(open_mailman2(source, None)) as installation:
        assert [(archive,)] == [old.archives for old in installation.lists()]
    with closing(open_mailman2(f"{source}/lists/news/config.pck", None)) as installation:
        assert ["news@lists.example"] == [old.key for old in installation.lists()]
    with pytest.raises(NoInput):
        open_mailman2(str(archive.parent), None)


@pytest.mark.parametrize(("policy", "expected"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_list_that_approves_subscriptions_says_that_it_will_not(
    tmp_path: Path, policy: int, *, expected: bool
) -> None:
    source = written(tmp_path, pickle.dumps(CONFIG | {"subscribe_policy": policy}))
    with closing(open_mailman2(source, None)) as installation:
        (old,) = installation.lists()
    assert expected == (OPEN_HERE in old.left_behind)


def test_a_list_that_cannot_be_read_stops_the_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be missing among the others, and nobody would say so."""
    for name in ("locked", "news"):
        (tmp_path / "lists" / name).mkdir(parents=True)
        (tmp_path / "lists" / name / "config.pck").touch()
    lock(tmp_path / "lists" / "locked", monkeypatch)
    with pytest.raises(PermissionError, match="locked"):
        open_mailman2(str(tmp_path), None)
