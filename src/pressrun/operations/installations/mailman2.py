"""Mailman 2.1: its folder, or the config.pck of one list.

A config.pck is a pickle, which could run any code if Python's own reader loaded it. So a reader of ours builds only
numbers, texts, lists and dictionaries, and refuses whatever else a pickle names; the one class that Mailman itself
stores there becomes an empty object.
"""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pressrun.core.addresses.old_links import OldKind, Place, digest_of_path
from pressrun.core.errors import BadInput, NoInput
from pressrun.core.text.charsets import storable
from pressrun.operations.installations.installation import (
    OPEN_HERE,
    Installation,
    OldList,
    addresses_of,
    lost_people,
    valid_addresses,
)
from pressrun.operations.installations.mailman3 import ENDINGS
from pressrun.operations.opened_files import is_source, open_source
from pressrun.operations.sources.lines import plain_name
from pressrun.operations.sources.member import MemberState, SourceMember, read_tag

LARGEST_FILE = 256 << 20  # octets: a list of a million members has about 100 MB
_OFF = {
    1: "delivery off",
    2: "delivery off by the member",
    3: "delivery off by an administrator",
    4: "delivery off for bounces",
}
_APPROVE, _CONFIRM_AND_APPROVE = 2, 3  # values of subscribe_policy
_DISABLED = 2  # the bit of user_options by which old versions switched delivery off
# What has to be of a kind for nobody to be taken for somebody else.
_PEOPLE = ("members", "digest_members", "usernames", "language", "delivery_status", "user_options")
_KINDS: Mapping[str, tuple[type, ...]] = {**dict.fromkeys(_PEOPLE, (dict,)), "ban_list": (list, tuple)}
_FAULTS = (
    *(pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError),
    *(UnicodeError, RecursionError, MemoryError, struct.error),
)


class _BounceInfo:
    """Stands for what Mailman noted of a member's bounces, which nobody needs."""

    def __setstate__(self, state: object) -> None:
        """Forget it."""


class _PlainUnpickler(pickle._Unpickler):  # noqa: SLF001 - see below
    """Builds plain values, and nothing that a pickle names.

    It is the one in Python: that in C makes room for all numbers below one that a pickle of ten octets can name.
    """

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == ("Mailman.Bouncer", "_BounceInfo"):
            return _BounceInfo
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no list needs. None of it was run")

    def persistent_load(self, pid: Any, /) -> Any:  # noqa: ARG002 - as the class passes it
        raise pickle.UnpicklingError("it refers to something outside of itself")


def read_config(path: Path) -> Mapping[str, Any]:
    """The attributes of a list; raises BadInput, also for a pickle that would run code."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path} is larger than {LARGEST_FILE >> 20} MiB")
        with open_source(path) as file:
            value = _load(file)
    except OSError as problem:
        raise NoInput(f"{path}: {problem.strerror}") from None
    except _FAULTS as problem:
        raise BadInput(f"{path} is not a config.pck of Mailman 2 ({str(problem) or type(problem).__name__})") from None
    if not isinstance(value, dict) or "members" not in value:
        raise BadInput(f"{path} is not the config.pck of a list")
    for name, kinds in _KINDS.items():
        if not isinstance(value.get(name, kinds[0]()), kinds):
            raise BadInput(f"{path}: its {name} cannot be read")
    return value


def _load(file: BinaryIO) -> Any:
    return _PlainUnpickler(file, encoding="latin-1", fix_imports=False).load()


class Mailman2(Installation):
    """A Mailman 2.1 installation."""

    bans_patterns = True

    def __init__(self, configs: Sequence[Path], archives: Path | None) -> None:
        self._configs = {path: read_config(path) for path in configs}
        self._archives = archives

    def lists(self) -> list[OldList]:
        """Every list, by its address."""
        return [self._list(path, config) for path, config in self._configs.items()]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        config = self._config_of(old)
        number = 0
        for kind in ("members", "digest_members"):
            for key, typed in config.get(kind, {}).items():
                number += 1
                state, was = _standing(config, key, is_digest=kind == "digest_members")
                yield SourceMember(
                    line=number,
                    address=_text(typed if isinstance(typed, str) and typed else key),
                    name=plain_name(_text(config.get("usernames", {}).get(key, ""))),
                    language=read_tag(_text(config.get("language", {}).get(key, ""))),
                    state=state,
                    was=was,
                    consent_source="Mailman 2",
                )

    def bans(self, lists: Sequence[OldList]) -> Iterator[SourceMember]:
        for old in lists:
            for number, address in enumerate(self._config_of(old).get("ban_list", ()), start=1):
                yield SourceMember(line=number, address=_text(address), state=MemberState.SUPPRESSED, was="banned")

    def is_pattern(self, ban: str) -> bool:
        return ban.startswith("^")

    def _config_of(self, old: OldList) -> Mapping[str, Any]:
        return next(config for path, config in self._configs.items() if _key_of(path, config) == old.key)

    def _list(self, path: Path, config: Mapping[str, Any]) -> OldList:
        key = _key_of(path, config)
        name, _, domain = key.partition("@")
        people = [_people(config.get(role)) for role in ("owner", "moderator")]
        owners, moderators = map(valid_addresses, people)
        description = "\n\n".join(
            filter(None, (_text(config.get(option, "")).strip() for option in ("description", "info")))
        )
        has_archive = bool(config.get("archive", True))
        settings = {
            "description": description,
            "language": read_tag(_text(config.get("preferred_language", ""))),
            "owner": owners[0] if owners else "",
            "listed": "true" if config.get("advertised", True) else "false",
            "archive": "off" if not has_archive else "members" if config.get("archive_private") else "public",
        }
        prefix = _text(config.get("subject_prefix", "")).strip()
        return OldList(
            key=key,
            name=name,
            title=_text(config.get("real_name", "")) or name,
            settings={setting: value for setting, value in settings.items() if value},
            editors=tuple(dict.fromkeys([*owners, *moderators])),
            places=(*addresses_of(name, domain, ENDINGS), *_pages(name)),
            archives=tuple(self._find_archives(name)),
            left_behind=(
                *((f"subject prefix {prefix!r}",) if prefix else ()),
                *((OPEN_HERE,) if config.get("subscribe_policy") in (_APPROVE, _CONFIRM_AND_APPROVE) else ()),
                *lost_people(chain.from_iterable(people)),
            ),
        )

    def _find_archives(self, name: str) -> Iterator[Path]:
        if self._archives is None or "/" in name:  # would lead out of the folder, to mail that is not an archive
            return
        for path in (self._archives / f"{name}.mbox" / f"{name}.mbox", self._archives / f"{name}.mbox"):
            if is_source(path):
                yield path
                return


def _standing(config: Mapping[str, Any], key: str, *, is_digest: bool) -> tuple[MemberState, str]:
    status = config.get("delivery_status", {}).get(key)
    number = status[0] if isinstance(status, tuple | list) and status else status
    if number not in (None, 0):
        return MemberState.SUSPENDED, _OFF.get(number, "delivery off") if isinstance(number, int) else "delivery off"
    options = config.get("user_options", {}).get(key, 0)
    if isinstance(options, int) and options & _DISABLED:
        return MemberState.SUSPENDED, "delivery off"
    return MemberState.ACTIVE, "member with digests" if is_digest else "member"


def _key_of(path: Path, config: Mapping[str, Any]) -> str:
    name = path.parent.name.lower()
    if path.parent.name == "" or not re.search(r"[a-z0-9]", name):
        name = _text(config.get("real_name", "list")).lower()
    return f"{name}@{_text(config.get('host_name', '')).lower() or 'localhost'}"


def _people(value: Any) -> list[str]:
    return list(map(_text, value)) if isinstance(value, list | tuple) else []


def _text(value: Any) -> str:
    """A text as it was written: in UTF-8 where that is what its octets are."""
    if not isinstance(value, str):
        return ""
    with suppress(UnicodeError):
        return value.encode("latin-1").decode().replace("\0", "")
    return storable(value.replace("\0", ""))


def _pages(name: str) -> Iterator[Place]:
    """Those of Mailman, below the folders where it is usually installed."""
    for folder in ("/mailman", "/cgi-bin/mailman", "/lists"):
        for page in ("listinfo", "subscribe"):
            yield digest_of_path(f"{folder}/{page}/{name}"), OldKind.PAGE
        yield digest_of_path(f"{folder}/options/{name}"), OldKind.LEAVING_PAGE
        yield digest_of_path(f"{folder}/private/{name}"), OldKind.ARCHIVE
    yield digest_of_path(f"/pipermail/{name}"), OldKind.ARCHIVE


def _configs(folder: Path) -> list[Path]:
    """The configurations of the lists in a folder; raises PermissionError for one that could have a list."""
    lists = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for entry in lists if is_source(path := entry / "config.pck")]


def open_mailman2(source: str, files: Path | None) -> Mailman2:
    """The lists of a Mailman folder, or the list whose config.pck it is. Raises BadInput, NoInput."""
    root = Path(source)
    if root.is_file():
        return Mailman2([root], files)
    configs = _configs(root / "lists") or _configs(root)
    if not configs:
        raise NoInput(f"{root} has no lists/NAME/config.pck. Give Mailman's folder, such as /var/lib/mailman")
    configs = [path for path in configs if path.parent.name != "mailman"]  # the list of the site itself
    archives = root / "archives" / "private"
    return Mailman2(configs, files or (archives if archives.is_dir() else None))
