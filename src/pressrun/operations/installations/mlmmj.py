"""mlmmj: its spool folder, with a folder for each list, or the folder of one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pressrun.core.addresses.old_links import OldKind
from pressrun.core.errors import BadInput, NoInput, reason_of
from pressrun.operations.installations.dumps import text_of
from pressrun.operations.installations.installation import (
    OPEN_HERE,
    Installation,
    OldList,
    addresses_of,
    lost_people,
    valid_addresses,
)
from pressrun.operations.opened_files import is_source, open_source, sources_in
from pressrun.operations.sources.member import MemberState, SourceMember

LONGEST_LINE = 1000
MOST_LINES = 100  # of a file of settings
# The folders of subscribers. For an address in several of them, the first one counts.
_FOLDERS = (
    ("subscribers.d", MemberState.ACTIVE, "subscriber"),
    ("digesters.d", MemberState.ACTIVE, "subscriber of the digest"),
    ("nomailsubs.d", MemberState.SUSPENDED, "subscriber without mail"),
)
# After the delimiter, which is `+` unless control/delimiter says otherwise.
_COMMANDS = {
    "subscribe": OldKind.SUBSCRIBE,
    "subscribe-digest": OldKind.SUBSCRIBE,
    "subscribe-nomail": OldKind.SUBSCRIBE,
    "subscribe-both": OldKind.SUBSCRIBE,
    "unsubscribe": OldKind.UNSUBSCRIBE,
    "unsubscribe-digest": OldKind.UNSUBSCRIBE,
    "unsubscribe-nomail": OldKind.UNSUBSCRIBE,
    "help": OldKind.REQUEST,
    "faq": OldKind.REQUEST,
    "owner": OldKind.OWNER,
}
_LEFT_BEHIND = {
    "closedlist": OPEN_HERE,
    "closedlistsub": OPEN_HERE,
    "submod": OPEN_HERE,
    "access": "rules of control/access",
    "prefix": "the subject prefix",
    "footer": "the footer",
    "footer-text": "the footer",
    "footer-html": "the footer",
    "customheaders": "custom headers",
}


class Mlmmj(Installation):
    """Lists of mlmmj."""

    def __init__(self, folders: Sequence[Path], unreadable: Sequence[str] = ()) -> None:
        self._folders = folders
        self._unreadable = unreadable

    @property
    def warnings(self) -> Sequence[str]:
        return [
            f"{problem}, so no list in it moves. If there is one, run the command as root"
            for problem in self._unreadable
        ]

    def lists(self) -> list[OldList]:
        """Every list, by its address."""
        return [_list(folder) for folder in self._folders]

    def members(self, old: OldList) -> Iterator[SourceMember]:
        folder = next(folder for folder in self._folders if _address_of(folder) == old.key)
        seen: set[int] = set()  # digests of addresses, so that a large list takes little memory
        number = 0
        for name, state, was in _FOLDERS:
            for address in _addresses(folder / name):
                number += 1
                key = hash(address.lower())
                if key not in seen:
                    seen.add(key)
                    yield SourceMember(line=number, address=address, state=state, was=was, consent_source="mlmmj")


def _list(folder: Path) -> OldList:
    control = folder / "control"
    address = _address_of(folder)
    name = address.rpartition("@")[0]
    delimiter = next(iter(_lines(control / "delimiter")), "+")
    # The first one is in what mlmmj sends; mail to the others reaches the list, too.
    splits = [typed.rpartition("@") for typed in valid_addresses(_lines(control / "listaddress"))]
    owner_lines, moderator_lines = _lines(control / "owner"), _lines(control / "moderators")
    owners = valid_addresses(owner_lines)
    settings = {
        "owner": owners[0] if owners else "",
        "archive": "off" if (control / "noarchive").exists() else "members",
        "listed": "false",
    }
    archive = folder / "archive"
    return OldList(
        key=address,
        name=name,
        title=name,
        settings={key: value for key, value in settings.items() if value},
        editors=tuple(valid_addresses([*owners, *moderator_lines])),
        places=tuple(
            place for local, _, domain in splits for place in addresses_of(local, domain, _endings(delimiter))
        ),
        archives=(archive,) if archive.is_dir() and any(archive.iterdir()) else (),
        left_behind=(
            *dict.fromkeys(text for file, text in _LEFT_BEHIND.items() if (control / file).exists()),
            *lost_people([*owner_lines, *moderator_lines]),
        ),
    )


def _endings(delimiter: str) -> dict[str, OldKind]:
    return {"": OldKind.POST, **{delimiter + command: kind for command, kind in _COMMANDS.items()}}


def _address_of(folder: Path) -> str:
    address = next(iter(_lines(folder / "control" / "listaddress")), "")
    if not valid_addresses([address]):
        raise BadInput(f"{folder}/control/listaddress: {address!r} is not the address of a list")
    return address.lower()


def _lines(path: Path) -> list[str]:
    """The lines of a file of settings that are not empty; none without the file."""
    if not is_source(path):
        return []
    with open_source(path) as file:
        content = file.read(LONGEST_LINE * MOST_LINES)
    return [line.strip() for line in text_of(content).splitlines()[:MOST_LINES] if line.strip()]


def _addresses(folder: Path) -> Iterator[str]:
    """The addresses in the files of a folder, one on each line, as they are."""
    if not folder.is_dir():
        return
    for path in sorted(sources_in(folder)):
        with open_source(path) as file:
            while line := file.readline(LONGEST_LINE):
                if address := text_of(line).strip():
                    yield address
                while line and not line.endswith(b"\n"):  # the rest of a longer line is not an address
                    line = file.readline(LONGEST_LINE)


def open_mlmmj(source: str, files: Path | None) -> Mlmmj:  # noqa: ARG001 - all is in its spool folder
    """The lists below a folder, or the list whose folder it is. Raises BadInput, NoInput."""
    root = Path(source)
    if not root.is_dir():
        raise NoInput(f"{root}: no such folder. Give mlmmj's spool folder, such as /var/spool/mlmmj")
    unreadable: list[str] = []
    # Each once, whatever links lead to it.
    folders = list({folder.resolve(): folder for folder in _list_folders(root, 2, unreadable)}.values())
    if not folders:
        because = "".join(f"; {problem}" for problem in unreadable)
        raise BadInput(f"no folder below {root} has a control/listaddress, so it contains no mlmmj list{because}")
    _require_distinct(folders)
    return Mlmmj(folders, unreadable)


def _list_folders(folder: Path, depth: int, unreadable: list[str]) -> Iterator[Path]:
    """The folder, if it is that of a list; else those of lists below it, perhaps in a folder for each domain.

    A folder that may not be read need not be that of a list: in a file system of its own, a spool has a `lost+found`.
    """
    try:
        is_list = is_source(folder / "control" / "listaddress")
        entries = sorted(folder.iterdir()) if depth and not is_list and folder.is_dir() else []
    except PermissionError as problem:
        unreadable.append(f"cannot read {folder}: {reason_of(problem)}")
        return
    if is_list:
        yield folder
    for entry in entries:
        yield from _list_folders(entry, depth - 1, unreadable)


def _require_distinct(folders: Sequence[Path]) -> None:
    """Raise BadInput for two folders with the same list: nobody could tell which of them mlmmj uses."""
    seen: dict[str, Path] = {}
    for folder in folders:
        other = seen.setdefault(_address_of(folder), folder)
        if other is not folder:
            raise BadInput(
                f"{other} and {folder} have the same address in control/listaddress. Give the folder that is in use"
            )
